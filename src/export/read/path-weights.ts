import { EdgefoldError } from '../../errors.ts';
import { checkLocation } from '../../onnx/location.ts';
import type { JsonObject } from '../source-model.ts';
import type { Hdf5File } from './hdf5/file.ts';
import { openHdf5 } from './hdf5/open.ts';
import { allWeights } from './hdf5-weights.ts';
import { isList, objectMember } from './json.ts';
import type { StoredWeight } from './spec.ts';

/** Hands out a file of weights by name. @throws {EdgefoldError} FILE or WEIGHTS if there is none. */
export type OpenShard = (name: string) => Promise<Uint8Array>;

/** More files than the weights of any model lie in. */
const MAX_SHARDS = 10_000;

/** Groups at the root that hold layers; Windows wrote whole paths as one name. */
export function pathRoots(file: Hdf5File): readonly string[] {
  return file.names('').filter((name) => /^(layers|_layer_checkpoint_dependencies)(\\|$)/.test(name));
}

/** The weights of the layers in a file of Keras 3, `layers/dense/vars/0`; optimizers and metrics are left out. */
export async function pathWeights(bytes: Uint8Array, where: string): Promise<readonly StoredWeight[]> {
  const file = await openHdf5(bytes, where);
  return allWeights(file, pathRoots(file), where);
}

/**
 * The weights of `model.weights.json`, whose `weight_map` says which of the files beside it hold each folder of
 * variables: one name, or a list of them where the variables of one layer lie in several.
 *
 * Source: ShardedH5IOStore in keras/src/saving/saving_lib.py.
 * @throws {EdgefoldError} CORRUPT for a map that is none, or a weight that two files hold; UNSAFE for names that leave
 * the folder.
 */
export async function shardedWeights(
  index: JsonObject,
  open: OpenShard,
  where: string,
): Promise<readonly StoredWeight[]> {
  const weights = new Map<string, StoredWeight>();
  for (const name of shardNames(index, where)) {
    checkLocation(name, where);
    for (const weight of await pathWeights(await open(name), `${where} ${name}`)) {
      if (weights.has(weight.name)) {
        throw new EdgefoldError('CORRUPT', 'two shards hold the same weight', { where, received: weight.name });
      }
      weights.set(weight.name, weight);
    }
  }
  return [...weights.values()];
}

function shardNames(index: JsonObject, where: string): ReadonlySet<string> {
  const map = objectMember(index, 'weight_map');
  const names = Object.values(map ?? {}).flatMap((value) => (isList(value) ? value : [value]));
  if (map && names.every((name) => typeof name === 'string')) {
    const distinct = new Set(names);
    if (distinct.size <= MAX_SHARDS) return distinct;
    throw new EdgefoldError('LIMIT', 'the weights lie in too many files', { where, expected: `${MAX_SHARDS} at most` });
  }
  throw new EdgefoldError('CORRUPT', 'it does not say which files hold the weights', {
    where,
    expected: 'a weight_map of names of files',
  });
}
