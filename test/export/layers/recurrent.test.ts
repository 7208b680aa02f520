import { describe, expect, test } from 'vitest';
import { exportSource } from '../../../src/export/export-model.ts';
import type { JsonObject, SourceLayer, SourceModel } from '../../../src/export/source-model.ts';
import { foldGraph } from '../../../src/fold/fold-graph.ts';
import { operators, runGraph, TOLERANCE, worstError } from '../run-export.ts';
import { filled, input, layer, model, sequential, sourceFile, wrapper, type LayerParts } from '../source-builder.ts';

type Kind = 'LSTM' | 'GRU' | 'SimpleRNN';
const GATES = { LSTM: 4, GRU: 3, SimpleRNN: 1 };

/** A recurrent layer of `units` over `features`. */
function recurrent(name: string, kind: Kind, [features, units]: readonly [number, number], config: JsonObject = {}, parts: LayerParts = {}) {
  const width = GATES[kind] * units;
  const weights = [filled([features, width]), filled([units, width], 2), filled([width], 3)];
  return layer(name, kind, { ...parts, config: { units, reset_after: false, ...config }, weights });
} // prettier-ignore

const all = { return_sequences: true };
const exported = (...layers: SourceLayer[]) => exportSource(sourceFile(sequential([null, 5, 3], layers), 3)).graph;
const norm = (name: string, size: number) =>
  layer(name, 'BatchNormalization', { weights: [1, 2, 3, 4].map((seed) => positive([size], seed)) });
const positive = (shape: readonly number[], seed: number) => {
  const { data } = filled(shape, seed);
  return { shape, data: data.map((value) => Math.abs(value) + 0.25) };
};

