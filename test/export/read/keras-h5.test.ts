import { describe, expect, test } from 'vitest';
import { counted, dense, batchNorm, called, firstValues, functional, hdf5, input, item, json, kerasH5, layerOf, read, sequential, type Groups, type KerasH5 } from './fixtures.ts'; // prettier-ignore

const denseGroup = (prefix: string, first: number) => ({
  [`${prefix}/kernel:0`]: counted(first, 4, 3),
  [`${prefix}/bias:0`]: counted(first + 100, 3),
});
const normGroup = (prefix: string, first: number) => ({
  [`${prefix}/gamma:0`]: counted(first, 3),
  [`${prefix}/beta:0`]: counted(first + 10, 3),
  [`${prefix}/moving_mean:0`]: counted(first + 20, 3),
  [`${prefix}/moving_variance:0`]: counted(first + 30, 3),
});
const plain = sequential('s', input('i', 4), dense('d', 3), batchNorm('b'));
const plainGroups: Groups = { d: denseGroup('d', 0), b: normGroup('b', 1000) };
const readH5 = async (file: KerasH5, siblings: Record<string, Uint8Array> = {}) => read(await kerasH5(file), siblings);

describe('a full model', () => {
  test('gives each layer its weights by variable name', async () => {
    const file = await readH5({ config: plain, groups: plainGroups });
    expect(file).toMatchObject({ format: 'keras-h5', kerasVersion: '2.4.0', kerasMajor: 2, warnings: [] });
    expect(firstValues(file.model, 'd')).toEqual({ kernel: 0, bias: 100 });
    expect(firstValues(file.model, 'b')).toEqual({ gamma: 1000, beta: 1010, moving_mean: 1020, moving_variance: 1030 });
    expect(layerOf(file.model, 'd').weights[0]).toMatchObject({ path: 'model_weights/d/d/kernel:0', shape: [4, 3] });
  });

  test('never counts statistics as trainable, nor weights of a frozen layer', async () => {
    const config = sequential('s', input('i', 4), dense('d', 3, { trainable: false }), batchNorm('b'));
    const { model } = await readH5({ config, groups: plainGroups });
    const trainable = (name: string) => layerOf(model, name).weights.filter((weight) => weight.trainable);
    expect(trainable('d')).toEqual([]);
    expect(trainable('b').map(({ name }) => name)).toEqual(['gamma', 'beta']);
  });

  test.each([
    ['saved a second time (conv2d_1_1/kernel:0)', 'd_1'],
    ['of Keras 3 (sequential/d/kernel)', 's/d'],
    ['of another layer altogether', 'x/y/z'],
  ])('finds weights with names %s', async (_, prefix) => {
    const { model } = await readH5({ config: plain, groups: { ...plainGroups, d: denseGroup(prefix, 7) } });
    expect(firstValues(model, 'd')).toEqual({ kernel: 7, bias: 107 });
  });

  test('takes weights in order where their names mean nothing', async () => {
    const d = { param_0: counted(5, 4, 3), param_1: counted(6, 3) };
    const { model } = await readH5({ config: plain, groups: { ...plainGroups, d } });
    expect(firstValues(model, 'd')).toEqual({ kernel: 5, bias: 6 });
  });

  test('reads names of TensorFlow 2.0 under their class names', async () => {
    const config = sequential('s', input('i', 4), dense('d', 3), item('BatchNormalizationV2', 'batch_normalization_v2', { axis: [1] })); // prettier-ignore
    const groups = { d: denseGroup('d', 0), batch_normalization_v2: normGroup('batch_normalization_v2', 50) };
    const { model } = await readH5({ config, groups });
    expect(firstValues(model, 'batch_normalization_v2')).toMatchObject({ gamma: 50, moving_variance: 80 });
  });

  test('reads lists of names split over several attributes', async () => {
    const { model } = await readH5({ config: plain, groups: plainGroups, namesPerAttribute: 1 });
    expect(firstValues(model, 'b')).toMatchObject({ beta: 1010, moving_mean: 1020 });
  });

  test('passes over layers without weights', async () => {
    const config = sequential('s', input('i', 4), dense('d', 3), item('Dropout', 'drop', { rate: 0.5 }));
    const { model } = await readH5({ config, groups: { i: {}, d: denseGroup('d', 0), drop: {} } });
    expect(layerOf(model, 'drop').weights).toEqual([]);
  });

  test('calls a depthwise kernel of Keras 3 by its own name', async () => {
    const config = sequential('s', input('i', 5, 5, 2), item('DepthwiseConv2D', 'w', { kernel_size: [3, 3] }));
    const w = { 's/w/kernel': counted(1, 3, 3, 2, 1), 's/w/bias': counted(2, 2) };
    const { model } = await readH5({ config, version: '3.9.0', groups: { w } });
    expect(firstValues(model, 'w')).toEqual({ depthwise_kernel: 1, bias: 2 });
  });

  test('passes on layers of classes that are not known, with all their weights', async () => {
    const config = sequential(
      's',
      input('i', 4),
      item('Mystery', 'm'),
      item('Lambda', 'l', { function: ['4wEAAA=='] }),
    );
    const m = { 'm/a/w:0': counted(1, 2), 'm/b/w:0': counted(2, 2) };
    const { model } = await readH5({ config, groups: { m, l: {} } });
    expect(firstValues(model, 'm')).toEqual({ 'a/w': 1, 'b/w': 2 });
    expect(layerOf(model, 'l')).toMatchObject({ className: 'Lambda', weights: [] });
  });

  test('warns of weights that belong to no layer', async () => {
    const groups = { ...plainGroups, old: denseGroup('old', 0) };
    expect((await readH5({ config: plain, groups })).warnings).toEqual([
      '2 weights of the file belong to no layer and were left out: old/kernel:0, old/bias:0',
    ]);
  });

  test('shows the input shape that the first kernel needs where nothing else does', async () => {
    const config = sequential('s', item('Conv2D', 'c', { filters: 3 }));
    const c = { 'c/kernel:0': counted(0, 3, 3, 2, 3), 'c/bias:0': counted(0, 3) };
    const { model } = await readH5({ config, groups: { c } });
    expect(layerOf(model, 'c_input').config.batch_shape).toEqual([null, null, null, 2]);
  });
});

