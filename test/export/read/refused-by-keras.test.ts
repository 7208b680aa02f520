import { describe, expect, test } from 'vitest';
import { exportModel } from '../../../src/export/export-model.ts';
import { inMemoryFiles } from '../../../src/export/read/read-source.ts';
import type { JsonValue } from '../../../src/export/source-model.ts';
import { runGraph } from '../run-export.ts';
import type { Values } from '../source-builder.ts';
import { counted, dense, functional, called, hdf5, input, item, kerasH5, kerasV3, sequential, zip, type Stored } from './fixtures.ts'; // prettier-ignore

/**
 * Files that current Keras does not load, each for one reason, written as those who wrote real ones did. The models are
 * linear, so that what they compute is known without a framework.
 */
async function outputOf(bytes: Uint8Array, x: Values): Promise<readonly number[]> {
  const { graph } = await exportModel(inMemoryFiles('model', bytes));
  const [y] = Object.values(await runGraph(graph, { [graph.inputs[0]!.name]: x }));
  return [...(y!.data as Float32Array)];
}

const named = (name: string, ...stored: readonly Stored[]) =>
  Object.fromEntries(stored.map((one, index) => [`${name}/${['kernel', 'bias'][index]!}:0`, one]));
/** [1, 2] times [[first, first + 1], [first + 2, first + 3]] plus [0, 1]. */
const kernel = (first: number) => [counted(first, 2, 2), counted(0, 2)];
const vars = (folder: string, first: number) =>
  Object.fromEntries(kernel(first).map((stored, index) => [`${folder}/vars/${String(index)}`, stored]));
const x: Values = { shape: [1, 2], data: [1, 2] };
const once = (first: number, a = 1, b = 2) => [a * first + b * (first + 2), a * (first + 1) + b * (first + 3) + 1];
/** Of three such layers, of the kernels from 0, 10 and 20 on. */
const threeTimes = () => [0, 10, 20].reduce<number[]>(([a, b], first) => once(first, a, b), [1, 2]);
const three = (version: string, config: (...layers: JsonValue[]) => JsonValue, root: string, step: number) =>
  kerasV3(
    config(dense('a', 2), dense('b', 2), dense('c', 2)),
    Object.assign({}, ...[0, 10, 20].map((first, i) => vars(`${root}/dense${i === 0 ? '' : `_${String(i * step)}`}`, first))) as Record<string, Stored>,
    { version },
  ); // prettier-ignore

