import fc from 'fast-check';
import { expect, test } from 'vitest';
import { add, divide, exact, multiply, negate, ONE, squareRoot } from '../../../src/fold/algebra/double-double.ts';
import { areComparable, compare } from '../../../src/fold/algebra/exactly.ts';
import { RoundedArray } from '../../../src/fold/algebra/rounding.ts';

const RUNS = { seed: 13, numRuns: 300 };
const whole = fc.integer({ min: 1, max: 2 ** 24 });

test('a root is compared with a float by squares, to the last of their digits', () => {
  fc.assert(
    fc.property(whole, whole, whole, (W, gamma, m) => {
      const got = compare(multiply(exact(W), divide(exact(gamma), squareRoot(exact(7)))), m);
      const difference = BigInt(W) ** 2n * BigInt(gamma) ** 2n - 7n * BigInt(m) ** 2n;
      expect(got).toBe(difference > 0n ? 1 : difference < 0n ? -1 : 0);
    }),
    RUNS,
  );
});

test('a quotient that is no binary fraction is told to be what it is', () => {
  fc.assert(
    fc.property(whole, fc.integer({ min: 1, max: 999 }).map((n) => 2 * n + 1), (m, q) => {
      const x = multiply(divide(exact(m), exact(q)), exact(q));
      expect(compare(x, m)).toBe(0);
      expect(compare(negate(x), -m)).toBe(0);
      expect(compare(x, m * (1 + 2 ** -52))).toBe(-1);
      expect(compare(negate(x), -m * (1 + 2 ** -52))).toBe(1);
    }),
    RUNS,
  ); // prettier-ignore
});

test('signs and zero come before squares', () => {
  const third = divide(exact(1), exact(3));
  expect(compare(third, -1)).toBe(1);
  expect(compare(negate(third), 0)).toBe(-1);
  expect(compare(third, 0)).toBe(1);
  expect(compare(exact(0), 0)).toBe(0);
});

test('sums of rounded numbers are not told, and neither is an infinity', () => {
  const third = divide(exact(1), exact(3));
  expect(compare(add(third, third), 2 / 3)).toBeUndefined();
  expect(compare(third, Infinity)).toBeUndefined();
});

test('a parameter that cannot be told is not counted as correctly rounded', () => {
  const array = new RoundedArray('float32', 3);
  const third = divide(exact(1), exact(3));
  // 3 · (1 + 2⁻²⁴) / 3 lies in the middle of two floats.
  const middle = multiply(exact(3 * (1 + 2 ** -24)), third);
  array.write(0, middle);
  expect([...array.data.subarray(0, 1)]).toEqual([1]);
  expect(array.correctlyRounded).toBe(1);
  array.write(1, add(middle, multiply(third, exact(2 ** -140))));
  expect(array.correctlyRounded).toBe(1);
  array.write(2, add(middle, third));
  expect(array.correctlyRounded).toBe(2);
});

test('weights of which only a float64 is left are not counted where that is the middle of two floats', () => {
  const weights = { dtype: 'float32', shape: [2], data: Float64Array.of(1 + 2 ** -24, 0.1) } as const;
  const rounded = new RoundedArray('float32', 2);
  rounded.writeProducts({ ...weights, isRounded: true }, exact(2), 0, 2);
  expect(rounded.correctlyRounded).toBe(1);
  const known = new RoundedArray('float32', 2);
  known.writeProducts(weights, exact(2), 0, 2);
  expect(known.correctlyRounded).toBe(2);
  expect([...known.data]).toEqual([2, Math.fround(0.2)]);
});

test('whatever is said to be comparable is told, as far from 1 as float64 goes', () => {
  const float = fc.constantFrom(2 ** -1074, 5e-324 * 3, 2 ** -149, 1 + 2 ** -23, 1 / 3, 2 ** 127, 2 ** 1000);
  fc.assert(
    fc.property(float, float, float, float, float, float, (W, gamma, variance, other, spread, m) => {
      const scale = divide(exact(gamma), squareRoot(add(exact(variance), exact(2 ** -40))));
      const second = divide(exact(other), squareRoot(exact(spread)));
      expect(areComparable([scale], [second])).toBe(true);
      const value = multiply(exact(W), multiply(scale, second));
      if (Number.isFinite(value.hi)) expect(compare(value, m)).toBeDefined();
    }),
    RUNS,
  );
});

test('sums, and products of more factors than can be held, are not said to be comparable', () => {
  const third = divide(exact(1), exact(3));
  const ninth = multiply(third, third);
  expect(areComparable([ONE, third], [ninth])).toBe(true);
  expect(areComparable([ONE, third], [ninth, multiply(ninth, third)])).toBe(false);
  expect(areComparable([add(third, ninth)])).toBe(false);
  expect(areComparable([squareRoot(third)])).toBe(false);
});
