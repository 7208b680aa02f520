import { EdgefoldError } from '../../../errors.ts';
import { sizeOf } from '../../../tensor.ts';
import type { Hdf5Bytes } from './bytes.ts';
import { DENSE, denseObjects } from './dense.ts';
import { MESSAGE, sharedDatatype, type Message } from './header.ts';
import { readElementType, readShape, type ElementType } from './types.ts';

interface Attribute {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[] | null;
  readonly dataAt: number;
}

/** More than any model has layers. */
const MAX_TEXTS = 2 ** 20;

/** Bytes of objects in a global heap, by index. */
type HeapObjects = ReadonlyMap<number, { readonly at: number; readonly size: number }>;

/** Texts of attributes, with the global heap that variable-length ones lie in. */
export class AttributeReader {
  readonly #file: Hdf5Bytes;
  readonly #heaps = new Map<number, HeapObjects>();

  constructor(file: Hdf5Bytes) {
    this.#file = file;
  }

  /** `[]` for an empty attribute of any type; `undefined` if there is none, or it is no text. */
  strings(messages: readonly Message[], name: string): readonly string[] | undefined {
    for (const { type, at } of messages) {
      if (type !== MESSAGE.attribute) continue;
      const attribute = readAttribute(this.#file, at);
      if (attribute.name === name) return this.#texts(attribute);
    }
    return undefined;
  }

  #texts({ type, shape, dataAt }: Attribute): readonly string[] | undefined {
    const count = shape === null ? 0 : sizeOf(shape);
    if (count === 0) return [];
    if (type.kind !== 'string' && type.kind !== 'vlen-string') return undefined;
    checkTexts(count, type.bytes, this.#file.where);
    this.#file.slice(dataAt, count * type.bytes);
    const read = type.kind === 'string' ? this.#fixed.bind(this) : this.#variable.bind(this);
    return Array.from({ length: count }, (_, index) => read(dataAt + index * type.bytes, type.bytes));
  }

  /** Padded with NUL, or ended by one. */
  #fixed(at: number, bytes: number): string {
    const text = this.#file.text(at, bytes);
    const end = text.indexOf('\0');
    return end < 0 ? text : text.slice(0, end);
  }

  /** Length, address of a heap collection, index in it. */
  #variable(at: number): string {
    const heap = this.#file.address(at + 4);
    const index = this.#file.u32(at + 4 + this.#file.addressBytes);
    if (heap === undefined || heap === 0) return '';
    const object = this.#heap(heap).get(index);
    if (!object) throw this.#file.broken('a text lies nowhere');
    const length = Math.min(this.#file.u32(at), object.size);
    return this.#fixed(object.at, length);
  }

  #heap(at: number): HeapObjects {
    const known = this.#heaps.get(at);
    if (known) return known;
    const file = this.#file;
    file.expectSignature(at, 'GCOL');
    const end = at + file.length(at + 8);
    const objects = new Map<number, { at: number; size: number }>();
    let next = at + 8 + file.lengthBytes;
    while (next + 8 + file.lengthBytes <= end) {
      const index = file.u16(next);
      if (index === 0) break;
      const size = file.length(next + 8);
      file.slice(next + 8 + file.lengthBytes, size);
      objects.set(index, { at: next + 8 + file.lengthBytes, size });
      next += 8 + file.lengthBytes + padded(size);
    }
    this.#heaps.set(at, objects);
    return objects;
  }
}

/** A text of no bytes takes no room in the file, but in memory. @throws {EdgefoldError} LIMIT, CORRUPT. */
export function checkTexts(count: number, bytesEach: number, where: string): void {
  if (bytesEach === 0) throw new EdgefoldError('CORRUPT', 'an attribute holds texts of no length', { where });
  if (count <= MAX_TEXTS) return;
  throw new EdgefoldError('LIMIT', 'an attribute holds too many texts', { where, expected: `at most ${MAX_TEXTS}`, received: String(count) }); // prettier-ignore
}

/** The attribute messages of an object, in its header or in a heap. */
export function attributeMessages(file: Hdf5Bytes, messages: readonly Message[]): readonly Message[] {
  const inHeap = messages.filter(({ type }) => type === MESSAGE.attributeInfo).flatMap(({ at }) => denseObjects(file, at + 2 + (file.u8(at + 1) & 1 ? 2 : 0), DENSE.attributes)); // prettier-ignore
  const all = [
    ...messages.filter(({ type }) => type === MESSAGE.attribute),
    ...inHeap.map((piece) => ({ ...piece, type: MESSAGE.attribute, isShared: false })),
  ];
  for (const { at } of all) if (file.u8(at) > 3) throw file.unread(`attributes of version ${file.u8(at)}`);
  return all;
}

const TYPE_IS_SHARED = 1;
const SPACE_IS_SHARED = 2;

/** Versions 1 (parts padded to 8 bytes), 2 and 3. Source: HDF5 File Format Specification 3.0, IV.A.2.m. */
function readAttribute(file: Hdf5Bytes, at: number): Attribute {
  const version = file.u8(at);
  const [nameBytes, typeBytes, shapeBytes] = [file.u16(at + 2), file.u16(at + 4), file.u16(at + 6)];
  const pad = version === 1 ? padded : (size: number) => size;
  const nameAt = at + (version === 3 ? 9 : 8);
  const typeAt = nameAt + pad(nameBytes);
  const shapeAt = typeAt + pad(typeBytes);
  const shared = version === 1 ? 0 : file.u8(at + 1);
  if (shared & SPACE_IS_SHARED) throw file.unread('shared header messages');
  return {
    name: file.textUpToNul(nameAt, nameAt + nameBytes),
    type: readElementType(file, shared & TYPE_IS_SHARED ? sharedDatatype(file, typeAt) : typeAt),
    shape: readShape(file, shapeAt),
    dataAt: shapeAt + pad(shapeBytes),
  };
}

function padded(size: number): number {
  return Math.ceil(size / 8) * 8;
}
