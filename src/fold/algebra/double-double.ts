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
  const { hi: ah, lo: al, error: aError } = a;
  const { hi: bh, lo: bl, error: bError } = b;
  const high = ah + bh;
  if (!Number.isFinite(high)) return exact(high);
  const highError = sumError(ah, bh, high);
  if (al === 0 && bl === 0 && Number.isFinite(highError))
    return { hi: high + 0, lo: highError + 0, error: (aError + bError) * UP };
  const low = al + bl;
  const rest = highError + low;
  const sum = high + rest;
  const restLow = rest - (sum - high);
  const lowError = sumError(al, bl, low);
  const last = restLow + lowError;
  const rounded = Math.abs(sumError(highError, low, rest)) + Math.abs(sumError(restLow, lowError, last));
  return normalised(sum, last, (rounded + aError + bError) * UP);
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
  // Read once each, since code that is not optimised yet copies every number that it reads.
  const { hi: ah, lo: al, error: aError } = a;
  const { hi: bh, lo: bl, error: bError } = b;
  const high = ah * bh;
  const low = productError(ah, bh, high) + (ah * bl + al * bh);
  const isExact = al === 0 && bl === 0;
  const inherited = Math.abs(ah) * bError + Math.abs(bh) * aError + aError * bError;
  const rounded = (isExact ? 0 : Math.abs(high) * ROUNDING) + underflow(ah, bh, high);
  return normalised(high, low, (inherited + rounded) * UP);
}

/** Two digits of long division in base 2⁵³. */
export function divide(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  if (isOne(b)) return a;
  const { hi: ah, error: aError } = a;
  const { hi: bh, lo: bl, error: bError } = b;
  const first = ah / bh;
  const size = Math.abs(bh);
  const isPlain = a.lo === 0 && bError > 0 && isOrdinary(ah) && isOrdinary(bh) && isOrdinary(first);
  const rest = isPlain ? undefined : subtract(a, product(b, exact(first)));
  const isExact = rest?.hi === 0 && rest.error === 0;
  const inherited = (aError + Math.abs(first) * bError * UP) / (size / UP - bError);
  const rounded = isExact ? 0 : Math.abs(first) * ROUNDING + UNDERFLOW / Math.min(size, 1);
  const error = size / UP > bError ? (inherited + rounded) * UP : Infinity;
  return made('divide', a, b, normalised(first, (rest?.hi ?? restOf(ah, bh, bl, first)) / bh, error));
}

/** The high part of a − (hi + lo) · factor. */
function restOf(a: number, bh: number, bl: number, factor: number): number {
  const high = bh * factor;
  const low = productError(bh, factor, high) + bl * factor;
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
  // The upper 26 bits of each (Veltkamp's splitting), and the lower ones.
  const aTimes = 134217729 * a;
  const bTimes = 134217729 * b;
  const ah = aTimes - (aTimes - a);
  const bh = bTimes - (bTimes - b);
  const al = a - ah;
  const bl = b - bh;
  return al * bl - (product - ah * bh - al * bh - ah * bl);
}
