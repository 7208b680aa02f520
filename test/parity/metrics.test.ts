import { describe, expect, test } from 'vitest';
import { compareTensors, largest, MetricsBuilder } from '../../src/parity/metrics.ts';
import { TOLERANCES } from '../../src/parity/tolerances.ts';
import { float32, type DType, type DTypeArray, type Tensor } from '../../src/tensor.ts';
import { noise } from '../support/runnable-models.ts';

const vector = (...values: number[]): Tensor => float32([values.length], values);
const tensorOf = <D extends DType>(dtype: D, data: DTypeArray[D]): Tensor => ({ dtype, shape: [data.length], data });
const ulps = (a: number, b: number): number => compareTensors(vector(a), vector(b), TOLERANCES.exact).ulp.max;

/** The formulas of the report, each in its own pass, over plain arrays in float64. */
function bruteForce(actual: readonly number[], expected: readonly number[]) {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const d = actual.map((a, i) => Math.abs(a - expected[i]!));
  const signal = sum(expected.map((e) => e ** 2));
  return {
    maxAbs: Math.max(...d),
    meanAbs: sum(d) / d.length,
    maxRel: Math.max(
      ...d.filter((_, i) => expected[i] !== 0).map((value, i) => value / Math.abs(expected.filter((e) => e !== 0)[i]!)),
    ),
    sqnrDb: 10 * Math.log10(signal / sum(d.map((value) => value ** 2))),
    cosine: sum(actual.map((a, i) => a * expected[i]!)) / Math.sqrt(signal * sum(actual.map((a) => a ** 2))),
  };
}

test('agrees with the formulas, computed one by one', () => {
  const random = noise(7);
  const expected = Array.from({ length: 500 }, (_, i) => (i % 50 === 0 ? 0 : Math.fround(random())));
  const actual = expected.map((e) => Math.fround(e + 1e-3 * random()));
  const metrics = compareTensors(float32([100, 5], actual), float32([100, 5], expected), TOLERANCES.float32);
  for (const [name, value] of Object.entries(bruteForce(actual, expected))) {
    expect(metrics[name as 'maxAbs'] / value, name).toBeCloseTo(1, 12);
  }
  expect(metrics.elements).toBe(500);
  const worst = expected.findIndex((e, i) => Math.abs(actual[i]! - e) === metrics.maxAbs);
  expect(metrics.worst).toEqual({
    sample: 0,
    index: [Math.floor(worst / 5), worst % 5],
    expected: expected[worst],
    actual: actual[worst],
  });
});

test('sums over samples, and names the sample of the worst element', () => {
  const builder = new MetricsBuilder(TOLERANCES.float32, 2);
  builder.add(0, vector(1, 2), vector(1, 2));
  builder.add(1, vector(1, 2.5), vector(1, 2));
  expect(builder.result()).toMatchObject({
    elements: 4,
    maxAbs: 0.5,
    meanAbs: 0.125,
    worst: { sample: 1, index: [1] },
  });
});

describe('the allowed difference', () => {
  const tolerance = { name: 'test', atol: 0.125, rtol: 0.25, range: 0.5 };
  const expected = vector(1, -4);
  // 0.125 + 0.25·|e| + 0.5·4 = 2.375 for the first element and 3.125 for the second.
  test.each([
    [vector(3.375, -4), 1, true],
    [vector(1, -7.125), 1, true],
    [vector(1, -0.875), 1, true],
    [vector(3.376, -4), 2.376 / 2.375, false],
    [vector(1, -0.874), 3.126 / 3.125, false],
  ])('%#', (actual, share, pass) => {
    const metrics = compareTensors(actual, expected, tolerance);
    expect(metrics.worstShare).toBeCloseTo(share, 6);
    expect(metrics.pass).toBe(pass);
  });
});

test('counts units in the last place of float32, across zero and across binades', () => {
  expect(ulps(1, 1 + 2 ** -23)).toBe(1);
  expect(ulps(1, 1 - 2 ** -24)).toBe(1);
  expect(ulps(1, 2)).toBe(2 ** 23);
  expect(ulps(0, -0)).toBe(0);
  expect(ulps(2 ** -149, -(2 ** -149))).toBe(2);
  expect(ulps(-1, 1)).toBe(2 * 127 * 2 ** 23);
});

test('takes ulp percentiles from the whole distribution', () => {
  const steps = Array.from({ length: 1000 }, (_, i) => (i < 500 ? 0 : i < 990 ? 3 : 100_000));
  const actual = vector(...steps.map((step) => 1 + step * 2 ** -23));
  const { ulp } = compareTensors(actual, vector(...steps.map(() => 1)), TOLERANCES.exact);
  const { bins, ...summary } = ulp;
  expect(summary).toEqual({ p50: 0, p99: 3, max: 100_000 });
  expect(bins.filter(({ count }) => count > 0)).toEqual([
    { upTo: 0, count: 500 },
    { upTo: 4, count: 490 },
    { upTo: 131_072, count: 10 },
  ]);
  expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(steps.length);
  const more = vector(...steps.map((step, i) => (i < 980 ? 1 + step * 2 ** -23 : 1 + 100_000 * 2 ** -23)));
  expect(compareTensors(more, vector(...steps.map(() => 1)), TOLERANCES.exact).ulp.p99).toBe(100_000);
});

