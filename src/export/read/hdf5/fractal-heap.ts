import type { Hdf5Bytes } from './bytes.ts';
import { bytesFor, readTree2 } from './tree-v2.ts';

const KIND = { managed: 0, huge: 1 } as const;
const HUGE_RECORDS = 1;
/** Indirect blocks of rows as many as a 64-bit space has. */
const MAX_LEVELS = 64;

/** A piece of the file. */
export interface Piece {
  readonly at: number;
  readonly size: number;
}

/**
 * Objects of a fractal heap, which holds the links and attributes of an object that has many.
 *
 * Blocks stand in rows of `width`; those of the first two rows have the same size, and each further row doubles it.
 * Blocks up to `maxDirect` hold objects, larger ones hold a table of their own.
 * Source: HDF5 File Format Specification 3.0, III.G.
 */
export class FractalHeap {
  readonly #file: Hdf5Bytes;
  readonly #offsetBytes: number;
  readonly #lengthBytes: number;
  readonly #width: number;
  readonly #start: number;
  readonly #maxDirect: number;
  readonly #root: Piece;
  readonly #huge: number | undefined;
  /** Bytes of an identifier, but for its first. */
  readonly #idBytes: number;

  constructor(file: Hdf5Bytes, at: number) {
    file.expectSignature(at, 'FRHP');
    if (file.u16(at + 7) !== 0) throw file.unread('a heap of links or attributes that is compressed');
    const [O, L] = [file.addressBytes, file.lengthBytes];
    this.#file = file;
    this.#huge = file.address(at + 14 + L);
    this.#idBytes = file.u16(at + 5) - 1;
    const table = at + 14 + 10 * L + 2 * O;
    this.#width = file.u16(table);
    this.#start = file.length(table + 2);
    this.#maxDirect = file.length(table + 2 + L);
    this.#offsetBytes = Math.ceil(file.u16(table + 2 + 2 * L) / 8);
    this.#lengthBytes = Math.min(Math.ceil(Math.log2(this.#maxDirect) / 8), bytesFor(file.u32(at + 10)));
    const rootAt = table + 6 + 2 * L;
    this.#root = { at: file.address(rootAt) ?? file.size, size: file.u16(rootAt + O) };
    if (!(this.#width > 0 && this.#start > 0 && this.#maxDirect >= this.#start))
      throw file.broken('a heap has no rows');
  }

  /** The object with the identifier that stands in the file at `id`. */
  object(id: number): Piece {
    const file = this.#file;
    const kind = (file.u8(id) >> 4) & 3;
    const piece = kind === KIND.managed ? this.#managed(id + 1) : kind === KIND.huge ? this.#hugeObject(id + 1) : undefined;
    if (!piece) throw file.broken('an object of a heap is of no known kind');
    file.slice(piece.at, piece.size);
    return piece;
  } // prettier-ignore

  #managed(at: number): Piece {
    const file = this.#file;
    const offset = file.uint(at, this.#offsetBytes);
    const size = file.uint(at + this.#offsetBytes, this.#lengthBytes);
    let [block, rows, inside] = [this.#root.at, this.#root.size, offset];
    for (let level = 0; rows > 0; level++) {
      file.expectSignature(block, 'FHIB');
      const [row, column, rest] = this.#place(inside);
      const child = block + 5 + file.addressBytes + this.#offsetBytes + (row * this.#width + column) * file.addressBytes;
      const next = file.address(child);
      if (row >= rows || next === undefined || level > MAX_LEVELS) throw file.broken('an object of a heap lies nowhere');
      rows = this.#rowBytes(row) <= this.#maxDirect ? 0 : this.#rowsWithin(row);
      [block, inside] = [next, rest];
    }
    file.expectSignature(block, 'FHDB');
    return { at: block + inside, size };
  } // prettier-ignore

  #rowBytes(row: number): number {
    return this.#start * 2 ** Math.max(0, row - 1);
  }

  /** Row and column of the block that an offset lies in, and the offset in that block. */
  #place(offset: number): readonly [number, number, number] {
    const first = this.#start * this.#width;
    const row = offset < first ? 0 : Math.floor(Math.log2(offset / first)) + 1;
    const rest = row === 0 ? offset : offset - first * 2 ** (row - 1);
    const bytes = this.#rowBytes(row);
    return [row, Math.floor(rest / bytes), rest % bytes];
  }

  /** Rows of the table in a block of a row. */
  #rowsWithin(row: number): number {
    return Math.floor(Math.log2(this.#rowBytes(row) / (this.#start * this.#width))) + 1;
  }

  /** Objects that fit in no block lie alone, and a tree has their addresses: address, length, identifier. */
  #hugeObject(at: number): Piece | undefined {
    const file = this.#file;
    if (this.#huge === undefined) return undefined;
    const [O, L] = [file.addressBytes, file.lengthBytes];
    const { records, recordBytes } = readTree2(file, this.#huge, HUGE_RECORDS);
    const wanted = file.uint(at, Math.min(L, this.#idBytes));
    const record = records.find((place) => recordBytes >= O + 2 * L && file.length(place + O + L) === wanted);
    return record === undefined ? undefined : { at: file.address(record) ?? file.size, size: file.length(record + O) };
  }
}
