import { describe, expect, test } from 'vitest';
import { compareTensors } from '../../src/parity/metrics.ts';
import { toleranceFor, TOLERANCES } from '../../src/parity/tolerances.ts';
import { float32 } from '../../src/tensor.ts';
import { noise } from '../support/runnable-models.ts';

const { fround } = Math;
type Sum = (products: readonly number[]) => number;
const forward: Sum = (products) => products.reduce((sum, product) => fround(sum + product), 0);
const backward: Sum = (products) => products.reduceRight((sum, product) => fround(sum + product), 0);

/** `depth` layers of `width`, one behind the other, each sum in float32 in the order of `sum`. */
function network(width: number, depth: number, seed: number, sum: Sum, defect = 0): Float32Array {
  const random = noise(seed);
  let x = Float32Array.from({ length: width }, random);
  for (let layer = 0; layer < depth; layer++) {
    const next = new Float32Array(width);
    for (let o = 0; o < width; o++) {
      const products = Array.from(x, (value) => fround(value * fround(random() * Math.sqrt(3 / width))));
      if (layer === 0 && o === 0) products[0]! += x[0]! * defect;
      next[o] = sum(products);
    }
    x = next;
  }
  return x;
}

describe('the float32 tier', () => {
  test.each([
    [1024, 1],
    [64, 8],
    [16, 64],
  ])('lets sums of %d products, %d layers deep, run in either order', (width, depth) => {
    const [actual, expected] = [backward, forward].map((sum) => float32([width], network(width, depth, 5, sum)));
    const metrics = compareTensors(actual!, expected!, TOLERANCES.float32);
    expect(metrics.maxAbs).toBeGreaterThan(0);
    expect(metrics.pass).toBe(true);
  });

  test('does not let one weight of such a network be off by a thousandth', () => {
    const actual = float32([64], network(64, 8, 5, forward, 1e-3));
    expect(compareTensors(actual, float32([64], network(64, 8, 5, forward)), TOLERANCES.float32).pass).toBe(false);
  });

  test('is 2⁻¹⁵ of the largest value and one rounding of 1', () => {
    expect(TOLERANCES.float32).toEqual({ name: 'float32', atol: 2 ** -24, rtol: 0, range: 2 ** -15 });
  });
});

test('gives every dtype its tier, and lets only floats have another', () => {
  const tier = (dtype: Parameters<typeof toleranceFor>[0]) => toleranceFor(dtype).name;
  expect((['float32', 'float64', 'float16', 'bfloat16', 'int64', 'bool', 'string'] as const).map(tier)).toEqual([
    'float32', 'float32', 'float16', 'bfloat16', 'exact', 'exact', 'exact',
  ]); // prettier-ignore
  const own = { name: 'own', atol: 1, rtol: 0, range: 0 };
  expect(toleranceFor('float16', own)).toBe(own);
  expect(toleranceFor('int32', own)).toBe(TOLERANCES.exact);
});
