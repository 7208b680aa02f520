import { describe, expect, test } from 'vitest';
import { exportModel } from '../../../src/export/export-model.ts';
import type { JsonValue } from '../../../src/export/source-model.ts';
import { batchNorm, counted, dense, firstValues, hdf5, input, item, json, kerasH5, kerasV3, layerOf, read, sequential, weightsH5, zip } from './fixtures.ts'; // prettier-ignore

const kernels = (folder: string, first: number) => ({
  [`${folder}/vars/0`]: counted(first, 4, 4),
  [`${folder}/vars/1`]: counted(first + 100, 4),
});
const three = sequential('s', input('i', 4), dense('a', 4), item('Dropout', 'x'), dense('b', 4), dense('c', 4));
const h5 = (name: string) => ({ [`${name}/kernel:0`]: counted(0, 4, 4), [`${name}/bias:0`]: counted(100, 4) });
const config3 = (config: JsonValue): JsonValue => ({ module: 'keras', registered_name: null, ...(config as object) });

describe('weights by folder', () => {
  test('are those of the layers of the class, in order', async () => {
    const bytes = await kerasV3(config3(three), {
      ...kernels('layers/dense', 0), ...kernels('layers/dense_2', 2000), ...kernels('layers/dense_1', 1000),
      ...kernels('optimizer', 5),
    }); // prettier-ignore
    const file = await read(bytes);
    expect(file).toMatchObject({ format: 'keras-v3', kerasVersion: '3.5.0', kerasMajor: 3, warnings: [] });
    expect(firstValues(file.model, 'a')).toEqual({ kernel: 0, bias: 100 });
    expect(firstValues(file.model, 'b')).toEqual({ kernel: 1000, bias: 1100 });
    expect(firstValues(file.model, 'c')).toEqual({ kernel: 2000, bias: 2100 });
  });

  test('may be numbered in twos, as TensorFlow 2.13 does', async () => {
    const root = '_layer_checkpoint_dependencies';
    const bytes = await kerasV3(
      three,
      { ...kernels(`${root}/dense`, 0), ...kernels(`${root}/dense_2`, 1000), ...kernels(`${root}/dense_4`, 2000) },
      { version: '2.13.1' },
    );
    const file = await read(bytes);
    expect(file.kerasMajor).toBe(2);
    expect(firstValues(file.model, 'c')).toEqual({ kernel: 2000, bias: 2100 });
  });

  test('may be numbered one by one below the same root, as TensorFlow 2.14 does', async () => {
    const root = '_layer_checkpoint_dependencies';
    const bytes = await kerasV3(
      three,
      { ...kernels(`${root}/dense`, 0), ...kernels(`${root}/dense_1`, 1000), ...kernels(`${root}/dense_2`, 2000) },
      { version: '2.14.0' },
    );
    expect(firstValues((await read(bytes)).model, 'c')).toEqual({ kernel: 2000, bias: 2100 });
  });

  test('may be named with the backslashes of Windows', async () => {
    const h5 = await hdf5((file) => {
      for (const [name, first] of [['dense', 0], ['dense_2', 1000], ['dense_4', 2000]] as const) {
        const group = file.create_group(`_layer_checkpoint_dependencies\\${name}`);
        group.create_group('vars');
        const path = `_layer_checkpoint_dependencies\\${name}/vars`;
        file.create_dataset({ name: `${path}/0`, data: counted(first, 4, 4).data, shape: [4, 4] });
        file.create_dataset({ name: `${path}/1`, data: counted(first + 100, 4).data, shape: [4] });
      }
    }); // prettier-ignore
    const bytes = zip({ 'config.json': JSON.stringify(three), 'model.weights.h5': h5 });
    expect(firstValues((await read(bytes)).model, 'b')).toEqual({ kernel: 1000, bias: 1100 });
  });

  test('go to the layer whose name stands beside them', async () => {
    const folders = ['layers/dense', 'layers/dense_1', 'layers/dense_2'];
    const weights = Object.assign({}, ...folders.map((folder, index) => kernels(folder, index * 1000))) as Record<
      string,
      ReturnType<typeof counted>
    >;
    const owners = { 'layers/dense/vars': 'c', 'layers/dense_1/vars': 'a', 'layers/dense_2/vars': 'b' };
    const { model } = await read(await kerasV3(config3(three), weights, { owners }));
    expect([firstValues(model, 'a').kernel, firstValues(model, 'b').kernel, firstValues(model, 'c').kernel]).toEqual([
      1000, 2000, 0,
    ]);
  });

  test('of nested models lie in their folders', async () => {
    const nested = sequential('s', input('i', 4), dense('a', 4), sequential('in', input('j', 4), dense('b', 4)));
    const bytes = await kerasV3(config3(nested), {
      ...kernels('layers/dense', 0),
      ...kernels('layers/sequential/layers/dense', 1000),
    });
    expect(firstValues((await read(bytes)).model, 'in/b')).toEqual({ kernel: 1000, bias: 1100 });
  });

  test.each([
    [{}, ['gamma', 'beta', 'moving_mean', 'moving_variance']],
    [{ scale: false }, ['beta', 'moving_mean', 'moving_variance']],
    [{ center: false }, ['gamma', 'moving_mean', 'moving_variance']],
    [{ scale: false, center: false }, ['moving_mean', 'moving_variance']],
  ])('of a BatchNormalization with %j are %j', async (config, names) => {
    const folder = 'layers/batch_normalization/vars';
    const weights = Object.fromEntries(names.map((_, index) => [`${folder}/${String(index)}`, counted(index, 4)]));
    const { model } = await read(
      await kerasV3(config3(sequential('s', input('i', 4), batchNorm('b', config))), weights),
    );
    expect(firstValues(model, 'b')).toEqual(Object.fromEntries(names.map((name, index) => [name, index])));
  });

  test('of a recurrent layer lie in its cell; those of wrappers keep their paths', async () => {
    const model3 = sequential('s', input('i', 4, 2), item('LSTM', 'l', { units: 2 }), item('Bidirectional', 'w'));
    const { model } = await read(
      await kerasV3(config3(model3), {
        'layers/lstm/cell/vars/0': counted(1, 2, 8),
        'layers/lstm/cell/vars/1': counted(2, 2, 8),
        'layers/lstm/cell/vars/2': counted(3, 8),
        'layers/bidirectional/forward_layer/cell/vars/0': counted(4, 2, 8),
      }),
    );
    expect(firstValues(model, 'l')).toEqual({ kernel: 1, recurrent_kernel: 2, bias: 3 });
    expect(layerOf(model, 'w').weights).toHaveLength(1);
  });

  test('are read from `.weights.h5` beside an architecture', async () => {
    const weights = await weightsH5({ ...kernels('layers/dense', 0), 'layers/dense_1/vars/0': counted(7, 4, 2), 'layers/dense_1/vars/1': counted(8, 2) }); // prettier-ignore
    const architecture = json(config3(sequential('s', input('i', 4), dense('a', 4), dense('b', 2))));
    const file = await read(architecture, { 'm.weights.h5': weights }, 'm.json');
    expect(file.kerasMajor).toBe(3);
    expect(firstValues(file.model, 'b')).toEqual({ kernel: 7, bias: 8 });
  });
});