describe('nested models in one group', () => {
  const part = (name: string) =>
    functional(
      name,
      [`${name}_in`],
      [['b', 0, 0]],
      called(input(`${name}_in`, 4)),
      called(dense('d', 3), [[`${name}_in`, 0, 0]]),
      called(batchNorm('b'), [['d', 0, 0]]),
    );

  test('are told apart by layer name, whatever the order', async () => {
    const { 'b/gamma:0': gamma, ...rest } = normGroup('b', 20);
    const { model } = await readH5({
      config: sequential('s', part('p')),
      groups: { p: { ...rest, 'b/gamma:0': gamma!, ...denseGroup('d', 0) } },
    });
    expect(firstValues(model, 'p/d')).toEqual({ kernel: 0, bias: 100 });
    expect(firstValues(model, 'p/b')).toEqual({ gamma: 20, beta: 30, moving_mean: 40, moving_variance: 50 });
  });

  /** Two copies of one model inside a third: names collide, so the order decides. */
  const twins = (frozen: boolean) => {
    const freeze = (one: ReturnType<typeof part>) => ({ ...one, config: { ...one.config, trainable: !frozen } });
    return sequential('s', sequential('both', freeze(part('p')), freeze(part('q'))));
  };
  const order = (frozen: boolean) => {
    const trainable = ['d_P/kernel', 'd_P/bias', 'b_P/gamma', 'b_P/beta', 'd_Q/kernel', 'd_Q/bias', 'b_Q/gamma', 'b_Q/beta'];
    const statistics = ['b_P/moving_mean', 'b_P/moving_variance', 'b_Q/moving_mean', 'b_Q/moving_variance'];
    const byModel = (names: string[], model: string) => names.filter((name) => name.includes(model));
    return frozen
      ? [...byModel(trainable, 'P'), ...byModel(statistics, 'P'), ...byModel(trainable, 'Q'), ...byModel(statistics, 'Q')]
      : [...trainable, ...statistics];
  }; // prettier-ignore
  const shapeOf = (name: string) => (name.endsWith('kernel') ? [4, 3] : [3]);

  test.each([
    ['all trainable weights first', false],
    ['each frozen model for itself', true],
  ])('with colliding names are read in the order of Keras, %s', async (_, frozen) => {
    const names = order(frozen);
    const both = Object.fromEntries(
      names.map((name, index) => [`${name}_${String(index)}:0`, counted(index, ...shapeOf(name))]),
    );
    const { model } = await readH5({ config: twins(frozen), groups: { both } });
    const at = (name: string) => names.indexOf(name);
    expect(firstValues(model, 'both/p/b')).toEqual({
      gamma: at('b_P/gamma'), beta: at('b_P/beta'),
      moving_mean: at('b_P/moving_mean'), moving_variance: at('b_P/moving_variance'),
    }); // prettier-ignore
    expect(firstValues(model, 'both/q/d')).toEqual({ kernel: at('d_Q/kernel'), bias: at('d_Q/bias') });
    expect(firstValues(model, 'both/q/b')).toMatchObject({ moving_mean: at('b_Q/moving_mean') });
  });

  test('that do not fit are refused with the layer that lacks a weight', async () => {
    const p = { ...normGroup('b', 0) };
    await expect(readH5({ config: sequential('s', part('p')), groups: { p } })).rejects.toMatchObject({
      code: 'WEIGHTS',
      where: 'model, layer p, layer d',
    });
  });
});

