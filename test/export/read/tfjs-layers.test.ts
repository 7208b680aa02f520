import { strToU8 } from 'fflate';
import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../src/export/source-model.ts';
import { batchNorm, counted, dense, firstValues, input, item, json, layerOf, read, sequential, type Stored } from './fixtures.ts'; // prettier-ignore

const bytesOf = ({ data }: Stored) => new Uint8Array(data.buffer);
const joined = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

const topology = sequential('s', input('i', 4), dense('d', 3), batchNorm('b', { axis: -1 }));
const trained: JsonObject = { ...topology, keras_version: 'tfjs-layers 4.22.0', backend: 'tensor_flow.js' };
const weights: Readonly<Record<string, Stored>> = {
  'd/kernel': counted(0, 4, 3),
  'd/bias': counted(100, 3),
  'b/gamma': counted(200, 3),
  'b/beta': counted(300, 3),
  'b/moving_mean': counted(400, 3),
  'b/moving_variance': counted(500, 3),
};
const entries = (stored: Readonly<Record<string, Stored>>): JsonValue[] =>
  Object.entries(stored).map(([name, { shape }]) => ({ name, shape, dtype: 'float32' }));
const shard = joined(...Object.values(weights).map(bytesOf));

const manifest = (paths: string[], list: JsonValue[] = entries(weights)): JsonValue => [{ paths, weights: list }];
const modelJson = (weightsManifest: JsonValue, modelTopology: JsonValue = trained, extra: JsonObject = {}) =>
  json({ format: 'layers-model', generatedBy: 'TensorFlow.js tfjs-layers v4.22.0', modelTopology, weightsManifest, ...extra }); // prettier-ignore
const readShard = (weightsManifest: JsonValue, shards: Record<string, Uint8Array> = { shard }) =>
  read(modelJson(weightsManifest), shards, 'model.json');

/** A model of one bias, whose weights are given as a manifest entry and bytes. */
const oneBias = (entry: JsonObject, bytes: Uint8Array) =>
  read(
    modelJson([{ paths: ['shard'], weights: [{ name: 'p/alpha', ...entry }] }], sequential('s', input('i', 3), item('PReLU', 'p'))),
    { shard: bytes },
  ).then(({ model }) => layerOf(model, 'p').weights[0]!.tensor()); // prettier-ignore

