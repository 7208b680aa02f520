import { describe, expect, test } from 'vitest';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import { int } from '../../src/onnx/attribute.ts';
import type { Graph, Value } from '../../src/onnx/graph.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { decode, info, modelFile } from '../onnx/support.ts';
import { checkFold } from './check-fold.ts';
import { Fixture } from './fixture.ts';

const constantsOf = (graph: Graph) =>
  foldGraph(graph)
    .graph.initializers.map(({ name }) => name)
    .toSorted();

const conv = (f: Fixture, x: Value, W: Value, name = 'conv') => f.node('Conv', [x, W], {}, name);

describe('constants with several readers', () => {
  test('the parameters of a BatchNormalization that folds stay for one that does not', async () => {
    const f = new Fixture();
    const x = f.input([2, 3, 5, 4]);
    const folding = f.batchNormalization(conv(f, x, f.integers([3, 3, 1, 1])), 3);
    const parameters = folding.producer!.inputs.slice(1);
    const kept = f.node('BatchNormalization', [f.node('Tanh', [x]), ...parameters], {}, 'kept');
    const graph = f.done(folding, f.node('Tanh', [kept]));
    const report = await checkFold(graph, undefined, { tolerance: 'layer' });
    expect(report.batchNormalizations).toMatchObject({ found: 2, folded: 1 });
    expect(constantsOf(graph)).toEqual(['W_1', 'W_bias', 'bn_beta', 'bn_gamma', 'bn_mean', 'bn_var']);
  });

  test('two BatchNormalizations of the same parameters fold, and these go', async () => {
    const f = new Fixture();
    const x = f.input([2, 3, 5, 4]);
    const first = f.batchNormalization(conv(f, x, f.integers([3, 3, 1, 1])), 3);
    const { inputs, attributes } = first.producer!;
    const second = f.node('BatchNormalization', [conv(f, x, f.integers([3, 3, 1, 1])), ...inputs.slice(1)], Object.fromEntries(attributes), 'other'); // prettier-ignore
    const graph = f.done(first, second);
    await checkFold(graph, ['bn = Conv(x, W_2, W_bias)', 'other = Conv(x, W_1_1, W_1_bias)']);
    expect(constantsOf(graph)).toEqual(['W_1_1', 'W_1_bias', 'W_2', 'W_bias']);
  });

  test('a table of embeddings that is the last layer too keeps its numbers there', async () => {
    const f = new Fixture();
    const table = f.integers([5, 7], 'table');
    const ids = f.graph.constant('ids', { dtype: 'int64', shape: [2, 3], data: BigInt64Array.of(0n, 4n, 2n, 1n, 3n, 0n) }); // prettier-ignore
    const x = f.input([2, 3, 7]);
    const hidden = f.node('Add', [x, f.node('Mul', [f.node('Gather', [table, ids]), f.integers([7], 'c')])]);
    const scores = f.node('MatMul', [hidden, f.node('Transpose', [table])]);
    const graph = f.done(f.node('Mul', [scores, f.integers([5], 'd')]), table);
    const report = await checkFold(graph, undefined);
    expect(report.folds.length).toBeGreaterThan(0);
    expect(constantsOf(graph)).toContain('table');
  });

  test('a weight that is also read as a bias, or twice by one node, is copied for its own place only', async () => {
    const f = new Fixture();
    const x = f.input([3, 3]);
    const c = f.integers([3, 3], 'c');
    const y = f.node('Gemm', [x, c, c]);
    const z = f.node('Mul', [y, f.integers([3], 'scale')]);
    const graph = f.done(f.node('Add', [z, c]));
    await checkFold(graph, ['gemm_1 = Gemm(x, c_1, c_2)', 'add = Add(gemm_1, c)'].map((line) => line.replace('gemm_1', 'mul'))); // prettier-ignore
  });

  test('a weight that is an output of the graph stays one', async () => {
    const f = new Fixture();
    const W = f.integers([7, 3, 1, 1]);
    const graph = f.done(f.batchNormalization(conv(f, f.input([2, 3, 5, 4]), W), 7), W);
    await checkFold(graph, ['bn = Conv(x, W_1, W_bias)']);
    expect(foldGraph(graph).graph.outputs.map(({ name }) => name)).toEqual(['bn', 'W']);
  });

  test('one weight under groups and without is folded for each as it reads it', async () => {
    const f = new Fixture();
    const W = f.integers([4, 2, 1, 1]);
    const grouped = f.node('Conv', [f.input([2, 4, 5, 4]), W], { group: int(2) }, 'grouped');
    const plain = conv(f, f.input([2, 2, 5, 4], 'z'), W, 'plain');
    await checkFold(f.done(f.batchNormalization(grouped, 4), f.batchNormalization(plain, 4, {}, 'bn2')), [
      'bn = Conv<group=2>(x, W_1, W_bias)',
      'bn2 = Conv(z, W_2, W_bias_1)',
    ]);
  });
});

describe('what a file says beside its nodes', () => {
  const floats = (name: string, dims: readonly number[], data: readonly number[]) => ({
    name,
    dims,
    data_type: 1,
    float_data: data,
  });
  const ones = (name: string, value = 1) => floats(name, [2], [value, value]);

  /** Conv of a sparse weight, Tanh, and a BatchNormalization behind another Conv. */
  const file = modelFile({
    name: 'g',
    node: [
      { op_type: 'Conv', input: ['x', 'W'], output: ['y'], name: 'conv' },
      { op_type: 'BatchNormalization', input: ['y', 'g', 'b', 'm', 'v'], output: ['z'], name: 'bn' },
      { op_type: 'Tanh', input: ['z'], output: ['t'], name: 'tanh' },
      { op_type: 'Identity', input: ['t'], output: ['i'], name: 'identity' },
      { op_type: 'Relu', input: ['i'], output: ['out'], name: 'relu' },
    ],
    input: [info('x', 1, 2, 3, 3)],
    output: [info('out', 1, 2, 3, 3)],
    initializer: [ones('g', 2), ones('b'), ones('m', 0), ones('v', 3)],
    sparse_initializer: [
      {
        values: floats('W', [2], [3, -1]),
        indices: { dims: [2], data_type: 7, int64_data: [0, 3] },
        dims: [2, 2, 1, 1],
      },
    ],
    value_info: ['y', 'z', 't', 'i', 'stray'].map((name) => info(name, 1, 2, 3, 3)),
    quantization_annotation: ['W', 'y', 't', 'stray'].map((tensor_name) => ({
      tensor_name,
      quant_parameter_tensor_names: [{ key: 'SCALE_TENSOR', value: 'g' }],
    })),
  });

  test('goes with what it speaks of, and stays with what stays', async () => {
    const graph = readOnnx(file);
    const report = await checkFold(graph, ['z = Conv(x, W_1, W_bias)', 't = Tanh(z)', 'out = Relu(t)'], { tolerance: 'layer' }); // prettier-ignore
    expect(report.batchNormalizations.folded).toBe(1);
    const { graph: written } = decode('ModelProto', writeOnnx(foldGraph(graph).graph)) as Record<string, Record<string, { name?: string; tensor_name?: string }[]>>; // prettier-ignore
    expect(written!.sparse_initializer ?? []).toEqual([]);
    expect(written!.initializer!.map(({ name }) => name)).toEqual(['g', 'W_1', 'W_bias']);
    expect(written!.value_info!.map(({ name }) => name)).toEqual(['z', 't', 'stray']);
    expect(written!.quantization_annotation!.map(({ tensor_name }) => tensor_name)).toEqual(['t', 'stray']);
  });
});
