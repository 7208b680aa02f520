import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  add,
  divide,
  exact,
  ExactSum,
  multiply,
  negate,
  ONE,
  opposite,
  product,
  squareRoot,
  subtract,
  ZERO,
  type DoubleDouble,
} from '../../../src/fold/algebra/double-double.ts';

/**
 * The errors that numbers carry, held against exact fractions from both sides: no result lies farther off than its error
 * says, and none says much more than its operations can have lost. Exponents go as far as float64 does.
 */

/** n · 2^−SCALE, so fine that the products and squares of any float64 are whole. */
const SCALE = 2300n;
const UNIT = 1n << SCALE;

function fraction(x: number): bigint {
  const [bits] = new BigUint64Array(Float64Array.of(Math.abs(x)).buffer);
  const exponent = Number(bits! >> 52n);
  const mantissa = (bits! & 0xfffffffffffffn) | (exponent === 0 ? 0n : 1n << 52n);
  const magnitude = mantissa << (SCALE + BigInt(Math.max(exponent, 1) - 1075));
  return x < 0 ? -magnitude : magnitude;
}

const value = ({ hi, lo }: DoubleDouble) => fraction(hi) + fraction(lo);
const size = (x: bigint) => (x < 0n ? -x : x);
const RUNS = { seed: 17, numRuns: 400 };

const mantissa = fc.double({ min: 1, max: 2, noNaN: true, maxExcluded: true });
const signed = (low: number, high: number) =>
  fc.tuple(mantissa, fc.integer({ min: low, max: high }), fc.boolean()).map(([m, e, sign]) => (sign ? 1 : -1) * m * 2 ** e); // prettier-ignore
const tail = fc.double({ min: -1, max: 1, noNaN: true });
/** With a low part or without, exact all the same. */
const of = (low: number, high: number) =>
  fc.tuple(signed(low, high), tail, fc.boolean()).map(([hi, lo, isLong]) => (isLong ? add(exact(hi), exact(hi * lo * 2 ** -54)) : exact(hi))); // prettier-ignore
const moderate = of(-60, 60);
const wide = of(-480, 480);

/** Something like a third: known to within an error. */
const uncertain = fc.tuple(moderate, moderate).map(([a, b]) => ({ a, b, quotient: divide(a, b) }));

/** |got − real| ≤ error ≤ slack · |real| + allowed, all times `by`. */
function expectWithin(got: DoubleDouble, real: bigint, by: bigint, allowed: bigint): void {
  const distance = size(value(got) * by - real);
  expect(distance <= fraction(got.error) * by).toBe(true);
  expect(fraction(got.error) * by <= (size(real) >> 100n) + allowed).toBe(true);
}

