import type * as H5wasm from 'h5wasm';
import { EdgefoldError } from '../../errors.ts';
import { sizeOf } from '../../tensor.ts';
import { BYTES_PER_ELEMENT, decodeFloat32, type StoredType } from './decode.ts';

/**
 * Reads HDF5 out of memory. The one file that knows h5wasm: its general build, whose file system is memory, because
 * its build for Node opens any file of the machine that a hostile model names. Only hard links are followed; soft and
 * external links, virtual datasets and foreign filters are refused.
 *
 * Source: https://github.com/usnistgov/h5wasm, https://support.hdfgroup.org/documentation/hdf5/latest/
 */
export interface Hdf5File {
  /** Names in a group, sorted by their characters or, where the file tracks it, in order of creation. */
  names(group: string): readonly string[];
  /** @throws {EdgefoldError} UNSAFE if a link on the way leads elsewhere. */
  kind(path: string): Kind;
  /** A text attribute, one string or many; `[]` for an empty one of any type, `undefined` if there is none. */
  strings(path: string, attribute: string): readonly string[] | undefined;
  /** Describes a dataset; its elements are read on call. */
  dataset(path: string): Hdf5Dataset;
}

export interface Hdf5Dataset {
  readonly path: string;
  readonly shape: readonly number[];
  /** @throws {EdgefoldError} CORRUPT if the bytes cannot be read. */
  float32(): Float32Array;
}

type Kind = 'group' | 'dataset' | undefined;

/** Deflate cannot expand a byte to more than this many. */
const MAX_DEFLATE_RATIO = 1032;
/** One dataset must fit beside the others in the 32-bit memory of HDF5's WebAssembly. */
const MAX_DATASET_BYTES = 2 ** 30;
/** Filters compiled in: deflate, shuffle, fletcher32. */
const KNOWN_FILTERS = new Set([1, 2, 3]);

type Library = Omit<typeof H5wasm, 'Module'> & { readonly Module: H5Module };
type H5Module = Awaited<(typeof H5wasm)['ready']>;

/** @throws {EdgefoldError} CORRUPT if HDF5 cannot open it. */
export async function openHdf5(bytes: Uint8Array, where: string): Promise<Hdf5File> {
  const library = (await import('h5wasm')) as unknown as Library;
  const module = await library.ready;
  module.activate_throwing_error_handler();
  return new MemoryFile(library, module, bytes, where);
}

/** Closes a file and lets go of its bytes once nobody can read from it any more. */
const forgotten = new FinalizationRegistry<() => void>((close) => {
  close();
});
let filesOpened = 0;

/** Emscripten's word for: keep this array, make no copy. Its types do not know it. */
const OWNED = { canOwn: true } as object;

class MemoryFile implements Hdf5File {
  readonly #library: Library;
  readonly #module: H5Module;
  readonly #id: bigint;
  readonly #where: string;
  readonly #byteLength: number;
  readonly #kinds = new Map<string, Kind>([['', 'group']]);
  readonly #links = new Map<string, ReadonlySet<string>>();

