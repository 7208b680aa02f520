import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { EdgefoldError } from '../../../src/errors.ts';
import { inMemoryFiles, readSource } from '../../../src/export/read/read-source.ts';
import type { SourceFile, SourceLayer, SourceModel } from '../../../src/export/source-model.ts';
import { readShared, sharedPath, testShared } from '../../support/shared.ts';
import { json, layerOf, read, zip } from './fixtures.ts';

describe('a file that is no model is named for what it is', () => {
  test.each([
    ['nothing', '', /empty/],
    ['an HTML page', '<!DOCTYPE html><html><body>404</body></html>', /HTML/],
    ['a git-LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n', /git-LFS/],
    ['a PNG picture', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0), /PNG/],
    ['a JPEG picture', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0), /JPEG/],
    ['a gzip archive', Uint8Array.of(0x1f, 0x8b, 8, 0), /gzip/],
    ['a Python pickle', Uint8Array.of(0x80, 0x04, 0x95, 0), /pickle/],
    ['text', 'hello', /another kind/],
    ['JSON of another kind', '{"a": 1}', /no model/],
    ['JSON numbers', '[1, 2]', /no model/],
    ['a zip of something else', zip({ 'a.txt': 'x' }), /no \.keras file/],
  ])('%s', async (_, content, message) => {
    const error = await read(content).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EdgefoldError);
    expect(error).toMatchObject({ code: 'FORMAT', where: 'model' });
    expect((error as Error).message).toMatch(message);
  });

  test('ONNX', async () => {
    const onnx = Uint8Array.of(0x08, 0x08, 0x12, 0x07, ...Array.from('pytorch', (char) => char.charCodeAt(0)));
    await expect(read(onnx)).rejects.toThrow(/already ONNX.*edgefold fold/);
  });

  test('JSON that is cut short', async () => {
    await expect(read('{"class_name": "Sequential", "config": ')).rejects.toMatchObject({ code: 'CORRUPT' });
  });
});

describe('files in memory', () => {
  const files = inMemoryFiles('model.json', json({}), new Map([['weights/a.bin', Uint8Array.of(1)]]));

  test('are found by the name that the model gives', async () => {
    expect(await files.sibling('weights/a.bin')).toEqual(Uint8Array.of(1));
    expect(await files.sibling('./weights/a.bin')).toEqual(Uint8Array.of(1));
    expect(await files.siblings()).toEqual(['weights/a.bin']);
  });

  test('are missed with the names that exist', async () => {
    await expect(files.sibling('b.bin')).rejects.toMatchObject({ code: 'FILE', received: 'weights/a.bin' });
  });

  test.each(['../a', '/a', 'a\\b', 'file:a', 'https://a', 'c:a', '', 'a\0', 'x/../..'])(
    'are never sought at %j',
    async (name) => {
      await expect(files.sibling(name)).rejects.toMatchObject({ code: 'UNSAFE' });
    },
  );
});

/** A file of the corpus with the files beside it. */
function readCorpus(path: string): Promise<SourceFile> {
  const folder = path.slice(0, path.lastIndexOf('/'));
  const beside = readdirSync(sharedPath(folder), { withFileTypes: true }).filter((entry) => entry.isFile());
  const siblings = new Map(beside.map(({ name }) => [name, new Uint8Array(readShared(`${folder}/${name}`))]));
  return readSource(inMemoryFiles(path, new Uint8Array(readShared(path)), siblings));
}

function leaves({ layers }: SourceModel): readonly SourceLayer[] {
  return layers.flatMap((layer) => (layer.model ? leaves(layer.model) : [layer]));
}

function count(model: SourceModel) {
  const all = leaves(model);
  const weights = all.flatMap((layer) => layer.weights);
  return {
    batchNormalizations: all.filter(({ className }) => className === 'BatchNormalization').length,
    weights: weights.length,
    values: weights.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
  };
}

/** Shape, first value and sum of a weight as h5py and numpy read them. */
function expectFacts(file: SourceFile, layer: string, name: string, shape: number[], first: number, sum: number): void {
  const weight = layerOf(file.model, layer).weights.find((one) => one.name === name)!;
  const { data } = weight.tensor();
  expect(weight.shape).toEqual(shape);
  expect(data[0]).toBe(first);
  expect(data.reduce((total, value) => total + value, 0)).toBeCloseTo(sum, 9);
}

