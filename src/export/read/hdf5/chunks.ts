import { sizeOf } from '../../../tensor.ts';
import type { Hdf5Bytes } from './bytes.ts';
import { extensibleArray, fixedArray, type ChunkArray } from './chunk-arrays.ts';
import { readTree2 } from './tree-v2.ts';

/** One chunk of a dataset: where its elements begin, and where its bytes lie. */
export interface Chunk {
  readonly offsets: readonly number[];
  readonly at: number;
  readonly packedBytes: number;
  /** Bit i set: filter i was left out. */
  readonly mask: number;
}

/** How a dataset is cut. */
export interface Cut {
  readonly shape: readonly number[];
  readonly maxShape: readonly (number | undefined)[];
  readonly chunkShape: readonly number[];
  readonly chunkBytes: number;
}

export type Chunks = (cut: Cut) => Iterable<Chunk>;

const NO_FILTER_SKIPPED = 0;

/** Leaves of the version 1 B-tree: each key is the chunk's size, filter mask and place, each child its address. */
export function treeChunks(file: Hdf5Bytes, tree: number | undefined): Chunks {
  return function* ({ shape: { length: rank } }) {
    const keyBytes = 8 + 8 * (rank + 1);
    const open = tree === undefined ? [] : [tree];
    const visited = new Set<number>();
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (visited.has(node)) throw file.broken('the chunks of a dataset loop');
      visited.add(node);
      file.expectSignature(node, 'TREE');
      const isLeaf = file.u8(node + 5) === 0;
      for (let index = 0; index < file.u16(node + 6); index++) {
        const key = node + 8 + 2 * file.addressBytes + index * (keyBytes + file.addressBytes);
        const child = file.address(key + keyBytes);
        if (child === undefined) throw file.broken('a chunk lies nowhere');
        if (!isLeaf) open.push(child);
        else {
          const offsets = Array.from({ length: rank }, (_, axis) => file.uint(key + 8 + 8 * axis, 8));
          yield { offsets, at: child, packedBytes: file.u32(key), mask: file.u32(key + 4) };
        }
      }
    }
  };
}

const INDEX = { single: 1, implicit: 2, fixedArray: 3, extensibleArray: 4, tree: 5 } as const;
/** Bytes of what an index says of itself, before its address. */
const PARAMETERS: Readonly<Record<number, number>> = { [INDEX.implicit]: 0, [INDEX.fixedArray]: 1, [INDEX.extensibleArray]: 5, [INDEX.tree]: 6 }; // prettier-ignore
const SINGLE_IS_FILTERED = 2;

/** The index of a version 4 layout message, whose type stands at `at`. */
export function indexedChunks(file: Hdf5Bytes, at: number, flags: number): Chunks {
  const kind = file.u8(at);
  if (kind === INDEX.single) return singleChunk(file, at + 1, (flags & SINGLE_IS_FILTERED) !== 0);
  const parameters = PARAMETERS[kind];
  if (parameters === undefined) throw file.unread(`chunk index ${kind}`);
  const start = file.address(at + 1 + parameters);
  if (start === undefined) return () => [];
  if (kind === INDEX.implicit) return (cut) => counted(file, cut, (index) => ({ at: start + index * cut.chunkBytes, packedBytes: cut.chunkBytes, mask: NO_FILTER_SKIPPED })); // prettier-ignore
  if (kind === INDEX.tree) return (cut) => tree2Chunks(file, start, cut);
  return (cut) => {
    const array = kind === INDEX.fixedArray ? fixedArray(file, start) : extensibleArray(file, start);
    return counted(file, cut, (index) => entry(file, array, index, cut.chunkBytes));
  };
}

function singleChunk(file: Hdf5Bytes, at: number, isFiltered: boolean): Chunks {
  const start = file.address(at + (isFiltered ? file.lengthBytes + 4 : 0));
  if (start === undefined) return () => [];
  return ({ shape, chunkBytes }) => {
    const [packedBytes, mask] = isFiltered ? [file.length(at), file.u32(at + file.lengthBytes)] : [chunkBytes, 0];
    return [{ offsets: shape.map(() => 0), at: start, packedBytes, mask }];
  };
}

type Stored = Omit<Chunk, 'offsets'>;

/** Address; where there are filters also size and mask. */
function entry(file: Hdf5Bytes, { isFiltered, entryBytes, entryAt }: ChunkArray, index: number, chunkBytes: number) {
  const at = entryAt(index);
  const start = at === undefined ? undefined : file.address(at);
  if (at === undefined || start === undefined) return undefined;
  if (!isFiltered) return { at: start, packedBytes: chunkBytes, mask: NO_FILTER_SKIPPED };
  const sizeBytes = entryBytes - file.addressBytes - 4;
  if (sizeBytes < 1) throw file.broken('an array of chunks has entries that are too short');
  const sizeAt = at + file.addressBytes;
  return { at: start, packedBytes: file.uint(sizeAt, sizeBytes), mask: file.u32(sizeAt + sizeBytes) };
}

/**
 * All chunks of a dataset, numbered row by row in the grid that it may grow to; the axis that may grow without bound
 * comes first.
 */
function* counted(file: Hdf5Bytes, cut: Cut, find: (index: number) => Stored | undefined): Generator<Chunk> {
  const { shape, maxShape, chunkShape } = cut;
  const free = maxShape.indexOf(undefined);
  const order = [...(free < 0 ? [] : [free]), ...shape.keys()].filter((axis, i, all) => all.indexOf(axis) === i);
  const grid = shape.map((size, axis) => Math.ceil(size / chunkShape[axis]!));
  const most = maxShape.map((size, axis) => Math.ceil((size ?? 0) / chunkShape[axis]!));
  for (let number = 0; number < sizeOf(grid); number++) {
    const scaled = unraveled(number, grid);
    const index = order.reduce((sum, axis) => sum * most[axis]! + scaled[axis]!, 0);
    const stored = find(index);
    if (!stored) throw file.broken(`a dataset does not have all of its chunks`);
    yield { ...stored, offsets: scaled.map((place, axis) => place * chunkShape[axis]!) };
  }
}

function unraveled(number: number, grid: readonly number[]): number[] {
  let rest = number;
  return grid.toReversed().map((size) => {
    const place = rest % size;
    rest = Math.floor(rest / size);
    return place;
  }).reverse(); // prettier-ignore
}

const RECORDS = { plain: 10, filtered: 11 } as const;

/** Records: address; where there are filters size and mask; the place of the chunk in the grid, 8 bytes an axis. */
function* tree2Chunks(file: Hdf5Bytes, at: number, { chunkShape, chunkBytes }: Cut): Generator<Chunk> {
  const isFiltered = file.u8(at + 5) === RECORDS.filtered;
  const { records, recordBytes } = readTree2(file, at, isFiltered ? RECORDS.filtered : RECORDS.plain);
  const placeBytes = 8 * chunkShape.length;
  const array = { isFiltered, entryBytes: recordBytes - placeBytes, entryAt: (record: number) => record };
  for (const record of records) {
    const stored = entry(file, array, record, chunkBytes);
    if (!stored) throw file.broken('a chunk lies nowhere');
    const place = record + recordBytes - placeBytes;
    yield { ...stored, offsets: chunkShape.map((size, axis) => file.uint(place + 8 * axis, 8) * size) };
  }
}
