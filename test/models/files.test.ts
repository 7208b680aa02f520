import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { decode } from 'fast-png';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { digitModels, digitPath, FORMS, goldensOf, rowsOf } from './digit-models.ts';

const MODELS = fileURLToPath(new URL('../../models/', import.meta.url));
const SIGNATURES: Readonly<Record<string, string>> = { keras: 'PK\x03\x04', h5: '\x89HDF\r\n\x1a\n', json: '{' };
const FOLDER_LIMIT_BYTES = 15e6;
const MODEL_LIMIT_BYTES = 1.2e6;
/** A float32 softmax of ten sums to 1 within a few of its roundings. */
const SUM_TOLERANCE = 1e-6;
/** `exp` may differ in its last place from one machine to the next. */
const SAME_FRAMEWORK = 1e-6;

interface LayersModelFile {
  readonly format: string;
  readonly modelTopology: object;
  readonly weightsManifest: readonly [{ readonly weights: tf.io.WeightsManifestEntry[] }];
}

function readLayersModel(form: string, file: string): { json: LayersModelFile; weights: Uint8Array<ArrayBuffer> } {
  const json = JSON.parse(readFileSync(digitPath(form, file), 'utf8')) as LayersModelFile;
  return { json, weights: new Uint8Array(readFileSync(digitPath(form, `${dirname(file)}/weights.bin`))) };
}

function bytesOf({ shape, quantization }: tf.io.WeightsManifestEntry): number {
  return shape.reduce((size, dim) => size * dim, quantization ? 1 : 4);
}

describe.each(digitModels())('models/digits/$form/$file', ({ form, file }) => {
  const path = digitPath(form, file);

  test('begins with the signature of its format and has no optimizer state', () => {
    const signature = SIGNATURES[file.split('.').at(-1)!]!;
    expect(readFileSync(path).toString('latin1', 0, signature.length)).toBe(signature);
    expect(statSync(path).size).toBeLessThan(MODEL_LIMIT_BYTES);
  });
});

const TFJS_MODELS = digitModels().filter(({ file }) => file.endsWith('.json'));

describe.each(TFJS_MODELS)('models/digits/$form/$file', ({ form, file, golden }) => {
  const { json, weights } = readLayersModel(form, file);
  const [{ weights: weightSpecs }] = json.weightsManifest;

  test('is a layers model whose manifest fills its shard', () => {
    expect(json.format).toBe('layers-model');
    expect(weightSpecs.reduce((total, spec) => total + bytesOf(spec), 0)).toBe(weights.byteLength);
  });

  test('gives its golden in TF.js', async () => {
    const artifacts = { modelTopology: json.modelTopology, weightSpecs, weightData: weights.buffer };
    const model = await tfl.loadLayersModel(tf.io.fromMemory(artifacts));
    for (const { input, output } of golden.cases) {
      const actual = model.predict(tf.tensor([...input.data], [...input.shape])) as tf.Tensor;
      const differences = actual.dataSync<'float32'>().map((value, i) => Math.abs(value - output.data[i]!));
      expect(Math.max(...differences)).toBeLessThanOrEqual(SAME_FRAMEWORK);
    }
  });
});

describe.each(FORMS)('models/digits/%s', (form) => {
  const goldens = goldensOf(form);

  test('lists each of its models in exactly one golden', () => {
    const listed = goldens.flatMap(({ files }) => files).sort();
    const present = readdirSync(digitPath(form, ''))
      .filter((name) => !name.startsWith('golden-'))
      .map((name) => (existsSync(digitPath(form, `${name}/model.json`)) ? `${name}/model.json` : name));
    expect(listed).toEqual(present.sort());
  });

  test('reached at least nine in ten on digits it never saw', () => {
    for (const { accuracy } of goldens) {
      expect(accuracy.images).toBe(1000);
      expect(accuracy.share).toBe(accuracy.correct / accuracy.images);
      expect(accuracy.share).toBeGreaterThanOrEqual(0.9);
    }
  });

  test('has goldens that are probabilities, and right about the digits', () => {
    for (const { cases, labels } of goldens) {
      for (const { output } of cases) {
        for (const row of rowsOf(output)) {
          expect(Math.abs(row.reduce((sum, p) => sum + p, 0) - 1)).toBeLessThanOrEqual(SUM_TOLERANCE);
        }
      }
      const digits = cases.find(({ name }) => name === 'digits')!;
      expect(rowsOf(digits.output).map((row) => row.indexOf(Math.max(...row)))).toEqual(labels);
    }
  });
});

describe('models/digits/sample', () => {
  const sample = (file: string) => readFileSync(digitPath('sample', file));
  const pixels = sample('digits-images-idx3-ubyte').subarray(16);
  const labels = sample('digits-labels-idx1-ubyte').subarray(8);

  test('holds 16 digits as IDX', () => {
    expect(sample('digits-images-idx3-ubyte').toString('hex', 0, 16)).toBe('00000803000000100000001c0000001c');
    expect(sample('digits-labels-idx1-ubyte').toString('hex', 0, 8)).toBe('0000080100000010');
    expect([pixels.length, labels.length]).toEqual([16 * 28 * 28, 16]);
  });

  test('holds the same digits as NPY, divided by 255', () => {
    const npy = sample('digits.npy');
    const start = 10 + npy.readUInt16LE(8);
    expect(npy.toString('latin1', 10, start)).toContain("'shape': (16, 28, 28)");
    const values = new Float32Array(npy.buffer.slice(npy.byteOffset + start, npy.byteOffset + npy.length));
    expect(values).toEqual(Float32Array.from(pixels, (pixel) => pixel / 255));
  });

  test('holds the first of them as PNG, named by its label', () => {
    const png = decode(sample(`digit-${labels[0]!}.png`));
    expect(png).toMatchObject({ width: 28, height: 28, channels: 1, depth: 8 });
    expect([...png.data]).toEqual([...pixels.subarray(0, 28 * 28)]);
  });

  test('begins with the digits of the goldens', () => {
    for (const { labels: first, cases } of FORMS.flatMap(goldensOf)) {
      expect([...labels.subarray(0, 4)]).toEqual(first);
      const { data } = cases.find(({ name }) => name === 'digits')!.input;
      expect(Float32Array.from(data)).toEqual(Float32Array.from(pixels.subarray(0, data.length), (p) => p / 255));
    }
  });
});

test('models/ stays small enough to live in the repository', () => {
  const files = readdirSync(MODELS, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const sizeBytes = files.reduce((total, file) => total + statSync(`${file.parentPath}/${file.name}`).size, 0);
  expect(sizeBytes).toBeLessThan(FOLDER_LIMIT_BYTES);
});
