import { expect, test } from 'vitest';
import { erf, erfc } from '../../../src/onnx/evaluate/error-function.ts';

/** x, erf x, erfc x as Python's `math` (the C library) gives them. */
const VALUES: readonly (readonly [number, number, number])[] = [
  [-6, -1, 2],
  [-2.5, -0.999593047982555, 1.999593047982555],
  [-1, -0.8427007929497149, 1.842700792949715],
  [-0.4, -0.42839235504666845, 1.4283923550466684],
  [1e-8, 1.1283791670955126e-8, 0.9999999887162083],
  [0.3, 0.3286267594591274, 0.6713732405408726],
  [0.5, 0.5204998778130465, 0.4795001221869535],
  [0.7, 0.6778011938374184, 0.32219880616258156],
  [1, 0.8427007929497149, 0.15729920705028513],
  [1.9, 0.9927904292352575, 0.0072095707647425325],
  [2.4999, 0.9995928300996666, 0.0004071699003334514],
  [2.5, 0.999593047982555, 0.0004069520174449589],
  [3.7, 0.9999998328489421, 1.6715105790914596e-7],
  [5, 0.9999999999984626, 1.5374597944280351e-12],
  [10, 1, 2.088487583762545e-45],
  [26, 1, 5.663192408856143e-296],
];

/** A few units in the last place; the square in e^(−x²) is rounded, which counts x² times at the far end. */
const relative = (x: number): number => 2 ** -50 + 2 ** -53 * x * x;

test.each(VALUES)('erf and erfc of %d', (x, expected, complement) => {
  expect(Math.abs(erf(x) - expected)).toBeLessThanOrEqual(relative(0) * Math.abs(expected));
  expect(Math.abs(erfc(x) - complement)).toBeLessThanOrEqual(relative(x) * complement);
});

test('their ends', () => {
  expect([erf(0), erf(Infinity), erf(-Infinity), erf(NaN)]).toEqual([0, 1, -1, NaN]);
  expect([erfc(0), erfc(Infinity), erfc(-Infinity), erfc(NaN)]).toEqual([1, 0, 2, NaN]);
});