describe('exports what current Keras refuses:', () => {
  test('groups of a DepthwiseConv2D and of a Conv2DTranspose', async () => {
    const config = { kernel_size: [1, 1], groups: 1, use_bias: false, padding: 'valid', strides: [1, 1] };
    const layers = sequential('s', input('i', 1, 1, 2), item('DepthwiseConv2D', 'd', { ...config, depth_multiplier: 1 }), item('Conv2DTranspose', 't', { ...config, filters: 1 })); // prettier-ignore
    const groups = {
      d: { 'd/depthwise_kernel:0': counted(3, 1, 1, 2, 1) },
      t: { 't/kernel:0': counted(5, 1, 1, 1, 2) },
    };
    const y = await outputOf(await kerasH5({ config: layers, groups }), { shape: [1, 1, 1, 2], data: [1, 2] });
    expect(y).toEqual([1 * 3 * 5 + 2 * 4 * 6]);
  });

  test('batch_input_shape in the first layer, and no InputLayer', async () => {
    const layers = sequential('s', dense('a', 2, { batch_input_shape: [null, 2] }));
    expect(await outputOf(await kerasH5({ config: layers, groups: { a: named('a', ...kernel(5)) } }), x)).toEqual(once(5)); // prettier-ignore
  });

  test('a Sequential whose config is a list', async () => {
    const config = { class_name: 'Sequential', config: [dense('a', 2, { batch_input_shape: [null, 2] })] };
    const bytes = await kerasH5({ config, version: '2.1.6', groups: { a: named('a', ...kernel(5)) } });
    expect(await outputOf(bytes, x)).toEqual(once(5));
  });

  test('batch_input_shape in the InputLayer of a .keras file of Keras 2', async () => {
    const layers = sequential('s', input('i', 2), dense('a', 2));
    expect(await outputOf(await kerasV3(layers, vars('layers/dense', 5), { version: '2.15.0' }), x)).toEqual(once(5));
  });

  test('a module of Keras 2, keras.src.engine.functional', async () => {
    const inner = functional('m', ['i'], [['a', 0, 0]], called(input('i', 2), ...[]), called(dense('a', 2), [['i', 0, 0]])); // prettier-ignore
    const config = { ...inner, module: 'keras.src.engine.functional', registered_name: 'Functional' };
    expect(await outputOf(await kerasV3(config, vars('layers/dense', 5), { version: '2.14.0' }), x)).toEqual(once(5));
  });

  test('folders that TensorFlow 2.13 has counted in twos', async () => {
    const bytes = await three('2.13.1', (...layers) => sequential('s', input('i', 2), ...layers), '_layer_checkpoint_dependencies', 2); // prettier-ignore
    expect(await outputOf(bytes, x)).toEqual(threeTimes());
  });

  test('folders that TensorFlow 2.13 has named with backslashes on Windows', async () => {
    const h5 = await hdf5((file) => {
      for (const [index, first] of [0, 10, 20].entries()) {
        const folder = `_layer_checkpoint_dependencies\\dense${index === 0 ? '' : `_${String(2 * index)}`}`;
        file.create_group(folder).create_group('vars');
        for (const [number, { data, shape }] of kernel(first).entries()) {
          file.create_dataset({ name: `${folder}/vars/${String(number)}`, data, shape: [...shape] });
        }
      }
    });
    const config = JSON.stringify(sequential('s', input('i', 2), dense('a', 2), dense('b', 2), dense('c', 2)));
    const metadata = JSON.stringify({ keras_version: '2.13.1' });
    const bytes = zip({ 'config.json': config, 'metadata.json': metadata, 'model.weights.h5': h5 });
    expect(await outputOf(bytes, x)).toEqual(threeTimes());
  });

  test('arguments that another version of Keras 3 has or lacks', async () => {
    const added = { quantization_config: null, lora_rank: null, renorm: false, synchronized: false, of_next_year: 7 };
    const bytes = await kerasV3(sequential('s', input('i', 2), dense('a', 2, added)), vars('layers/dense', 5));
    expect(await outputOf(bytes, x)).toEqual(once(5));
  });

  test('custom losses, metrics, optimizers, initializers and regularizers', async () => {
    const custom = (name: string) => ({
      module: 'my_code',
      class_name: name,
      config: {},
      registered_name: `my>${name}`,
    });
    const layer = dense('a', 2, { kernel_initializer: custom('Mine'), bias_regularizer: custom('Mine'), kernel_constraint: custom('Mine') }); // prettier-ignore
    const config = {
      ...sequential('s', input('i', 2), layer),
      compile_config: { loss: custom('focal'), metrics: [custom('f1')], optimizer: custom('Lion') },
    };
    expect(await outputOf(await kerasV3(config, vars('layers/dense', 5)), x)).toEqual(once(5));
  });

  test('layers that do something in training only, whatever their arguments', async () => {
    const random = item('RandomRotation', 'r', { factor: [-0.1, 0.1], value_range: [0, 255], data_format: 'channels_last' }); // prettier-ignore
    const layers = sequential('s', input('i', 1, 1, 2), random, item('RandomBrightness', 'b', { factor: 0.2, value_range: [0, 1] }), item('Flatten', 'f'), dense('a', 2)); // prettier-ignore
    const bytes = await kerasV3(layers, vars('layers/dense', 5));
    expect(await outputOf(bytes, { shape: [1, 1, 1, 2], data: [1, 2] })).toEqual(once(5));
  });
});
