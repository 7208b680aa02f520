import { EdgefoldError } from '../../errors.ts';
import { BITS_PER_ELEMENT, sizeOf, type DType, type Tensor } from '../../tensor.ts';
import type { Real } from './real.ts';

/**
 * The exact value of every element. @throws {EdgefoldError} UNSUPPORTED for an integer beyond 2⁵³ (but for the two
 * ends of int64, see {@link Real}) and for complex numbers.
 */
export function toReal(tensor: Tensor, where?: string): Real {
  const { dtype, shape } = tensor;
  if (dtype === 'string') return { dtype, shape, data: tensor.data as readonly string[] };
  return { dtype, shape, data: decode(tensor, dtype, where) };
}

function decode({ shape, data }: Tensor, dtype: Exclude<DType, 'string'>, where: string | undefined): Float64Array {
  const float = FLOATS[dtype];
  if (float) return Float64Array.from(unpacked(dtype, shape, data as Uint8Array | Uint16Array), (bits) => valueOf(bits, float)); // prettier-ignore
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return exact(data, where);
  if (dtype === 'complex64' || dtype === 'complex128') refuse('complex numbers are not evaluated', dtype, where);
  if (BITS_PER_ELEMENT[dtype] >= 8) return new Float64Array(data as Float32Array);
  return Float64Array.from(unpacked(dtype, shape, data as Uint8Array), signOf(dtype));
}

const LARGEST = 2n ** 63n - 1n;
const SMALLEST = -(2n ** 63n);

function exact(values: BigInt64Array | BigUint64Array, where: string | undefined): Float64Array {
  const isSigned = values instanceof BigInt64Array;
  const result = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const number = Number(value);
    if (Number.isSafeInteger(number)) result[i] = number;
    else if (isSigned && value === LARGEST) result[i] = Infinity;
    else if (isSigned && value === SMALLEST) result[i] = -Infinity;
    else refuse('an integer is beyond what float64 holds exactly', String(value), where);
  }
  return result;
}

/** One number an element, where several share a byte; the first is in the low bits. */
function unpacked(dtype: Exclude<DType, 'string'>, shape: readonly number[], data: Uint8Array | Uint16Array) {
  const bits = BITS_PER_ELEMENT[dtype];
  if (bits >= 8) return data;
  const perByte = 8 / bits;
  return Uint8Array.from(
    { length: sizeOf(shape) },
    (_, i) => (data[Math.floor(i / perByte)]! >> (bits * (i % perByte))) & (2 ** bits - 1),
  );
}

/** Two's complement of the signed types under 8 bits. */
function signOf(dtype: Exclude<DType, 'string'>): (bits: number) => number {
  const size = 2 ** BITS_PER_ELEMENT[dtype];
  return dtype.startsWith('u') ? (bits) => bits : (bits) => (bits >= size / 2 ? bits - size : bits);
}

/**
 * A binary float: sign, exponent, fraction. `special` says what the largest exponent means: `ieee` ∞ and NaN; `fn`
 * NaN for all ones only; `uz` nothing, the pattern of −0 being the only NaN; `none` nothing.
 */
interface FloatFormat {
  readonly exponentBits: number;
  readonly fractionBits: number;
  readonly bias: number;
  readonly special: 'ieee' | 'fn' | 'uz' | 'none';
}

const FLOATS: Readonly<Partial<Record<DType, FloatFormat>>> = {
  float16: { exponentBits: 5, fractionBits: 10, bias: 15, special: 'ieee' },
  bfloat16: { exponentBits: 8, fractionBits: 7, bias: 127, special: 'ieee' },
  float8e4m3fn: { exponentBits: 4, fractionBits: 3, bias: 7, special: 'fn' },
  float8e4m3fnuz: { exponentBits: 4, fractionBits: 3, bias: 8, special: 'uz' },
  float8e5m2: { exponentBits: 5, fractionBits: 2, bias: 15, special: 'ieee' },
  float8e5m2fnuz: { exponentBits: 5, fractionBits: 2, bias: 16, special: 'uz' },
  float4e2m1: { exponentBits: 2, fractionBits: 1, bias: 1, special: 'none' },
};

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

function refuse(summary: string, received: string, where: string | undefined): never {
  throw new EdgefoldError('UNSUPPORTED', summary, { ...(where === undefined ? {} : { where }), received });
}