describe('an error is neither too small nor much too large', () => {
  test('of a sum: what is lost below the last digit', () => {
    fc.assert(
      fc.property(fc.oneof(moderate, wide), moderate, (a, b) => {
        const sum = add(a, b);
        const real = value(a) + value(b);
        const lost = size(value(sum) - real);
        expect(lost <= fraction(sum.error)).toBe(true);
        // Two roundings of what lies 53 digits below.
        expect(fraction(sum.error) <= (size(value(a)) + size(value(b))) >> 103n).toBe(true);
      }),
      RUNS,
    );
  });

  test('of a sum of uncertain numbers: theirs, and nothing else where the sum is exact', () => {
    const a: DoubleDouble = { hi: 3, lo: 0, error: 2 ** -70 };
    const b: DoubleDouble = { hi: 2 ** -60, lo: 0, error: 2 ** -80 };
    const [short, long] = [add(a, b), add({ ...a, lo: 2 ** -58 }, b)];
    for (const { error } of [short, long]) {
      expect(error).toBeGreaterThanOrEqual(2 ** -70 + 2 ** -80);
      expect(error).toBeLessThanOrEqual((2 ** -70 + 2 ** -80) * (1 + 2 ** -49));
    }
    expect(add({ hi: 1, lo: 2 ** -60, error: 0 }, { hi: 2, lo: 2 ** -59, error: 0 }).error).toBe(0);
  });

  test('of a product', () => {
    fc.assert(
      fc.property(wide, wide, (a, b) => {
        expectWithin(multiply(a, b), value(a) * value(b), UNIT, 0n);
      }),
      RUNS,
    );
  });

  test('of a product of float64 numbers: none, but where it leaves their range', () => {
    fc.assert(
      fc.property(signed(-440, 440), signed(-440, 440), (a, b) => {
        expect(multiply(exact(a), exact(b)).error).toBe(0);
      }),
      RUNS,
    );
    fc.assert(
      fc.property(signed(-560, -451), signed(-560, -451), (a, b) => {
        const got = multiply(exact(a), exact(b));
        expect(got.error).toBeGreaterThan(0);
        expectWithin(got, fraction(a) * fraction(b), UNIT, fraction(2 ** -1058) * UNIT);
      }),
      RUNS,
    );
    expect(multiply(ZERO, exact(2 ** -1000)).error).toBe(0);
    expect(multiply(exact(2 ** -1000), ZERO).error).toBe(0);
    expect(multiply(exact(3 * 2 ** -450), exact(2 ** -450)).error).toBe(0);
    expect(multiply(exact(2 ** -450), exact(2 ** -450)).error).toBe(0);
  });

  test('of a product of uncertain numbers: what theirs can come to', () => {
    fc.assert(
      fc.property(uncertain, moderate, ({ a, b, quotient }, c) => {
        // |quotient · c − a c / b| ≤ error, both sides times b.
        const got = multiply(quotient, c);
        const real = value(a) * value(c);
        expect(size((value(got) * value(b)) - real) <= fraction(got.error) * size(value(b))).toBe(true);
        expect(fraction(got.error) * size(value(b)) <= size(real) >> 98n).toBe(true);
      }),
      RUNS,
    ); // prettier-ignore
    const [a, b] = [{ hi: 3, lo: 0, error: 2 ** -60 }, { hi: 5, lo: 0, error: 2 ** -62 }]; // prettier-ignore
    const wanted = 3 * 2 ** -62 + 5 * 2 ** -60 + 2 ** -122;
    for (const error of [product(a, b).error, product(b, a).error]) {
      expect(error).toBeGreaterThanOrEqual(wanted);
      expect(error).toBeLessThanOrEqual(wanted * (1 + 2 ** -48));
    }
  });

  test('of a quotient', () => {
    fc.assert(
      fc.property(wide, wide, (a, b) => {
        const got = divide(a, b);
        const distance = size(value(got) * value(b) - value(a) * UNIT);
        expect(distance <= fraction(got.error) * size(value(b))).toBe(true);
        const allowed = (size(value(a)) * UNIT) >> 98n;
        expect(fraction(got.error) * size(value(b)) <= allowed + (fraction(2 ** -1050) * size(value(b)))).toBe(true);
      }),
      RUNS,
    ); // prettier-ignore
  });

  test('of a quotient of uncertain numbers: (|a| error of b + |b| error of a) / b², a little more', () => {
    for (const [a, b] of [[3, 7], [-1e10, 3], [5, -1e-5], [1e-3, 1e3]] as const) {
      const [ea, eb] = [Math.abs(a) * 2 ** -55, Math.abs(b) * 2 ** -53];
      for (const lo of [0, a * 2 ** -60]) {
        const { error } = divide({ hi: a, lo, error: ea }, { hi: b, lo: 0, error: eb });
        const wanted = ea / Math.abs(b) + Math.abs(a / b) * 2 ** -53;
        expect(error).toBeGreaterThanOrEqual(wanted);
        expect(error).toBeLessThanOrEqual(wanted * (1 + 2 ** -45));
      }
    } // prettier-ignore
    const [near, nothing] = [{ hi: 1, lo: 0, error: 0.5 }, { hi: 1, lo: 0, error: 1 }]; // prettier-ignore
    expect(divide(ONE, near).error).toBeGreaterThanOrEqual(1);
    expect(divide(ONE, near).error).toBeLessThan(1.001);
    expect(divide(ONE, nothing).error).toBe(Infinity);
  });

  test('of a root', () => {
    fc.assert(
      fc.property(of(-900, 900), (x) => {
        const a = x.hi < 0 ? opposite(x) : x;
        const root = squareRoot(a);
        const [low, high] = [value(root) - fraction(root.error), value(root) + fraction(root.error)];
        expect(low * low <= value(a) * UNIT && value(a) * UNIT <= high * high).toBe(true);
        expect(fraction(root.error) <= (value(root) >> 99n) + (fraction(2 ** -1050) * UNIT) / value(root)).toBe(true);
      }),
      RUNS,
    );
  });

  test('of the root of an uncertain number: half of its relative error, at most the whole', () => {
    for (const hi of [2, 3e10, 7e-10]) {
      for (const lo of [0, hi * 2 ** -60]) {
        const { error } = squareRoot({ hi, lo, error: hi * 2 ** -60 });
        expect(error).toBeGreaterThanOrEqual(Math.sqrt(hi) * 2 ** -61);
        expect(error).toBeLessThanOrEqual(Math.sqrt(hi) * 2 ** -60 * (1 + 2 ** -30));
      }
    }
    expect(squareRoot({ hi: 9, lo: 0, error: 2 ** -60 }).error).toBeGreaterThan(0);
  });

  test('of a long sum of products of any sizes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(wide, moderate), { minLength: 1, maxLength: 12 }), (terms) => {
        const sum = new ExactSum();
        let [real, sizes] = [0n, 0n];
        for (const [a, b] of terms) {
          sum.addProduct(a, b);
          real += value(a) * value(b);
          sizes += size(value(a) * value(b));
        }
        const got = sum.total;
        expect(size(value(got) * UNIT - real) <= fraction(got.error) * UNIT).toBe(true);
        expect(fraction(got.error) * UNIT <= (sizes >> 97n)).toBe(true);
      }),
      RUNS,
    ); // prettier-ignore
  });

  test('of a sum of uncertain products and numbers: what theirs can come to', () => {
    const sum = new ExactSum();
    const [a, b] = [{ hi: 3, lo: 0, error: 2 ** -60 }, { hi: -5, lo: 0, error: 2 ** -62 }]; // prettier-ignore
    sum.addProduct(a, b);
    const wanted = 3 * 2 ** -62 + 5 * 2 ** -60 + 2 ** -122;
    expect(sum.total.error).toBeGreaterThanOrEqual(wanted);
    expect(sum.total.error).toBeLessThanOrEqual(wanted * (1 + 2 ** -48));
    sum.add(7, 2 ** -55, 2 ** -61);
    expect(sum.total.error).toBeGreaterThanOrEqual(wanted + 2 ** -61);
    expect(sum.total.error).toBeLessThanOrEqual((wanted + 2 ** -61) * (1 + 2 ** -48));
    expect(value(sum.total)).toBe(fraction(-8) + fraction(2 ** -55));
    const tiny = new ExactSum();
    tiny.addProduct(exact(1.1 * 2 ** -530), exact(1.3 * 2 ** -530));
    expect(tiny.total.error).toBeGreaterThan(0);
    expect(tiny.total.error).toBeLessThanOrEqual(2 ** -1059);
    const none = new ExactSum();
    none.addProduct(exact(1.1), exact(1.3));
    none.add(0.1);
    expect(none.total.error).toBe(0);
  });
});

