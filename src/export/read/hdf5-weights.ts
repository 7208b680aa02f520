import { EdgefoldError } from '../../errors.ts';
import type { Hdf5File } from './hdf5/file.ts';
import type { StoredWeight } from './spec.ts';

/** More groups and weights than any model has; keeps a file in which groups lead to each other from being walked for ever. */
const MAX_OBJECTS = 2 ** 16;
const MAX_DEPTH = 64;
/** Python splits an attribute of more than 64 KiB into so many pieces at most. */
const MAX_PIECES = 10_000;

/**
 * The weights that a layer's group lists, in the group's order (legacy `.h5`): datasets named by the attribute
 * `weight_names`.
 */
export function listedWeights(file: Hdf5File, group: string): readonly StoredWeight[] {
  return (listAttribute(file, group, 'weight_names') ?? []).map((name) => storedWeight(file, join(group, name), name));
}

/** A list of texts; lists over 64 KiB are split into `<name>0`, `<name>1`, …. */
export function listAttribute(file: Hdf5File, path: string, name: string): readonly string[] | undefined {
  const whole = file.strings(path, name);
  if (whole) return whole;
  const pieces: string[] = [];
  for (let index = 0; index < MAX_PIECES; index++) {
    const piece = file.strings(path, `${name}${index}`);
    if (!piece) return index === 0 ? undefined : pieces;
    pieces.push(...piece);
  }
  return pieces;
}

/** All datasets under the given groups, named by their path (`.keras`, `.weights.h5`). */
export function allWeights(file: Hdf5File, roots: readonly string[], where: string): readonly StoredWeight[] {
  const weights: StoredWeight[] = [];
  const open = roots.map((path) => ({ path, depth: 0 }));
  let objects = 0;
  for (let next = open.pop(); next; next = open.pop()) {
    const { path, depth } = next;
    if (++objects > MAX_OBJECTS || depth > MAX_DEPTH) {
      throw new EdgefoldError('LIMIT', 'the file holds too many or too deeply nested groups', { where });
    }
    if (file.kind(path) === 'dataset') {
      weights.push(storedWeight(file, path, path, file.strings(parentOf(path), 'name')?.[0]));
    } else {
      open.push(...file.names(path).map((name) => ({ path: join(path, name), depth: depth + 1 })));
    }
  }
  return weights;
}

function storedWeight(file: Hdf5File, path: string, name: string, owner?: string): StoredWeight {
  const dataset = file.dataset(path);
  return {
    name,
    path,
    shape: dataset.shape,
    owner,
    tensor: () => ({ dtype: 'float32', shape: dataset.shape, data: dataset.float32() }),
  };
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

export function join(group: string, name: string): string {
  return group === '' ? name : `${group}/${name}`;
}
