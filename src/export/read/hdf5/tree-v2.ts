import type { Hdf5Bytes } from './bytes.ts';

/** A tree of so many levels would hold more records than any file. */
const MAX_DEPTH = 16;
/** Signature, version, type and checksum of a node. */
const NODE_BYTES = 10;

interface Tree {
  readonly file: Hdf5Bytes;
  readonly type: number;
  readonly recordBytes: number;
  /** Bytes of a count of records in a node, and of a pointer to a child by the depth of the child's parent. */
  readonly countBytes: number;
  readonly pointerBytes: readonly number[];
}

/**
 * Where the records of a version 2 B-tree lie, in order, and how long each is.
 * Source: HDF5 File Format Specification 3.0, III.A.2; widths of counts as in H5B2_hdr_init of H5B2hdr.c.
 */
export function readTree2(file: Hdf5Bytes, at: number, type: number): { records: number[]; recordBytes: number } {
  file.expectSignature(at, 'BTHD');
  if (file.u8(at + 5) !== type) throw file.broken('a tree holds something else');
  const [nodeBytes, recordBytes, depth] = [file.u32(at + 6), file.u16(at + 10), file.u16(at + 12)];
  if (recordBytes === 0 || depth > MAX_DEPTH) throw file.broken('a tree is too deep, or of nothing');
  const tree = { file, type, recordBytes, ...widths(file, nodeBytes, recordBytes, depth) };
  const root = file.address(at + 16);
  const records: number[] = [];
  if (root !== undefined) walk(tree, root, file.u16(at + 16 + file.addressBytes), depth, records, new Set());
  return { records, recordBytes };
}

function widths(file: Hdf5Bytes, nodeBytes: number, recordBytes: number, depth: number) {
  let most = Math.floor((nodeBytes - NODE_BYTES) / recordBytes);
  const countBytes = bytesFor(most);
  const pointerBytes = [0];
  for (let level = 1; level <= depth; level++) {
    const pointer = file.addressBytes + countBytes + (level > 1 ? bytesFor(most) : 0);
    const records = Math.floor((nodeBytes - NODE_BYTES - pointer) / (recordBytes + pointer));
    most = (records + 1) * most + records;
    pointerBytes.push(pointer);
  }
  return { countBytes, pointerBytes };
}

/** Bytes that a number up to a limit is written in. */
export function bytesFor(limit: number): number {
  return limit < 1 ? 1 : Math.floor(Math.log2(limit) / 8) + 1;
}

function walk(tree: Tree, at: number, count: number, depth: number, records: number[], visited: Set<number>): void {
  const { file, type, recordBytes, pointerBytes } = tree;
  if (visited.has(at)) throw file.broken('a tree loops');
  visited.add(at);
  file.expectSignature(at, depth === 0 ? 'BTLF' : 'BTIN');
  if (file.u8(at + 5) !== type) throw file.broken('a tree holds something else');
  file.slice(at, 6 + count * recordBytes);
  const pointers = at + 6 + count * recordBytes;
  for (let index = 0; index <= count; index++) {
    if (depth > 0) walkChild(tree, pointers + index * pointerBytes[depth]!, depth - 1, records, visited);
    if (index < count) records.push(at + 6 + index * recordBytes);
  }
}

function walkChild(tree: Tree, at: number, depth: number, records: number[], visited: Set<number>): void {
  const { file, countBytes } = tree;
  const child = file.address(at);
  if (child === undefined) throw file.broken('a tree leads nowhere');
  walk(tree, child, file.uint(at + file.addressBytes, countBytes), depth, records, visited);
}