describe('a recurrent layer', () => {
  test('is one node, between one Transpose in and, for a sequence, one out', () => {
    expect(operators(exported(recurrent('a', 'LSTM', [3, 4])))).toBe('Transpose LSTM Squeeze');
    expect(operators(exported(recurrent('a', 'GRU', [3, 4], all)))).toBe('Transpose GRU Squeeze Transpose');
  });

  test('hands its sequence to the next one without a Transpose', () => {
    const graph = exported(recurrent('a', 'LSTM', [3, 4], all), layer('drop', 'Dropout'), recurrent('b', 'GRU', [4, 2], all), recurrent('c', 'SimpleRNN', [2, 5])); // prettier-ignore
    expect(operators(graph)).toBe('Transpose LSTM Squeeze GRU Squeeze RNN Squeeze');
  });

  test('hands it through a Dense in the same way', () => {
    const dense = layer('d', 'Dense', {
      config: { units: 2, activation: 'relu' },
      weights: [filled([4, 2]), filled([2])],
    });
    const graph = exported(recurrent('a', 'LSTM', [3, 4], all), dense, recurrent('b', 'GRU', [2, 2]));
    expect(operators(graph)).toBe('Transpose LSTM Squeeze MatMul Add Relu GRU Squeeze');
    expect(operators(exported(recurrent('a', 'LSTM', [3, 4], all), dense))).toBe(
      'Transpose LSTM Squeeze MatMul Add Relu Transpose',
    );
  });

  test('leaves an input that it reads to a Dense beside it as it is', () => {
    const dense = layer('d', 'Dense', { config: { units: 2 }, weights: [filled([3, 2]), filled([2])], calls: [['x']] });
    const layers = [input('x', [null, 5, 3]), recurrent('a', 'LSTM', [3, 4], {}, { calls: [['x']] }), dense];
    const { graph } = exportSource(sourceFile(model('m', layers, ['a', 'd'])));
    expect(operators(graph)).toBe('Transpose LSTM Squeeze MatMul Add');
  });

  test('takes a sequence from a convolution, and gives one to it, with one Transpose each', () => {
    const conv = (name: string, channels: number) => layer(name, 'Conv1D', { config: { filters: 2, kernel_size: 2 }, weights: [filled([2, channels, 2]), filled([2])] }); // prettier-ignore
    const graph = exported(conv('before', 3), recurrent('a', 'LSTM', [2, 4], all), conv('behind', 4), layer('pool', 'GlobalMaxPooling1D')); // prettier-ignore
    expect(operators(graph)).toBe('Transpose Conv Transpose LSTM Squeeze Transpose Conv GlobalMaxPool Flatten');
  });

  test('names outputs after the layer, its states too', () => {
    const layers = [input('x', [null, 5, 3]), recurrent('rnn', 'LSTM', [3, 4], { ...all, return_state: true }, { calls: [['x']] })]; // prettier-ignore
    const { graph } = exportSource(sourceFile(model('m', layers, ['rnn', 'rnn:1', 'rnn:2'])));
    expect(graph.outputs.map(({ name, shape }) => [name, shape])).toEqual([
      ['rnn', ['batch', 5, 4]],
      ['rnn_1', ['batch', 4]],
      ['rnn_2', ['batch', 4]],
    ]);
  });

  test('called twice has its weights once', () => {
    const shared = recurrent('rnn', 'GRU', [3, 3], all, { calls: [['x'], ['rnn']] });
    const { graph } = exportSource(sourceFile(model('m', [input('x', [null, 5, 3]), shared], ['rnn#1'])));
    expect(operators(graph)).toBe('Transpose GRU Squeeze GRU Squeeze Transpose');
    expect(graph.initializers.filter(({ constant }) => constant?.shape.length === 3)).toHaveLength(2);
  });

  test('writes only what differs from the defaults of ONNX', () => {
    const [, plain] = exported(recurrent('a', 'LSTM', [3, 4], { recurrent_activation: 'sigmoid' })).nodes;
    expect([...plain!.attributes.keys()]).toEqual(['hidden_size']);
    const [, hard] = exported(recurrent('a', 'LSTM', [3, 4], { recurrent_activation: 'hard_sigmoid' })).nodes;
    expect(hard!.attributes.get('activations')).toMatchObject({ value: ['HardSigmoid', 'Tanh', 'Tanh'] });
    expect(hard!.attributes.get('activation_alpha')).toMatchObject({ value: [Math.fround(1 / 6)] });
    expect(hard!.attributes.get('activation_beta')).toMatchObject({ value: [0.5] });
  });

  test('that is stateful starts from zero, with a warning', () => {
    const { warnings } = exportSource(sourceFile(sequential([2, 5, 3], [recurrent('a', 'GRU', [3, 4], { stateful: true })]))); // prettier-ignore
    expect(warnings).toEqual(['a (GRU) is stateful; the exported model starts every run from a state of zero.']);
  });

  test.each<[string, SourceLayer, RegExp]>([
    ['an activation that Keras has not', recurrent('a', 'LSTM', [3, 4], { activation: 'bent' }), /^a \(LSTM\): its activation "bent" is not known here/],
    ['an activation of the gates that Keras has not', recurrent('a', 'GRU', [3, 4], { recurrent_activation: 'bent' }), /its activation "bent" is not known here/],
    ['an activation in Python', recurrent('a', 'GRU', [3, 4], { activation: { class_name: '__lambda__', config: {} } }), /its activation is Python code/],
    ['cells of somebody else', layer('a', 'RNN', { config: { cell: { class_name: 'MinimalCell', config: {} } } }), /its cell MinimalCell is not known here/],
    ['cells of which one is of somebody else', layer('a', 'RNN', { config: { cell: [{ class_name: 'MinimalCell', config: {} }, { class_name: 'GRUCell' }] } }), /its cell MinimalCell is not known here/],
    ['a wrapped layer that is not recurrent', wrapper('a', 'Bidirectional', [layer('f', 'Dense'), layer('b', 'Dense')]), /it wraps a Dense/],
    ['a wrapped layer that cannot be exported', wrapper('a', 'TimeDistributed', [layer('f', 'Lambda')]), /f \(Lambda\): it holds Python code/],
  ])('is refused by name for %s', (_name, given, message) => {
    expect(() => exported(given)).toThrow(message);
  }); // prettier-ignore
});

describe('a sequence of any length', () => {
  const ids = { shape: [4, 5], data: [1, 4, 2, 3, 5, 0, 0, 6, 1, 2, 3, 5, 0, 0, 0, 0, 0, 0, 0, 0] };
  const embedding = layer('e', 'Embedding', { config: { input_dim: 7, output_dim: 3, mask_zero: true }, weights: [filled([7, 3])] }); // prettier-ignore
  const masked = (steps: number | null, ...layers: SourceLayer[]) => exportSource(sourceFile(sequential([null, steps], [embedding, ...layers]))).graph; // prettier-ignore
  const both = (config: JsonObject) =>
    wrapper('w', 'Bidirectional', [recurrent('f', 'GRU', [3, 2], config), recurrent('b', 'GRU', [3, 2], { ...config, go_backwards: true })]); // prettier-ignore

  test.each<[string, SourceLayer]>([
    ['a sequence', recurrent('a', 'LSTM', [3, 4], all)],
    ['a sequence backwards', recurrent('a', 'GRU', [3, 4], { ...all, go_backwards: true })],
    ['a last state', recurrent('a', 'SimpleRNN', [3, 4])],
    ['both directions', both(all)],
    ['the last states of both directions', both({})],
  ])('is masked as one whose length is known: %s', async (_name, given) => {
    for (const batch of [1, 4]) {
      const x = { shape: [batch, 5], data: ids.data.slice(0, 5 * batch) };
      const [open] = Object.values(await runGraph(masked(null, given), { x }));
      const [fixed] = Object.values(await runGraph(masked(5, given), { x }));
      expect(open!.shape).toEqual(fixed!.shape);
      expect(open!.data).toEqual(fixed!.data);
    }
  });
});