describe('weights beside an architecture', () => {
  const architecture = json({ ...plain, keras_version: '2.4.0', backend: 'tensorflow' });
  const weights = async () => kerasH5({ groups: plainGroups });

  test('are found from either file', async () => {
    const h5 = await weights();
    for (const file of [
      await read(architecture, { 'model.h5': h5 }, 'model.json'),
      await read(h5, { 'model.json': architecture }, 'model.h5'),
    ]) {
      expect(firstValues(file.model, 'd')).toEqual({ kernel: 0, bias: 100 });
      expect(file.kerasVersion).toBe('2.4.0');
    }
  });

  test('are found under the same stem among many', async () => {
    const siblings = { 'other.h5': json({}), 'model.weights.h5': await weights(), 'notes.txt': json({}) };
    expect(firstValues((await read(architecture, siblings, 'folder/model.json')).model, 'd').kernel).toBe(0);
  });

  test('are refused where several may be meant', async () => {
    const siblings = { 'a.h5': await weights(), 'b.h5': await weights() };
    await expect(read(architecture, siblings, 'model.json')).rejects.toMatchObject({
      code: 'FILE',
      received: 'a.h5, b.h5',
    });
  });

  test('are missed by name', async () => {
    await expect(read(architecture, { 'labels.txt': json({}) }, 'model.json')).rejects.toMatchObject({
      code: 'FILE',
      received: 'labels.txt',
    });
    await expect(read(await weights(), {}, 'model.h5')).rejects.toMatchObject({ code: 'FILE' });
    await expect(read(await weights(), { 'package.json': json({ name: 'app' }) }, 'model.h5')).rejects.toMatchObject({
      code: 'FILE',
      received: 'package.json, which is no Keras model',
    });
  });

  test('may carry the numbers of another session', async () => {
    const groups = { d_7: denseGroup('d_7', 0), b_9: normGroup('b_9', 1000) };
    const file = await read(architecture, { 'model.h5': await kerasH5({ groups }) }, 'model.json');
    expect(firstValues(file.model, 'b')).toMatchObject({ gamma: 1000 });
  });

  test('may be encoded as JSON twice', async () => {
    const twice = json(JSON.stringify({ ...plain, keras_version: '2.4.0' }));
    expect((await read(twice, { 'model.h5': await weights() }, 'model.json')).model.name).toBe('s');
  });

  test('must be HDF5', async () => {
    await expect(read(architecture, { 'model.h5': json({}) }, 'model.json')).rejects.toMatchObject({ code: 'FORMAT' });
  });
});

describe('a broken file', () => {
  const refused = async (file: KerasH5, code: string, where?: string) => {
    await expect(readH5(file)).rejects.toMatchObject({ code, ...(where !== undefined && { where }) });
  };

  test('without the weights of a layer is refused', async () => {
    await refused({ config: plain, groups: { d: plainGroups.d! } }, 'WEIGHTS');
  });

  test('without one weight of a layer is refused', async () => {
    const groups = { ...plainGroups, d: { 'd/kernel:0': counted(0, 4, 3) } };
    await refused({ config: plain, groups }, 'WEIGHTS', 'model, layer d');
  });

  test('with a weight too many is refused', async () => {
    const groups = { ...plainGroups, d: { ...plainGroups.d!, 'd/kernel_scale:0': counted(0, 3) } };
    await refused({ config: plain, groups }, 'WEIGHTS', 'model, layer d');
  });

  test('with a kernel of the wrong rank is refused', async () => {
    const groups = { ...plainGroups, d: { 'd/kernel:0': counted(0, 4, 3, 1), 'd/bias:0': counted(0, 3) } };
    await refused({ config: plain, groups }, 'WEIGHTS', 'model, layer d');
  });

  test('of Keras 1 is refused', async () => {
    await refused({ config: plain, groups: plainGroups, version: '1.2.2' }, 'UNSUPPORTED');
  });

  test('that lists weights it does not hold is refused', async () => {
    const bytes = await hdf5((file) => {
      file.create_attribute('model_config', JSON.stringify(sequential('s', input('i', 4), dense('d', 3))));
      file.create_group('model_weights').create_attribute('layer_names', ['d'], [1], 'S1');
      file.create_group('model_weights/d').create_attribute('weight_names', ['d/kernel:0'], [1], 'S10');
    });
    await expect(read(bytes)).rejects.toMatchObject({ code: 'WEIGHTS' });
  });

  test('with HDF5 of another kind is refused', async () => {
    const bytes = await hdf5((file) => {
      file.create_dataset({ name: 'temperature', data: [1, 2, 3] });
    });
    await expect(read(bytes)).rejects.toMatchObject({ code: 'FORMAT', received: 'groups temperature' });
  });
});
