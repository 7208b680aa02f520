import { describe, expect, test } from 'vitest';
import { affineRoundings, crossingRoundings, gamma, unitRoundoff } from '../../../src/fold/accuracy/roundings.ts';
import { Constants } from '../../../src/fold/lift/constants.ts';
import { Facts } from '../../../src/fold/facts.ts';
import { float, ints, string, type Attribute } from '../../../src/onnx/attribute.ts';
import type { Graph, Value } from '../../../src/onnx/graph.ts';
import { inferTypes } from '../../../src/onnx/shapes/infer.ts';
import type { Dim } from '../../../src/tensor.ts';
import { Fixture } from '../fixture.ts';
import { constant, normalized, NORMAL } from './normal.ts';

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

describe('the roundings of an affine', () => {
  type Build = (f: Fixture) => Value;
  const numbers = (f: Fixture, name: string, ...data: number[]) => constant(f, name, [data.length], data);
  function roundings(opType: string, build: Build): number | undefined {
    const f = new Fixture();
    f.done(f.node(opType, [f.input(['n', 3]), build(f)]));
    return affineRoundings(f.graph.nodes.at(-1)!, 0, factsOf(f.graph));
  }
  const square: Build = (f) => f.node('Mul', [numbers(f, 'a', 1, 2, 3), numbers(f, 'b', 2, -1, 3)]);

  test.each<readonly [string, number | undefined, Build]>([
    ['that is stored: none but its own', 1, (f) => numbers(f, 'c', 1, 2, 3)],
    ['that is a product: one more', 2, square],
    ['that is a root of a positive sum: two more', 3, (f) => f.node('Sqrt', [f.node('Add', [numbers(f, 'v', 1, 0, 3), numbers(f, 'e', 0.5)])])],
    ['that is a sum of numbers of either sign: not known', undefined, (f) => f.node('Add', [numbers(f, 'v', 1, 0, 3), numbers(f, 'e', -0.5)])],
    ['that is a difference: not known', undefined, (f) => f.node('Sub', [numbers(f, 'v', 1, 2, 3), numbers(f, 'e', 0.5)])],
    ['that is the root of a difference: not known', undefined, (f) => f.node('Sqrt', [f.node('Sub', [numbers(f, 'v', 1, 2, 3), numbers(f, 'e', 0.5)])])],
    ['that is only moved: none', 1, (f) => f.node('Identity', [numbers(f, 'c', 1, 2, 3)])],
    ['that is a product, moved: one more', 2, (f) => f.node('Identity', [square(f)])],
    ['that is a difference, moved: not known', undefined, (f) => f.node('Identity', [f.node('Sub', [numbers(f, 'v', 1, 2, 3), numbers(f, 'e', 0.5)])])],
    ['that is a quotient of two products: three more', 4, (f) => f.node('Div', [square(f), f.node('Mul', [numbers(f, 'd', 1, 2, 3), numbers(f, 'e', 1, 1, 2)])])],
    ['that sixteen steps have computed: seventeen', 18, (f) => deep(f, 17)],
    ['that is computed in more steps than are looked at: not known', undefined, (f) => deep(f, 18)],
  ])('by a constant %s', (_, wanted, build) => {
    expect(roundings('Mul', build)).toBe(wanted);
  }); // prettier-ignore

  function deep(f: Fixture, steps: number): Value {
    let x = numbers(f, 'c', 4, 5, 6);
    for (let step = 0; step < steps; step++) x = f.node('Sqrt', [x]);
    return x;
  }

  test('are two of a LayerNormalization, none of a Neg, seven of a BatchNormalization', () => {
    const f = new Fixture();
    const x = f.input([2, 3]);
    f.node('LayerNormalization', [x, numbers(f, 'g', 1, 2, 3), numbers(f, 'b', 1, 2, 3)]);
    f.node('Neg', [x]);
    f.done(normalized(f, x, NORMAL));
    expect(f.graph.nodes.map((node) => affineRoundings(node, 0, factsOf(f.graph)))).toEqual([2, 0, 7]);
  });

  const factsOf = (graph: Graph) => {
    const types = inferTypes(graph, new Set());
    return new Facts(graph, types, new Constants(graph, types, new Set()));
  };

  function crossing(
    opType: string,
    shapes: readonly (readonly Dim[])[],
    attributes: Readonly<Record<string, Attribute>> = {},
    more: Build[] = [],
  ) {
    // prettier-ignore
    const f = new Fixture(opType === 'Upsample' ? 9 : 18);
    const graph = f.done(f.node(opType, [...shapes.map((shape, index) => f.input(shape, `x${index}`)), ...more.map((build) => build(f))], attributes)); // prettier-ignore
    return crossingRoundings(graph.nodes.at(-1)!, factsOf(graph));
  }

  test('that crosses a node are those of its sums and quotients', () => {
    const three = [['n', 3], ['n', 3], ['n', 3]]; // prettier-ignore
    expect(crossing('Mean', three)).toBe(3);
    expect(crossing('Sum', three)).toBe(2);
    expect(crossing('Add', three.slice(1))).toBe(1);
    expect(crossing('Sub', three.slice(1))).toBe(1);
    expect(crossing('LeakyRelu', [['n', 3]])).toBe(1);
    expect(crossing('LeakyRelu', [['n', 3]], { alpha: float(-1) })).toBe(1);
    expect(crossing('LeakyRelu', [['n', 3]], { alpha: float(-1.5) })).toBeUndefined();
    expect(crossing('PRelu', [['n', 3]], {}, [(f) => numbers(f, 's', 0.5, -1, 1)])).toBe(1);
    expect(crossing('PRelu', [['n', 3]], {}, [(f) => numbers(f, 's', 0.5, -1.5, 1)])).toBeUndefined();
    expect(crossing('PRelu', [['n', 3], [3]])).toBeUndefined();
    expect(crossing('AveragePool', [['n', 3, 8]])).toBeUndefined();
    expect(crossing('Upsample', [['n', 3, 8]], { mode: string('nearest') })).toBe(0);
    expect(crossing('Upsample', [['n', 3, 8]], { mode: string('linear') })).toBeUndefined();
    expect(crossing('Upsample', [['n', 3, 8]])).toBe(0);
    expect(crossing('Resize', [['n', 3, 8]], { mode: string('nearest') })).toBe(0);
    expect(crossing('Resize', [['n', 3, 8]], { mode: string('linear') })).toBeUndefined();
    expect(crossing('Resize', [['n', 3, 8]])).toBe(0);
  });

  test('that crosses a mean are as many as it has terms, where that is known', () => {
    expect(crossing('ReduceMean', [[2, 3, 5]])).toBe(30);
    expect(crossing('ReduceMean', [[2, 3, 5]], {}, [(f) => f.shape([-1], 'axes')])).toBe(5);
    expect(crossing('ReduceMean', [['n', 3, 5]], { axes: ints([1]) })).toBe(3);
    expect(crossing('ReduceMean', [['n', 3, 5]])).toBeUndefined();
    const f = new Fixture(18);
    const graph = f.done(f.node('ReduceMean', [f.input([2, 3]), f.input([1], 'axes', 'int64')]));
    expect(crossingRoundings(graph.nodes[0]!, factsOf(graph))).toBeUndefined();
  });
});
