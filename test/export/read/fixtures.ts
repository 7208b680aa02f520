import { readFileSync } from 'node:fs';
import { zipSync, strToU8, type Zippable } from 'fflate';
import * as h5wasm from 'h5wasm';
import { inMemoryFiles, readSource } from '../../../src/export/read/read-source.ts';
import type { JsonValue, SourceFile, SourceLayer, SourceModel } from '../../../src/export/source-model.ts';

/** An array to store: its shape, and values that follow from its place, so that no two are alike. */
export interface Stored {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Values first, first + 1, first + 2, … */
export function counted(first: number, ...shape: number[]): Stored {
  const size = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Float32Array.from({ length: size }, (_, index) => first + index) };
}

let written = 0;

/** An HDF5 file written by HDF5's own library. */
export async function hdf5(build: (file: h5wasm.File) => void): Promise<Uint8Array> {
  await h5wasm.ready;
  const name = `/fixture-${String(++written)}.h5`;
  const file = new h5wasm.File(name, 'w');
  build(file);
  file.close();
  return new Uint8Array(h5wasm.FS!.readFile(name));
}

/** Weights by layer group and weight name, in order, as `model.save('x.h5')` lays them out. */
export type Groups = Readonly<Record<string, Readonly<Record<string, Stored>>>>;

export interface KerasH5 {
  readonly config?: JsonValue;
  readonly version?: string;
  readonly groups: Groups;
  /** Splits the list of names into attributes of so many, as Keras does beyond 64 KiB. */
  readonly namesPerAttribute?: number;
}

export async function kerasH5({ config, version = '2.4.0', groups, namesPerAttribute }: KerasH5): Promise<Uint8Array> {
  return hdf5((file) => {
    if (config !== undefined) file.create_attribute('model_config', JSON.stringify(config));
    file.create_attribute('keras_version', version);
    const root = config === undefined ? '' : 'model_weights/';
    const top = config === undefined ? file : file.create_group('model_weights');
    writeNames(top, 'layer_names', Object.keys(groups), namesPerAttribute);
    for (const [layer, weights] of Object.entries(groups)) {
      const group = file.create_group(root + layer);
      writeNames(group, 'weight_names', Object.keys(weights), namesPerAttribute);
      for (const [name, stored] of Object.entries(weights)) dataset(file, `${root}${layer}/${name}`, stored);
    }
  });
}

/** `model.weights.h5`: datasets by path; `owners` puts the layer's name on a `vars` group, as Keras 3.7 does. */
export async function weightsH5(
  weights: Readonly<Record<string, Stored>>,
  owners: Readonly<Record<string, string>> = {},
): Promise<Uint8Array> {
  return hdf5((file) => {
    for (const [path, stored] of Object.entries(weights)) dataset(file, path, stored);
    for (const [path, owner] of Object.entries(owners)) {
      (file.get(path) as h5wasm.Group).create_attribute('name', owner);
    }
  });
}

export async function kerasV3(
  config: JsonValue,
  weights: Readonly<Record<string, Stored>>,
  { version = '3.5.0', owners = {} }: { version?: string; owners?: Readonly<Record<string, string>> } = {},
): Promise<Uint8Array> {
  return zip({
    'metadata.json': JSON.stringify({ keras_version: version, date_saved: '2026-01-01@00:00:00' }),
    'config.json': JSON.stringify(config),
    'model.weights.h5': await weightsH5(weights, owners),
  });
}

export function zip(members: Readonly<Record<string, string | Uint8Array>>, level: 0 | 6 = 0): Uint8Array {
  const files: Zippable = {};
  for (const [name, content] of Object.entries(members)) {
    files[name] = [typeof content === 'string' ? strToU8(content) : content, { level }];
  }
  return zipSync(files);
}

export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`files/${name}`, import.meta.url)));
}

export function json(value: JsonValue): Uint8Array {
  return strToU8(JSON.stringify(value));
}

export async function read(
  bytes: Uint8Array | string,
  siblings: Readonly<Record<string, Uint8Array>> = {},
  name = 'model',
): Promise<SourceFile> {
  const content = typeof bytes === 'string' ? strToU8(bytes) : bytes;
  return readSource(inMemoryFiles(name, content, new Map(Object.entries(siblings))));
}

/** A layer by its name, through nested models: `inner/dense`. */
export function layerOf({ layers }: SourceModel, path: string): SourceLayer {
  const [name, ...rest] = path.split('/');
  const layer = layers.find((candidate) => candidate.name === name);
  if (!layer) throw new Error(`no layer ${path}`);
  return rest.length > 0 ? layerOf(layer.model!, rest.join('/')) : layer;
}

/** First value of each weight of a layer, by variable name: tells which stored array each one is. */
export function firstValues(model: SourceModel, path: string): Record<string, number> {
  return Object.fromEntries(layerOf(model, path).weights.map((weight) => [weight.name, weight.tensor().data[0]!]));
}

function writeNames(target: h5wasm.Group, name: string, names: readonly string[], perAttribute = Infinity): void {
  if (names.length === 0) {
    target.create_attribute(name, new Float64Array(0));
    return;
  }
  const pieces: string[][] = [];
  for (let start = 0; start < names.length; start += perAttribute) {
    pieces.push(names.slice(start, Math.min(names.length, start + perAttribute)));
  }
  pieces.forEach((piece, index) => {
    const longest = Math.max(...piece.map((text) => text.length));
    const attribute = pieces.length === 1 ? name : name + String(index);
    target.create_attribute(attribute, piece, [piece.length], `S${String(longest)}`);
  });
}

function dataset(file: h5wasm.File, path: string, { shape, data }: Stored): void {
  const parts = path.split('/');
  for (let end = 1; end < parts.length; end++) {
    const group = parts.slice(0, end).join('/');
    if (file.get(group) === null) file.create_group(group);
  }
  file.create_dataset({ name: path, data, shape: [...shape], dtype: '<f' });
}

/** Configs in the words of Keras 2; `dense('d', 3)` is the item of a layer list. */
export const item = (className: string, name: string, config: Readonly<Record<string, JsonValue>> = {}) => ({
  class_name: className,
  config: { name, ...config },
});
export const input = (name: string, ...shape: number[]) =>
  item('InputLayer', name, { batch_input_shape: [null, ...shape] });
export const dense = (name: string, units: number, config: Readonly<Record<string, JsonValue>> = {}) =>
  item('Dense', name, { units, ...config });
export const batchNorm = (name: string, config: Readonly<Record<string, JsonValue>> = {}) =>
  item('BatchNormalization', name, { axis: [1], ...config });
export const sequential = (name: string, ...layers: readonly JsonValue[]) => item('Sequential', name, { layers });
/** An item of a functional model, called once for each list of inputs. */
export const called = (
  layer: { readonly class_name: string; readonly config: { readonly name: string } },
  ...calls: readonly (readonly (readonly [string, number, number])[])[]
) => ({
  ...layer,
  name: layer.config.name,
  inbound_nodes: calls.map((inputs) => inputs.map((reference) => [...reference, {}])),
});
export const functional = (
  name: string,
  inputs: readonly string[],
  outputs: readonly (readonly [string, number, number])[],
  ...layers: readonly JsonValue[]
) =>
  item('Functional', name, {
    layers,
    input_layers: inputs.map((layer) => [layer, 0, 0]),
    output_layers: outputs,
  });
