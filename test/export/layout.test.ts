import { describe, expect, test } from 'vitest';
import { exportSource } from '../../src/export/export-model.ts';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import type { SourceLayer } from '../../src/export/source-model.ts';
import { operators, runGraph } from './run-export.ts';
import { filled, input, layer, model, sequential, sourceFile, type LayerParts } from './source-builder.ts';

const conv = (name: string, [channels, filters]: readonly [number, number], parts: LayerParts = {}) =>
  layer(name, 'Conv2D', {
    config: { filters, kernel_size: 2, ...parts.config },
    weights: [filled([2, 2, channels, filters]), filled([filters])],
    calls: parts.calls ?? [],
  });
const norm = (name: string, channels: number, calls: LayerParts['calls'] = []) =>
  layer(name, 'BatchNormalization', { weights: [1, 2, 3, 4].map((seed) => positive([channels], seed)), calls });
const dense = (name: string, [features, units]: readonly [number, number], parts: LayerParts = {}) =>
  layer(name, 'Dense', {
    ...parts,
    config: { units, ...parts.config },
    weights: [filled([features, units]), filled([units])],
  });
const positive = (shape: readonly number[], seed: number) => {
  const { data } = filled(shape, seed);
  return { shape, data: data.map((value) => Math.abs(value) + 0.125) };
};
const nodes = (shape: readonly (number | null)[], ...layers: SourceLayer[]) =>
  operators(exportSource(sourceFile(sequential(shape, layers))).graph);

