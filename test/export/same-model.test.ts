import * as tf from '@tensorflow/tfjs-layers';
import { setBackend } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test } from 'vitest';
import { exportModel } from '../../src/export/export-model.ts';
import type { SourceFiles } from '../../src/export/source-model.ts';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { filesOf, formatBytes, formatFolder, formatJson, unpacked } from './read/formats.ts';
import { runGraph, TOLERANCE, worstError } from './run-export.ts';
import type { Values } from './source-builder.ts';
import { artifactsOf } from './tfjs-artifacts.ts';

/** Output of Keras for {@link goldenInput}, flat. */
interface Golden {
  readonly head: readonly number[];
  readonly gate: readonly number[];
}

const only = (name: string): SourceFiles => filesOf({ [name]: formatBytes(name) }, name);
const within = (folder: string, main: string): SourceFiles => filesOf(formatFolder(folder), main);

const FORMATS: Readonly<Record<'keras2' | 'keras3', readonly (readonly [string, () => SourceFiles])[]>> = {
  keras2: [
    ['.keras', () => only('keras2/model.keras')],
    ['.h5', () => only('keras2/model.h5')],
    ['weights beside a .json, given the .json', () => within('keras2/apart', 'model.json')],
    ['weights beside a .json, given the .h5', () => within('keras2/apart', 'model.h5')],
    ['SavedModel', () => within('keras2/saved_model', 'saved_model.pb')],
    ['SavedModel of TensorFlow 2.4', () => within('keras2/saved_model_24', 'saved_model.pb')],
    ['TF.js, converted', () => within('keras2/tfjs', 'model.json')],
  ],
  keras3: [
    ['.keras', () => only('keras3/model.keras')],
    ['.keras in shards', () => only('keras3/sharded.keras')],
    ['an unzipped .keras', () => within('keras3/unzipped', 'config.json')],
    ['an unzipped .keras in shards', () => filesOf(unpacked('keras3/sharded.keras'), 'config.json')],
    ['shards, given their list', () => filesOf(unpacked('keras3/sharded.keras'), 'model.weights.json')],
    ['.h5', () => only('keras3/model.h5')],
    ['weights beside a .json, given the .json', () => within('keras3/apart', 'model.json')],
    ['weights beside a .json, given the .weights.h5', () => within('keras3/apart', 'model.weights.h5')],
    ['TF.js, converted', () => within('keras3/tfjs', 'model.json')],
  ],
};

/** x[k] = ((69069·k + 1) mod 2²⁴) / 2²⁴, as make_formats.py has it. */
function goldenInput(shape: readonly number[]): Values {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return { shape, data: Array.from({ length: size }, (_, k) => ((k * 69069 + 1) % 2 ** 24) / 2 ** 24) };
}

const INPUTS = { image: goldenInput([2, 7, 6, 2]), vector: goldenInput([2, 4]) };

async function onnxOf(files: SourceFiles): Promise<Buffer> {
  const { graph, warnings } = await exportModel(files);
  expect(warnings).toEqual([]);
  return Buffer.from(writeOnnx(graph));
}

describe.each(Object.entries(FORMATS))('one model of %s', (generation, formats) => {
  test.each(formats.slice(1))('as %s makes the same ONNX file, byte for byte', async (_name, open) => {
    const first = await onnxOf(formats[0]![1]());
    expect((await onnxOf(open())).equals(first)).toBe(true);
  });

  test('gives what Keras gives, as it is and folded', async () => {
    const golden = formatJson(`${generation}/golden.json`) as Golden;
    const { graph } = await exportModel(formats[0]![1]());
    for (const model of [graph, foldGraph(graph).graph]) {
      const { head, gate } = await runGraph(model, INPUTS);
      expect(worstError(head!, { shape: [2, 3], data: golden.head })).toBeLessThanOrEqual(TOLERANCE);
      expect(worstError(gate!, { shape: [2, 1], data: golden.gate })).toBeLessThanOrEqual(TOLERANCE);
    }
  });
});

describe('TF.js', () => {
  beforeAll(async () => {
    await setBackend('cpu');
  });

  /** The converted model, loaded by TF.js itself and saved again. */
  async function resaved(): Promise<SourceFiles> {
    const folder = formatFolder('keras2/tfjs');
    const { modelTopology, weightsManifest } = JSON.parse(Buffer.from(folder['model.json']!).toString()) as {
      readonly modelTopology: { readonly model_config: object };
      readonly weightsManifest: readonly [{ readonly paths: readonly string[]; readonly weights: never[] }];
    };
    const [{ paths, weights }] = weightsManifest;
    const weightData = Uint8Array.from(paths.flatMap((path) => [...folder[path]!])).buffer;
    const load = () => Promise.resolve({ modelTopology, weightSpecs: weights, weightData });
    const { file, weights: shard } = await artifactsOf(await tf.loadLayersModel({ load }));
    return filesOf({ 'model.json': Buffer.from(JSON.stringify(file)), 'weights.bin': shard }, 'model.json');
  }

  test('saves the model that it has loaded so that it makes the same ONNX file', async () => {
    const files = await resaved();
    expect((await onnxOf(files)).equals(await onnxOf(within('keras2/tfjs', 'model.json')))).toBe(true);
  });
});
