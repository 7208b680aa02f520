import { EdgefoldError } from '../../errors.ts';
import type { JsonValue, SourceFile, SourceFiles } from '../source-model.ts';
import { attachWeights, leftOverWarnings } from './attach.ts';
import { bindGroups } from './bind-groups.ts';
import { bindByPath } from './bind-path.ts';
import { findArchitecture, findWeights } from './companions.ts';
import type { Hdf5File } from './hdf5/file.ts';
import { openHdf5 } from './hdf5/open.ts';
import { allWeights, join, listAttribute, listedWeights } from './hdf5-weights.ts';
import { isObject, parseJson, stringMember } from './json.ts';
import { checkedVersion } from './keras-version.ts';
import type { ModelSpec, StoredWeight, WeightBindings } from './spec.ts';
import { readTopology } from './topology.ts';

/**
 * Reads Keras's HDF5 files: a full model (`model_config` and `model_weights`), or weights alone beside the `.json` of
 * `model.to_json()`. Weights alone come in two layouts: groups by layer name, or by path (`.weights.h5` of Keras 3).
 *
 * Source: keras/src/legacy/saving/legacy_h5_format.py.
 * @throws {EdgefoldError} FORMAT if it is HDF5 of another kind, FILE if the architecture cannot be found.
 */
export async function readKerasH5(files: SourceFiles): Promise<SourceFile> {
  const file = await openHdf5(files.bytes, files.name);
  const layout = layoutOf(file, files.name);
  const written = file.strings('', 'model_config')?.[0];
  const architecture = written === undefined ? await findArchitecture(files) : { text: written, name: files.name };
  return assemble(file, layout, architecture, files.name);
}

/** Reads the architecture of `model.to_json()` and the weights file that lies beside it. */
export async function readKerasJson(files: SourceFiles): Promise<SourceFile> {
  const weights = await findWeights(files);
  const file = await openHdf5(weights.bytes, weights.name);
  return assemble(file, layoutOf(file, weights.name), { text: files.bytes, name: files.name }, weights.name);
}

interface Layout {
  readonly kind: 'groups' | 'paths';
  /** Group that holds the weights; `''` is the root. */
  readonly root: string;
}

interface Architecture {
  readonly text: Uint8Array | string;
  readonly name: string;
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

/** Windows wrote whole paths as one name at the root. */
function pathRoots(file: Hdf5File): readonly string[] {
  return file.names('').filter((name) => /^(layers|_layer_checkpoint_dependencies)(\\|$)/.test(name));
}

function assemble(file: Hdf5File, layout: Layout, architecture: Architecture, weightsName: string): SourceFile {
  const serialized = architectureOf(architecture);
  const model = readTopology(serialized, architecture.name);
  const kerasVersion =
    file.strings('', 'keras_version')?.[0] ??
    file.strings(layout.root, 'keras_version')?.[0] ??
    (isObject(serialized) ? stringMember(serialized, 'keras_version') : undefined) ??
    '';
  const kerasMajor = kerasVersion === '' ? unstatedMajor(serialized) : checkedVersion(kerasVersion, architecture.name);
  const { bindings, stored } = bind(file, layout, model, weightsName);
  return {
    format: 'keras-h5',
    kerasVersion,
    kerasMajor,
    model: attachWeights(model, bindings, weightsName),
    warnings: leftOverWarnings(stored, bindings),
  };
}

/** `to_json` of Keras 3 writes the module of every object and no version; Keras 2 the version and no module. */
function unstatedMajor(serialized: JsonValue): 2 | 3 {
  return isObject(serialized) && stringMember(serialized, 'module') !== undefined ? 3 : 2;
}

/** The object of `model.to_json()`, also where somebody has encoded that text as JSON once more. */
function architectureOf({ text, name }: Architecture): JsonValue {
  const value = parseJson(text, name);
  return typeof value === 'string' ? parseJson(value, name) : value;
}

function bind(
  file: Hdf5File,
  { kind, root }: Layout,
  model: ModelSpec,
  where: string,
): { readonly bindings: WeightBindings; readonly stored: readonly StoredWeight[] } {
  if (kind === 'paths') {
    const stored = allWeights(file, pathRoots(file), where);
    return { stored, bindings: bindByPath(model, stored, where) };
  }
  const names = listAttribute(file, root, 'layer_names') ?? [];
  const groups = new Map(names.map((name) => [name, listedWeights(file, join(root, name))]));
  return { stored: [...groups.values()].flat(), bindings: bindGroups(model, groups, where) };
}