describe('reads a model', () => {
  test('trained in TF.js', async () => {
    const file = await readShard(manifest(['shard']));
    expect(file).toMatchObject({
      format: 'tfjs-layers',
      kerasVersion: 'tfjs-layers 4.22.0',
      kerasMajor: 2,
      warnings: [],
    });
    expect(firstValues(file.model, 'd')).toEqual({ kernel: 0, bias: 100 });
    expect(firstValues(file.model, 'b')).toEqual({ gamma: 200, beta: 300, moving_mean: 400, moving_variance: 500 });
  });

  test('from before TF.js 1.0, which states no format', async () => {
    const bare = json({ modelTopology: trained, weightsManifest: manifest(['./shard']) });
    expect(firstValues((await read(bare, { shard })).model, 'd').bias).toBe(100);
  });

  test('converted from Keras 2', async () => {
    const converted = { keras_version: '2.2.4', backend: 'tensorflow', model_config: topology, training_config: {} };
    const file = await read(modelJson(manifest(['shard']), converted), { shard });
    expect(file).toMatchObject({ kerasVersion: '2.2.4', kerasMajor: 2 });
    expect(firstValues(file.model, 'b').moving_mean).toBe(400);
  });

  test('converted from Keras 2 whose weights carry other names, layer by layer', async () => {
    const renamed = Object.fromEntries(
      Object.entries(weights).map(([name, stored]) => [name.replace('/', '_1/'), stored]),
    );
    const converted = { keras_version: '2.2.4', model_config: topology };
    const file = await read(modelJson(manifest(['shard'], entries(renamed)), converted), { shard });
    expect(firstValues(file.model, 'b')).toEqual({ gamma: 200, beta: 300, moving_mean: 400, moving_variance: 500 });
  });

  test('converted from Keras 3, which TF.js itself cannot load', async () => {
    const paths = ['dense/vars/0', 'dense/vars/1', ...[0, 1, 2, 3].map((index) => `batch_normalization/vars/${String(index)}`)]; // prettier-ignore
    const byPath = Object.fromEntries(
      Object.values(weights).map((stored, index) => [`layers/${paths[index]!}`, stored]),
    );
    const converted = { keras_version: '3.9.0', model_config: topology };
    const file = await read(modelJson(manifest(['shard'], entries(byPath)), converted), { shard });
    expect(file.kerasMajor).toBe(3);
    expect(firstValues(file.model, 'b')).toEqual({ gamma: 200, beta: 300, moving_mean: 400, moving_variance: 500 });
  });

  test('converted from Keras 3, of models in models, with what only training needs beside them', async () => {
    const nested = sequential('s', input('i', 4), dense('a', 4), sequential('in', input('j', 4), dense('b', 2)));
    const paths = {
      'layers/dense/vars/0': counted(0, 4, 4),
      'layers/dense/vars/1': counted(100, 4),
      'layers/sequential/layers/dense/vars/0': counted(200, 4, 2),
      'layers/sequential/layers/dense/vars/1': counted(300, 2),
      'optimizer/vars/0': counted(400, 1),
      'loss_tracker/vars/0': counted(500, 1),
    };
    const bytes = joined(...Object.values(paths).map(bytesOf));
    const converted = { keras_version: '3.9.0', model_config: nested };
    const file = await read(modelJson(manifest(['shard'], entries(paths)), converted), { shard: bytes });
    expect(file).toMatchObject({ kerasMajor: 3, warnings: [] });
    expect(firstValues(file.model, 'a')).toEqual({ kernel: 0, bias: 100 });
    expect(firstValues(file.model, 'in/b')).toEqual({ kernel: 200, bias: 300 });
  });

  test('converted from Keras 2, whose weights carry other names and stand in the order of those of the layers', async () => {
    const layers = sequential('s', input('i', 3), dense('z', 3), dense('y', 3), dense('d_10', 3), dense('d_9', 3));
    const stored = Object.fromEntries(
      ['d_10', 'd_9', 'y', 'z'].flatMap((name, index) => [
        [`other_${name}x/kernel`, counted(index * 1000, 3, 3)],
        [`other_${name}x/bias`, counted(index * 1000 + 100, 3)],
      ]),
    );
    const bytes = joined(...Object.values(stored).map(bytesOf));
    const converted = { keras_version: '2.4.0', model_config: layers };
    const { model } = await read(modelJson(manifest(['shard'], entries(stored)), converted), { shard: bytes });
    expect(['z', 'y', 'd_10', 'd_9'].map((name) => firstValues(model, name).kernel)).toEqual([3000, 2000, 0, 1000]);
  });

  test.each([
    ['model.json without a manifest', json({ modelTopology: trained })],
    ['a bare topology', json(trained)],
  ])('from before TF.js 1.0, in two files: %s', async (_, bytes) => {
    const siblings = { shard, 'weights_manifest.json': json(manifest(['shard'])) };
    expect(firstValues((await read(bytes, siblings, 'model.json')).model, 'd').bias).toBe(100);
  });

  test('past texts, truth values and complex numbers of an optimizer', async () => {
    const text = (...words: string[]) => joined(...words.map((word) => joined(Uint8Array.of(word.length, 0, 0, 0), strToU8(word)))); // prettier-ignore
    const [kernel, ...rest] = entries(weights);
    const others: JsonValue[] = [
      { name: 'words', shape: [3], dtype: 'string', group: 'optimizer' },
      { name: 'flags', shape: [5], dtype: 'bool', group: 'optimizer' },
      { name: 'waves', shape: [2], dtype: 'complex64', group: 'optimizer' },
    ];
    const bytes = joined(shard.slice(0, 48), text('one', '', 'three'), new Uint8Array(5 + 16), shard.slice(48));
    const file = await readShard(manifest(['shard'], [kernel!, ...others, ...rest]), { shard: bytes });
    expect(firstValues(file.model, 'd')).toEqual({ kernel: 0, bias: 100 });
    expect(firstValues(file.model, 'b').moving_variance).toBe(500);
  });

  test('whose shards are cut in the middle of a value', async () => {
    const shards = { a: shard.slice(0, 5), b: shard.slice(5, 6), c: shard.slice(6, 50), d: shard.slice(50) };
    const file = await readShard(manifest(['a', 'b', 'c', 'd']), shards);
    const kernel = layerOf(file.model, 'd').weights[0]!.tensor();
    expect(kernel.data).toEqual(counted(0, 4, 3).data);
  });

  test('with several groups, and without the state of an optimizer', async () => {
    const [first, ...rest] = entries(weights);
    const state: JsonObject = { name: 'd/kernel/momentum', shape: [2], dtype: 'float32', group: 'optimizer' };
    const groups = [{ paths: ['a'], weights: [first!] }, { paths: ['b'], weights: [state, ...rest] }]; // prettier-ignore
    const file = await readShard(groups, { a: shard.slice(0, 48), b: joined(new Uint8Array(8), shard.slice(48)) });
    expect(firstValues(file.model, 'd')).toEqual({ kernel: 0, bias: 100 });
    expect(file.warnings).toEqual([]);
  });
});

