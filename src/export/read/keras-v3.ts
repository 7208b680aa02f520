import { EdgefoldError } from '../../errors.ts';
import type { JsonObject, SourceFile, SourceFiles } from '../source-model.ts';
import { attachWeights, leftOverWarnings } from './attach.ts';
import { bindByPath } from './bind-path.ts';
import { openHdf5 } from './hdf5/open.ts';
import { allWeights } from './hdf5-weights.ts';
import { isObject, parseJson, stringMember } from './json.ts';
import { checkedVersion } from './keras-version.ts';
import { listing } from './source-files.ts';
import { readTopology } from './topology.ts';
import { openZip, type Archive } from './zip.ts';

const CONFIG = 'config.json';
const METADATA = 'metadata.json';
const WEIGHTS = 'model.weights.h5';

/**
 * Reads a `.keras` archive of Keras 3, or of TensorFlow 2.13 to 2.15: `config.json`, `metadata.json` and
 * `model.weights.h5`.
 *
 * Source: keras/src/saving/saving_lib.py.
 * @throws {EdgefoldError} FORMAT if it is an archive of another kind, UNSAFE if its weights are a pickle.
 */
export async function readKerasV3(files: SourceFiles): Promise<SourceFile> {
  const archive = openZip(files.bytes, files.name);
  const config = archive.member(CONFIG);
  if (!config) throw notKeras(archive, files.name);
  const metadata = jsonMember(archive, METADATA, files.name);
  const kerasVersion = stringMember(metadata, 'keras_version') ?? '';
  const kerasMajor = kerasVersion === '' ? 3 : checkedVersion(kerasVersion, files.name);
  const model = readTopology(parseJson(config, `${files.name} ${CONFIG}`), files.name);
  const file = await openHdf5(weightsOf(archive, files.name), `${files.name} ${WEIGHTS}`);
  const roots = file.names('').filter((name) => /^(layers|_layer_checkpoint_dependencies)(\\|$)/.test(name));
  const stored = allWeights(file, roots, files.name);
  const bindings = bindByPath(model, stored, files.name);
  return {
    format: 'keras-v3',
    kerasVersion,
    kerasMajor,
    model: attachWeights(model, bindings, files.name),
    warnings: leftOverWarnings(stored, bindings),
  };
}

function jsonMember(archive: Archive, name: string, where: string): JsonObject {
  const bytes = archive.member(name);
  const value = bytes && parseJson(bytes, `${where} ${name}`);
  return isObject(value) ? value : {};
}

function weightsOf(archive: Archive, where: string): Uint8Array {
  const bytes = archive.member(WEIGHTS);
  if (bytes) return bytes;
  if (archive.names.includes('model.weights.npz')) {
    throw new EdgefoldError('UNSAFE', 'its weights are a Python pickle, which is a program', {
      where: `${where} model.weights.npz`,
      expected: WEIGHTS,
      hint: 'Load the model with Keras, if you trust it, and save it again with h5py installed.',
    });
  }
  if (archive.names.includes('model.weights.json')) {
    throw new EdgefoldError('UNSUPPORTED', 'weights in several shards are not read', {
      where,
      expected: WEIGHTS,
      hint: 'Save the model again without max_shard_size.',
    });
  }
  throw new EdgefoldError('WEIGHTS', 'the archive holds no weights', {
    where,
    expected: WEIGHTS,
    received: listing(archive.names),
  });
}

function notKeras(archive: Archive, where: string): EdgefoldError {
  const inside = archive.names.find((name) => /\.(h5|keras|onnx)$|(^|\/)model\.json$/i.test(name));
  return new EdgefoldError('FORMAT', 'it is a zip archive, but no .keras file', {
    where,
    expected: `${CONFIG} and ${WEIGHTS}`,
    received: listing(archive.names),
    ...(inside !== undefined && { hint: `Unpack it and give ${inside}.` }),
  });
}
