import { EdgefoldError } from '../../../errors.ts';
import { sizeOf } from '../../../tensor.ts';
import { decodeFloat32, type StoredType } from '../decode.ts';
import { AttributeReader, attributeMessages } from './attributes.ts';
import type { Hdf5Bytes } from './bytes.ts';
import { MAX_DEFLATE_RATIO, MAX_UNPACKED_BYTES, type Hdf5Dataset, type Hdf5File, type Hdf5Kind } from './file.ts';
import { MESSAGE, readHeader, readSuperblock, sharedDatatype, type Message } from './header.ts';
import { readLinks, type Link } from './links.ts';
import { readStorage, readStored } from './storage.ts';
import { readElementType, readMaxShape, readShape } from './types.ts';

/** A group or dataset, by its header. */
interface StoredObject {
  readonly messages: readonly Message[];
  readonly attributes: readonly Message[];
  /** Present for groups. */
  readonly links: ReadonlyMap<string, Link> | undefined;
}

/**
 * Reads HDF5 straight from the file's bytes: what Keras and h5py write, of every version of the format. Every object is
 * looked at on opening, so that damage shows at once.
 *
 * Source: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
 * @throws {EdgefoldError} CORRUPT; UNSUPPORTED for a part of HDF5 that is not read.
 */
export class PlainFile implements Hdf5File {
  readonly #file: Hdf5Bytes;
  readonly #root: number;
  readonly #attributes: AttributeReader;
  readonly #objects = new Map<number, StoredObject>();

  constructor(bytes: Uint8Array, where: string) {
    const { file, root } = bounded(where, () => readSuperblock(bytes, where));
    this.#file = file;
    this.#root = root;
    this.#attributes = new AttributeReader(file);
    this.#lookAtEverything();
  }

  names(group: string): readonly string[] {
    return [...(this.#find(group)?.links?.keys() ?? [])];
  }

  kind(path: string): Hdf5Kind {
    const object = this.#find(path);
    if (!object) return undefined;
    if (object.links) return 'group';
    return object.messages.some(({ type }) => type === MESSAGE.layout) ? 'dataset' : undefined;
  }

  strings(path: string, attribute: string): readonly string[] | undefined {
    const object = this.#find(path);
    return object && bounded(this.#at(path), () => this.#attributes.strings(object.attributes, attribute));
  }

  dataset(path: string): Hdf5Dataset {
    const object = this.#find(path);
    const file = this.#file;
    const where = this.#at(path);
    return bounded(where, () => {
      const shapeAt = object?.messages.find(({ type }) => type === MESSAGE.dataspace)?.at;
      const type = object?.messages.find(({ type }) => type === MESSAGE.datatype);
      if (!object || shapeAt === undefined || type === undefined || this.kind(path) !== 'dataset') {
        throw new EdgefoldError('WEIGHTS', 'the file lists a weight that it does not hold', { where });
      }
      const shape = readShape(file, shapeAt) ?? [0];
      const element = this.#elementType(path, type.isShared ? sharedDatatype(file, type.at) : type.at);
      const storage = readStorage(file, object.messages, where, readMaxShape(file, shapeAt));
      checkSize(sizeOf(shape) * element.bytes, file.size, storage.kind === 'chunks', where);
      return {
        shape,
        float32: () =>
          bounded(where, () => {
            const bytes = readStored(file, storage, shape, element.bytes);
            return decodeFloat32(element.type, element.isBigEndian ? swapped(bytes, element.bytes) : bytes);
          }),
      };
    });
  }

  #elementType(path: string, at: number): { type: StoredType; bytes: number; isBigEndian: boolean } {
    const element = readElementType(this.#file, at);
    if (element.kind === 'number') return element;
    throw new EdgefoldError('UNSUPPORTED', 'weights of this type are not read', {
      where: this.#at(path),
      expected: 'floating-point numbers or integers',
      received: `HDF5 ${element.kind} elements of ${element.bytes} bytes`,
    });
  }

  #find(path: string): StoredObject | undefined {
    let address = this.#root;
    const parts = path === '' ? [] : path.split('/');
    for (const [depth, part] of parts.entries()) {
      const link = this.#object(address).links?.get(part);
      if (link === undefined) return undefined;
      if (link === 'elsewhere') throw leadsElsewhere(this.#at(parts.slice(0, depth + 1).join('/')));
      address = link;
    }
    return this.#object(address);
  }

  #object(address: number): StoredObject {
    const known = this.#objects.get(address);
    if (known) return known;
    const object = bounded(this.#file.where, () => {
      const messages = readHeader(this.#file, address);
      const attributes = attributeMessages(this.#file, messages);
      return { messages, attributes, links: readLinks(this.#file, messages) };
    });
    this.#objects.set(address, object);
    return object;
  }

  /** Each object once, by address, so that hard links in a circle end. */
  #lookAtEverything(): void {
    const open = [this.#root];
    for (let address = open.pop(); address !== undefined; address = open.pop()) {
      if (this.#objects.has(address)) continue;
      for (const link of this.#object(address).links?.values() ?? []) if (link !== 'elsewhere') open.push(link);
    }
  }

  #at(path: string): string {
    return path === '' ? this.#file.where : `${this.#file.where} ${path}`;
  }
}

export function leadsElsewhere(where: string): EdgefoldError {
  return new EdgefoldError('UNSAFE', 'a link in the file leads elsewhere', {
    where,
    expected: 'groups and datasets of the file itself',
  });
}

/** A small file must not claim a huge array. What is not packed lies in the file, whose size has a limit of its own. */
export function checkSize(byteLength: number, fileBytes: number, isPacked: boolean, where: string): void {
  const most = fileBytes * (isPacked ? MAX_DEFLATE_RATIO : 1);
  if (byteLength > most) {
    throw new EdgefoldError('CORRUPT', 'a dataset declares more than the file can hold', {
      where,
      expected: `at most ${most} bytes`,
      received: `${byteLength} bytes`,
      hint: 'The file is damaged or cut short; fetch it again.',
    });
  }
  if (isPacked && byteLength > MAX_UNPACKED_BYTES) {
    throw new EdgefoldError('LIMIT', 'one packed weight is too large', {
      where,
      expected: `at most ${MAX_UNPACKED_BYTES} bytes`,
      received: `${byteLength} bytes`,
      hint: 'If you trust the file, save it without compression.',
    });
  }
}

/** A read beyond the end of the bytes is a fault of the file. */
function bounded<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new EdgefoldError('CORRUPT', 'the HDF5 file is damaged: it points outside itself', {
      where,
      hint: 'It may be cut short; fetch it again.',
      cause,
    });
  }
}

function swapped(bytes: Uint8Array, width: number): Uint8Array {
  const result = new Uint8Array(bytes);
  for (let start = 0; start < result.length; start += width) result.subarray(start, start + width).reverse();
  return result;
}
