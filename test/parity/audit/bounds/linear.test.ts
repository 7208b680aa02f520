import { describe, expect, test } from 'vitest';
import { float, int, ints } from '../../../../src/onnx/attribute.ts';
import { float32, sizeOf } from '../../../../src/tensor.ts';
import { noise } from '../../../support/runnable-models.ts';
import { bounds } from './one-operator.ts';
import { dot, exactError, ORDERS } from './rounded-arithmetic.ts';

const K = 67;
const f = Math.fround;
const numbers = (count: number, random: () => number, spread = 0) =>
  Array.from({ length: count }, () => f(random() * 2 ** Math.round(spread * random())));

describe.each(ORDERS)('a sum in the order %s', (order) => {
  test('stays within the bound of MatMul, for numbers of one size and of many', () => {
    for (const spread of [0, 8, 20]) {
      const random = noise(spread + 1);
      for (let run = 0; run < 50; run++) {
        const [w, x] = [numbers(K, random, spread), numbers(K, random, spread)];
        const { value, error } = bounds('MatMul', float32([1, K], x), [float32([K, 1], w)]);
        expect(exactError(dot(w, x, order), w, x)).toBeLessThanOrEqual(error![0]!);
        expect(exactError(value[0]!, w, x)).toBeLessThanOrEqual(error![0]! * 2 ** -20);
      }
    }
  });

  test('stays within the bound of Gemm with a bias and factors', () => {
    const random = noise(7);
    for (let run = 0; run < 50; run++) {
      const [w, x, [b]] = [numbers(K, random), numbers(K, random), numbers(1, random)];
      const [alpha, beta] = [-0.75, 1.5];
      const attributes = { alpha: float(alpha), beta: float(beta), transB: int(1) };
      const { value, error } = bounds('Gemm', float32([1, K], x), [float32([1, K], w), float32([1], [b!])], attributes);
      const computed = f(f(alpha * dot(w, x, order)) + f(beta * b!));
      expect(Math.abs(computed - value[0]!)).toBeLessThanOrEqual(error![0]!);
    }
  });
});

test('knows how many products meet in an output of a Conv, whatever its groups and padding', () => {
  const random = noise(3);
  const [C, M, group, size] = [6, 4, 2, 5];
  const x = float32([1, C, size, size], numbers(C * size * size, random));
  const W = float32([M, C / group, 3, 3], numbers(M * (C / group) * 9, random));
  const { error } = bounds('Conv', x, [W], { group: int(group), pads: ints([1, 1, 1, 1]) });
  const magnitude = bounds('Conv', { ...x, data: x.data.map(Math.abs) as Float32Array }, [{ ...W, data: W.data.map(Math.abs) as Float32Array }], { group: int(group), pads: ints([1, 1, 1, 1]) }).value; // prettier-ignore
  const n = (C / group) * 9;
  for (const [i, bound] of error!.entries()) {
    // γₙ₊₂ S, no looser than one more rounding allows.
    expect(bound / magnitude[i]!).toBeGreaterThan(n * 2 ** -24);
    expect(bound / magnitude[i]!).toBeLessThan((n + 3) * 2 ** -24);
  }
});

test('adds half a unit in the last place for parameters that were rounded, and tells it apart', () => {
  const random = noise(5);
  for (let run = 0; run < 200; run++) {
    const exact = Array.from({ length: K }, () => random());
    const [w, x] = [exact.map(f), numbers(K, random)];
    const { value, error, drift } = bounds('MatMul', float32([1, K], x), [float32([K, 1], w)], {}, true);
    const truth = exact.reduce((sum, weight, i) => sum + weight * x[i]!, 0);
    expect(Math.abs(value[0]! - truth)).toBeLessThanOrEqual(drift![0]!);
    expect(Math.abs(dot(w, x, 'forward') - truth)).toBeLessThanOrEqual(error![0]!);
    expect(drift![0]!).toBeLessThan(error![0]! / 30);
  }
});

test('a defect of four units in the last place of one weight in 16 is more than rounded parameters may do', () => {
  const x = float32([1, 16], new Float32Array(16).fill(1));
  const weights = numbers(16, noise(9)).map((w) => f(w + Math.sign(w)));
  const { value, drift } = bounds('MatMul', x, [float32([16, 1], weights)], {}, true);
  const moved = weights.map((w, i) => (i === 3 ? w * (1 + 32 * 2 ** -23) : w));
  const wrong = bounds('MatMul', x, [float32([16, 1], moved)], {}, true);
  expect(Math.abs(wrong.value[0]! - value[0]!)).toBeGreaterThan(drift![0]!);
});

test.each([
  ['AveragePool', [1, 2, 6, 6], { kernel_shape: ints([3, 3]) }, 9],
  ['GlobalAveragePool', [1, 2, 7, 5], {}, 35],
  ['ReduceMean', [3, 11], { axes: ints([-1]) }, 11],
] as const)('%s is off by no more than a sum of its inputs, divided', (opType, shape, attributes, n) => {
  const x = float32(shape, numbers(sizeOf(shape), noise(2)));
  const { value, error } = bounds(opType, x, [], attributes);
  expect(error!.length).toBe(value.length);
  const mean = x.data.reduce((sum, element) => sum + Math.abs(element), 0) / x.data.length;
  for (const bound of error!) {
    expect(bound).toBeGreaterThan(0);
    expect(bound).toBeLessThan((n + 4) * 2 ** -24 * 3 * mean);
  }
});
