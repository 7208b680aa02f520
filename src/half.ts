/**
 * The 16-bit floats, held as raw bit patterns. float16 (IEEE 754 binary16): 1 sign, 5 exponent (bias 15), 10 fraction
 * bits. bfloat16: 1 sign, 8 exponent (bias 127), 7 fraction bits, the upper half of a float32.
 */
export type Half = 'float16' | 'bfloat16';

interface Format {
  readonly fractionBits: number;
  /** Of the smallest normal number; its exponent field is 1. */
  readonly smallestExponent: number;
  readonly infinity: number;
}

const FORMATS: Readonly<Record<Half, Format>> = {
  float16: { fractionBits: 10, smallestExponent: -14, infinity: 2 ** 16 },
  bfloat16: { fractionBits: 7, smallestExponent: -126, infinity: 2 ** 128 },
};

const double = new Float64Array(1);
/** Sign, exponent and upper 20 fraction bits of `double` are in the second word: browsers and Node are little-endian. */
const words = new Uint32Array(double.buffer);

/** The number of the format nearest to x, ties to even; too large for one gives infinity. */
function nearest(x: number, { fractionBits, smallestExponent, infinity }: Format): number {
  double[0] = x;
  const exponent = ((words[1]! >>> 20) & 0x7ff) - 1023;
  if (exponent > 200) return x * Infinity;
  // Beside 1.5 · 2⁵² steps a float64 has no room for parts of a step, so the sum is rounded to whole ones.
  const large = 1.5 * powerOfTwo(52 + Math.max(exponent, smallestExponent) - fractionBits);
  const rounded = x + large - large;
  if (rounded === 0) return x < 0 ? -0 : x * 0;
  return Math.abs(rounded) < infinity ? rounded : rounded * Infinity;
}

const POWERS = Float64Array.from({ length: 512 }, (_, index) => 2 ** (index - 256));
const powerOfTwo = (exponent: number): number => POWERS[exponent + 256]!;

export const nearestFloat16 = (x: number): number => nearest(x, FORMATS.float16);
export const nearestBfloat16 = (x: number): number => nearest(x, FORMATS.bfloat16);

/** The pattern of a number that the format holds. */
function encode(value: number, { fractionBits, smallestExponent, infinity }: Format): number {
  double[0] = value;
  const high = words[1]!;
  const sign = (high >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  const topField = 0x7fff & -(1 << fractionBits);
  if (!(magnitude < infinity)) return sign | topField | (magnitude === Infinity ? 0 : 1 << (fractionBits - 1));
  const field = ((high >>> 20) & 0x7ff) - 1022 - smallestExponent;
  if (field <= 0) return sign | (magnitude / powerOfTwo(smallestExponent - fractionBits));
  return sign | (field << fractionBits) | ((high & 0xfffff) >>> (20 - fractionBits));
}

/** Nearest float16, ties to even; too large for one gives infinity. */
export const numberToFloat16 = (x: number): number => encode(nearestFloat16(x), FORMATS.float16);
/** Nearest bfloat16, ties to even; too large for one gives infinity. */
export const numberToBfloat16 = (x: number): number => encode(nearestBfloat16(x), FORMATS.bfloat16);

export function float16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction : 1024 + fraction) * powerOfTwo(Math.max(exponent, 1) - 25);
}

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

export function bfloat16ToNumber(bits: number): number {
  singleBits[0] = bits << 16;
  return single[0]!;
}

/** All elements of a tensor as the numbers that they are; float32 holds each of them exactly. */
export function decodeHalves(dtype: Half, bits: Uint16Array): Float32Array {
  const numbers = new Float32Array(bits.length);
  if (dtype === 'bfloat16') {
    const words = new Uint32Array(numbers.buffer);
    for (let index = 0; index < bits.length; index++) words[index] = bits[index]! << 16;
  } else {
    for (let index = 0; index < bits.length; index++) numbers[index] = float16ToNumber(bits[index]!);
  }
  return numbers;
}
