import { describe, expect, test } from 'vitest';
import { exportSource } from '../../src/export/export-model.ts';
import type { SourceLayer } from '../../src/export/source-model.ts';
import { runGraph, TOLERANCE, worstError } from './run-export.ts';
import { filled, layer, sequential, sourceFile, type Values } from './source-builder.ts';
import { runTfjs } from './tfjs-oracle.ts';

/** What TF.js computes for one layer without weights. */
async function tfjsOutput({ name, className, config }: SourceLayer, x: Values): Promise<Values> {
  const shape = [null, ...x.shape.slice(1)];
  const layers = [
    { class_name: 'InputLayer', config: { name: 'x', batch_input_shape: shape, dtype: 'float32' } },
    { class_name: className, config: { name, ...config } },
  ];
  const modelTopology = {
    class_name: 'Sequential',
    config: { name: 'm', layers },
    keras_version: 'tfjs-layers 4.22.0',
  };
  const [y] = await runTfjs({ topology: modelTopology, weightSpecs: [], weightData: new ArrayBuffer(0) }, x);
  return y!;
}

async function exportedOutput(given: SourceLayer, x: Values, kerasVersion: string, kerasMajor: 2 | 3): Promise<Values> {
  const model = sequential([null, ...x.shape.slice(1)], [given]);
  const { graph } = exportSource({ ...sourceFile(model, kerasMajor), kerasVersion });
  const [y] = Object.values(await runGraph(graph, { x }));
  return { shape: y!.shape, data: [...(y!.data as Float32Array)] };
}

const TFJS = 'tfjs-layers 4.22.0';

describe('what the generations of Keras compute differently', () => {
  const ramp = { shape: [1, 17], data: Array.from({ length: 17 }, (_, i) => (i - 8) / 2) };
  const image = filled([2, 3, 5, 2]);
  const hardSigmoid = layer('act', 'Activation', { config: { activation: 'hard_sigmoid' } });
  const bilinear = layer('up', 'UpSampling2D', { config: { size: [2, 3], interpolation: 'bilinear' } });
  const cases: [string, SourceLayer, Values][] = [
    ['hard_sigmoid', hardSigmoid, ramp],
    ['bilinear UpSampling2D', bilinear, image],
    ['LeakyReLU', layer('act', 'LeakyReLU'), ramp],
    ['ThresholdedReLU', layer('act', 'ThresholdedReLU', { config: { theta: 1.5 } }), ramp],
    ['ReLU', layer('act', 'ReLU', { config: { max_value: 2.5 } }), ramp],
    ['Softmax', layer('act', 'Softmax', { config: { axis: 3 } }), image],
  ];

  test.each(cases)('%s of TF.js is exported as TF.js has it', async (_name, given, x) => {
    const actual = await exportedOutput(given, x, TFJS, 2);
    const expected = await tfjsOutput(given, x);
    expect(worstError({ dtype: 'float32', shape: actual.shape, data: Float32Array.from(actual.data) }, expected)).toBeLessThanOrEqual(TOLERANCE); // prettier-ignore
  });

  test('hard_sigmoid has a slope of 1/5 up to Keras 2, and of 1/6 from Keras 3 on', async () => {
    const x = { shape: [1, 1], data: [1] };
    const [two, three] = [await exportedOutput(hardSigmoid, x, '2.15.0', 2), await exportedOutput(hardSigmoid, x, '3.15.1', 3)]; // prettier-ignore
    expect(two.data[0]).toBeCloseTo(0.7, 6);
    expect(three.data[0]).toBeCloseTo(2 / 3, 6);
  });

  test('a bilinear UpSampling2D samples at pixel centres since TensorFlow 2', async () => {
    const old = await exportedOutput(bilinear, image, '2.2.4', 2);
    expect(old).toEqual(await exportedOutput(bilinear, image, TFJS, 2));
    expect(old).not.toEqual(await exportedOutput(bilinear, image, '2.4.0', 2));
  });
});
