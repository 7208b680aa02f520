import type { Hdf5Bytes } from './bytes.ts';
import { DENSE, denseObjects } from './dense.ts';
import { MESSAGE, type Message } from './header.ts';

/** Where a name leads: the header of an object, or elsewhere (soft, external, user-defined). */
export type Link = number | 'elsewhere';

const SOFT_LINK_CACHED = 2;
const HARD_LINK = 0;

/**
 * The links of a group: a symbol table (every file of Keras), or link messages, in its header or in a heap.
 * `undefined` if the object is no group.
 *
 * Source: HDF5 File Format Specification 3.0, III.A, III.C, III.D, IV.A.2.g.
 */
export function readLinks(file: Hdf5Bytes, messages: readonly Message[]): ReadonlyMap<string, Link> | undefined {
  const table = messages.find(({ type }) => type === MESSAGE.symbolTable);
  if (table) return readSymbolTable(file, table.at);
  const info = messages.find(({ type }) => type === MESSAGE.linkInfo);
  if (!info) return undefined;
  const heapAt = info.at + 2 + (file.u8(info.at + 1) & 1 ? 8 : 0);
  const inHeader = messages.filter(({ type }) => type === MESSAGE.link);
  const all = [...inHeader, ...denseObjects(file, heapAt, DENSE.links)];
  return new Map(all.map(({ at }) => readLinkMessage(file, at)));
}

function readSymbolTable(file: Hdf5Bytes, at: number): ReadonlyMap<string, Link> {
  const tree = file.address(at);
  const heap = file.address(at + file.addressBytes);
  if (tree === undefined || heap === undefined) throw file.broken('a group has no table');
  const names = localHeapData(file, heap);
  const links = new Map<string, Link>();
  const visited = new Set<number>();
  const open = [tree];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (visited.has(node)) throw file.broken('the table of a group loops');
    visited.add(node);
    if (file.u8(node) === 'S'.charCodeAt(0)) readSymbols(file, node, names, links);
    else open.push(...treeChildren(file, node).reverse());
  }
  return links;
}

/** Start of the names that entries point into. */
function localHeapData(file: Hdf5Bytes, at: number): number {
  file.expectSignature(at, 'HEAP');
  const data = file.address(at + 8 + 2 * file.lengthBytes);
  if (data === undefined) throw file.broken('a group has no names');
  return data;
}

/** Version 1 B-tree node of a group: keys of one length each stand between the children. */
function treeChildren(file: Hdf5Bytes, at: number): number[] {
  file.expectSignature(at, 'TREE');
  const count = file.u16(at + 6);
  const first = at + 8 + 2 * file.addressBytes + file.lengthBytes;
  return Array.from({ length: count }, (_, index) => {
    const child = file.address(first + index * (file.addressBytes + file.lengthBytes));
    return child ?? file.size;
  });
}

function readSymbols(file: Hdf5Bytes, at: number, names: number, links: Map<string, Link>): void {
  file.expectSignature(at, 'SNOD');
  const count = file.u16(at + 6);
  const entryBytes = 2 * file.addressBytes + 24;
  for (let index = 0; index < count; index++) {
    const entry = at + 8 + index * entryBytes;
    const name = file.textUpToNul(names + file.uint(entry, file.addressBytes));
    const header = file.address(entry + file.addressBytes);
    const isSoft = file.u32(entry + 2 * file.addressBytes) === SOFT_LINK_CACHED;
    links.set(name, isSoft || header === undefined ? 'elsewhere' : header);
  }
}

function readLinkMessage(file: Hdf5Bytes, at: number): [string, Link] {
  const flags = file.u8(at + 1);
  let next = at + 2;
  const kind = flags & 0x08 ? file.u8(next++) : HARD_LINK;
  if (flags & 0x04) next += 8;
  if (flags & 0x10) next += 1;
  const width = 1 << (flags & 3);
  const nameBytes = file.uint(next, width);
  const name = file.text(next + width, nameBytes);
  const target = kind === HARD_LINK ? file.address(next + width + nameBytes) : undefined;
  return [name, target ?? 'elsewhere'];
}
