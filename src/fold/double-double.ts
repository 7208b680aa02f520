/**
 * A real number to about 106 bits: the unevaluated sum hi + lo, where hi is the float64 nearest to it. Parameters
 * are computed in this precision and rounded once, so that each is the float nearest to the real result, whatever
 * the order of the folds and on every platform: only +, −, ·, / and √ of float64 are used, which IEEE 754 defines
 * to the bit.
 *
 * Source: T. J. Dekker, A floating-point technique for extending the available precision, Numer. Math. 18 (1971);
 * M. Joldes, J.-M. Muller, V. Popescu, Tight and rigorous error bounds for basic building blocks of double-word
 * arithmetic, ACM TOMS 44 (2017).
 */
export interface DoubleDouble {
  readonly hi: number;
  readonly lo: number;
}

export const ZERO: DoubleDouble = { hi: 0, lo: 0 };
export const ONE: DoubleDouble = { hi: 1, lo: 0 };

/** A float64 as it is. */
export const exact = (hi: number): DoubleDouble => ({ hi, lo: 0 });

/** Relative error of one operation below, rounded up. */
export const UNIT_ROUNDOFF = 2 ** -102;

export function add(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const high = a.hi + b.hi;
  if (!Number.isFinite(high)) return exact(high);
  const low = a.lo + b.lo;
  const rest = sumError(a.hi, b.hi, high) + low;
  const sum = high + rest;
  return normalised(sum, rest - (sum - high) + sumError(a.lo, b.lo, low));
}

export const negate = ({ hi, lo }: DoubleDouble): DoubleDouble => ({ hi: -hi, lo: -lo });

export const subtract = (a: DoubleDouble, b: DoubleDouble): DoubleDouble => add(a, negate(b));

export function multiply(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const high = a.hi * b.hi;
  return normalised(high, productError(a.hi, b.hi, high) + (a.hi * b.lo + a.lo * b.hi));
}

/** Two digits of long division in base 2⁵³. */
export function divide(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const first = a.hi / b.hi;
  return normalised(first, subtract(a, multiply(b, exact(first))).hi / b.hi);
}

/** A Newton step on the float64 root, which doubles its digits; a must be positive. */
export function squareRoot(a: DoubleDouble): DoubleDouble {
  const root = Math.sqrt(a.hi);
  return normalised(root, subtract(a, multiply(exact(root), exact(root))).hi / (2 * root));
}

/** A running sum of products, for dot products of any length. */
export class ExactSum {
  #hi = 0;
  #lo = 0;

  /** Adds a · b. */
  addProduct(a: DoubleDouble, b: DoubleDouble): void {
    const high = a.hi * b.hi;
    this.add(high, productError(a.hi, b.hi, high) + (a.hi * b.lo + a.lo * b.hi));
  }

  /** Adds the float64 hi, or the double-double hi + lo. */
  add(hi: number, lo = 0): void {
    const high = this.#hi + hi;
    const low = this.#lo + (sumError(this.#hi, hi, high) + lo);
    this.#hi = high + low;
    this.#lo = low - (this.#hi - high);
  }

  get total(): DoubleDouble {
    return normalised(this.#hi, this.#lo);
  }
}

/** hi + lo with hi the nearest float64, for |high| ≥ |low|. Beyond the range of float64 there is no low part. */
function normalised(high: number, low: number): DoubleDouble {
  const hi = high + low;
  const lo = low - (hi - high);
  return Number.isFinite(lo) ? { hi, lo } : { hi: Number.isFinite(low) ? hi : high, lo: 0 };
}

/** a + b − sum, exactly. */
function sumError(a: number, b: number, sum: number): number {
  const bRounded = sum - a;
  return a - (sum - bRounded) + (b - bRounded);
}

/** a · b − product, exactly unless it under- or overflows. */
function productError(a: number, b: number, product: number): number {
  const [ah, bh] = [upperHalf(a), upperHalf(b)];
  const [al, bl] = [a - ah, b - bh];
  return al * bl - (product - ah * bh - al * bh - ah * bl);
}

/** The upper 26 bits (Veltkamp's splitting). */
function upperHalf(a: number): number {
  const c = 134217729 * a;
  return c - (c - a);
}