describe('an archive', () => {
  test('whose layer has no weights is refused', async () => {
    const bytes = await kerasV3(config3(three), { ...kernels('layers/dense', 0), ...kernels('layers/dense_1', 1) });
    await expect(read(bytes)).rejects.toMatchObject({
      code: 'WEIGHTS',
      received: 'layers/dense, layers/dense_1',
    });
  });

  test('of a model that is quantized is refused for that', async () => {
    const dtype = { class_name: 'QuantizedDTypePolicy', config: { mode: 'int8', source_name: 'float32' } };
    const config = config3(sequential('s', input('i', 4), dense('a', 4, { dtype })));
    const bytes = await kerasV3(config, { ...kernels('layers/dense', 0), 'layers/dense/vars/2': counted(0, 4) });
    const { model } = await read(bytes);
    expect(layerOf(model, 'a').weights).toHaveLength(3);
    await expect(exportModel(bytes)).rejects.toThrow(
      /a \(Dense\): it is quantized\. Save the model before quantizing it/,
    );
  });

  test('whose layer has weights of another kind is refused', async () => {
    const config = config3(sequential('s', input('i', 4), dense('a', 4)));
    const quantised = { ...kernels('layers/dense', 0), 'layers/dense/vars/2': counted(0, 4) };
    await expect(read(await kerasV3(config, quantised))).rejects.toMatchObject({
      code: 'WEIGHTS',
      where: 'model, layer a',
    });
    const flat = { 'layers/dense/vars/0': counted(0, 16), 'layers/dense/vars/1': counted(0, 4) };
    await expect(read(await kerasV3(config, flat))).rejects.toMatchObject({ code: 'WEIGHTS', where: 'model, layer a' });
  });

  test('with pickled weights is refused', async () => {
    const bytes = zip({ 'config.json': JSON.stringify(three), 'model.weights.npz': 'PK' });
    await expect(read(bytes)).rejects.toMatchObject({ code: 'UNSAFE' });
  });

  test('that lists no shards is refused', async () => {
    const bytes = zip({ 'config.json': JSON.stringify(three), 'model.weights.json': '{}' });
    await expect(read(bytes)).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  test('without weights is refused', async () => {
    await expect(read(zip({ 'config.json': JSON.stringify(three) }))).rejects.toMatchObject({ code: 'WEIGHTS' });
  });

  test('may be no archive but HDF5, as before TensorFlow 2.13', async () => {
    const bytes = await kerasH5({ config: three, version: '2.12.0', groups: { a: h5('a'), b: h5('b'), c: h5('c') } });
    expect(await read(bytes, {}, 'model.keras')).toMatchObject({ format: 'keras-h5', kerasVersion: '2.12.0' });
  });

  test('of another kind is refused with what to take out of it', async () => {
    const bytes = zip({ 'keras_model.h5': 'x', 'labels.txt': 'a' });
    await expect(read(bytes)).rejects.toMatchObject({ code: 'FORMAT', hint: 'Unpack it and give keras_model.h5.' });
  });
});