describe('what a number is made of', () => {
  const third = divide(ONE, exact(3));

  test('is remembered of what is not exact', () => {
    expect(third.made).toMatchObject({ by: 'divide', a: { hi: 1 }, b: { hi: 3 } });
    expect(multiply(third, exact(5)).made).toMatchObject({ by: 'multiply', a: { hi: third.hi }, b: { hi: 5 } });
    expect(squareRoot(exact(3)).made).toMatchObject({ by: 'squareRoot', a: { hi: 3 } });
    expect(negate(third)).toMatchObject({ hi: -third.hi, lo: -third.lo, error: third.error, made: { by: 'multiply', a: { hi: -1 }, b: { hi: third.hi } } }); // prettier-ignore
  });

  test('is not said of what is exact, of sums, and of products for sums', () => {
    for (const x of [negate(ONE), multiply(exact(3), exact(5)), divide(exact(6), exact(3)), squareRoot(exact(9)), add(third, third), subtract(third, ONE), product(third, exact(5)), opposite(third)])
      expect(x.made).toBeUndefined();
  }); // prettier-ignore

  test('stays the same where it is multiplied or divided by 1', () => {
    expect(multiply(third, ONE)).toBe(third);
    expect(multiply(ONE, third)).toBe(third);
    expect(divide(third, ONE)).toBe(third);
    const almost: DoubleDouble = { hi: 1, lo: 0, error: 2 ** -90 };
    const beside: DoubleDouble = { hi: 1, lo: 2 ** -90, error: 0 };
    for (const x of [almost, beside]) {
      expect(multiply(third, x)).not.toBe(third);
      expect(multiply(x, third)).not.toBe(third);
      expect(divide(third, x)).not.toBe(third);
    }
  });
});

test('sums that cancel to nothing are 0, and never −0', () => {
  expect(Object.is(add(exact(-0), exact(-0)).hi, 0)).toBe(true);
  expect(Object.is(add(exact(1), exact(-1)).lo, 0)).toBe(true);
});

test('beyond the range of float64 numbers stay what they are, with an error', () => {
  const huge = exact(2 ** 1023 * 1.5);
  expect(multiply(huge, exact(1.1)).hi).toBe(huge.hi * 1.1);
  expect(multiply(huge, exact(1.1)).lo).toBe(0);
  expect(multiply(huge, exact(1.1)).error).toBeGreaterThanOrEqual(huge.hi * 2 ** -53);
  expect(multiply(huge, exact(1.1)).error).toBeLessThanOrEqual(huge.hi * 2 ** -50);
  expect(divide(huge, exact(0.5))).toMatchObject({ hi: Infinity, lo: 0 });
  expect(add(exact(Infinity), exact(-Infinity)).hi).toBeNaN();
});
