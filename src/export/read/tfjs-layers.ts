import { EdgefoldError } from '../../errors.ts';
import type { JsonObject, JsonValue, SourceFile, SourceFiles } from '../source-model.ts';
import { attachWeights, leftOverWarnings } from './attach.ts';
import { bindFlat, layerByLayer, layersByName, trainableFirst } from './bind-flat.ts';
import { bindByPath, normalizedPath } from './bind-path.ts';
import { isList, listMember, objectMember, parseJson, stringMember } from './json.ts';
import { checkedVersion } from './keras-version.ts';
import type { ModelSpec, StoredWeight, WeightBindings } from './spec.ts';
import { readManifest } from './tfjs-weights.ts';
import { readTopology } from './topology.ts';

/** A weight of a converted `.keras` file. */
const BY_PATH = /^(.+\/)?vars\/\d+$/;
/** What such a file holds beside its layers. */
const TRAINING_ONLY = /^(optimizer|metrics|loss_tracker|compile_metrics|_loss_tracker|_metrics)\/(.+\/)?vars\/\d+$/;
/** Where files from before TF.js 1.0 may have it. */
export const SEPARATE_MANIFEST = 'weights_manifest.json';

/**
 * Reads a TF.js layers model: `modelTopology` and `weightsManifest`, trained in TF.js, or converted from Keras 2
 * (`modelTopology.model_config`) or Keras 3 (weights by path, which TF.js itself cannot load). Files from before
 * TF.js 1.0 do not state their format.
 *
 * Source: tfjs-layers models.ts; tensorflowjs/converters/keras_h5_conversion.py.
 */
export async function readTfjsLayers(json: JsonObject, files: SourceFiles): Promise<SourceFile> {
  const topology = layersTopology(json, files.name);
  const serialized = objectMember(topology, 'model_config') ?? topology;
  const kerasVersion = stringMember(topology, 'keras_version') ?? stringMember(json, 'generatedBy') ?? '';
  const kerasMajor = checkedVersion(kerasVersion, files.name);
  const model = readTopology(serialized, files.name);
  const manifest = listMember(json, 'weightsManifest') ?? (await separateManifest(files));
  if (!manifest) {
    throw new EdgefoldError('WEIGHTS', 'the model names no weights', {
      where: files.name,
      expected: 'a weightsManifest',
      hint: 'Give the model.json that TF.js saved with its weights.',
    });
  }
  const stored = (await readManifest(manifest, files)).filter(({ name }) => !TRAINING_ONLY.test(name));
  const bindings = bind(model, stored, topology, files.name);
  return {
    format: 'tfjs-layers',
    kerasVersion,
    kerasMajor,
    model: attachWeights(model, bindings, files.name),
    warnings: leftOverWarnings(stored, bindings),
  };
}

async function separateManifest(files: SourceFiles): Promise<readonly JsonValue[] | undefined> {
  if (!(await files.siblings()).includes(SEPARATE_MANIFEST)) return undefined;
  const value = parseJson(await files.sibling(SEPARATE_MANIFEST), SEPARATE_MANIFEST);
  return isList(value) ? value : undefined;
}

function layersTopology(json: JsonObject, where: string): JsonObject {
  const topology = objectMember(json, 'modelTopology');
  if (topology) return topology;
  throw new EdgefoldError('FORMAT', 'it holds weights but no model', {
    where,
    expected: 'a modelTopology',
    hint: 'Give model.json; a weights manifest alone does not say what the layers are.',
  });
}

/** A converter writes layer by layer, by name as HDF5 lists them; TF.js itself the trainable weights of the whole model first. */
function bind(model: ModelSpec, stored: readonly StoredWeight[], topology: JsonObject, where: string): WeightBindings {
  const byPath = stored.length > 0 && stored.every(({ name }) => BY_PATH.test(normalizedPath(name)));
  if (byPath) return bindByPath(model, stored, where);
  const isConverted = objectMember(topology, 'model_config') !== undefined;
  const orders = isConverted ? [layersByName, layerByLayer, trainableFirst] : [trainableFirst, layerByLayer];
  return bindFlat(model, stored, orders, where);
}
