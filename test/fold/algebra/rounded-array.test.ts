import { describe, expect, test } from 'vitest';
import { add, divide, exact, multiply, ONE, type DoubleDouble } from '../../../src/fold/algebra/double-double.ts';
import { compare, factorsOf } from '../../../src/fold/algebra/exactly.ts';
import { RoundedArray, roundTo } from '../../../src/fold/algebra/rounding.ts';
import type { Numbers } from '../../../src/fold/lift/constants.ts';
import { numberToBfloat16, numberToFloat16 } from '../../../src/half.ts';

const numbers = (data: ArrayLike<number>, more: Partial<Numbers> = {}): Numbers => ({ dtype: 'float32', shape: [data.length], data, ...more }); // prettier-ignore
/** So much is known of it that it lies this far from the middle at most, on either side. */
const around = (hi: number, error: number, lo = 0): DoubleDouble => ({ hi, lo, error });

describe('a number that is known to within an error', () => {
  const written = (value: DoubleDouble) => {
    const array = new RoundedArray('float32', 1);
    array.write(0, value);
    return [array.data[0], array.correctlyRounded];
  };
  const middle = 1 + 2 ** -24;

  test('is counted as rounded correctly if all that it may be is rounded alike', () => {
    expect(written(around(1, 2 ** -60))).toEqual([1, 1]);
    expect(written(around(1, 2 ** -26))).toEqual([1, 1]);
    expect(written(around(middle, 2 ** -80, 2 ** -70))).toEqual([1 + 2 ** -23, 1]);
    expect(written(around(middle, 2 ** -80, -(2 ** -70)))).toEqual([1, 1]);
  });

  test('is not counted where the middle of two floats lies within twice the error', () => {
    expect(written(around(middle, 2 ** -70))[1]).toBe(0);
    expect(written(around(middle, 2 ** -70, 1.5 * 2 ** -70))[1]).toBe(0);
    expect(written(around(middle, 2 ** -70, -1.5 * 2 ** -70))[1]).toBe(0);
    expect(written(around(middle, 2 ** -70, 2.5 * 2 ** -70))).toEqual([1 + 2 ** -23, 1]);
    expect(written(around(middle, 2 ** -70, -2.5 * 2 ** -70))).toEqual([1, 1]);
  });

  test('is counted where it is the middle and known to be', () => {
    expect(written(exact(middle))).toEqual([1, 1]);
    expect(written(exact(1 + 3 * 2 ** -24))).toEqual([1 + 2 ** -22, 1]);
    const third = divide(ONE, exact(3));
    expect(written(multiply(exact(3 * (1 + 3 * 2 ** -24)), third))).toEqual([1 + 2 ** -22, 1]);
    expect(written(multiply(exact(3 * middle + 2 ** -50), third))).toEqual([1 + 2 ** -23, 1]);
    expect(written(multiply(exact(3 * middle - 2 ** -50), third))).toEqual([1, 1]);
  });

  test('is not counted where it is none', () => {
    expect(written(exact(Infinity))).toEqual([Infinity, 0]);
    expect(written(exact(NaN))).toEqual([NaN, 0]);
  });

  test('is counted in float64 where nothing is lost, or all of it is known', () => {
    const array = new RoundedArray('float64', 3);
    array.write(0, exact(0.1));
    array.write(1, add(exact(1), exact(2 ** -60)));
    expect([...array.data.subarray(0, 2)]).toEqual([0.1, 1]);
    expect(array.correctlyRounded).toBe(2);
    array.write(2, add(exact(1), exact(2 ** -53 + 2 ** -90)));
    expect(array.data[2]).toBe(1 + 2 ** -52);
  });
});

