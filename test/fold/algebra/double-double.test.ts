import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  add,
  divide,
  exact,
  ExactSum,
  multiply,
  squareRoot,
  subtract,
  type DoubleDouble,
} from '../../../src/fold/algebra/double-double.ts';
import { fraction } from '../exact-oracle.ts';

const RUNS = { seed: 7, numRuns: 300 };
const value = ({ hi, lo }: DoubleDouble) => fraction(hi) + fraction(lo);
const ONE = 1n << 400n;

/** Double-doubles of moderate size. */
const number = fc.tuple(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: -1, max: 1, noNaN: true }))
  .map(([hi, lo]) => add(exact(Math.abs(hi) < 1e-6 ? 1 : hi), exact(hi * lo * 2 ** -54))); // prettier-ignore

/** |got − want| ≤ 2^−100 · size, all as fractions. */
function expectClose(got: bigint, want: bigint, size: bigint): void {
  const distance = got > want ? got - want : want - got;
  expect(distance <= (size > 0n ? size : -size) >> 100n).toBe(true);
}

describe('106-bit arithmetic agrees with BigInt', () => {
  test('in sums and differences', () => {
    fc.assert(
      fc.property(number, number, (a, b) => {
        expectClose(value(add(a, b)), value(a) + value(b), value(a) > 0n === value(b) > 0n ? value(a) + value(b) : value(a) - value(b)); // prettier-ignore
        expectClose(value(subtract(a, b)), value(a) - value(b), value(a) > 0n === value(b) > 0n ? value(a) + value(b) : value(a) - value(b)); // prettier-ignore
      }),
      RUNS,
    );
  });

  test('in products', () => {
    fc.assert(
      fc.property(number, number, (a, b) => {
        const want = (value(a) * value(b)) / ONE;
        expectClose(value(multiply(a, b)), want, want);
      }),
      RUNS,
    );
  });

  test('in quotients', () => {
    fc.assert(
      fc.property(number, number, (a, b) => {
        const want = (value(a) * ONE) / value(b);
        expectClose(value(divide(a, b)), want, want);
      }),
      RUNS,
    );
  });

  test('in square roots', () => {
    fc.assert(
      fc.property(number, (a) => {
        const positive = a.hi < 0 ? subtract(exact(0), a) : a;
        const root = value(squareRoot(positive));
        const size = value(positive);
        expectClose((root * root) / ONE, size, 4n * size);
      }),
      RUNS,
    );
  });

  test('in long sums of products that cancel', () => {
    const sum = new ExactSum();
    let want = 0n;
    for (let n = 1; n <= 1000; n++) {
      const [a, b] = [exact(Math.fround(Math.sin(n))), divide(exact(1e6), exact(n))];
      const products: [DoubleDouble, DoubleDouble][] = [[a, b], [exact(-a.hi), b], [a, a]]; // prettier-ignore
      for (const [x, y] of products) {
        sum.addProduct(x, y);
        want += (value(x) * value(y)) / ONE;
      }
    }
    expectClose(value(sum.total), want, ONE * 10n ** 6n);
  });
});

test('beyond the range of float64 there is an infinity and no NaN', () => {
  expect(multiply(exact(1e300), exact(1e300))).toMatchObject({ hi: Infinity, lo: 0 });
  expect(add(exact(Number.MAX_VALUE), exact(Number.MAX_VALUE))).toMatchObject({ hi: Infinity, lo: 0 });
  expect(multiply(exact(1e300), exact(1)).hi).toBe(1e300);
});

describe('no result lies farther from the real number than its error says', () => {
  /** value ± error, as fractions. */
  const rangeOf = (x: DoubleDouble): [bigint, bigint] => [value(x) - fraction(x.error), value(x) + fraction(x.error)];
  const holds = ([low, high]: readonly [bigint, bigint], real: bigint) => low <= real && real <= high;
  const square = (x: bigint) => x * x;

  test('after a sum or a product', () => {
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(holds(rangeOf(add(a, b)), value(a) + value(b))).toBe(true);
        const [low, high] = rangeOf(multiply(a, b));
        expect(holds([low * ONE, high * ONE], value(a) * value(b))).toBe(true);
      }),
      RUNS,
    );
  });

  test('after a quotient of numbers that are uncertain themselves', () => {
    fc.assert(
      fc.property(number, number, number, (a, b, c) => {
        const [low, high] = rangeOf(divide(multiply(a, b), c));
        // low ≤ a · b / c ≤ high, both sides times c².
        const real = value(a) * value(b) * value(c);
        expect(holds([low * square(value(c)), high * square(value(c))], real)).toBe(true);
      }),
      RUNS,
    );
  });

  test('after gamma / √(variance + epsilon) · W', () => {
    fc.assert(
      fc.property(number, number, number, (gamma, variance, W) => {
        const v = add(multiply(variance, variance), exact(1e-5));
        const [low, high] = rangeOf(multiply(divide(gamma, squareRoot(v)), W)).map((x) => (x < 0n ? -x : x)).sort((x, y) => (x < y ? -1 : 1)); // prettier-ignore
        // Squares, with the product variance² exact: low² · (variance² + epsilon) ≤ (gamma · W)².
        const real = square(value(variance)) + fraction(1e-5) * ONE;
        const wanted = square(value(gamma) * value(W));
        expect(square(low!) * real <= wanted && wanted <= square(high!) * real).toBe(true);
      }),
      RUNS,
    );
  });

  test('after a long sum of products that cancel', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 40 }), (terms) => {
        const sum = new ExactSum();
        let real = 0n;
        for (const [a, b] of [...terms, ...terms.map(([a, b]) => [subtract(exact(0), a), b] as const)]) {
          sum.addProduct(a, b);
          real += value(a) * value(b);
        }
        const [low, high] = rangeOf(sum.total);
        expect(holds([low * ONE, high * ONE], real)).toBe(true);
      }),
      RUNS,
    );
  });
});

test('what is exact has no error, and what is not has hardly any', () => {
  expect(add(exact(2 ** 53), exact(1)).error).toBe(0);
  expect(divide(exact(21), exact(7)).error).toBe(0);
  expect(squareRoot(exact(2.25)).error).toBe(0);
  const third = divide(exact(1), exact(3));
  expect(third.error).toBeGreaterThan(0);
  expect(third.error).toBeLessThan(2 ** -100);
  expect(divide(exact(1), subtract(third, third)).error).toBe(Infinity);
});
