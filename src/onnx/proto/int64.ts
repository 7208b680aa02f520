import type { Int64 } from './onnx.js';

const TWO_32 = 2 ** 32;

/** The integer, exact up to 2⁵³. */
export function toNumber({ low, high }: Int64): number {
  return high * TWO_32 + (low >>> 0);
}

export function toBigInt({ low, high }: Int64): bigint {
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}

/** A number where that is exact, else a bigint. */
export function toInteger(value: Int64): number | bigint {
  const number = toNumber(value);
  return Number.isSafeInteger(number) ? number : toBigInt(value);
}

export function fromInteger(value: number | bigint): Int64 {
  const bits = BigInt.asUintN(64, BigInt(value));
  return { low: Number(bits & 0xffffffffn) | 0, high: Number(bits >> 32n) | 0 };
}
