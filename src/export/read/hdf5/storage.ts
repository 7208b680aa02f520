import { unzlibSync } from 'fflate';
import { EdgefoldError } from '../../../errors.ts';
import { sizeOf, stridesOf } from '../../../tensor.ts';
import type { Hdf5Bytes } from './bytes.ts';
import { indexedChunks, treeChunks, type Chunk, type Chunks } from './chunks.ts';
import { FILTER, MAX_DEFLATE_RATIO } from './file.ts';
import { MESSAGE, type Message } from './header.ts';

/** Where the elements of a dataset lie. */
export type Storage =
  | { readonly kind: 'plain'; readonly at: number; readonly byteLength: number }
  | {
      readonly kind: 'chunks';
      readonly chunks: Chunks;
      readonly maxShape: readonly (number | undefined)[];
      readonly chunkShape: readonly number[];
      readonly filters: readonly number[];
    };

const LAYOUT = { compact: 0, contiguous: 1, chunked: 2, virtual: 3 } as const;

/** Source: HDF5 File Format Specification 3.0, IV.A.2.i (layout) and IV.A.2.l (filters). */
export function readStorage(
  file: Hdf5Bytes,
  messages: readonly Message[],
  where: string,
  maxShape: readonly (number | undefined)[],
): Storage {
  const layout = messages.find(({ type }) => type === MESSAGE.layout);
  if (!layout) throw file.broken('a dataset has no layout');
  const { at } = layout;
  const version = file.u8(at);
  if (version < 3 || version > 4) throw file.unread(`layouts of version ${version}`);
  const kind = file.u8(at + 1);
  if (kind === LAYOUT.virtual || messages.some(({ type }) => type === MESSAGE.externalFiles)) {
    throw new EdgefoldError('UNSAFE', 'a dataset takes its values from other files', {
      where,
      expected: 'values stored in the file itself',
    });
  }
  if (kind === LAYOUT.compact) return { kind: 'plain', at: at + 4, byteLength: file.u16(at + 2) };
  if (kind === LAYOUT.contiguous) {
    const start = file.address(at + 2);
    if (start === undefined) return { kind: 'plain', at: 0, byteLength: 0 };
    return { kind: 'plain', at: start, byteLength: file.length(at + 2 + file.addressBytes) };
  }
  if (kind !== LAYOUT.chunked) throw file.broken('a dataset is laid out in no known way');
  const { chunkShape, chunks } = version === 3 ? chunkLayout3(file, at) : chunkLayout4(file, at);
  if (chunkShape.includes(0)) throw file.broken('a dataset has chunks of no size');
  return { kind: 'chunks', chunks, maxShape, chunkShape, filters: readFilters(file, messages, where) };
}

/** The last of the dimensions is the size of an element. */
function chunkLayout3(file: Hdf5Bytes, at: number) {
  const rank = file.u8(at + 2) - 1;
  const dimensions = at + 3 + file.addressBytes;
  const chunkShape = Array.from({ length: rank }, (_, axis) => file.u32(dimensions + 4 * axis));
  return { chunkShape, chunks: treeChunks(file, file.address(at + 3)) };
}

const EDGES_UNFILTERED = 1;

/** The same, and an index of one of five kinds. */
function chunkLayout4(file: Hdf5Bytes, at: number) {
  const [flags, dimensions, width] = [file.u8(at + 2), file.u8(at + 3), file.u8(at + 4)];
  if (flags & EDGES_UNFILTERED) throw file.unread('chunks that are compressed but for the last');
  const chunkShape = Array.from({ length: dimensions - 1 }, (_, axis) => file.uint(at + 5 + width * axis, width));
  return { chunkShape, chunks: indexedChunks(file, at + 5 + width * dimensions, flags) };
}

function readFilters(file: Hdf5Bytes, messages: readonly Message[], where: string): readonly number[] {
  const pipeline = messages.find(({ type }) => type === MESSAGE.filters);
  if (!pipeline) return [];
  const version = file.u8(pipeline.at);
  let next = pipeline.at + (version === 1 ? 8 : 2);
  return Array.from({ length: file.u8(pipeline.at + 1) }, () => {
    const id = file.u16(next);
    const isNamed = version === 1 || id >= 256;
    const nameBytes = isNamed ? file.u16(next + 2) : 0;
    const values = file.u16(next + (isNamed ? 6 : 4));
    const padding = version === 1 && values % 2 === 1 ? 4 : 0;
    next += (isNamed ? 8 : 6) + (version === 1 ? Math.ceil(nameBytes / 8) * 8 : nameBytes) + 4 * values + padding;
    if (!(Object.values(FILTER) as number[]).includes(id)) throw foreignFilter(id, where);
    return id;
  });
}