describe.each(['float32', 'float16', 'bfloat16', 'float64'] as const)('products written as %s', (dtype) => {
  const encode = { float32: Math.fround, float64: (x: number) => x, float16: numberToFloat16, bfloat16: numberToBfloat16 }[dtype]; // prettier-ignore
  const weights = Array.from({ length: 200 }, (_, index) => Math.fround(Math.sin(index) * 10 ** ((index % 7) - 3)));

  test('are the nearest of each, between these bounds and nowhere else', () => {
    for (const [start, end, to] of [
      [0, 200, 0],
      [3, 7, 5],
      [10, 140, 20],
      [5, 5, 0],
    ] as const) {
      // prettier-ignore
      const array = new RoundedArray(dtype, 220);
      array.data.fill(1);
      array.writeProducts(numbers(weights), exact(1.7), start, end, to);
      const wanted = Array.from({ length: 220 }, (_, index) => {
        const from = index - to + start;
        return from >= start && from < end ? encode(roundTo(dtype, multiply(exact(weights[from]!), exact(1.7)))) : 1;
      });
      expect([...array.data]).toEqual(wanted);
      expect(array.correctlyRounded).toBe(end - start);
    }
  });

  test('go to the same place unless another is said', () => {
    const array = new RoundedArray(dtype, 9);
    array.writeProducts(numbers(weights), exact(2), 4, 9);
    expect([...array.data.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
    expect(array.data[4]).toBe(encode(roundTo(dtype, exact(2 * weights[4]!))));
  });

  test('are taken from stretches where there are many', () => {
    const asked: [number, number][] = [];
    const stretch = (start: number, end: number) => {
      asked.push([start, end]);
      return Float32Array.from(weights.slice(start, end));
    };
    const array = new RoundedArray(dtype, 200);
    array.writeProducts(numbers(weights, { stretch }), exact(-3), 100, 170);
    const wanted = new RoundedArray(dtype, 200);
    wanted.writeProducts(numbers(weights), exact(-3), 100, 170);
    expect([...array.data]).toEqual([...wanted.data]);
    expect(array.correctlyRounded).toBe(70);
    if (dtype === 'float32') expect(asked).toEqual([[100, 170]]);
  });

  test('are told by what is known of each, where that is more than a float64', () => {
    const values = [add(exact(1), exact(2 ** -70)), exact(3)];
    const array = new RoundedArray(dtype, 2);
    array.writeProducts(numbers([1, 3], { values }), exact(1 + 2 ** -24), 0, 2);
    expect([...array.data]).toEqual(
      values.map((value) => encode(roundTo(dtype, multiply(value, exact(1 + 2 ** -24))))),
    );
  });
});

test.each([['float16', 2 ** -11, numberToFloat16], ['bfloat16', 2 ** -8, numberToBfloat16]] as const)('products of %s that float64 puts into the middle are told by what it does not hold', (dtype, u, encode) => {
  const array = new RoundedArray(dtype, 2);
  for (const [n, lo] of [[0, 2 ** -80], [1, -(2 ** -80)]] as const)
    array.writeProducts(numbers([1]), add(exact(1 + u), exact(lo)), 0, 1, n);
  expect([...array.data]).toEqual([encode(1 + 2 * u), encode(1)]);
  expect(array.correctlyRounded).toBe(2);
}); // prettier-ignore

test('an uncertain factor decides no product that it may bring to the other side of a middle', () => {
  for (const hi of [1 + 2 ** -24, -(1 + 2 ** -24)]) {
    const array = new RoundedArray('float32', 1);
    array.writeProducts(numbers([1]), around(hi * (1 + 2 ** -45), 2 ** -44), 0, 1);
    expect(array.correctlyRounded).toBe(0);
    array.writeProducts(numbers([1]), around(hi * (1 + 2 ** -45), 2 ** -47), 0, 1);
    expect(array.correctlyRounded).toBe(1);
    // The same, 2²⁰ times as large and as small.
    for (const scale of [2 ** 20, 2 ** -20]) {
      const other = new RoundedArray('float32', 1);
      other.writeProducts(numbers([1]), around(scale * hi * (1 + 2 ** -45), scale * 2 ** -44), 0, 1);
      expect(other.correctlyRounded).toBe(0);
      other.writeProducts(numbers([1]), around(scale * hi * (1 + 2 ** -45), scale * 2 ** -47), 0, 1);
      expect(other.correctlyRounded).toBe(1);
    }
  }
  const zero = new RoundedArray('float32', 1);
  zero.writeProducts(numbers([5]), exact(0), 0, 1);
  expect([zero.data[0], zero.correctlyRounded]).toEqual([0, 1]);
});

describe('a quotient by nothing, or of more than can be held, is not told', () => {
  test('nor are numbers of too many digits', () => {
    const third = divide(ONE, exact(3));
    const zero = divide(exact(0), exact(7));
    expect(compare(divide(ONE, multiply(zero, third)), 1)).toBeUndefined();
    expect(factorsOf({ hi: 1, lo: 0, error: 1, made: { by: 'divide', a: ONE, b: exact(0) } })).toBe(Infinity);
    expect(compare({ hi: 1, lo: 0, error: 1, made: { by: 'divide', a: ONE, b: exact(0) } }, 1)).toBeUndefined();
    expect(compare({ hi: 1, lo: 0, error: 1, made: { by: 'squareRoot', a: exact(-1), b: ONE } }, 1)).toBeUndefined();
    expect(compare({ hi: 0, lo: 0, error: 1, made: { by: 'squareRoot', a: exact(0), b: ONE } }, 0)).toBe(0);
    const far = multiply(divide(ONE, exact(3)), exact(3 * 2 ** 80));
    expect([compare(far, 2 ** 80), compare(far, 2 ** 80 * (1 + 2 ** -52)), compare(far, 2 ** 80 * (1 - 2 ** -52))]).toEqual([0, -1, 1]); // prettier-ignore
    let long = divide(exact(2 ** 1000), exact(1.1 * 2 ** -1000));
    for (let n = 0; n < 4; n++) long = { hi: 1, lo: 0, error: 1, made: { by: 'multiply', a: long, b: long } };
    expect(compare(long, 1)).toBeUndefined();
  });
});
