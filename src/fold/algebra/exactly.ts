import type { DoubleDouble } from './double-double.ts';

/** A fraction; b > 0. */
interface Ratio {
  readonly a: bigint;
  readonly b: bigint;
}

/** Numbers of more digits than this are not worth telling apart; no chain of folds comes near it. */
const MOST_BITS = 1 << 16;

/**
 * Tells on which side of a float64 a real number lies, where that can be told without doubt: of numbers that are
 * exact, and of products, quotients and square roots of such, since those are roots of fractions. A weight times
 * gamma / √(variance + epsilon), say, is compared with a middle m of two floats by W² · gamma² and
 * m² · (variance + epsilon).
 *
 * @returns −1, 0 or 1 for less, equal or greater; undefined where it cannot be told.
 */
export function compare(value: DoubleDouble, to: number): -1 | 0 | 1 | undefined {
  const square = Number.isFinite(to) ? squareOf(value) : undefined;
  if (!square) return undefined;
  const [sign, toSign] = [Math.sign(value.hi), Math.sign(to)];
  if (sign !== toSign) return sign < toSign ? -1 : 1;
  const other = fractionOf(to);
  const difference = square.a * other.b * other.b - other.a * other.a * square.b;
  if (difference === 0n) return 0;
  return difference > 0n === sign > 0 ? 1 : -1;
}

/** So many exact numbers, of 8500 bits a square at most, stay below {@link MOST_BITS} when they are multiplied. */
const MOST_FACTORS = 7;

/**
 * Of how many exact numbers one is the product, quotient or root; {@link MOST_FACTORS} and more are Infinity, and so is
 * what {@link compare} cannot tell.
 */
export function factorsOf({ error, made }: DoubleDouble, most = MOST_FACTORS): number {
  if (error === 0) return 1;
  if (!made || most <= 1) return Infinity;
  const { by, a, b } = made;
  if (by === 'squareRoot') return a.error === 0 && a.hi >= 0 ? 1 : Infinity;
  if (by === 'divide' && b.hi === 0) return Infinity;
  const first = factorsOf(a, most);
  return first < most ? first + factorsOf(b, most - first) : Infinity;
}

/** Whether {@link compare} can tell every product of one number of each list and a further, exact one. */
export function areComparable(...lists: readonly (readonly DoubleDouble[])[]): boolean {
  const factors = lists.map((list) => list.reduce((most, value) => Math.max(most, factorsOf(value)), 0));
  return factors.reduce((sum, own) => sum + own, 1) <= MOST_FACTORS;
}

/** The square of the real number behind a double-double. */
function squareOf(value: DoubleDouble): Ratio | undefined {
  if (value.error === 0) {
    const { a, b } = sum(fractionOf(value.hi), fractionOf(value.lo));
    return { a: a * a, b: b * b };
  }
  if (!value.made) return undefined;
  const { by, a, b } = value.made;
  const [first, second] = [by === 'squareRoot' ? exactly(a) : squareOf(a), by === 'squareRoot' ? ONE : squareOf(b)];
  if (!first || !second || first.a < 0n || bitsOf(first) + bitsOf(second) > MOST_BITS) return undefined;
  if (by !== 'divide') return { a: first.a * second.a, b: first.b * second.b };
  return second.a === 0n ? undefined : { a: first.a * second.b, b: first.b * second.a };
}

const ONE: Ratio = { a: 1n, b: 1n };

function exactly({ hi, lo, error }: DoubleDouble): Ratio | undefined {
  return error === 0 ? sum(fractionOf(hi), fractionOf(lo)) : undefined;
}

const sum = (x: Ratio, y: Ratio): Ratio => ({ a: x.a * y.b + y.a * x.b, b: x.b * y.b });

const bitsOf = ({ a, b }: Ratio): number => 4 * (a.toString(16).length + b.toString(16).length);

const double = new Float64Array(1);
const bits = new BigUint64Array(double.buffer);

/** A finite float64 as a fraction whose denominator is a power of two. */
function fractionOf(x: number): Ratio {
  double[0] = Math.abs(x);
  const exponent = Number(bits[0]! >> 52n);
  const mantissa = (bits[0]! & 0xfffffffffffffn) | (exponent === 0 ? 0n : 1n << 52n);
  const shift = BigInt(Math.max(exponent, 1) - 1075);
  const signed = x < 0 ? -mantissa : mantissa;
  return shift >= 0n ? { a: signed << shift, b: 1n } : { a: signed, b: 1n << -shift };
}
