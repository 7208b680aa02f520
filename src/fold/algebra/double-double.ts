/**
 * A real number to about 106 bits: the unevaluated sum hi + lo, where hi is the float64 nearest to it. Parameters
 * are computed in this precision and rounded once, so that each is the float nearest to the real result, whatever
 * the order of the folds and on every platform: only +, −, ·, / and √ of float64 are used, which IEEE 754 defines
 * to the bit. Each carries a bound on how far the arithmetic may have taken it from the real number: what is known of
 * each rounding is counted exactly (0 if there was none), the rest by the proven bounds.
 *
 * Source: T. J. Dekker, A floating-point technique for extending the available precision, Numer. Math. 18 (1971);
 * M. Joldes, J.-M. Muller, V. Popescu, Tight and rigorous error bounds for basic building blocks of double-word
 * arithmetic, ACM TOMS 44 (2017).
 */
export interface DoubleDouble {
  readonly hi: number;
  readonly lo: number;
  /** The real number lies no farther than this from hi + lo; at 0 it is hi + lo. */
  readonly error: number;
  /** What it is made of, where rounding has lost that: enough to compare it with any fraction. */
  readonly made?: Made;
}

/** a · b, a / b or √a. */
export interface Made {
  readonly by: 'multiply' | 'divide' | 'squareRoot';
  readonly a: DoubleDouble;
  readonly b: DoubleDouble;
}

/** A float64 as it is. */
export const exact = (hi: number): DoubleDouble => ({ hi, lo: 0, error: 0 });

export const ZERO: DoubleDouble = exact(0);
export const ONE: DoubleDouble = exact(1);
const MINUS_ONE: DoubleDouble = exact(-1);

/** Relative error of one product, quotient or root below, rounded up. */
const ROUNDING = 2 ** -101;
/** Absolute error of a product whose low part underflows, rounded up. */
const UNDERFLOW = 2 ** -1060;
/** Products below this may have such a low part. */
const TINY = 2 ** -900;
/** Errors are summed in float64 themselves. */
const UP = 1 + 2 ** -50;

const isOne = ({ hi, lo, error }: DoubleDouble) => hi === 1 && lo === 0 && error === 0;

export function add(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const high = a.hi + b.hi;
  if (!Number.isFinite(high)) return exact(high);
  if (a.lo === 0 && b.lo === 0) {
    const lo = sumError(a.hi, b.hi, high) + 0;
    if (Number.isFinite(lo)) return { hi: high + 0, lo, error: (a.error + b.error) * UP };
  }
  const low = a.lo + b.lo;
  const highError = sumError(a.hi, b.hi, high);
  const rest = highError + low;
  const sum = high + rest;
  const restLow = rest - (sum - high);
  const lowError = sumError(a.lo, b.lo, low);
  const last = restLow + lowError;
  const rounded = Math.abs(sumError(highError, low, rest)) + Math.abs(sumError(restLow, lowError, last));
  return normalised(sum, last, (rounded + a.error + b.error) * UP);
}

export const negate = (a: DoubleDouble): DoubleDouble => made('multiply', MINUS_ONE, a, opposite(a));

/** A sum does not remember what it is made of, so its terms need not. */
export const subtract = (a: DoubleDouble, b: DoubleDouble): DoubleDouble => add(a, opposite(b));

export const opposite = ({ hi, lo, error }: DoubleDouble): DoubleDouble => ({ hi: -hi, lo: -lo, error });

export function multiply(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const result = product(a, b);
  return result === a || result === b ? result : made('multiply', a, b, result);
}

/** a · b for a sum, which does not remember that it is one. */
export function product(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  if (isOne(a)) return b;
  if (isOne(b)) return a;
  const high = a.hi * b.hi;
  const low = productError(a.hi, b.hi, high) + (a.hi * b.lo + a.lo * b.hi);
  const isExact = a.lo === 0 && b.lo === 0;
  const inherited = Math.abs(a.hi) * b.error + Math.abs(b.hi) * a.error + a.error * b.error;
  const rounded = (isExact ? 0 : Math.abs(high) * ROUNDING) + underflow(a.hi, b.hi, high);
  return normalised(high, low, (inherited + rounded) * UP);
}

/** Two digits of long division in base 2⁵³. */
export function divide(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  if (isOne(b)) return a;
  const first = a.hi / b.hi;
  const isPlain = a.lo === 0 && b.error > 0 && isOrdinary(a.hi) && isOrdinary(b.hi) && isOrdinary(first);
  const rest = isPlain ? undefined : subtract(a, product(b, exact(first)));
  const isExact = rest?.hi === 0 && rest.error === 0;
  const inherited = (a.error + Math.abs(first) * b.error * UP) / (Math.abs(b.hi) / UP - b.error);
  const rounded = isExact ? 0 : Math.abs(first) * ROUNDING + UNDERFLOW / Math.min(Math.abs(b.hi), 1);
  const isBounded = Math.abs(b.hi) / UP > b.error;
  return made(
    'divide',
    a,
    b,
    normalised(first, (rest?.hi ?? restOf(a.hi, b, first)) / b.hi, isBounded ? (inherited + rounded) * UP : Infinity),
  );
}

