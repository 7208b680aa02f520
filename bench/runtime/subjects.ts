import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import { writeLayersModel } from '../../models/digits/tfjs-files.ts';
import { noise } from '../../test/support/runnable-models.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Larger models that are not part of the project; those that are absent are left out. */
const SHARED = process.env.EDGEFOLD_SHARED ?? join(ROOT, '../shared');

/** A trained model, or one with weights from a seed, as the file of its framework. */
export interface Subject {
  readonly name: string;
  readonly path: string;
  readonly batches: readonly number[];
}

/** @param folder where models are made that are not kept. */
export async function subjects(folder: string): Promise<readonly Subject[]> {
  const all: readonly Subject[] = [
    { name: 'digits', path: join(ROOT, 'models/digits/norm-before-activation/tfjs'), batches: [1, 32] },
    { name: 'small CNN', path: await smallCnn(join(folder, 'small-cnn')), batches: [1, 32] },
    { name: 'Teachable Machine', path: join(SHARED, 'corpus/keras-h5/teachable-machine.h5'), batches: [1] },
    { name: 'NSFW MobileNetV2', path: join(SHARED, 'corpus/tfjs-layers/nsfw-mobilenet-v2'), batches: [1] },
  ];
  return all.filter(({ path }) => existsSync(path));
}

/** 32×32×3 → three times (Conv 3×3, BatchNormalization, ReLU, max pool) with 16, 32 and 64 channels → 10 classes. */
async function smallCnn(folder: string): Promise<string> {
  const [tf, { layers, sequential }] = await Promise.all([
    import('@tensorflow/tfjs-core'),
    import('@tensorflow/tfjs-layers'),
    import('@tensorflow/tfjs-backend-cpu'),
  ]);
  // Otherwise it advertises another backend on stderr.
  tf.enableProdMode();
  const model = sequential();
  for (const [i, filters] of [16, 32, 64].entries()) {
    const input = i === 0 ? { inputShape: [32, 32, 3] } : {};
    model.add(layers.conv2d({ ...input, filters, kernelSize: 3, padding: 'same', useBias: false }));
    model.add(layers.batchNormalization());
    model.add(layers.activation({ activation: 'relu' }));
    model.add(layers.maxPooling2d({ poolSize: 2 }));
  }
  model.add(layers.globalAveragePooling2d({}));
  model.add(layers.dense({ units: 10, activation: 'softmax' }));
  const random = noise(7);
  model.setWeights(model.weights.map(({ originalName, shape }) => weightOf(tf.tensor, originalName, shape, random)));
  mkdirSync(folder, { recursive: true });
  await model.save({ save: (artifacts) => writeLayersModel(folder, artifacts) });
  model.dispose();
  return folder;
}

/** Kernels of a size that keeps the values near 1; statistics in [0.5, 1.5]. */
function weightOf(
  tensor: (values: Float32Array, shape: number[]) => TfTensor,
  name: string,
  dims: readonly (number | null)[],
  random: () => number,
): TfTensor {
  const shape = dims.map((dim) => dim ?? 1);
  const count = shape.reduce((product, dim) => product * dim, 1);
  const inputs = shape.slice(0, -1).reduce((product, dim) => product * dim, 1);
  const value = name.includes('kernel') ? () => random() * Math.sqrt(6 / inputs) : () => 1 + random() / 2;
  return tensor(Float32Array.from({ length: count }, value), shape);
}
