import { describe, expect, test } from 'vitest';
import { bytesOf } from '../../../src/export/read/saved-model/message.ts';
import { filesOf, formatFolder, formatJson, type Folder } from './formats.ts';
import { readSource } from '../../../src/export/read/read-source.ts';
import type { SourceModel } from '../../../src/export/source-model.ts';
import { layerOf } from './fixtures.ts';

const INDEX = 'variables/variables.index';
const DATA = 'variables/variables.data-00000-of-00001';
const whole = formatFolder('keras2/saved_model');

const read = (folder: Folder) => readSource(filesOf(folder, 'saved_model.pb'));
const without = (name: string): Folder => Object.fromEntries(Object.entries(whole).filter(([path]) => path !== name));
/** With one byte changed. */
const damaged = (name: string, at: number): Folder => {
  const bytes = Uint8Array.from(whole[name]!);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = bytes[index]! ^ 0x55;
  return { ...whole, [name]: bytes };
};

function values(model: SourceModel): Record<string, readonly number[]> {
  const all = model.layers.flatMap(({ name, weights }) => weights.map((weight) => [`${name}/${weight.name}`, [...weight.tensor().data]] as const)); // prettier-ignore
  return Object.fromEntries(all);
}

describe('a SavedModel of Keras', () => {
  test('has the layers and the version of the model, and where each weight lies', async () => {
    const file = await read(whole);
    expect(file).toMatchObject({ format: 'saved-model', kerasVersion: '2.21.0', kerasMajor: 2, warnings: [] });
    const { weights } = layerOf(file.model, 'both/forward_lstm');
    expect(weights.map(({ name, path }) => [name, path])).toEqual(
      ['kernel', 'recurrent_kernel', 'bias'].map((name) => [
        name,
        `layer_with_weights-1/forward_layer/cell/${name}/.ATTRIBUTES/VARIABLE_VALUE`,
      ]),
    );
    expect(layerOf(file.model, 'features/conv').weights.map(({ trainable }) => trainable)).toEqual([false]);
  });

  test('saved with its functions has the variables of a layer in a list', async () => {
    const { model } = await read(formatFolder('keras2/traced'));
    expect(values(model)).toEqual(formatJson('keras2/traced.json'));
  });
});

describe('refuses', () => {
  test('what model.export() of Keras 3 writes, with what to give instead', async () => {
    await expect(read(formatFolder('keras3/exported'))).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/no Keras model.*model\.export\(\).*Save the model with model\.save/) as string,
    });
  });

  test.each([INDEX, DATA])('one without %s', async (name) => {
    await expect(read(without(name))).rejects.toMatchObject({ code: 'FILE', expected: name });
  });

  test.each([
    ['a block of the index', INDEX, 100],
    ['the end of the index', INDEX, -1],
    ['the names of its objects', DATA, 10],
    ['a weight', DATA, -10],
  ])('one with %s damaged', async (_, name, at) => {
    const reading = read(damaged(name, at)).then(({ model }) => values(model));
    await expect(reading).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  test('a list of more objects than any model has, before it holds them all', () => {
    const empty = new Uint8Array(2 * 300_000).map((_, i) => (i % 2 === 0 ? 10 : 0));
    expect(() => bytesOf(empty, 1, 'x.pb')).toThrow(/a message has too many fields; expected at most 262144/);
  });

  test('variables that are cut short', async () => {
    await expect(read({ ...whole, [DATA]: whole[DATA]!.subarray(0, 400) })).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  test('an index compressed with Snappy', async () => {
    const index = Uint8Array.from(whole[INDEX]!);
    // The footer of 48 bytes comes after the block of the index, which ends in its compression and a checksum.
    index[index.length - 48 - 5] = 1;
    await expect(read({ ...whole, [INDEX]: index })).rejects.toMatchObject({ code: 'UNSUPPORTED', received: 'Snappy' });
  });

  test('variables of another model', async () => {
    const other = formatFolder('keras2/traced');
    await expect(read({ ...whole, [INDEX]: other[INDEX]!, [DATA]: other[DATA]! })).rejects.toMatchObject({ code: 'WEIGHTS' }); // prettier-ignore
  });
});