/** The high part of a − b · factor. */
function restOf(a: number, b: DoubleDouble, factor: number): number {
  const high = b.hi * factor;
  const low = productError(b.hi, factor, high) + b.lo * factor;
  const hi = high + low;
  return lessSum(a, hi, low - (hi - high));
}

/** The high part of a − (hi + lo). */
function lessSum(a: number, hi: number, lo: number): number {
  const high = a - hi;
  const rest = sumError(a, -hi, high) - lo;
  const sum = high + rest;
  return sum + (rest - (sum - high));
}

/** A Newton step on the float64 root, which doubles its digits; a must be positive. */
export function squareRoot(a: DoubleDouble): DoubleDouble {
  const root = Math.sqrt(a.hi);
  const square = root * root;
  const low = productError(root, root, square);
  if (a.lo === 0 && a.error === 0 && square >= TINY) return rootOf(a, root, lessSum(a.hi, square, low), 0);
  const rest = add(a, normalised(-square, -low, underflow(root, root, square) * UP));
  return rootOf(a, root, rest.hi, rest.error);
}

function rootOf(a: DoubleDouble, root: number, rest: number, restError: number): DoubleDouble {
  const isExact = rest === 0 && restError === 0;
  const rounded = isExact ? 0 : root * ROUNDING + (UNDERFLOW + a.error) / root;
  return made('squareRoot', a, a, normalised(root, rest / (2 * root), rounded * UP));
}

/** Remembers how a number came about if it is not exact. */
function made(by: Made['by'], a: DoubleDouble, b: DoubleDouble, result: DoubleDouble): DoubleDouble {
  const { hi, lo, error } = result;
  return error === 0 ? result : { hi, lo, error, made: { by, a, b } };
}

/** A running sum of products, for dot products of any length. */
export class ExactSum {
  #hi = 0;
  #lo = 0;
  #error = 0;

  /** Adds a · b. */
  addProduct(a: DoubleDouble, b: DoubleDouble): void {
    const high = a.hi * b.hi;
    const tail = productError(a.hi, b.hi, high);
    const cross = a.hi * b.lo + a.lo * b.hi;
    const low = tail + cross;
    const isExact = a.lo === 0 && b.lo === 0;
    const rounded = isExact ? 0 : Math.abs(high) * ROUNDING;
    const inherited = Math.abs(a.hi) * b.error + Math.abs(b.hi) * a.error + a.error * b.error;
    this.add(high, low, (inherited + rounded) * UP + underflow(a.hi, b.hi, high));
  }

  /** Adds the float64 hi, or a number hi + lo that is known to within `error`. */
  add(hi: number, lo = 0, error = 0): void {
    const high = this.#hi + hi;
    const highError = sumError(this.#hi, hi, high);
    const rest = highError + lo;
    const low = this.#lo + rest;
    const rounded = Math.abs(sumError(highError, lo, rest)) + Math.abs(sumError(this.#lo, rest, low));
    this.#error = (this.#error + rounded + error) * UP;
    this.#hi = high + low;
    this.#lo = sumError(high, low, this.#hi);
  }

  get total(): DoubleDouble {
    return normalised(this.#hi, this.#lo, this.#error);
  }
}

/** hi + lo with hi the nearest float64, for |high| ≥ |low|. Beyond the range of float64 there is no low part. */
function normalised(high: number, low: number, error: number): DoubleDouble {
  const hi = high + low;
  const lo = low - (hi - high);
  if (Number.isFinite(lo)) return { hi, lo, error };
  const only = Number.isFinite(low) ? hi : high;
  return { hi: only, lo: 0, error: error + Math.abs(only) * 2 ** -51 };
}

/** Far from where products over- or underflow. */
const isOrdinary = (x: number) => Math.abs(x) > 2 ** -400 && Math.abs(x) < 2 ** 400;

const underflow = (a: number, b: number, product: number) =>
  Math.abs(product) < TINY && a !== 0 && b !== 0 ? UNDERFLOW : 0;

/** a + b − sum, exactly. */
function sumError(a: number, b: number, sum: number): number {
  const bRounded = sum - a;
  return a - (sum - bRounded) + (b - bRounded);
}

/** a · b − product, exactly unless it under- or overflows. */
function productError(a: number, b: number, product: number): number {
  const ah = upperHalf(a);
  const bh = upperHalf(b);
  const al = a - ah;
  const bl = b - bh;
  return al * bl - (product - ah * bh - al * bh - ah * bl);
}

/** The upper 26 bits (Veltkamp's splitting). */
function upperHalf(a: number): number {
  const c = 134217729 * a;
  return c - (c - a);
}
