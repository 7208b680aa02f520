/**
 * What TF.js's BatchNormalization leaves behind after training. For each batch, with v the statistic of the batch:
 *
 *   v̂ ← v̂·momentum + v·(1 − momentum)          mean starts at 0, variance at 1
 *
 * v is the mean over the batch and the biased variance, Σ(x − mean)² / N: tfjs-layers takes `moments()` as it is.
 * (TensorFlow's fused kernel, which Keras 2 uses for images, divides by N − 1; Dense inputs do not go there.)
 */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { normalized, PIXELS, readDigits, trainingOrder } from '../../models/digits/digits.ts';
import { testShared } from '../support/shared.ts';
import { digitPath, FORMS, goldensOf } from './digit-models.ts';

interface Statistics {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

const initial = (channels: number): Statistics => ({
  mean: new Float64Array(channels),
  variance: new Float64Array(channels).fill(1),
});

/** Mean and Σ(x − mean)² / divisor of each channel of `rows`, [N][C]. */
function batchStatistics(rows: readonly ArrayLike<number>[], divisor = rows.length): Statistics {
  const { mean } = initial(rows[0]!.length);
  for (const row of rows) mean.forEach((_, c) => (mean[c]! += row[c]! / rows.length));
  const variance = new Float64Array(mean.length);
  for (const row of rows) variance.forEach((_, c) => (variance[c]! += (row[c]! - mean[c]!) ** 2 / divisor));
  return { mean, variance };
}

function moved(old: Statistics, batch: Statistics, momentum: number): Statistics {
  const step = (v: number, to: number) => v * momentum + to * (1 - momentum);
  return {
    mean: old.mean.map((v, c) => step(v, batch.mean[c]!)),
    variance: old.variance.map((v, c) => step(v, batch.variance[c]!)),
  };
}

/** Largest |actual − expected| in units of max(|expected|, 1). */
function worstDifference(actual: ArrayLike<number>, expected: Float64Array): number {
  return expected.reduce((worst, v, c) => Math.max(worst, Math.abs(actual[c]! - v) / Math.max(Math.abs(v), 1)), 0);
}

describe('a BatchNormalization trained in TF.js with momentum 0.8', async () => {
  const MOMENTUM = 0.8;
  const BATCH_SIZE = 5;
  const EPOCHS = 3;
  /** Three float32 roundings a step, each step's share shrinking by the momentum: 3·2⁻²⁴ / (1 − 0.8), about 9e-7. */
  const ROUNDING = (3 * 2 ** -24) / (1 - MOMENTUM);

  // Channels with their own mean and spread; 4 batches an epoch.
  const rows = Array.from({ length: 20 }, (_, n) =>
    [0, 1, 2].map((c) => Math.fround(Math.sin(12.9898 * n + 78.233 * c) * (c + 0.5) + c - 1)),
  );
  const batches = Array.from({ length: 4 }, (_, b) => rows.slice(b * BATCH_SIZE, (b + 1) * BATCH_SIZE));
  const { mean, variance } = await trainedStatistics();

  async function trainedStatistics(): Promise<Record<'mean' | 'variance', Float32Array>> {
    const norm = tfl.layers.batchNormalization({ inputShape: [3], momentum: MOMENTUM });
    const model = tfl.sequential({ layers: [norm, tfl.layers.dense({ units: 1 })] });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const x = tf.tensor2d(rows);
    await model.fit(x, tf.ones([rows.length, 1]), { batchSize: BATCH_SIZE, epochs: EPOCHS, shuffle: false });
    const [movingMean, movingVariance] = norm.getWeights().slice(2);
    return { mean: movingMean!.dataSync<'float32'>(), variance: movingVariance!.dataSync<'float32'>() };
  }

  function expected(divisor: number, momentum = MOMENTUM): Statistics {
    const visited = Array.from({ length: EPOCHS }, () => batches).flat();
    return visited.reduce((v, batch) => moved(v, batchStatistics(batch, divisor), momentum), initial(3));
  }

  test('holds the mean that the update leaves after 12 batches', () => {
    expect(worstDifference(mean, expected(BATCH_SIZE).mean)).toBeLessThanOrEqual(ROUNDING);
  });

  test('holds the variance that the update leaves, of the biased batch variance', () => {
    expect(worstDifference(variance, expected(BATCH_SIZE).variance)).toBeLessThanOrEqual(ROUNDING);
  });

  test('does not hold what the unbiased batch variance would leave', () => {
    expect(worstDifference(variance, expected(BATCH_SIZE - 1).variance)).toBeGreaterThan(0.01);
  });

  test('does not hold what momentum and its complement exchanged would leave', () => {
    expect(worstDifference(mean, expected(BATCH_SIZE, 1 - MOMENTUM).mean)).toBeGreaterThan(0.01);
  });
});

describe('the first BatchNormalization of the digit models', () => {
  /** 900 steps at momentum 0.99: 3·2⁻²⁴ / (1 − 0.99). */
  const ROUNDING = (3 * 2 ** -24) / (1 - 0.99);

  /** The first layer sees the pixels themselves, so its statistics follow from the images and their order alone. */
  function expected(momentum: number, epochs: number, batchSize: number): Statistics {
    const images = normalized(readDigits().pixels);
    let statistics = initial(PIXELS);
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = trainingOrder(epoch);
      for (let start = 0; start < order.length; start += batchSize) {
        const rows = [...order.subarray(start, start + batchSize)].map((image) =>
          images.subarray(image * PIXELS, (image + 1) * PIXELS),
        );
        statistics = moved(statistics, batchStatistics(rows), momentum);
      }
    }
    return statistics;
  }

  /** The first weight of the shard whose name ends so: non-trainables stand in the order of the layers. */
  function savedWeight(form: string, suffix: string): Float32Array {
    const manifest = JSON.parse(readFileSync(digitPath(form, 'tfjs/model.json'), 'utf8')) as {
      weightsManifest: [{ weights: { name: string; shape: number[] }[] }];
    };
    const { buffer } = new Uint8Array(readFileSync(digitPath(form, 'tfjs/weights.bin')));
    let offset = 0;
    for (const { name, shape } of manifest.weightsManifest[0].weights) {
      const size = shape.reduce((product, dim) => product * dim, 1);
      if (name.endsWith(suffix)) return new Float32Array(buffer, offset, size);
      offset += 4 * size;
    }
    throw new Error(`no weight *${suffix}`);
  }

  testShared('corpus/data/t10k-images-idx3-ubyte.gz', 'follows from the images in the order of training', () => {
    const golden = goldensOf(FORMS[0]).find(({ files }) => files.includes('tfjs/model.json'))!;
    const { epochs, batchSize } = golden.training;
    const { mean, variance } = expected(golden.batchNormalization.momentum, epochs, batchSize);
    for (const form of FORMS) {
      expect(worstDifference(savedWeight(form, 'moving_mean'), mean)).toBeLessThanOrEqual(ROUNDING);
      expect(worstDifference(savedWeight(form, 'moving_variance'), variance)).toBeLessThanOrEqual(ROUNDING);
    }
  });
});
