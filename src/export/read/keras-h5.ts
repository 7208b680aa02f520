import { EdgefoldError } from '../../errors.ts';
import type { JsonObject, JsonValue, SourceFile, SourceFiles } from '../source-model.ts';
import { attachWeights, leftOverWarnings } from './attach.ts';
import { bindGroups } from './bind-groups.ts';
import { bindByPath } from './bind-path.ts';
import { findArchitecture, findWeights } from './companions.ts';
import type { Hdf5File } from './hdf5/file.ts';
import { openHdf5 } from './hdf5/open.ts';
import { allWeights, join, listAttribute, listedWeights } from './hdf5-weights.ts';
import { isObject, parseJson, parseTopology, stringMember } from './json.ts';
import { checkedVersion } from './keras-version.ts';
import { pathRoots, shardedWeights } from './path-weights.ts';
import type { ModelSpec, StoredWeight, WeightBindings } from './spec.ts';
import { readTopology } from './topology.ts';

/** Where weights come from: one HDF5 file, or several. */
interface WeightsFile {
  readonly name: string;
  readonly kerasVersion: string | undefined;
  bind(model: ModelSpec): { readonly bindings: WeightBindings; readonly stored: readonly StoredWeight[] };
}

interface Architecture {
  readonly text: Uint8Array | string;
  readonly name: string;
}

/**
 * Reads Keras's HDF5 files: a full model (`model_config` and `model_weights`), or weights alone beside the `.json` of
 * `model.to_json()`. Weights alone come in two layouts: groups by layer name, or by path (`.weights.h5` of Keras 3).
 *
 * Source: keras/src/legacy/saving/legacy_h5_format.py.
 * @throws {EdgefoldError} FORMAT if it is HDF5 of another kind, FILE if the architecture cannot be found.
 */
export async function readKerasH5(files: SourceFiles): Promise<SourceFile> {
  const file = await openHdf5(files.bytes, files.name);
  const weights = hdf5Weights(file, files.name);
  const written = file.strings('', 'model_config')?.[0];
  return assemble(weights, written === undefined ? await findArchitecture(files) : { text: written, name: files.name });
}

/** Reads the architecture of `model.to_json()` and the weights that lie beside it. */
export async function readKerasJson(files: SourceFiles): Promise<SourceFile> {
  const { name, bytes } = await findWeights(files);
  const weights = name.endsWith('.json')
    ? await weightsOfShards(parseJson(bytes, name), files, name)
    : hdf5Weights(await openHdf5(bytes, name), name);
  return assemble(weights, { text: files.bytes, name: files.name });
}

/** Reads `<name>.weights.json`, the shards that it lists, and the architecture beside it. */
export async function readKerasShards(index: JsonObject, files: SourceFiles): Promise<SourceFile> {
  return assemble(await weightsOfShards(index, files, files.name), await findArchitecture(files));
}

async function weightsOfShards(index: JsonValue, files: SourceFiles, name: string): Promise<WeightsFile> {
  const stored = await shardedWeights(isObject(index) ? index : {}, (shard) => files.sibling(shard), name);
  return { name, kerasVersion: undefined, bind: (model) => ({ stored, bindings: bindByPath(model, stored, name) }) };
}

function hdf5Weights(file: Hdf5File, name: string): WeightsFile {
  const { kind, root } = layoutOf(file, name);
  return {
    name,
    kerasVersion: file.strings('', 'keras_version')?.[0] ?? file.strings(root, 'keras_version')?.[0],
    bind: (model) => (kind === 'paths' ? bindPaths(file, model, name) : bindLayers(file, root, model, name)),
  };
}

interface Layout {
  readonly kind: 'groups' | 'paths';
  /** Group that holds the weights; `''` is the root. */
  readonly root: string;
}

function layoutOf(file: Hdf5File, where: string): Layout {
  if (file.kind('model_weights') === 'group') return { kind: 'groups', root: 'model_weights' };
  if (listAttribute(file, '', 'layer_names')) return { kind: 'groups', root: '' };
  if (pathRoots(file).length > 0) return { kind: 'paths', root: '' };
  throw new EdgefoldError('FORMAT', 'it is an HDF5 file, but holds no Keras model', {
    where,
    expected: 'a file of model.save() or model.save_weights()',
    received: `groups ${file.names('').slice(0, 8).join(', ') || 'none'}`,
  });
}

function bindPaths(file: Hdf5File, model: ModelSpec, where: string) {
  const stored = allWeights(file, pathRoots(file), where);
  return { stored, bindings: bindByPath(model, stored, where) };
}

function bindLayers(file: Hdf5File, root: string, model: ModelSpec, where: string) {
  const names = listAttribute(file, root, 'layer_names') ?? [];
  const groups = new Map(names.map((name) => [name, listedWeights(file, join(root, name))]));
  return { stored: [...groups.values()].flat(), bindings: bindGroups(model, groups, where) };
}

function assemble(weights: WeightsFile, architecture: Architecture): SourceFile {
  const serialized = architectureOf(architecture);
  const model = readTopology(serialized, architecture.name);
  const kerasVersion =
    weights.kerasVersion ?? (isObject(serialized) ? stringMember(serialized, 'keras_version') : undefined) ?? '';
  const kerasMajor = kerasVersion === '' ? unstatedMajor(serialized) : checkedVersion(kerasVersion, architecture.name);
  const { bindings, stored } = weights.bind(model);
  return {
    format: 'keras-h5',
    kerasVersion,
    kerasMajor,
    model: attachWeights(model, bindings, weights.name),
    warnings: leftOverWarnings(stored, bindings),
  };
}

/** `to_json` of Keras 3 writes the module of every object and no version; Keras 2 the version and no module. */
function unstatedMajor(serialized: JsonValue): 2 | 3 {
  return isObject(serialized) && stringMember(serialized, 'module') !== undefined ? 3 : 2;
}

/** The object of `model.to_json()`, also where somebody has encoded that text as JSON once more. */
function architectureOf({ text, name }: Architecture): JsonValue {
  const value = parseTopology(text, name);
  return typeof value === 'string' ? parseTopology(value, name) : value;
}