export function foreignFilter(id: number, where: string): EdgefoldError {
  return new EdgefoldError('UNSUPPORTED', 'a dataset is compressed in a way that is not read', {
    where,
    expected: 'deflate, shuffle or fletcher32',
    received: `filter ${id}`,
    hint: 'Save the model again with Keras, which does not compress.',
  });
}

/** The bytes of a dataset: a view where they are stored in one piece. */
export function readStored(
  file: Hdf5Bytes,
  storage: Storage,
  shape: readonly number[],
  elementBytes: number,
): Uint8Array {
  const byteLength = sizeOf(shape) * elementBytes;
  if (storage.kind === 'chunks') return readChunks(file, storage, shape, elementBytes);
  if (storage.byteLength < byteLength) {
    throw file.broken(`a dataset needs ${byteLength} bytes and stores ${storage.byteLength}`);
  }
  return file.slice(storage.at, byteLength);
}

type Chunked = Extract<Storage, { kind: 'chunks' }>;

function readChunks(file: Hdf5Bytes, storage: Chunked, shape: readonly number[], elementBytes: number): Uint8Array {
  const { chunkShape, maxShape, filters } = storage;
  if (chunkShape.length !== shape.length) throw file.broken('a dataset has chunks of another rank');
  const expected = sizeOf(shape.map((size, axis) => Math.ceil(size / chunkShape[axis]!)));
  const chunkBytes = sizeOf(chunkShape) * elementBytes;
  const whole = new Uint8Array(sizeOf(shape) * elementBytes);
  const found = new Set<string>();
  for (const chunk of storage.chunks({ shape, maxShape, chunkShape, chunkBytes })) {
    const isInside = chunk.offsets.every(
      (offset, axis) => offset < shape[axis]! && Number.isInteger(offset / chunkShape[axis]!),
    );
    const place = chunk.offsets.join();
    if (!isInside || found.has(place)) throw file.broken(`a dataset has a chunk at [${place}], where there is no room`);
    found.add(place);
    if (chunkBytes > (chunk.packedBytes + 64) * MAX_DEFLATE_RATIO) throw file.broken('a chunk is too large');
    const bytes = unfiltered(file, chunk, filters, chunkBytes, elementBytes);
    placeChunk(whole, shape, bytes, chunk.offsets, chunkShape, elementBytes);
  }
  if (found.size < expected) throw file.broken(`a dataset has ${found.size} of ${expected} chunks`);
  return whole;
}

/** Undoes the filters, last first. */
function unfiltered(
  file: Hdf5Bytes,
  { at, packedBytes, mask }: Chunk,
  filters: readonly number[],
  chunkBytes: number,
  elementBytes: number,
): Uint8Array {
  let bytes = file.slice(at, packedBytes);
  for (let index = filters.length - 1; index >= 0; index--) {
    if (mask & (1 << index)) continue;
    if (filters[index] === FILTER.fletcher32) bytes = bytes.subarray(0, -4);
    else if (filters[index] === FILTER.shuffle) bytes = unshuffled(bytes, elementBytes);
    else bytes = inflated(file, bytes, chunkBytes);
  }
  if (bytes.length !== chunkBytes) throw file.broken('a chunk is too short or too long');
  return bytes;
}

/** A checksum may follow the elements, so four bytes more are allowed for. */
function inflated(file: Hdf5Bytes, bytes: Uint8Array, chunkBytes: number): Uint8Array {
  try {
    return unzlibSync(bytes, { out: new Uint8Array(chunkBytes + 4) });
  } catch {
    throw file.broken('a chunk cannot be inflated');
  }
}

/** Shuffle stores the first bytes of all elements, then all second ones, …. */
function unshuffled(bytes: Uint8Array, elementBytes: number): Uint8Array {
  const count = Math.floor(bytes.length / elementBytes);
  const result = new Uint8Array(bytes);
  for (let byte = 0; byte < elementBytes; byte++) {
    for (let index = 0; index < count; index++) result[index * elementBytes + byte] = bytes[byte * count + index]!;
  }
  return result;
}

/** Copies the rows of a chunk that lie inside the dataset. */
function placeChunk(
  whole: Uint8Array,
  shape: readonly number[],
  chunk: Uint8Array,
  offsets: readonly number[],
  chunkShape: readonly number[],
  elementBytes: number,
): void {
  const strides = stridesOf(shape);
  const chunkStrides = stridesOf(chunkShape);
  const copy = (axis: number, to: number, from: number): void => {
    const count = Math.min(chunkShape[axis]!, shape[axis]! - offsets[axis]!);
    if (axis === shape.length - 1) {
      const start = to + offsets[axis]!;
      if (count > 0)
        whole.set(chunk.subarray(from * elementBytes, (from + count) * elementBytes), start * elementBytes);
      return;
    }
    for (let index = 0; index < count; index++) {
      copy(axis + 1, to + (offsets[axis]! + index) * strides[axis]!, from + index * chunkStrides[axis]!);
    }
  };
  copy(0, 0, 0);
}