describe('never passes', () => {
  const generous = { name: 'generous', atol: 1e30, rtol: 1e30, range: 1e30 };
  test.each([
    ['a NaN in the candidate', vector(NaN), vector(1)],
    ['a NaN in the reference', vector(1), vector(NaN)],
    ['NaN in both', vector(NaN), vector(NaN)],
    ['the same infinity in both', vector(Infinity), vector(Infinity)],
  ])('%s', (_, actual, expected) => {
    expect(compareTensors(actual, expected, generous)).toMatchObject({
      nonFinite: 1,
      pass: false,
      worst: { index: [0] },
    });
  });

  test('a tensor without elements', () => {
    expect(compareTensors(vector(), vector(), generous)).toMatchObject({ elements: 0, pass: false });
  });
});

describe('compares exactly', () => {
  const cases: [string, Tensor, Tensor, number][] = [
    ['bool', tensorOf('bool', Uint8Array.of(0, 1)), tensorOf('bool', Uint8Array.of(0, 0)), 1],
    ['int32', tensorOf('int32', Int32Array.of(-7)), tensorOf('int32', Int32Array.of(-8)), 1],
    [
      'int64 beyond 2⁵³',
      tensorOf('int64', BigInt64Array.of(2n ** 60n + 1n)),
      tensorOf('int64', BigInt64Array.of(2n ** 60n)),
      1,
    ],
    [
      'uint64',
      tensorOf('uint64', BigUint64Array.of(2n ** 64n - 1n)),
      tensorOf('uint64', BigUint64Array.of(0n)),
      2 ** 64,
    ],
    ['string', tensorOf('string', ['cat']), tensorOf('string', ['dog']), 1],
  ];
  test.each(cases)('%s', (_, actual, expected, maxAbs) => {
    expect(compareTensors(expected, expected, TOLERANCES.exact)).toMatchObject({ pass: true, maxAbs: 0, worst: null });
    expect(compareTensors(actual, expected, TOLERANCES.exact)).toMatchObject({ pass: false, maxAbs });
  });
});

test('reads float16 and bfloat16 as the numbers they stand for', () => {
  // 1, 65504, the smallest subnormal, −0.333 and their float32 bits cut in half.
  const half = tensorOf('float16', Uint16Array.of(0x3c00, 0x7bff, 0x0001, 0xb555));
  expect(largest(half)).toBe(65504);
  const next = tensorOf('float16', Uint16Array.of(0x3c01, 0x7bff, 0x0001, 0xb555));
  expect(compareTensors(next, half, TOLERANCES.float16)).toMatchObject({
    maxAbs: 2 ** -10,
    ulp: { max: 1 },
    pass: true,
  });
  const brain = tensorOf('bfloat16', Uint16Array.of(0x3f80, 0xc040));
  const moved = tensorOf('bfloat16', Uint16Array.of(0x3f81, 0xc040));
  expect(largest(brain)).toBe(3);
  expect(compareTensors(moved, brain, TOLERANCES.bfloat16)).toMatchObject({ maxAbs: 2 ** -7, ulp: { max: 1 } });
});

test('counts the rows whose largest element stays in place', () => {
  const expected = float32([3, 2], [0, 1, 1, 0, 0.5, 0.4]);
  const actual = float32([3, 2], [0, 1, 0, 1, 0.5, 0.4]);
  expect(compareTensors(actual, expected, TOLERANCES.float32).top1).toEqual({ agree: 2, total: 3 });
  expect(compareTensors(vector(1), vector(1), TOLERANCES.float32).top1).toBeNull();
  const nan = float32([1, 2], [NaN, NaN]);
  expect(compareTensors(nan, nan, TOLERANCES.float32).top1).toEqual({ agree: 0, total: 1 });
});

test('has a cosine and a noise ratio for outputs that are all 0', () => {
  expect(compareTensors(vector(0, 0), vector(0, 0), TOLERANCES.float32)).toMatchObject({
    cosine: 1,
    sqnrDb: null,
    pass: true,
  });
  expect(compareTensors(vector(1, 0), vector(0, 0), TOLERANCES.float32)).toMatchObject({
    cosine: 0,
    sqnrDb: null,
    pass: false,
  });
});

test('refuses tensors of different form', () => {
  const words = {
    code: 'PARITY',
    message: expect.stringContaining('expected float32 [2], found float32 [1]') as string,
  };
  expect(() => compareTensors(vector(1), vector(1, 2), TOLERANCES.float32)).toThrow(
    expect.objectContaining(words) as Error,
  );
  expect(() => compareTensors(tensorOf('int32', Int32Array.of(1)), vector(1), TOLERANCES.exact)).toThrow(
    'dtype or shape',
  );
});