  constructor(library: Library, module: H5Module, bytes: Uint8Array, where: string) {
    this.#library = library;
    this.#module = module;
    this.#where = where;
    this.#byteLength = bytes.byteLength;
    const name = `/edgefold-${++filesOpened}.h5`;
    module.FS.writeFile(name, bytes, OWNED);
    this.#id = this.#guard('', () => module.open(name, module.H5F_ACC_RDONLY, false, -1, -1));
    forgotten.register(this, closer(module, this.#id, name));
  }

  names(group: string): readonly string[] {
    return this.kind(group) === 'group' ? [...this.#linksOf(group)] : [];
  }

  kind(path: string): Kind {
    if (!this.#kinds.has(path)) this.#kinds.set(path, this.#resolve(path));
    return this.#kinds.get(path);
  }

  strings(path: string, attribute: string): readonly string[] | undefined {
    if (!this.kind(path)) return undefined;
    const at = `${path} attribute ${attribute}`;
    return this.#guard(at, () => {
      if (!this.#module.get_attribute_names(this.#id, absolute(path)).includes(attribute)) return undefined;
      const { type, size, total_size, shape } = this.#module.get_attribute_metadata(
        this.#id,
        absolute(path),
        attribute,
      );
      if (total_size === 0 || shape === null) return [];
      if (type !== this.#module.H5T_class_t.H5T_STRING.value) return undefined;
      if (size * total_size > this.#byteLength) throw this.#tooLarge(at, size * total_size);
      const value = new this.#library.Group(this.#id, absolute(path)).get_attribute(attribute, false);
      return (Array.isArray(value) ? value : [value]) as string[];
    });
  }

  dataset(path: string): Hdf5Dataset {
    if (this.kind(path) !== 'dataset') {
      throw new EdgefoldError('WEIGHTS', 'the file lists a weight that it does not hold', { where: this.#at(path) });
    }
    const metadata = this.#guard(path, () => this.#module.get_dataset_metadata(this.#id, absolute(path)));
    if (metadata.virtual_sources) {
      throw new EdgefoldError('UNSAFE', 'a virtual dataset takes its values from other files', {
        where: this.#at(path),
        expected: 'values stored in the file itself',
      });
    }
    const type = this.#storedType(path, metadata);
    const shape = metadata.shape ?? [];
    const byteLength = sizeOf(shape) * BYTES_PER_ELEMENT[type];
    this.#checkStorage(path, byteLength, metadata.chunks !== null);
    return { path, shape, float32: () => decodeFloat32(type, this.#read(path, byteLength)) };
  }

  /** What a link of a group leads to, once it is known to be a hard one. */
  #resolve(path: string): Kind {
    const slash = path.lastIndexOf('/');
    const parent = path.slice(0, Math.max(0, slash));
    if (this.kind(parent) !== 'group' || !this.#linksOf(parent).has(path.slice(slash + 1))) return undefined;
    this.#refuseLink(path);
    const type = this.#guard(path, () => this.#module.get_type(this.#id, absolute(path)));
    if (type === this.#module.H5G_GROUP) return 'group';
    return type === this.#module.H5G_DATASET ? 'dataset' : undefined;
  }

  #linksOf(group: string): ReadonlySet<string> {
    let links = this.#links.get(group);
    if (!links) {
      links = new Set(this.#guard(group, () => this.#module.get_names(this.#id, absolute(group), false)));
      this.#links.set(group, links);
    }
    return links;
  }

  #refuseLink(path: string): void {
    const soft = this.#guard(path, (): unknown => this.#module.get_symbolic_link(this.#id, absolute(path)));
    const external = this.#guard(path, () => this.#module.get_external_link(this.#id, absolute(path)));
    if (soft === null && Object.keys(external).length === 0) return;
    throw new EdgefoldError('UNSAFE', 'a link in the file leads elsewhere', {
      where: this.#at(path),
      expected: 'groups and datasets of the file itself',
    });
  }

  #storedType(path: string, { type, size, signed }: H5wasm.Metadata): StoredType {
    const { H5T_FLOAT, H5T_INTEGER } = this.#module.H5T_class_t;
    const bits = size * 8;
    if (this.strings(path, 'dtype')?.[0] === 'bfloat16' && size === 2) return 'bfloat16';
    if (type === H5T_FLOAT.value && [16, 32, 64].includes(bits)) return `float${bits as 16 | 32 | 64}`;
    if (type === H5T_INTEGER.value && [8, 16, 32, 64].includes(bits)) {
      return `${signed ? '' : 'u'}int${bits as 8 | 16 | 32 | 64}`;
    }
    throw new EdgefoldError('UNSUPPORTED', 'weights of this type are not read', {
      where: this.#at(path),
      expected: 'floating-point numbers or integers',
      received: `HDF5 type class ${type}, ${size} bytes an element`,
    });
  }

  /** A small file must not claim a huge array: HDF5 fills what is not stored with zeros. */
  #checkStorage(path: string, byteLength: number, chunked: boolean): void {
    const stored = this.#byteLength * (chunked ? MAX_DEFLATE_RATIO : 1);
    if (byteLength > stored) {
      throw new EdgefoldError('CORRUPT', 'a dataset declares more than the file can hold', {
        where: this.#at(path),
        expected: `at most ${stored} bytes`,
        received: `${byteLength} bytes`,
        hint: 'The file is damaged or cut short; fetch it again.',
      });
    }
    if (byteLength > MAX_DATASET_BYTES) throw this.#tooLarge(path, byteLength);
    const foreign = this.#guard(path, () => this.#module.get_dataset_filters(this.#id, absolute(path))).find(
      ({ id }) => !KNOWN_FILTERS.has(id),
    );
    if (foreign) {
      throw new EdgefoldError('UNSUPPORTED', 'a dataset is compressed in a way that is not read', {
        where: this.#at(path),
        expected: 'deflate, shuffle or fletcher32',
        received: `filter ${foreign.id}`,
      });
    }
  }

  #read(path: string, byteLength: number): Uint8Array {
    const module = this.#module;
    const pointer = module._malloc(Math.max(byteLength, 1));
    if (pointer === 0) throw this.#tooLarge(path, byteLength);
    try {
      this.#guard(path, () => module.get_dataset_data(this.#id, absolute(path), null, null, null, BigInt(pointer)));
      return module.HEAPU8.slice(pointer, pointer + byteLength);
    } finally {
      module._free(pointer);
    }
  }

  /** Any complaint of HDF5 is final: after one, what a read returns may be old memory. */
  #guard<T>(path: string, action: () => T): T {
    try {
      return action();
    } catch (cause) {
      if (cause instanceof EdgefoldError) throw cause;
      throw new EdgefoldError('CORRUPT', 'HDF5 cannot read it', {
        where: this.#at(path),
        hint: 'The file is damaged or cut short, or takes values from another file; fetch it again.',
        cause,
      });
    }
  }

  #tooLarge(path: string, byteLength: number): EdgefoldError {
    return new EdgefoldError('LIMIT', 'one piece of the file is too large', {
      where: this.#at(path),
      expected: `at most ${MAX_DATASET_BYTES} bytes`,
      received: `${byteLength} bytes`,
    });
  }

  #at(path: string): string {
    return path === '' ? this.#where : `${this.#where} ${path}`;
  }
}

/** Must not hold the file object, or it would never be forgotten. */
function closer(module: H5Module, id: bigint, name: string): () => void {
  return () => {
    module.close_file(id);
    module.FS.unlink(name);
  };
}

function absolute(path: string): string {
  return `/${path}`;
}
