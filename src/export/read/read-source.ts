import { EdgefoldError } from '../../errors.ts';
import { describe, sniff, type FileKind } from '../../onnx/sniff.ts';
import type { JsonObject, SourceFile, SourceFiles } from '../source-model.ts';
import { isList, isObject, member, objectMember, parseJson } from './json.ts';
import { readKerasH5, readKerasJson, readKerasShards } from './keras-h5.ts';
import { isKerasFolder, readKerasFolder, readKerasV3 } from './keras-v3.ts';
import { readSavedModel } from './saved-model/read-saved-model.ts';
import { isTfjsGraph, readTfjsGraph } from './tfjs-graph.ts';
import { readTfjsLayers, SEPARATE_MANIFEST } from './tfjs-layers.ts';

export { inMemoryFiles } from './source-files.ts';

type Reader = (files: SourceFiles) => Promise<SourceFile>;

const READERS: Readonly<Partial<Record<FileKind, Reader>>> = {
  hdf5: readKerasH5,
  zip: readKerasV3,
  json: readJson,
  'saved-model': readSavedModel,
};

/**
 * Reads a trained model: Keras `.keras` and `.h5`, TF.js `model.json` (layers or graph), or Keras `.json` and weights. The
 * content decides what a file is, never its name. Nothing in the file is evaluated, and no path or address that it
 * names is opened but those of its own weights, inside its folder.
 *
 * @throws {EdgefoldError} FORMAT for any other file, saying what it is; FILE, CORRUPT, LIMIT, UNSAFE, UNSUPPORTED and
 * WEIGHTS from the readers.
 */
export async function readSource(files: SourceFiles): Promise<SourceFile> {
  const kind = isJsonText(files.bytes) ? 'json' : sniff(files.bytes);
  const reader = READERS[kind];
  if (reader) return reader(files);
  if (kind === 'unknown' && looksLikeOnnx(files.bytes)) {
    throw new EdgefoldError('FORMAT', 'this is already ONNX', {
      where: files.name,
      expected: 'a Keras or TF.js model',
      hint: 'Use "edgefold fold" to fold an ONNX model.',
    });
  }
  throw new EdgefoldError('FORMAT', 'it is no model that is read here', {
    where: files.name,
    expected: 'Keras .keras or .h5, a Keras SavedModel, or TF.js model.json',
    received: describe(kind),
  });
}

async function readJson(files: SourceFiles): Promise<SourceFile> {
  const value = parseJson(files.bytes, files.name);
  if (typeof value === 'string') return readKerasJson(files);
  if (isObject(value) && isTfjsGraph(value)) return readTfjsGraph(value, files);
  if (isObject(value) && isTfjs(value)) return readTfjsLayers(value, files);
  if (isList(value) && value.some((group) => isObject(group) && member(group, 'weights') !== undefined)) {
    return readTfjsLayers({ weightsManifest: value }, files);
  }
  if (isObject(value) && objectMember(value, 'weight_map')) return readKerasShards(value, files);
  if (isObject(value) && member(value, 'class_name') !== undefined && objectOrList(value))
    return readClass(value, files);
  throw new EdgefoldError('FORMAT', 'it is a JSON file, but no model', {
    where: files.name,
    expected: 'modelTopology (TF.js) or class_name and config (Keras)',
    received: isObject(value) ? `members ${Object.keys(value).slice(0, 6).join(', ') || 'none'}` : 'no object',
  });
}

/** The config of a whole model: that of an unzipped `.keras` file, or an architecture beside its weights, of Keras or of TF.js before 1.0. */
async function readClass(value: JsonObject, files: SourceFiles): Promise<SourceFile> {
  const siblings = await files.siblings();
  if (siblings.includes(SEPARATE_MANIFEST)) return readTfjsLayers({ modelTopology: value }, files);
  return isKerasFolder(siblings) ? readKerasFolder(files) : readKerasJson(files);
}

function isTfjs(value: JsonObject): boolean {
  return objectMember(value, 'modelTopology') !== undefined || member(value, 'weightsManifest') !== undefined;
}

function objectOrList(value: JsonObject): boolean {
  return typeof member(value, 'config') === 'object' && member(value, 'config') !== null;
}

/** JSON begins with a brace or a bracket; text that is itself encoded JSON, with a quote. */
function isJsonText(bytes: Uint8Array): boolean {
  const start = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart();
  return /^(\{\s*("|\}|$)|"\{)/.test(start);
}

/** `ir_version` first, as every exporter writes it, then one of ModelProto's text or message fields. */
function looksLikeOnnx(bytes: Uint8Array): boolean {
  const [tag, version, next] = bytes;
  const isText = next !== undefined && (next & 7) === 2 && next >> 3 <= 14;
  return tag === 0x08 && version !== undefined && version > 0 && version < 0x40 && isText;
}