describe('real files', () => {
  testShared('corpus/keras-h5/teachable-machine.h5', 'Teachable Machine: models in models in one group', async () => {
    const file = await readCorpus('corpus/keras-h5/teachable-machine.h5');
    expect(file).toMatchObject({ format: 'keras-h5', kerasVersion: '2.4.0', kerasMajor: 2, warnings: [] });
    expect(count(file.model)).toEqual({ batchNormalizations: 52, weights: 263, values: 538_508 });
    expect(file.model.inputs).toEqual([{ layer: 'sequential_1_input', call: 0, tensor: 0 }]);
    const inner = 'sequential_1/model1';
    expectFacts(file, `${inner}/Conv1`, 'kernel', [3, 3, 3, 16], 0.05361931025981903, 0.21090284828096628);
    expectFacts(file, `${inner}/block_16_project_BN`, 'moving_variance', [112], 1.2132965326309204, 143.8806577026844);
    expectFacts(file, 'sequential_3/dense_Dense1', 'bias', [100], 0.0022523077204823494, 0.20863231545081362);
  });

  testShared('corpus/keras-h5/mini-xception.h5', 'mini_XCEPTION: weight names of another session', async () => {
    const file = await readCorpus('corpus/keras-h5/mini-xception.h5');
    expect(file).toMatchObject({ format: 'keras-h5', kerasVersion: '2.0.5', kerasMajor: 2, warnings: [] });
    expect(count(file.model)).toEqual({ batchNormalizations: 14, weights: 80, values: 58_423 });
    expectFacts(file, 'batch_normalization_10', 'moving_mean', [64], -0.8736964464187622, -1.9302910529077053);
    const pointwise = [1, 1, 128, 128];
    expectFacts(file, 'separable_conv2d_8', 'pointwise_kernel', pointwise, -0.7732453942298889, 41.19052592063963);
    expectFacts(file, 'conv2d_7', 'bias', [7], 0.0657321959733963, -0.4721394667867571);
  });

  for (const name of ['model.json', 'model.h5']) {
    testShared(
      `corpus/keras-h5/sudoku/${name}`,
      `sudoku: architecture and weights in two files, given ${name}`,
      async () => {
        const file = await readCorpus(`corpus/keras-h5/sudoku/${name}`);
        expect(file).toMatchObject({ format: 'keras-h5', kerasVersion: '2.4.0', warnings: [] });
        expect(count(file.model)).toEqual({ batchNormalizations: 7, weights: 44, values: 327_242 });
        expectFacts(file, 'conv2d_98', 'kernel', [3, 3, 1, 32], -0.2266521453857422, -4.43279060954228);
        expectFacts(file, 'batch_normalization_104', 'gamma', [128], 0.897613525390625, 129.88916730880737);
      },
    );
  }

  testShared('corpus/keras-v3/nlf-classifier.keras', 'a .keras file of TensorFlow 2.15', async () => {
    const file = await readCorpus('corpus/keras-v3/nlf-classifier.keras');
    expect(file).toMatchObject({ format: 'keras-v3', kerasVersion: '2.15.0', kerasMajor: 2, warnings: [] });
    expect(count(file.model)).toEqual({ batchNormalizations: 0, weights: 6, values: 76_545 });
    expectFacts(file, 'dense_1', 'kernel', [256, 256], 0.014742140658199787, 1.9821375977771822);
    expectFacts(file, 'dense_2', 'bias', [1], -0.0009999863104894757, -0.0009999863104894757);
  });

  testShared('corpus/tfjs-layers/nsfw-mobilenet-v2/model.json', 'a TF.js file quantised to uint8', async () => {
    const file = await readCorpus('corpus/tfjs-layers/nsfw-mobilenet-v2/model.json');
    expect(file).toMatchObject({ format: 'tfjs-layers', kerasVersion: '2.2.4', kerasMajor: 2, warnings: [] });
    expect(count(file.model)).toEqual({ batchNormalizations: 52, weights: 266, values: 2_619_461 });
    expectFacts(file, 'Conv1', 'kernel', [3, 3, 3, 32], -0.22000296413898468, -5.333405417390168);
    expectFacts(file, 'block_16_project_BN', 'moving_variance', [320], 1.096196174621582, 425.6914026737213);
    expectFacts(file, 'dense_3', 'bias', [5], -0.06338369846343994, 0.005762159824371338);
  });
});

testShared('corpus/hostile/pickle-npz-duplicate-entry.keras', 'a pickle under a name that stands twice is refused', async () => {
  await expect(readCorpus('corpus/hostile/pickle-npz-duplicate-entry.keras')).rejects.toMatchObject({
    code: 'CORRUPT',
    received: 'model.weights.npz',
  });
}); // prettier-ignore

testShared('corpus/onnx/burn-mnist.onnx', 'every ONNX file of the corpus is sent to fold', async () => {
  for (const name of readdirSync(sharedPath('corpus/onnx'))) {
    expect(existsSync(sharedPath(`corpus/onnx/${name}`))).toBe(true);
    await expect(readCorpus(`corpus/onnx/${name}`)).rejects.toThrow(/already ONNX/);
  }
});
