import { describe, expect, test } from 'vitest';
import { foldGraph } from '../../../src/fold/fold-graph.ts';
import { Graph } from '../../../src/onnx/graph.ts';
import { newModelInfo } from '../../../src/onnx/model-info.ts';
import { readOnnx } from '../../../src/onnx/read.ts';
import { writeOnnx } from '../../../src/onnx/write.ts';
import { float32 } from '../../../src/tensor.ts';

/** 1 MiB of weights and a little more: from there on they are computed when they are written. */
const [M, C] = [521, 509];

const weights = Float32Array.from({ length: M * C }, (_, index) => Math.sin(index + 1) * 3);
const gamma = Float32Array.from({ length: M }, (_, index) => Math.cos(index) + 1.5);

/** Conv and BatchNormalization with the variance 1 and epsilon 0: the scale is gamma, and W · gamma exact in float64. */
function model(name: string, W: Float32Array = weights): Uint8Array {
  const graph = new Graph('g', { ...newModelInfo(), irVersion: 8, opsets: new Map([['', 15]]) });
  const x = graph.input('x', { dtype: 'float32', shape: [1, C, 2, 3] });
  const vector = (values: ArrayLike<number>) => graph.constant('v', float32([M], values));
  const kernel = graph.constant(name, float32([M, C, 1, 1], W));
  const y = graph.node('Conv', { inputs: [x, kernel], output: { name: 'y', dtype: 'float32' } });
  const filled = (value: number) => vector(new Float32Array(M).fill(value));
  const statistics = [vector(gamma), filled(0.5), filled(0), filled(1)];
  const attributes = { epsilon: { kind: 'float', value: 0 } as const };
  graph.outputs.push(graph.node('BatchNormalization', { inputs: [y, ...statistics], attributes, output: { name: 'z', dtype: 'float32' } })); // prettier-ignore
  return writeOnnx(graph);
}

const elementsOf = (graph: Graph): Float32Array => {
  const [, W] = graph.nodes.find(({ opType }) => opType === 'Conv')!.inputs;
  return W!.constant!.tensor().data as Float32Array;
};

/** Index of the first element in which they differ; −1 for none. */
function firstDifference(a: Uint8Array | Float32Array, b: Uint8Array | Float32Array): number {
  return a.length === b.length ? a.findIndex((element, index) => element !== b[index]) : Math.min(a.length, b.length);
}

describe('large weights', () => {
  test.each(['W', 'W1', 'W12', 'W123'])('are correctly rounded wherever they lie in the file: %s', (name) => {
    const bytes = model(name);
    const before = bytes.slice();
    const { graph, report } = foldGraph(readOnnx(bytes));
    const wanted = weights.map((weight, index) => weight * gamma[Math.floor(index / C)]!);
    expect(firstDifference(elementsOf(graph), wanted)).toBe(-1);
    expect(firstDifference(elementsOf(readOnnx(writeOnnx(graph))), wanted)).toBe(-1);
    const [written] = report.written.filter(({ role }) => role === 'weight');
    expect(written).toMatchObject({ total: M * C, correctlyRounded: M * C });
    expect(firstDifference(bytes, before)).toBe(-1);
  });

  test('come out of a second fold as of the first', () => {
    const { graph } = foldGraph(readOnnx(model('W')));
    const again = foldGraph(graph);
    expect(again.report.changed).toBe(false);
    expect(firstDifference(writeOnnx(again.graph), writeOnnx(graph))).toBe(-1);
  });

  test.each([
    ['as large as float32 goes', 2 ** 126.5, 'folded'],
    ['infinite', Infinity, 'kept'],
    ['no number', NaN, 'kept'],
  ])('with one that is %s', (_, odd, fate) => {
    const W = weights.with(7 * C + 3, odd);
    const { graph, report } = foldGraph(readOnnx(model('W', W)));
    expect(report.batchNormalizations).toMatchObject({ folded: fate === 'folded' ? 1 : 0 });
    if (fate !== 'folded') return;
    const wanted = W.map((weight, index) => weight * gamma[Math.floor(index / C)]!);
    expect(firstDifference(elementsOf(graph), wanted)).toBe(-1);
    expect(report.written.find(({ role }) => role === 'weight')).toMatchObject({ correctlyRounded: M * C });
  });
});
