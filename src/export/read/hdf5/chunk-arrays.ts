import type { Hdf5Bytes } from './bytes.ts';

/** Where the entry of a chunk lies in an array of chunks; `undefined` where it was never written. */
export type EntryAt = (index: number) => number | undefined;

/** What an array says of its entries. */
export interface ChunkArray {
  /** Entries have a size and a mask beside the address. */
  readonly isFiltered: boolean;
  readonly entryBytes: number;
  readonly entryAt: EntryAt;
}

/** Entries of a block lie in pages, each with a checksum; a bit, the highest first, tells whether one was written. */
function inPages(file: Hdf5Bytes, start: number, bits: number, firstBit: number, perPage: number, entryBytes: number, index: number) {
  const page = Math.floor(index / perPage);
  const bit = firstBit + page;
  if (!(file.u8(bits + Math.floor(bit / 8)) & (0x80 >> (bit % 8)))) return undefined;
  return start + page * (perPage * entryBytes + 4) + (index % perPage) * entryBytes;
} // prettier-ignore

/**
 * The chunks of a dataset that cannot grow.
 * Source: HDF5 File Format Specification 3.0, VII.C.
 */
export function fixedArray(file: Hdf5Bytes, at: number): ChunkArray {
  file.expectSignature(at, 'FAHD');
  const [isFiltered, entryBytes, perPage] = [file.u8(at + 5) === 1, file.u8(at + 6), 2 ** file.u8(at + 7)];
  const count = file.length(at + 8);
  const block = file.address(at + 8 + file.lengthBytes);
  if (block === undefined) return { isFiltered, entryBytes, entryAt: () => undefined };
  file.expectSignature(block, 'FADB');
  const first = block + 6 + file.addressBytes;
  const pages = Math.ceil(count / perPage);
  const entryAt: EntryAt = (index) => {
    if (index >= count) return undefined;
    if (count <= perPage) return first + index * entryBytes;
    return inPages(file, first + Math.ceil(pages / 8) + 4, first, 0, perPage, entryBytes, index);
  };
  return { isFiltered, entryBytes, entryAt };
}

/**
 * The chunks of a dataset that can grow along one axis. Entries stand in an index block, then in data blocks: super
 * block s has 2^⌊s/2⌋ data blocks of 2^⌈s/2⌉ · `least` entries each; the first super blocks have their data blocks in the
 * index block.
 * Source: HDF5 File Format Specification 3.0, VII.D; H5EA__lookup_elmt of H5EA.c.
 */
export function extensibleArray(file: Hdf5Bytes, at: number): ChunkArray {
  file.expectSignature(at, 'EAHD');
  const [isFiltered, entryBytes] = [file.u8(at + 5) === 1, file.u8(at + 6)];
  const [maxBits, inIndex, least, pointers, pageBits] = [7, 8, 9, 10, 11].map((offset) => file.u8(at + offset)) as [number, number, number, number, number]; // prettier-ignore
  if (least === 0 || pointers === 0) throw file.broken('an array of chunks has blocks of nothing');
  const index = file.address(at + 12 + 6 * file.lengthBytes);
  if (index === undefined) return { isFiltered, entryBytes, entryAt: () => undefined };
  file.expectSignature(index, 'EAIB');
  const prefix = 6 + file.addressBytes;
  const blockPrefix = prefix + Math.ceil(maxBits / 8);
  const perPage = 2 ** pageBits;
  const blocks = index + prefix + inIndex * entryBytes;
  const supers = blocks + 2 * (pointers - 1) * file.addressBytes;
  const inBlock = (place: Place, bits: number): number | undefined => {
    const block = file.address(place.pointer);
    if (block === undefined) return undefined;
    file.expectSignature(block, 'EADB');
    if (place.entries <= perPage) return block + blockPrefix + place.entry * entryBytes;
    const firstBit = place.block * (place.entries / perPage);
    return inPages(file, block + blockPrefix + 4, bits, firstBit, perPage, entryBytes, place.entry);
  };
  const entryAt: EntryAt = (given) => {
    if (given < inIndex) return index + prefix + given * entryBytes;
    const { level, block, entry, entries, before } = placeOf(given - inIndex, least);
    const inner = level - 2 * Math.floor(Math.log2(pointers));
    if (inner < 0) return inBlock({ pointer: blocks + (before + block) * file.addressBytes, block, entry, entries }, 0);
    const table = file.address(supers + inner * file.addressBytes);
    if (table === undefined) return undefined;
    file.expectSignature(table, 'EASB');
    const bits = table + blockPrefix;
    const bitBytes = entries > perPage ? 2 ** Math.floor(level / 2) * Math.ceil(entries / perPage / 8) : 0;
    return inBlock({ pointer: bits + bitBytes + block * file.addressBytes, block, entry, entries }, bits);
  };
  return { isFiltered, entryBytes, entryAt };
}

interface Place {
  /** Where the address of the data block stands. */
  readonly pointer: number;
  readonly block: number;
  readonly entry: number;
  readonly entries: number;
}

/** Super block, data block in it, entry in that, entries of each, and how many data blocks are before the super block. */
function placeOf(index: number, least: number) {
  let [rest, before] = [index, 0];
  for (let level = 0; ; level++) {
    const [blocks, entries] = [2 ** Math.floor(level / 2), 2 ** Math.ceil(level / 2) * least];
    if (rest < blocks * entries) {
      return { level, block: Math.floor(rest / entries), entry: rest % entries, entries, before };
    }
    rest -= blocks * entries;
    before += blocks;
  }
}
