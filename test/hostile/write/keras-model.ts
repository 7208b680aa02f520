import { crc32, POLYNOMIAL } from '../../../src/export/read/crc32.ts';
import { eighths, floats, joined, uint, utf8 } from './bytes.ts';
import { Hdf5Writer, type Message, type Target } from './hdf5-file.ts';
import { field, int } from './protobuf.ts';
import { tableOf } from '../../export/read/fuzz/checkpoint.ts';
import type { Folder } from '../hostile-file.ts';
import { archive } from './zip-file.ts';

/** A Keras model in every format that it is saved in: Dense, BatchNormalization, Dense. */
export interface Stored {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** By layer, in Keras's order of layers and of variables. */
export type Weights = Readonly<Record<string, Readonly<Record<string, Stored>>>>;

const stored = (shape: readonly number[], first: number): Stored => ({ shape, values: eighths(shape.reduce((a, b) => a * b, 1), first) }); // prettier-ignore

export const WEIGHTS: Weights = {
  d1: { kernel: stored([3, 4], -5), bias: stored([4], 1) },
  bn: { gamma: stored([4], 2), beta: stored([4], -1), moving_mean: stored([4], 3), moving_variance: stored([4], 6) },
  d2: { kernel: stored([4, 2], -3), bias: stored([2], 5) },
};

export const EPSILON = 0.25;

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Layer = { readonly class_name: string; readonly config: { readonly [key: string]: Json } } & { readonly [key: string]: Json }; // prettier-ignore

export const input = (name: string, shape: readonly Json[]): Layer => ({ class_name: 'InputLayer', config: { name, batch_shape: shape, batch_input_shape: shape, dtype: 'float32' } }); // prettier-ignore
export const dense = (name: string, units: Json, config: Readonly<Record<string, Json>> = {}): Layer => ({ class_name: 'Dense', config: { name, units, activation: 'linear', use_bias: true, ...config } }); // prettier-ignore
export const normalization = (name: string, config: Readonly<Record<string, Json>> = {}): Layer => ({ class_name: 'BatchNormalization', config: { name, axis: -1, epsilon: EPSILON, ...config } }); // prettier-ignore

export const LAYERS: readonly Layer[] = [input('x', [null, 3]), dense('d1', 4), normalization('bn'), dense('d2', 2)];

export const sequential = (layers: readonly Json[], more: Readonly<Record<string, Json>> = {}): Json => ({
  class_name: 'Sequential',
  config: { name: 'sequential', layers, ...more },
});

export const X = { dtype: 'float32', shape: [1, 3], data: Float32Array.of(1, -2, 0.5) } as const;

/** What the model makes of {@link X}, in float64. */
export function kerasAnswer(weights: Weights = WEIGHTS): number[] {
  const { d1, bn, d2 } = weights;
  const hidden = affine([...X.data], d1!.kernel!.values, d1!.bias!.values);
  const at = (name: string, c: number) => bn![name]!.values[c]!;
  const normal = hidden.map((h, c) => (at('gamma', c) * (h - at('moving_mean', c))) / Math.sqrt(at('moving_variance', c) + EPSILON) + at('beta', c)); // prettier-ignore
  return affine(normal, d2!.kernel!.values, d2!.bias!.values);
}

const affine = (x: readonly number[], kernel: readonly number[], bias: readonly number[]): number[] =>
  bias.map((b, o) => x.reduce((sum, value, i) => sum + value * kernel[i * bias.length + o]!, b));

export const FORMATS = ['keras-h5', 'keras-zip', 'keras-folder', 'keras-json', 'tfjs-layers', 'saved-model'] as const;
export type KerasFormat = (typeof FORMATS)[number];

export interface KerasFiles {
  readonly main: string;
  readonly folder: Folder;
}

/** The model in one format, given its configuration as text. */
export function kerasFiles(format: KerasFormat, config: string | Uint8Array, weights: Weights = WEIGHTS): KerasFiles {
  return { main: MAIN[format], folder: MAKE[format](typeof config === 'string' ? utf8(config) : config, weights) };
}

export const modelText = (layers: readonly Json[] = LAYERS): string => JSON.stringify(sequential(layers));

const MAIN: Readonly<Record<KerasFormat, string>> = {
  'keras-h5': 'model.h5',
  'keras-zip': 'model.keras',
  'keras-folder': 'config.json',
  'keras-json': 'model.json',
  'tfjs-layers': 'model.json',
  'saved-model': 'saved_model.pb',
};

const MAKE: Readonly<Record<KerasFormat, (config: Uint8Array, weights: Weights) => Folder>> = {
  'keras-h5': (config, weights) => ({ 'model.h5': wholeH5(config, weights) }),
  'keras-zip': (config, weights) => ({ 'model.keras': archive(Object.entries(members(config, weights)).map(([name, content]) => ({ name, content }))) }), // prettier-ignore
  'keras-folder': members,
  'keras-json': (config, weights) => ({ 'model.json': config, 'model.h5': weightsAlone(weights) }),
  'tfjs-layers': tfjsFolder,
  'saved-model': savedModel,
};

export function members(config: Uint8Array, weights: Weights = WEIGHTS): Record<string, Uint8Array> {
  return {
    'metadata.json': utf8('{"keras_version": "3.5.0"}'),
    'config.json': config,
    'model.weights.h5': pathH5(weights),
  };
}

/** `model.save('x.h5')`: the configuration and the names of weights are attributes. */
export function wholeH5(config: Uint8Array, weights: Weights = WEIGHTS, more: readonly Message[] = []): Uint8Array {
  const file = new Hdf5Writer();
  const groups = layerGroups(file, weights);
  const root = file.group({ model_weights: groups }, [
    file.text('model_config', config),
    file.text('keras_version', '2.15.0'),
    ...more,
  ]);
  return file.finish(root);
}

export function weightsAlone(weights: Weights = WEIGHTS): Uint8Array {
  const file = new Hdf5Writer();
  const names = file.list('layer_names', Object.keys(weights));
  return file.finish(file.group(layerMembers(file, weights), [names, file.text('keras_version', '2.15.0')]));
}

export function layerGroups(file: Hdf5Writer, weights: Weights): number {
  return file.group(layerMembers(file, weights), [file.list('layer_names', Object.keys(weights))]);
}

function layerMembers(file: Hdf5Writer, weights: Weights): Record<string, Target> {
  return Object.fromEntries(
    Object.entries(weights).map(([layer, variables]) => {
      const inner = file.group(Object.fromEntries(Object.entries(variables).map(([name, { shape, values }]) => [`${name}:0`, file.dataset({ shape, bytes: floats(values) })]))); // prettier-ignore
      const names = file.list('weight_names', Object.keys(variables).map((name) => `${layer}/${name}:0`)); // prettier-ignore
      return [layer, file.group({ [layer]: inner }, [names])];
    }),
  );
}

const FOLDERS: Readonly<Record<string, string>> = { d1: 'dense', bn: 'batch_normalization', d2: 'dense_1' };

/** `model.weights.h5`: weights by path, numbered. */
export function pathH5(
  weights: Weights = WEIGHTS,
  change: (file: Hdf5Writer, layers: Record<string, Target>) => void = () => undefined,
): Uint8Array {
  // prettier-ignore
  const file = new Hdf5Writer();
  const layers: Record<string, Target> = {};
  for (const [layer, variables] of Object.entries(weights)) {
    const vars = Object.values(variables).map(({ shape, values }, i): [string, Target] => [String(i), file.dataset({ shape, bytes: floats(values) })]); // prettier-ignore
    layers[FOLDERS[layer] ?? layer] = file.group({ vars: file.group(Object.fromEntries(vars)) });
  }
  change(file, layers);
  return file.finish(file.group({ layers: file.group(layers) }));
}

export const flat = (weights: Weights): [string, Stored][] =>
  Object.entries(weights).flatMap(([layer, variables]) => Object.entries(variables).map(([name, each]): [string, Stored] => [`${layer}/${name}`, each])); // prettier-ignore

export const shardBytes = (weights: Weights = WEIGHTS): Uint8Array => joined(...flat(weights).map(([, { values }]) => floats(values))); // prettier-ignore

export const manifest = (weights: Weights = WEIGHTS, paths: Json = ['group1-shard1of1.bin']): Json => [
  { paths, weights: flat(weights).map(([name, { shape }]) => ({ name, shape, dtype: 'float32' })) },
];

/** The configuration stays as it is written, duplicates and all. */
export const tfjsText = (config: string, weightsManifest: Json = manifest()): string =>
  `{"format": "layers-model", "generatedBy": "keras v2.15.0", "modelTopology": {"keras_version": "2.15.0", "model_config": ${config}}, "weightsManifest": ${JSON.stringify(weightsManifest)}}`; // prettier-ignore

function tfjsFolder(config: Uint8Array, weights: Weights): Folder {
  const [head, tail] = tfjsText('\0', manifest(weights)).split('\0') as [string, string];
  return { 'model.json': joined(utf8(head), config, utf8(tail)), 'group1-shard1of1.bin': shardBytes(weights) };
}

/** A SavedModel of Keras, without the graph of TensorFlow, which is not looked at. */
function savedModel(config: Uint8Array, weights: Weights): Folder {
  const metadata = joined(utf8('{"keras_version": "2.15.0", "model_config": '), config, utf8('}'));
  const { index, data } = checkpoint(weights);
  return {
    'saved_model.pb': joined(int(1, 1), field(2, field(1, field(5, 'serve')))),
    'keras_metadata.pb': field(1, int(2, 0), field(3, 'root'), field(4, '_tf_keras_sequential'), field(5, metadata)),
    'variables/variables.index': index,
    'variables/variables.data-00000-of-00001': data,
  };
}

const masked = (bytes: Uint8Array): number => {
  const crc = crc32(bytes, POLYNOMIAL.castagnoli);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
};

/** Objects by number: the model, its layers, their variables. */
function checkpoint(weights: Weights): { index: Uint8Array; data: Uint8Array } {
  const entries = new Map<string, Uint8Array>([['', joined(int(1, 1))]]);
  const pieces: Uint8Array[] = [];
  let end = 0;
  const layers = Object.entries(weights);
  const objects = [field(1, ...layers.map(([, ], i) => field(1, int(1, i + 1), field(2, `layer-${i}`))))]; // prettier-ignore
  const variables: Uint8Array[] = [];
  for (const [i, [layer, list]] of layers.entries()) {
    const children = Object.entries(list).map(([name, { shape, values }]) => {
      const key = `layer-${i}/${name}/.ATTRIBUTES/VARIABLE_VALUE`;
      const bytes = floats(values);
      entries.set(key, tensorEntry(1, shape, end, bytes.length, masked(bytes)));
      pieces.push(bytes);
      end += bytes.length;
      variables.push(field(1, field(2, field(1, 'VARIABLE_VALUE'), field(2, `${layer}/${name}`), field(3, key))));
      return field(1, int(1, layers.length + variables.length), field(2, name));
    });
    objects.push(field(1, ...children));
  }
  const graph = joined(...objects, ...variables);
  const length = uint(masked(uint(graph.length, 4)), 4);
  const text = joined(varintOf(graph.length), length, graph);
  entries.set('_CHECKPOINTABLE_OBJECT_GRAPH', tensorEntry(7, [], end, text.length, masked(joined(uint(graph.length, 4), length, graph)))); // prettier-ignore
  const sorted = new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { index: tableOf(sorted), data: joined(...pieces, text) };
}

const varintOf = (value: number): Uint8Array => int(0, value).subarray(1);

export function tensorEntry(
  type: number,
  shape: readonly number[],
  offset: number,
  size: number,
  checksum: number,
): Uint8Array {
  // prettier-ignore
  const dims = shape.map((dim) => field(2, int(1, dim)));
  return joined(int(1, type), field(2, ...dims), int(4, offset), int(5, size), joined(Uint8Array.of(0x35), uint(checksum, 4))); // prettier-ignore
}