describe('the layout', () => {
  test('has one Transpose at an image input and none in front of a Dense', () => {
    const layers = [
      conv('conv', [3, 4], { config: { activation: 'relu' } }),
      norm('norm', 4),
      layer('pool', 'MaxPooling2D'),
      layer('flat', 'Flatten'),
      dense('dense', [32, 5], { config: { activation: 'softmax' } }),
    ];
    expect(nodes([null, 9, 5, 3], ...layers)).toBe(
      'Transpose Conv Relu BatchNormalization MaxPool Flatten Gemm Softmax',
    );
  });

  test('has a Reshape in place of the Transpose for images of one channel', () => {
    expect(nodes([null, 9, 5, 1], conv('conv', [1, 4]), layer('gap', 'GlobalAveragePooling2D'))).toBe(
      'Reshape Conv GlobalAveragePool Flatten',
    );
  });

  test('keeps the Transpose for one channel where two sizes are open', () => {
    expect(nodes([null, null, null, 1], conv('conv', [1, 4]), layer('gap', 'GlobalAveragePooling2D'))).toBe(
      'Transpose Conv GlobalAveragePool Flatten',
    );
  });

  test('needs no Transpose for data_format channels_first', () => {
    const config = { data_format: 'channels_first' };
    expect(nodes([null, 3, 9, 5], conv('conv', [3, 4], { config }), layer('pool', 'MaxPooling2D', { config }))).toBe(
      'Conv MaxPool',
    );
  });

  test('gives image outputs back with their channels behind', () => {
    const { graph } = exportSource(sourceFile(sequential([null, 9, 5, 3], [conv('conv', [3, 4])])));
    expect(operators(graph)).toBe('Transpose Conv Transpose');
    expect(graph.outputs[0]!.shape).toEqual(['batch', 8, 4, 4]);
  });

  test('is made once for all readers of a value', () => {
    const layers = [
      input('x', [null, 9, 5, 3]),
      conv('a', [3, 4], { calls: [['x']] }),
      conv('b', [3, 4], { calls: [['x']] }),
      layer('add', 'Add', { calls: [['a', 'b']] }),
      layer('flat', 'Flatten', { calls: [['add']] }),
      dense('dense', [128, 2], { calls: [['flat']] }),
    ];
    const { graph } = exportSource(sourceFile(model('m', layers, ['dense'])));
    expect(operators(graph)).toBe('Transpose Conv Conv Add Flatten Gemm');
  });

  test('lets a normalisation and an activation stand between Flatten and Dense', () => {
    const layers = [conv('conv', [3, 4]), layer('flat', 'Flatten'), norm('norm', 128)];
    const rest = [layer('act', 'ReLU'), layer('drop', 'Dropout'), dense('dense', [128, 2])];
    expect(nodes([null, 9, 5, 3], ...layers, ...rest)).toBe('Transpose Conv Flatten BatchNormalization Relu Gemm');
  });

  test('flattens what is pooled to one point without moving it', () => {
    const config = { pool_size: [8, 4] };
    const layers = [conv('conv', [3, 4]), layer('pool', 'AveragePooling2D', { config }), layer('flat', 'Flatten')];
    const { graph } = exportSource(sourceFile(sequential([null, 9, 5, 3], [...layers, dense('dense', [4, 2])])));
    expect(operators(graph)).toBe('Transpose Conv AveragePool Flatten Gemm');
    expect(graph.initializers.find(({ name }) => name === 'dense/kernel')?.constant?.tensor().data).toEqual(
      Float32Array.from(filled([4, 2]).data),
    );
  });

  test('takes a Transpose only for a Flatten whose order is seen', () => {
    const layers = [conv('conv', [3, 4]), layer('flat', 'Flatten')];
    expect(nodes([null, 9, 5, 3], ...layers)).toBe('Transpose Conv Transpose Flatten');
  });

  test('lets a Permute to channels in front cost nothing', () => {
    const layers = [conv('conv', [3, 4]), layer('permute', 'Permute', { config: { dims: [3, 1, 2] } })];
    expect(nodes([null, 9, 5, 3], ...layers)).toBe('Transpose Conv');
  });

  test('runs a Dense on an image as a convolution, and on a sequence as MatMul and Add', () => {
    expect(nodes([null, 9, 5, 3], conv('conv', [3, 4]), dense('dense', [4, 2]))).toBe('Transpose Conv Conv Transpose');
    expect(nodes([null, 9, 3], dense('dense', [3, 2]))).toBe('MatMul Add');
  });

  test('holds for squeeze and excite: a gate of one point meets its image in front', () => {
    const layers = [
      input('x', [null, 9, 5, 3]),
      conv('conv', [3, 4], { calls: [['x']] }),
      layer('gap', 'GlobalAveragePooling2D', { calls: [['conv']] }),
      layer('point', 'Reshape', { config: { target_shape: [1, 1, 4] }, calls: [['gap']] }),
      dense('gate', [4, 4], { config: { activation: 'sigmoid' }, calls: [['point']] }),
      layer('scaled', 'Multiply', { calls: [['conv', 'gate']] }),
      layer('flat', 'Flatten', { calls: [['scaled']] }),
      dense('dense', [128, 2], { calls: [['flat']] }),
    ];
    const { graph } = exportSource(sourceFile(model('m', layers, ['dense'])));
    const count = graph.nodes.filter(({ opType }) => opType === 'Transpose').length;
    expect(count).toBe(1);
    expect(operators(graph)).not.toContain('Reshape');
    expect(operators(foldGraph(graph).graph)).not.toMatch(/Reshape|Flatten Conv/);
  });

  test('writes no batch size into the graph', async () => {
    const layers = [conv('conv', [3, 4]), layer('flat', 'Flatten'), dense('dense', [128, 6])];
    const reshape = layer('reshape', 'Reshape', { config: { target_shape: [3, -1] } });
    const { graph } = exportSource(sourceFile(sequential([null, 9, 5, 3], [...layers, reshape])));
    for (const batch of [1, 7]) {
      const { reshape: y } = await runGraph(graph, { x: filled([batch, 9, 5, 3]) });
      expect(y!.shape).toEqual([batch, 3, 2]);
    }
  });

  test('serves images of any size where the layers do', async () => {
    const same = { padding: 'same', strides: 2 };
    const layers = [conv('conv', [3, 4], { config: same }), layer('gap', 'GlobalAveragePooling2D')];
    const { graph } = exportSource(sourceFile(sequential([null, null, null, 3], layers)));
    for (const [height, width] of [[9, 6], [4, 7]] as const) {
      const { gap } = await runGraph(graph, { x: filled([2, height, width, 3]) });
      expect(gap!.shape).toEqual([2, 4]);
    }
  }); // prettier-ignore

  test('returns behind a normalisation of a sequence, and folding takes the two Transposes out', () => {
    const layers = [dense('a', [3, 4]), norm('norm', 4), layer('relu', 'ReLU'), dense('b', [4, 5])];
    const { graph } = exportSource(sourceFile(sequential([null, 7, 3], layers)));
    expect(operators(graph)).toBe('MatMul Add Transpose BatchNormalization Transpose Relu MatMul Add');
    expect(operators(foldGraph(graph).graph)).toBe('MatMul Add Relu MatMul Add');
  });

  test('stays channels first between a normalisation of a sequence and a convolution', () => {
    const conv1d = layer('conv', 'Conv1D', {
      config: { filters: 4, kernel_size: 2 },
      weights: [filled([2, 3, 4]), filled([4])],
    });
    expect(nodes([null, 7, 3], norm('norm', 3), conv1d, layer('gap', 'GlobalMaxPooling1D'))).toBe(
      'Transpose BatchNormalization Conv GlobalMaxPool Flatten',
    );
  });

  test('costs no Transpose where a Reshape flattens', () => {
    const reshape = layer('reshape', 'Reshape', { config: { target_shape: [-1] } });
    expect(nodes([null, 9, 5, 3], conv('conv', [3, 4]), reshape, dense('dense', [128, 6]))).toBe(
      'Transpose Conv Flatten Gemm',
    );
  });
});

describe('zeros in front of a MaxPooling', () => {
  const padded = (activation: string, ...more: SourceLayer[]) =>
    sequential([null, 6, 5, 3], [
      conv('conv', [3, 4], { config: { activation } }),
      ...more,
      layer('pad', 'ZeroPadding2D'),
      layer('pool', 'MaxPooling2D', { config: { pool_size: 3, strides: 1 } }),
    ]); // prettier-ignore

  test('count as zeros at every optimisation level of onnxruntime', async () => {
    const { graph } = exportSource(sourceFile(padded('linear')));
    expect(operators(graph)).toBe('Transpose Conv Pad Max MaxPool Transpose');
    const x = { x: { shape: [1, 6, 5, 3], data: new Array<number>(90).fill(-1) } };
    const { pool: expected } = await runGraph(graph, x, 'disabled');
    const { pool } = await runGraph(graph, x, 'all');
    expect([...(pool!.data as Float32Array)]).toEqual([...(expected!.data as Float32Array)]);
  });

  test('need no copy where nothing is below zero', () => {
    expect(operators(exportSource(sourceFile(padded('relu'))).graph)).toBe('Transpose Conv Relu Pad MaxPool Transpose');
  });
});
