import { EdgefoldError } from '../../errors.ts';
import { describe, sniff } from '../../onnx/sniff.ts';
import type { SourceFiles } from '../source-model.ts';
import { listing } from './source-files.ts';

/** Extensions under which each half of a model is looked for; what a file is, its content decides. */
const WEIGHTS = /(\.weights)?\.(h5|hdf5|keras)$|\.weights\.json$/i;
const ARCHITECTURE = /(?<!\.weights|^metadata)\.json$/i;
/** A file of weights that `<name>.weights.json` lists. */
const SHARD = /_\d{5}\.weights\.h5$/;

/** The `.json` that belongs to a file of weights alone. @throws {EdgefoldError} FILE if there is none, or several. */
export async function findArchitecture(files: SourceFiles): Promise<{ name: string; text: Uint8Array }> {
  const expected = 'the .json of model.to_json()';
  const name = await companion(files, ARCHITECTURE, 'weights without an architecture', expected);
  const text = await files.sibling(name);
  if (new TextDecoder().decode(text).includes('class_name')) return { name, text };
  throw new EdgefoldError('FILE', 'the file holds weights without an architecture', {
    where: files.name,
    expected: `${expected} beside it`,
    received: `${name}, which is no Keras model`,
    hint: 'Write it with model.to_json(), or save the whole model.',
  });
}

/** The HDF5 file, or the list of shards, that belongs to an architecture. @throws {EdgefoldError} FILE if there is none, or several. */
export async function findWeights(files: SourceFiles): Promise<{ name: string; bytes: Uint8Array }> {
  const name = await companion(files, WEIGHTS, 'an architecture without weights', 'the .h5 of model.save_weights()');
  const bytes = await files.sibling(name);
  const format = sniff(bytes);
  if (format === 'hdf5' || (format === 'json' && name.endsWith('.json'))) return { name, bytes };
  throw new EdgefoldError('FORMAT', 'the weights beside the model are no HDF5 file', {
    where: name,
    expected: 'HDF5',
    received: describe(format),
  });
}

async function companion(files: SourceFiles, pattern: RegExp, problem: string, expected: string): Promise<string> {
  const own = baseName(files.name);
  const others = (await files.siblings()).filter((name) => name !== own);
  const matching = others.filter((name) => pattern.test(name));
  const candidates = matching.filter((name) => !SHARD.test(name) || !matching.includes(indexOf(name)));
  const sameStem = candidates.filter((name) => stemOf(name) === stemOf(own));
  const chosen = sameStem.length > 0 ? sameStem : candidates;
  if (chosen.length === 1) return chosen[0]!;
  throw new EdgefoldError(
    'FILE',
    chosen.length === 0 ? `the file holds ${problem}` : 'several files may belong to it',
    {
      where: files.name,
      expected: `${expected} beside it`,
      received: listing(chosen.length === 0 ? others : chosen),
      hint: `Put the two files in one folder under the same name, ${stemOf(own)}.json and ${stemOf(own)}.h5.`,
    },
  );
}

/** `model_00002.weights.h5` is listed in `model.weights.json`. */
function indexOf(shard: string): string {
  return shard.replace(SHARD, '.weights.json');
}

function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/** `model.weights.h5` and `model.json` are both of `model`. */
function stemOf(name: string): string {
  return name.replace(WEIGHTS, '').replace(ARCHITECTURE, '');
}