describe('undoes quantisation', () => {
  const scale = 0.1;
  const min = -3;

  test('to uint8, in double precision', async () => {
    const { data } = await oneBias(
      { shape: [3], dtype: 'float32', quantization: { dtype: 'uint8', scale, min, original_dtype: 'float32' } },
      Uint8Array.of(0, 7, 255),
    );
    expect([...data]).toEqual([-3, Math.fround(7 * scale + min), Math.fround(255 * scale + min)]);
  });

  test('to uint16', async () => {
    const { data } = await oneBias(
      { shape: [2], dtype: 'float32', quantization: { dtype: 'uint16', scale, min } },
      new Uint8Array(Uint16Array.of(1, 65535).buffer),
    );
    expect([...data]).toEqual([Math.fround(scale + min), Math.fround(65535 * scale + min)]);
  });

  test('to float16', async () => {
    const { data } = await oneBias(
      { shape: [2], dtype: 'float32', quantization: { dtype: 'float16' } },
      new Uint8Array(Uint16Array.of(0x3c00, 0xc000).buffer),
    );
    expect([...data]).toEqual([1, -2]);
  });

  test('of integers, to the nearest', async () => {
    const { data } = await oneBias(
      { shape: [2], dtype: 'int32', quantization: { dtype: 'uint8', scale: 0.6, min: 0 } },
      Uint8Array.of(1, 2),
    );
    expect([...data]).toEqual([1, 1]);
  });

  test.each([
    ['a scale of 0', { dtype: 'uint8', scale: 0, min }],
    ['no scale', { dtype: 'uint8', min }],
    ['an endless scale', { dtype: 'uint16', scale: 'Infinity', min }],
    ['an unknown type', { dtype: 'uint4', scale, min }],
  ])('and refuses %s', async (_, quantization) => {
    await expect(oneBias({ shape: [2], dtype: 'float32', quantization }, new Uint8Array(2))).rejects.toMatchObject({
      code: 'CORRUPT',
    });
  });
});

describe('refuses', () => {
  test.each(['../shard', '/etc/passwd', 'http://example.com/shard', 'a/../../shard', '..\\shard', 'C:\\shard', ''])(
    'a shard at %j',
    async (path) => {
      await expect(readShard(manifest([path]), { [path]: shard })).rejects.toMatchObject({ code: 'UNSAFE' });
    },
  );

  test('a missing shard, with what is there', async () => {
    await expect(readShard(manifest(['shard']), { 'shard1of1.bin': shard })).rejects.toMatchObject({
      code: 'FILE',
      expected: 'shard',
      received: 'shard1of1.bin',
    });
  });

  test.each([
    ['short', shard.slice(0, -1)],
    ['long', joined(shard, new Uint8Array(4))],
  ])('shards that are too %s', async (word, bytes) => {
    await expect(readShard(manifest(['shard']), { shard: bytes })).rejects.toThrow(`the shards are too ${word}`);
  });

  test.each([
    ['ends before its length', Uint8Array.of(1, 0, 0)],
    ['is longer than the file', Uint8Array.of(255, 255, 255, 255, 65)],
  ])('a text that %s', async (_, bytes) => {
    await expect(oneBias({ shape: [1], dtype: 'string' }, bytes)).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  test('one weight twice', async () => {
    const twice = [...entries(weights), entries(weights)[1]!];
    const longer = joined(shard, new Uint8Array(12));
    await expect(readShard(manifest(['shard'], twice), { shard: longer })).rejects.toThrow(/one weight twice/);
  });

  test.each([
    ['a negative dimension', [-1, 3], 'CORRUPT'],
    ['half a dimension', [1.5], 'CORRUPT'],
    ['a huge dimension', [2 ** 40, 2 ** 12], 'CORRUPT'],
  ])('a weight with %s', async (_, shape, code) => {
    await expect(oneBias({ shape, dtype: 'float32' }, new Uint8Array(4))).rejects.toMatchObject({ code });
  });

  test('weights of text', async () => {
    for (const [dtype, bytes] of [
      ['string', 4],
      ['complex64', 8],
    ] as const) {
      await expect(oneBias({ shape: [1], dtype }, new Uint8Array(bytes))).rejects.toMatchObject({
        code: 'UNSUPPORTED',
      });
    }
  });

  test('a weight that is missing, by name', async () => {
    const { 'd/bias': bias, ...rest } = weights;
    const bytes = joined(...Object.values(rest).map(bytesOf));
    await expect(readShard(manifest(['shard'], entries(rest)), { shard: bytes })).rejects.toMatchObject({
      code: 'WEIGHTS',
      where: expect.stringContaining('layer d') as string,
    });
    expect(bias!.shape).toEqual([3]);
  });

  test('a weights manifest without a model', async () => {
    await expect(read(json(manifest(['shard'])), { shard })).rejects.toMatchObject({ code: 'FORMAT' });
  });

  test('a model without a weights manifest', async () => {
    await expect(read(json({ modelTopology: trained }))).rejects.toMatchObject({ code: 'WEIGHTS' });
  });
});
