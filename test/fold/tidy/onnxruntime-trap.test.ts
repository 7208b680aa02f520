import { describe, expect, test } from 'vitest';
import { foldGraph } from '../../../src/fold/fold-graph.ts';
import { int, ints } from '../../../src/onnx/attribute.ts';
import type { Graph, Value } from '../../../src/onnx/graph.ts';
import { Fixture } from '../fixture.ts';

/** A MatMul `[6, 6]`, something behind it, and a BatchNormalization that cannot fold. */
function behind(
  between: (f: Fixture, y: Value) => Value,
  { opset = 17, columns = 6, rank = 2, channels = 6 } = {},
): Graph {
  // prettier-ignore
  const f = new Fixture(opset);
  const x = f.input(rank === 2 ? [6, 6] : [1, 6, 6]);
  return f.done(f.batchNormalization(between(f, f.node('MatMul', [x, f.integers([6, columns])])), channels));
}

const reshaped = (f: Fixture, y: Value) => f.node('Reshape', [y, f.shape([3, 6, 2])]);
const operators = (graph: Graph) => foldGraph(graph).graph.nodes.map(({ opType }) => opType);
const isDisarmed = (graph: Graph) => {
  const { graph: folded, report } = foldGraph(graph);
  const warned = report.warnings.some((text) => text.includes('is written as a Gemm'));
  expect(folded.nodes.some(({ opType }) => opType === 'Gemm')).toBe(warned);
  return warned;
};

describe('a MatMul is written as a Gemm', () => {
  test.each<readonly [string, (f: Fixture, y: Value) => Value]>([
    ['a Reshape', reshaped],
    ['a Transpose', (f, y) => f.node('Transpose', [y])],
    ['a Reshape and a Transpose', (f, y) => f.node('Transpose', [reshaped(f, y)], { perm: ints([2, 1, 0]) })],
    ['a Cast and a Reshape', (f, y) => reshaped(f, f.node('Cast', [y], { to: int(1) }))],
    ['a Slice of all and a Reshape', (f, y) => reshaped(f, f.node('Slice', [y, f.shape([0], 's'), f.shape([9], 'e')]))],
    ['a Reshape and an Expand to the same', (f, y) => f.node('Expand', [reshaped(f, y), f.shape([3, 6, 2], 'same')])],
  ])('where %s stands in front of a BatchNormalization of as many channels', (_, between) => {
    expect(isDisarmed(behind(between))).toBe(true);
  });

  test('from opset 7 on, with a bias of one zero until opset 10', () => {
    expect(isDisarmed(behind(reshaped, { opset: 7 }))).toBe(true);
    const [gemm] = foldGraph(behind(reshaped, { opset: 10 })).graph.nodes;
    expect(gemm!.inputs).toHaveLength(3);
    expect(gemm!.inputs[2]!.constant!.tensor()).toMatchObject({ dtype: 'float32', shape: [1], data: Float32Array.of(0) });
    expect(foldGraph(behind(reshaped, { opset: 11 })).graph.nodes[0]!.inputs).toHaveLength(2);
  }); // prettier-ignore
});

describe('a MatMul stays', () => {
  test.each<readonly [string, (f: Fixture, y: Value) => Value, object]>([
    ['where an activation stands in between', (f, y) => f.node('Tanh', [reshaped(f, y)]), {}],
    ['where no Reshape or Transpose stands in between', (f, y) => f.node('Cast', [y], { to: int(1) }), {}],
    ['where a Softmax stands in front of the Reshape', (f, y) => reshaped(f, f.node('Softmax', [y])), {}],
    ['of more columns than channels', (f, y) => f.node('Reshape', [y, f.shape([3, 6, 4])]), { columns: 12 }],
    ['of rank 3', reshaped, { rank: 3 }],
  ])('%s', (_, between, options) => {
    expect(isDisarmed(behind(between, options))).toBe(false);
  }); // prettier-ignore

  test('where the BatchNormalization is gone, or in training', () => {
    expect(operators(behind((_, y) => y))).not.toContain('BatchNormalization');
    const f = new Fixture();
    const y = reshaped(f, f.node('MatMul', [f.input([6, 6]), f.integers([6, 6])]));
    expect(isDisarmed(f.done(f.batchNormalization(y, 6, { attributes: { training_mode: int(1) } })))).toBe(false);
  });

  test('in a model older than what onnxruntime runs', () => {
    const f = new Fixture(6);
    const y = reshaped(f, f.node('MatMul', [f.input([6, 6]), f.integers([6, 6])]));
    expect(isDisarmed(f.done(f.batchNormalization(y, 6, { attributes: { is_test: int(1) } })))).toBe(false);
  });

  test('whose weights are not constants', () => {
    const f = new Fixture();
    const y = reshaped(f, f.node('MatMul', [f.input([6, 6]), f.input([6, 6], 'w')]));
    expect(isDisarmed(f.done(f.batchNormalization(y, 6)))).toBe(false);
  });
});