describe('Bidirectional', () => {
  const pair = (config: JsonObject) => [
    recurrent('f', 'LSTM', [3, 4], config),
    recurrent('b', 'LSTM', [3, 4], { ...config, go_backwards: true }),
  ];

  test.each([
    ['concat', all, 'Transpose LSTM Transpose Reshape Transpose'],
    ['sum', all, 'Transpose LSTM ReduceSum Transpose'],
    ['ave', {}, 'Transpose LSTM ReduceMean'],
    ['mul', {}, 'Transpose LSTM ReduceProd'],
  ])('of two layers of a kind is one node: %s', (merge_mode, config, expected) => {
    expect(operators(exported(wrapper('w', 'Bidirectional', pair(config), { config: { merge_mode } })))).toBe(expected);
  });

  test('one behind the other are a node each, and a Transpose and a Reshape to join two directions', () => {
    const second = [recurrent('f2', 'GRU', [8, 2]), recurrent('b2', 'GRU', [8, 2], { go_backwards: true })];
    const graph = exported(wrapper('w', 'Bidirectional', pair(all)), wrapper('v', 'Bidirectional', second));
    expect(operators(graph)).toBe('Transpose LSTM Transpose Reshape GRU Transpose Reshape');
  });
});

describe('TimeDistributed', () => {
  test('of layers that act along the last axis is those layers', () => {
    const dense = layer('dense', 'Dense', { config: { units: 2 }, weights: [filled([3, 2]), filled([2])] });
    expect(operators(exported(wrapper('w', 'TimeDistributed', [dense])))).toBe('MatMul Add');
  });

  test('joins batch and time once for several layers, with one change to channels first', () => {
    const conv = layer('conv', 'Conv2D', { config: { filters: 2, kernel_size: 2 }, weights: [filled([2, 2, 3, 2]), filled([2])] }); // prettier-ignore
    const layers = [conv, layer('pool', 'MaxPooling2D'), layer('mean', 'GlobalAveragePooling2D')].map((inner) => wrapper(`${inner.name}_each`, 'TimeDistributed', [inner])); // prettier-ignore
    const { graph } = exportSource(sourceFile(sequential([null, null, 7, 5, 3], layers)));
    expect(operators(graph)).toMatch(/^Reshape Transpose Conv MaxPool GlobalAveragePool Flatten Shape Gather Concat Reshape$/); // prettier-ignore
  });

  test('works for any batch and any number of steps', async () => {
    const conv = layer('conv', 'Conv1D', { config: { filters: 2, kernel_size: 2 }, weights: [filled([2, 3, 2]), filled([2])] }); // prettier-ignore
    const graph = (steps: number | null): SourceModel => sequential([null, steps, 5, 3], [wrapper('w', 'TimeDistributed', [conv])]); // prettier-ignore
    for (const [batch, steps] of [[1, 4], [7, 1], [2, 3]] as const) {
      const x = filled([batch, steps, 5, 3]);
      const [open] = Object.values(await runGraph(exportSource(sourceFile(graph(null))).graph, { x }));
      const [fixed] = Object.values(await runGraph(exportSource(sourceFile(graph(steps))).graph, { x }));
      expect(open!.shape).toEqual([batch, steps, 4, 2]);
      expect(open!.data).toEqual(fixed!.data);
    } // prettier-ignore
  });
});

describe('a BatchNormalization', () => {
  test.each<Kind>(['LSTM', 'GRU', 'SimpleRNN'])(
    'in front of and between layers is folded into them: %s',
    async (kind) => {
      const graph = exported(
        norm('n', 3),
        recurrent('a', kind, [3, 4], all),
        norm('m', 4),
        recurrent('b', kind, [4, 2]),
      );
      const { graph: folded, report } = foldGraph(graph);
      expect(report.batchNormalizations).toEqual({ found: 2, folded: 2, kept: [] });
      const opType = kind === 'SimpleRNN' ? 'RNN' : kind;
      expect(operators(folded)).toBe(`Transpose ${opType} Squeeze ${opType} Squeeze`);
      for (const batch of [1, 7]) {
        const x = filled([batch, 5, 3], 5);
        const [[before], [after]] = [Object.values(await runGraph(graph, { x })), Object.values(await runGraph(folded, { x }))]; // prettier-ignore
        const expected = { shape: before!.shape, data: [...(before!.data as Float32Array)] };
        expect(worstError(after!, expected)).toBeLessThanOrEqual(TOLERANCE);
      }
    },
  );
});
