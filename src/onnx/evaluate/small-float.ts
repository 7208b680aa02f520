import type { DType } from '../../tensor.ts';

/**
 * A float of eight bits or fewer: sign, exponent, fraction. `special` says what the largest exponent means: `ieee` ∞
 * and NaN; `fn` NaN for all ones only; `uz` nothing, the pattern of −0 being the only NaN; `none` nothing.
 * Source: https://onnx.ai/onnx/technical/float8.html
 */
interface FloatFormat {
  readonly exponentBits: number;
  readonly fractionBits: number;
  readonly bias: number;
  readonly special: 'ieee' | 'fn' | 'uz' | 'none';
}

const FORMATS: Readonly<Partial<Record<DType, FloatFormat>>> = {
  float8e4m3fn: { exponentBits: 4, fractionBits: 3, bias: 7, special: 'fn' },
  float8e4m3fnuz: { exponentBits: 4, fractionBits: 3, bias: 8, special: 'uz' },
  float8e5m2: { exponentBits: 5, fractionBits: 2, bias: 15, special: 'ieee' },
  float8e5m2fnuz: { exponentBits: 5, fractionBits: 2, bias: 16, special: 'uz' },
  float4e2m1: { exponentBits: 2, fractionBits: 1, bias: 1, special: 'none' },
};

/** What a bit pattern of the type means; `undefined` for types that are no small floats. */
export function smallFloat(dtype: DType): ((bits: number) => number) | undefined {
  if (dtype === 'float8e8m0') return (bits) => (bits === 255 ? NaN : 2 ** (bits - 127));
  const format = FORMATS[dtype];
  return format && ((bits) => valueOf(bits, format));
}

function valueOf(bits: number, { exponentBits, fractionBits, bias, special }: FloatFormat): number {
  const fraction = bits % 2 ** fractionBits;
  const top = 2 ** exponentBits - 1;
  const exponent = Math.floor(bits / 2 ** fractionBits) % (top + 1);
  const isNegative = bits >= 2 ** (exponentBits + fractionBits);
  if (special === 'uz' && isNegative && exponent === 0 && fraction === 0) return NaN;
  if (special === 'fn' && exponent === top && fraction === 2 ** fractionBits - 1) return NaN;
  if (special === 'ieee' && exponent === top) return fraction ? NaN : isNegative ? -Infinity : Infinity;
  const magnitude =
    exponent === 0
      ? fraction * 2 ** (1 - bias - fractionBits)
      : (2 ** fractionBits + fraction) * 2 ** (exponent - bias - fractionBits);
  return isNegative ? -magnitude : magnitude;
}

/**
 * The number of a small format nearest to x, ties to even; `undefined` for types that are rounded otherwise. What is
 * too large becomes the largest number if `saturate`, else ∞ where the format has one, else NaN.
 */
export function nearestSmallFloat(dtype: DType, saturate: boolean): ((x: number) => number) | undefined {
  const format = FORMATS[dtype];
  if (!format) return undefined;
  const { fractionBits, bias, special } = format;
  const largest = largestOf(format);
  const beyond = special === 'none' || saturate ? largest : special === 'ieee' ? Infinity : NaN;
  return (x) => {
    if (x !== x || x === 0) return x;
    const exponent = Math.max(Math.floor(Math.log2(Math.abs(x))), 1 - bias);
    const step = 2 ** (exponent - fractionBits);
    const rounded = Number.isFinite(x) ? roundHalfEven(x / step) * step : x;
    return Math.abs(rounded) > largest ? Math.sign(x) * beyond : rounded;
  };
}

function largestOf(format: FloatFormat): number {
  const patterns = 2 ** (format.exponentBits + format.fractionBits);
  const values = Array.from({ length: patterns }, (_, bits) => valueOf(bits, format));
  return Math.max(...values.filter(Number.isFinite));
}

/** To the nearest integer, halves to the even one. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
