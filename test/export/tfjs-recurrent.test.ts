import * as tf from '@tensorflow/tfjs-layers';
import { setBackend, tensor } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import { beforeAll, describe, expect, test } from 'vitest';
import { exportModel } from '../../src/export/export-model.ts';
import { inMemoryFiles } from '../../src/export/read/read-source.ts';
import type { SourceFiles } from '../../src/export/source-model.ts';
import { runGraph, TOLERANCE, worstError } from './run-export.ts';
import { filled, type Values } from './source-builder.ts';
import { artifactsOf } from './tfjs-artifacts.ts';

/** The files that TF.js would store for a model. */
async function saved(model: tf.LayersModel): Promise<SourceFiles> {
  const { file, weights } = await artifactsOf(model);
  const json = new TextEncoder().encode(JSON.stringify(file));
  return inMemoryFiles('model.json', json, new Map([['weights.bin', weights]]));
}

/** The largest error of the exported model against what TF.js computes. */
async function errorOf(model: tf.LayersModel, x: Values): Promise<number> {
  model.setWeights(
    model.weights.map(({ shape }, i) => {
      const values = filled(shape as number[], i + 1);
      return tensor(
        values.data.map((value) => value / 2),
        shape as number[],
      );
    }),
  );
  const expected = model.predict(tensor([...x.data], [...x.shape])) as ReturnType<typeof tensor>;
  const { graph } = await exportModel(await saved(model));
  const [y] = Object.values(await runGraph(graph, { [graph.inputs[0]!.name]: x }));
  return worstError(y!, { shape: expected.shape, data: [...expected.dataSync()] });
}

const layers = tf.layers;
type Layers = Parameters<typeof tf.sequential>[0];
const chain = (...list: unknown[]) => tf.sequential({ layers: list } as Layers);
const embedded = () => layers.embedding({ inputDim: 7, outputDim: 3, maskZero: true, inputShape: [5] });
const ids = {
  shape: [4, 5],
  data: [1, 4, 2, 3, 5, 0, 0, 6, 1, 2, 3, 5, 0, 0, 0, 4, 0, 2, 0, 1],
};

describe('recurrent layers that TF.js has trained', () => {
  beforeAll(async () => {
    await setBackend('cpu');
  });

  test.each<[string, () => object]>([
    ['LSTM', () => layers.lstm({ units: 4, returnSequences: true })],
    ['LSTM of a plain sigmoid', () => layers.lstm({ units: 4, recurrentActivation: 'sigmoid', useBias: false })],
    ['GRU', () => layers.gru({ units: 4, goBackwards: true, returnSequences: true })],
    ['SimpleRNN', () => layers.simpleRNN({ units: 4, activation: 'relu' })],
    ['RNN', () => layers.rnn({ cell: layers.gruCell({ units: 4 }), returnSequences: true })],
    ['Bidirectional', () => layers.bidirectional({ layer: layers.lstm({ units: 4, returnSequences: true }), mergeMode: 'concat' })],
    ['Bidirectional sum', () => layers.bidirectional({ layer: layers.gru({ units: 4 }), mergeMode: 'sum' })],
    ['TimeDistributed', () => layers.timeDistributed({ layer: layers.dense({ units: 2, activation: 'tanh' }) })],
  ])('%s', async (_name, make) => {
    const model = chain(layers.inputLayer({ inputShape: [5, 3] }), make(), layers.dense({ units: 2 }));
    expect(await errorOf(model, filled([2, 5, 3]))).toBeLessThanOrEqual(TOLERANCE);
  }); // prettier-ignore

  test.each<[string, () => object]>([
    ['LSTM', () => layers.lstm({ units: 4, returnSequences: true })],
    ['GRU', () => layers.gru({ units: 4, goBackwards: true })],
    ['SimpleRNN', () => layers.simpleRNN({ units: 4, goBackwards: true, returnSequences: true })],
  ])('%s behind a mask', async (_name, make) => {
    expect(await errorOf(chain(embedded(), make()), ids)).toBeLessThanOrEqual(TOLERANCE);
  });
});
