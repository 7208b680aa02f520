/** Exact arithmetic on binary fractions n · 2^−SCALE, by BigInt: the oracle for what folding rounds. */
const SCALE = 400;

/** A float64 exactly; it must not be finer than 2^−400. */
export function fraction(x: number): bigint {
  const [bits] = new BigUint64Array(Float64Array.of(Math.abs(x)).buffer);
  const exponent = Number(bits! >> 52n);
  const mantissa = (bits! & 0xfffffffffffffn) | (exponent === 0 ? 0n : 1n << 52n);
  const shift = SCALE + Math.max(exponent, 1) - 1075;
  const magnitude = shift >= 0 ? mantissa << BigInt(shift) : mantissa >> BigInt(-shift);
  return x < 0 ? -magnitude : magnitude;
}

const sign = (n: bigint) => (n > 0n ? 1n : n < 0n ? -1n : 0n);

/** The sign of a / √v + b − c for binary fractions. */
export function signOfRootSum(a: bigint, v: bigint, b: bigint, c: bigint): bigint {
  const d = c - b;
  // Both sides times 2^(3 · SCALE): a² and d² v.
  return sign(sign(a) * a * a * (1n << BigInt(SCALE)) - sign(d) * d * d * v);
}

/** The product of two fractions; exact while both are multiples of 2^−200. */
export const product = (a: bigint, b: bigint): bigint => (a * b) >> BigInt(SCALE);

/** The float32 numbers next to one, and so the middles between which it is the nearest. */
export function middlesAround(x: number): [number, number] {
  return [(x + next(x, -1)) / 2, (x + next(x, 1)) / 2];
}

function next(x: number, direction: 1 | -1): number {
  if (x === 0) return direction * 2 ** -149;
  const bits = new Int32Array(Float32Array.of(x).buffer);
  bits[0]! += x > 0 === direction > 0 ? 1 : -1;
  return new Float32Array(bits.buffer)[0]!;
}
