import * as tf from '@tensorflow/tfjs-layers';
import { setBackend, tensor } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject, SourceFile, SourceLayer, SourceModel } from '../../../src/export/source-model.ts';
import { artifactsOf } from '../tfjs-artifacts.ts';
import { json, read } from './fixtures.ts';

/** What TF.js hands to whoever stores a model, as the files that it would make. */
async function saved(model: tf.LayersModel): Promise<SourceFile> {
  const { file, weights } = await artifactsOf(model);
  return read(json(JSON.parse(JSON.stringify(file)) as JsonObject), { 'weights.bin': weights }, 'model.json');
}

/** Every weight 0, 1, 2, … from its own start, so that no two are alike. */
function number(model: tf.LayersModel): void {
  let start = 0;
  model.setWeights(
    model.weights.map(({ shape }) => {
      const size = shape.reduce<number>((product, dim) => product * (dim ?? 1), 1);
      start += 1000;
      return tensor(
        Array.from({ length: size }, (_, index) => start + index),
        shape as number[],
      );
    }),
  );
}

function leaves({ layers }: SourceModel): readonly SourceLayer[] {
  return layers.flatMap((layer) => (layer.model ? leaves(layer.model) : [layer]));
}

/** Weights by layer and variable, as TF.js holds them. */
function held(model: tf.LayersModel): Record<string, number> {
  return Object.fromEntries(model.weights.map((variable) => [variable.originalName, variable.read().dataSync()[0]!]));
}

function found(file: SourceFile): Record<string, number> {
  return Object.fromEntries(
    leaves(file.model).flatMap(({ name, weights }) =>
      weights.map((weight) => [`${name}/${weight.name}`, weight.tensor().data[0]!]),
    ),
  );
}

const layers = tf.layers;
const features = (name: string) =>
  tf.sequential({
    name,
    layers: [
      layers.conv2d({ inputShape: [6, 5, 2], filters: 3, kernelSize: 3, useBias: false, name: `${name}_conv` }),
      layers.batchNormalization({ name: `${name}_norm` }),
      layers.depthwiseConv2d({ kernelSize: 2, name: `${name}_depth` }),
      layers.separableConv2d({ filters: 2, kernelSize: 1, name: `${name}_sep` }),
    ],
  });

describe('reads what TF.js has saved', () => {
  beforeAll(async () => {
    await setBackend('cpu');
  });

  test('a Sequential model', async () => {
    const model = tf.sequential({ layers: [layers.dense({ inputShape: [4], units: 3, name: 'a' }), layers.batchNormalization({ name: 'b', scale: false })] }); // prettier-ignore
    number(model);
    const file = await saved(model);
    expect(file.kerasVersion).toMatch(/^tfjs-layers /);
    expect(found(file)).toEqual(held(model));
    expect(file.model.layers[0]!.config.batch_shape).toEqual([null, 4]);
  });

  test('a model of models, partly frozen', async () => {
    const inner = features('f');
    inner.layers[0]!.trainable = false;
    const model = tf.sequential({ name: 'outer', layers: [inner, layers.flatten({}), layers.dense({ units: 2, name: 'head' })] }); // prettier-ignore
    number(model);
    const file = await saved(model);
    expect(found(file)).toEqual(held(model));
    expect(file.model.layers[0]!).toMatchObject({ className: 'InputLayer', config: { batch_shape: [null, 6, 5, 2] } });
  });

  test('a shared model and a shared layer, with two inputs and outputs', async () => {
    const a = tf.input({ shape: [6, 5, 2], name: 'a' });
    const b = tf.input({ shape: [6, 5, 2], name: 'b' });
    const inner = features('f');
    const head = layers.dense({ units: 2, name: 'head' });
    const flat = layers.flatten({ name: 'flat' });
    const first = head.apply(flat.apply(inner.apply(a))) as tf.SymbolicTensor;
    const second = head.apply(flat.apply(inner.apply(b))) as tf.SymbolicTensor;
    const sum = layers.add({ name: 'sum' }).apply([first, second]) as tf.SymbolicTensor;
    const model = tf.model({ inputs: [a, b], outputs: [sum, second] });
    number(model);
    const file = await saved(model);
    expect(found(file)).toEqual(held(model));
    expect(file.model.inputs.map(({ layer }) => layer)).toEqual(['a', 'b']);
    expect(file.model.outputs).toEqual([
      { layer: 'sum', call: 0, tensor: 0 },
      { layer: 'head', call: 1, tensor: 0 },
    ]);
    const calls = file.model.layers.find(({ name }) => name === 'flat')!.calls.map(({ args }) => args);
    expect(calls).toEqual([
      [{ ref: { layer: 'f', call: 0, tensor: 0 } }],
      [{ ref: { layer: 'f', call: 1, tensor: 0 } }],
    ]);
  });
});
