import type { DType, Tensor } from '../tensor.ts';
import { bfloat16ToNumber, float16ToNumber } from '../half.ts';

/** Two tensors of one dtype, element by element. */
export interface ElementPairs {
  readonly length: number;
  readonly expected: ArrayLike<number>;
  readonly actual: ArrayLike<number>;
  /** |actual − expected|; never 0 for elements that differ. */
  distance(index: number): number;
  /** The same in units in the last place. */
  ulp(index: number): number;
}

/** Precondition: same dtype and shape. */
export function elementPairs(actual: Tensor, expected: Tensor): ElementPairs {
  const pairs = PAIRS[expected.dtype] ?? plain;
  return pairs(actual.data as never, expected.data as never);
}

const PAIRS: Partial<Record<DType, (actual: never, expected: never) => ElementPairs>> = {
  float32: floats,
  float64: floats,
  float16: (actual, expected) => halves(actual, expected, float16ToNumber),
  bfloat16: (actual, expected) => halves(actual, expected, bfloat16ToNumber),
  int64: bigints,
  uint64: bigints,
  string: strings,
};

/** Integers and booleans as they are; packed and 8-bit floats by their bit patterns. */
function plain(actual: ArrayLike<number>, expected: ArrayLike<number>): ElementPairs {
  const distance = (i: number) => Math.abs(actual[i]! - expected[i]!);
  return { length: expected.length, expected, actual, distance, ulp: distance };
}

function floats(actual: Float32Array | Float64Array, expected: Float32Array | Float64Array): ElementPairs {
  const a = actual instanceof Float32Array ? actual : Float32Array.from(actual);
  const e = expected instanceof Float32Array ? expected : Float32Array.from(expected);
  const actualBits = new Int32Array(a.buffer, a.byteOffset, a.length);
  const expectedBits = new Int32Array(e.buffer, e.byteOffset, e.length);
  const ulp = (i: number) => Math.abs(float32Rank(actualBits[i]!) - float32Rank(expectedBits[i]!));
  return { ...plain(actual, expected), ulp };
}

/** Position of a float32 among all of them: equal for +0 and −0, next neighbours 1 apart. */
function float32Rank(bits: number): number {
  return bits < 0 ? -(bits + 2 ** 31) : bits;
}

function halves(actual: Uint16Array, expected: Uint16Array, decode: (bits: number) => number): ElementPairs {
  const rank = (bits: number) => (bits & 0x8000 ? -(bits & 0x7fff) : bits);
  const ulp = (i: number) => Math.abs(rank(actual[i]!) - rank(expected[i]!));
  return { ...plain(Float32Array.from(actual, decode), Float32Array.from(expected, decode)), ulp };
}

/** Subtracted before the conversion to number, so that neighbours above 2⁵³ still differ. */
function bigints(actual: BigInt64Array | BigUint64Array, expected: BigInt64Array | BigUint64Array): ElementPairs {
  const distance = (i: number) => Math.abs(Number(actual[i]! - expected[i]!));
  return { ...plain(Float64Array.from(actual, Number), Float64Array.from(expected, Number)), distance, ulp: distance };
}

function strings(actual: readonly string[], expected: readonly string[]): ElementPairs {
  const differs = Uint8Array.from(expected, (text, i) => (text === actual[i] ? 0 : 1));
  return plain(differs, new Uint8Array(expected.length));
}
