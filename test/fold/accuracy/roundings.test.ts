import { describe, expect, test } from 'vitest';
import { crossingRoundings, gamma, unitRoundoff } from '../../../src/fold/accuracy/roundings.ts';
import { Constants } from '../../../src/fold/lift/constants.ts';
import { Facts } from '../../../src/fold/facts.ts';
import { float, ints, type Attribute } from '../../../src/onnx/attribute.ts';
import { inferTypes } from '../../../src/onnx/shapes/infer.ts';
import type { Dim } from '../../../src/tensor.ts';
import { Fixture } from '../fixture.ts';

test('a unit roundoff is half the distance of 1 to the next number', () => {
  expect(Math.fround(1 + 2 * unitRoundoff('float32'))).toBeGreaterThan(1);
  expect(Math.fround(1 + unitRoundoff('float32'))).toBe(1);
  expect(1 + 2 * unitRoundoff('float64')).toBeGreaterThan(1);
  expect(1 + unitRoundoff('float64')).toBe(1);
});

test('k factors of 1 ± u stay within 1 ± g(k), and beyond 1 / u nothing is known', () => {
  const u = unitRoundoff('float16');
  for (const k of [1, 7, 100]) {
    expect((1 + u) ** k).toBeLessThanOrEqual(1 + gamma(k, u));
    expect((1 - u) ** k).toBeGreaterThanOrEqual(1 - gamma(k, u));
    expect((1 + u) ** k).toBeGreaterThan(1 + 0.9 * k * u);
  }
  expect(gamma(2 ** 11, u)).toBe(Infinity);
});

describe('a node on the way of an affine', () => {
  function roundings(opType: string, shape: readonly Dim[], attributes: Readonly<Record<string, Attribute>> = {}) {
    const f = new Fixture();
    const graph = f.done(f.node(opType, [f.input(shape)], attributes));
    const types = inferTypes(graph, new Set());
    return crossingRoundings(graph.nodes[0]!, new Facts(graph, types, new Constants(graph, types, new Set())));
  }

  test('that moves or chooses numbers rounds nothing', () => {
    expect(roundings('Relu', ['n', 3])).toBe(0);
    expect(roundings('MaxPool', ['n', 3, 8, 8], { kernel_shape: ints([2, 2]) })).toBe(0);
    expect(roundings('Transpose', ['n', 3])).toBe(0);
  });

  test('that takes the mean of m numbers rounds m times', () => {
    expect(roundings('AveragePool', ['n', 3, 8, 8], { kernel_shape: ints([2, 3]) })).toBe(6);
    expect(roundings('GlobalAveragePool', ['n', 3, 5, 7])).toBe(35);
    expect(roundings('ReduceMean', ['n', 3, 5, 7], { axes: ints([-1, 2]) })).toBe(35);
  });

  test('is not counted where that depends on an unknown size, or the error might grow', () => {
    expect(roundings('GlobalAveragePool', ['n', 3, 'h', 7])).toBeUndefined();
    expect(roundings('LeakyRelu', ['n', 3], { alpha: float(2) })).toBeUndefined();
    expect(roundings('LeakyRelu', ['n', 3], { alpha: float(0.2) })).toBe(1);
    expect(roundings('Sigmoid', ['n', 3])).toBeUndefined();
  });
});
