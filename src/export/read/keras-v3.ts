import { EdgefoldError } from '../../errors.ts';
import type { JsonObject, SourceFile, SourceFiles } from '../source-model.ts';
import { attachWeights, leftOverWarnings } from './attach.ts';
import { bindByPath } from './bind-path.ts';
import { isObject, parseJson, parseTopology, stringMember } from './json.ts';
import { checkedVersion } from './keras-version.ts';
import { pathWeights, shardedWeights } from './path-weights.ts';
import { listing } from './source-files.ts';
import type { StoredWeight } from './spec.ts';
import { readTopology } from './topology.ts';
import { withVocabularies } from './vocabularies.ts';
import { openZip } from './zip.ts';

const CONFIG = 'config.json';
const METADATA = 'metadata.json';
const WEIGHTS = 'model.weights.h5';
const SHARDS = 'model.weights.json';
const PICKLE = 'model.weights.npz';

/** What a `.keras` file holds, in an archive or in a folder. */
interface Members {
  readonly names: readonly string[];
  member(name: string): Promise<Uint8Array | undefined>;
}

/**
 * Reads a `.keras` archive of Keras 3, or of TensorFlow 2.13 to 2.15: `config.json`, `metadata.json` and
 * `model.weights.h5`, or `model.weights.json` and the shards that it names.
 *
 * Source: keras/src/saving/saving_lib.py.
 * @throws {EdgefoldError} FORMAT if it is an archive of another kind, UNSAFE if its weights are a pickle.
 */
export async function readKerasV3(files: SourceFiles): Promise<SourceFile> {
  const archive = openZip(files.bytes, files.name);
  if (!archive.names.includes(CONFIG)) throw notKeras(archive.names, files.name);
  const member = (name: string) => Promise.resolve(archive.member(name));
  return readMembers({ names: archive.names, member }, files.name);
}

/** Reads the folder of `model.save(folder, zipped=False)`, as Hugging Face holds models, given its `config.json`. */
export async function readKerasFolder(files: SourceFiles): Promise<SourceFile> {
  const names = await files.siblings();
  const member = async (name: string) => {
    if (name === CONFIG) return files.bytes;
    return names.includes(name) ? files.sibling(name) : undefined;
  };
  return readMembers({ names, member }, files.name);
}

/** Whether the files beside a `config.json` make it an unzipped `.keras` file. */
export function isKerasFolder(siblings: readonly string[]): boolean {
  return siblings.includes(METADATA) && [WEIGHTS, SHARDS, PICKLE].some((name) => siblings.includes(name));
}

async function readMembers(members: Members, where: string): Promise<SourceFile> {
  const metadata = await jsonMember(members, METADATA, where);
  const kerasVersion = stringMember(metadata, 'keras_version') ?? '';
  const kerasMajor = kerasVersion === '' ? 3 : checkedVersion(kerasVersion, where);
  const config = (await members.member(CONFIG)) ?? new Uint8Array();
  const read = readTopology(parseTopology(config, `${where} ${CONFIG}`), where);
  const model = await withVocabularies(read, (name) => members.member(name), where);
  const stored = await weightsOf(members, where);
  const bindings = bindByPath(model, stored, where);
  return {
    format: 'keras-v3',
    kerasVersion,
    kerasMajor,
    model: attachWeights(model, bindings, where),
    warnings: leftOverWarnings(stored, bindings),
  };
}

async function jsonMember(members: Members, name: string, where: string): Promise<JsonObject> {
  const bytes = await members.member(name);
  const value = bytes && parseJson(bytes, `${where} ${name}`);
  return isObject(value) ? value : {};
}

async function weightsOf(members: Members, where: string): Promise<readonly StoredWeight[]> {
  const bytes = await members.member(WEIGHTS);
  if (bytes) return pathWeights(bytes, `${where} ${WEIGHTS}`);
  if (members.names.includes(SHARDS)) {
    const open = async (name: string) => (await members.member(name)) ?? noWeights(members, name, where);
    return shardedWeights(await jsonMember(members, SHARDS, where), open, `${where} ${SHARDS}`);
  }
  if (members.names.includes(PICKLE)) {
    throw new EdgefoldError('UNSAFE', 'its weights are a Python pickle, which is a program', {
      where: `${where} ${PICKLE}`,
      expected: WEIGHTS,
      hint: 'Load the model with Keras, if you trust it, and save it again with h5py installed.',
    });
  }
  return noWeights(members, WEIGHTS, where);
}

function noWeights({ names }: Members, expected: string, where: string): never {
  throw new EdgefoldError('WEIGHTS', 'the archive holds no weights', { where, expected, received: listing(names) });
}

function notKeras(names: readonly string[], where: string): EdgefoldError {
  const inside = names.find((name) => /\.(h5|keras|onnx|pb)$|(^|\/)model\.json$/i.test(name));
  return new EdgefoldError('FORMAT', 'it is a zip archive, but no .keras file', {
    where,
    expected: `${CONFIG} and ${WEIGHTS}`,
    received: listing(names),
    ...(inside !== undefined && { hint: `Unpack it and give ${inside}.` }),
  });
}
