import type * as H5wasm from 'h5wasm';
import { EdgefoldError } from '../../../../src/errors.ts';
import { sizeOf } from '../../../../src/tensor.ts';
import { BYTES_PER_ELEMENT, decodeFloat32, type StoredType } from '../../../../src/export/read/decode.ts';
import { checkTexts } from '../../../../src/export/read/hdf5/attributes.ts';
import { FILTER, type Hdf5Dataset, type Hdf5File, type Hdf5Kind } from '../../../../src/export/read/hdf5/file.ts';
import { checkSize, leadsElsewhere } from '../../../../src/export/read/hdf5/plain-file.ts';
import { foreignFilter } from '../../../../src/export/read/hdf5/storage.ts';

const KNOWN_FILTERS: ReadonlySet<number> = new Set(Object.values(FILTER));

type Library = Omit<typeof H5wasm, 'Module'> & { readonly Module: H5Module };
type H5Module = Awaited<(typeof H5wasm)['ready']>;

/**
 * Reads HDF5 out of memory with HDF5's own library. The one file that knows h5wasm: its general build, whose file
 * system is memory, because its build for Node opens any file of the machine that a hostile model names.
 *
 * Source: https://github.com/usnistgov/h5wasm
 * @throws {EdgefoldError} CORRUPT if HDF5 cannot open it, or would never come to an end.
 */
export async function openWithLibrary(bytes: Uint8Array, where: string): Promise<Hdf5File> {
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

/**
 * Whether the library has faulted, reading or closing a damaged file: it has one memory for all files, and what that
 * holds since nobody knows.
 */
let hasFaulted = false;

/** Emscripten's word for: keep this array, make no copy. Its types do not know it. */
const OWNED = { canOwn: true } as object;

class MemoryFile implements Hdf5File {
  readonly #library: Library;
  readonly #module: H5Module;
  readonly #id: bigint;
  readonly #where: string;
  readonly #byteLength: number;
  readonly #kinds = new Map<string, Hdf5Kind>([['', 'group']]);
  readonly #links = new Map<string, ReadonlySet<string>>();

  constructor(library: Library, module: H5Module, bytes: Uint8Array, where: string) {
    this.#library = library;
    this.#module = module;
    this.#where = where;
    this.#byteLength = bytes.byteLength;
    const name = `/edgefold-${++filesOpened}.h5`;
    module.FS.writeFile(name, bytes, OWNED);
    try {
      this.#id = this.#guard('', () => module.open(name, module.H5F_ACC_RDONLY, false, -1, -1));
    } catch (fault) {
      module.FS.unlink(name);
      throw fault;
    }
    forgotten.register(this, closer(module, this.#id, name));
  }

  names(group: string): readonly string[] {
    return this.kind(group) === 'group' ? [...this.#linksOf(group)] : [];
  }

  kind(path: string): Hdf5Kind {
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
      checkTexts(total_size, size, this.#at(at));
      checkSize(size * total_size, this.#byteLength, false, this.#at(at));
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
    const isChunked = metadata.chunks !== null;
    checkSize(byteLength, this.#byteLength, isChunked, this.#at(path));
    if (isChunked) this.#checkFilters(path);
    return { shape, float32: () => decodeFloat32(type, this.#read(path, byteLength)) };
  }

  /** What a link of a group leads to, once it is known to be a hard one. */
  #resolve(path: string): Hdf5Kind {
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
    throw leadsElsewhere(this.#at(path));
  }

  #storedType(path: string, { type, size, signed }: H5wasm.Metadata): StoredType {
    const { H5T_FLOAT, H5T_INTEGER, H5T_OPAQUE } = this.#module.H5T_class_t;
    const bits = size * 8;
    if (type === H5T_OPAQUE.value && size === 2) return 'bfloat16';
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

  #checkFilters(path: string): void {
    const filters = this.#guard(path, () => this.#module.get_dataset_filters(this.#id, absolute(path)));
    const foreign = filters.find(({ id }) => !KNOWN_FILTERS.has(id));
    if (foreign) throw foreignFilter(foreign.id, this.#at(path));
  }

  #read(path: string, byteLength: number): Uint8Array {
    const module = this.#module;
    const pointer = module._malloc(Math.max(byteLength, 1));
    if (pointer === 0) throw new EdgefoldError('LIMIT', 'there is no memory for it', { where: this.#at(path) });
    try {
      this.#guard(path, () => module.get_dataset_data(this.#id, absolute(path), null, null, null, BigInt(pointer)));
      return module.HEAPU8.slice(pointer, pointer + byteLength);
    } finally {
      if (!hasFaulted) module._free(pointer);
    }
  }

  /** Any complaint of HDF5 is final: after one, what a read returns may be old memory. */
  #guard<T>(path: string, action: () => T): T {
    if (hasFaulted) throw faultedBefore(this.#at(path));
    try {
      return action();
    } catch (cause) {
      if (cause instanceof EdgefoldError) throw cause;
      hasFaulted = cause instanceof WebAssembly.RuntimeError;
      throw new EdgefoldError('CORRUPT', 'HDF5 cannot read it', {
        where: this.#at(path),
        hint: 'The file is damaged or cut short, or takes values from another file; fetch it again.',
        cause,
      });
    }
  }

  #at(path: string): string {
    return path === '' ? this.#where : `${this.#where} ${path}`;
  }
}

function faultedBefore(where: string): EdgefoldError {
  return new EdgefoldError('RUNTIME', "HDF5's library has broken down over another, damaged file", {
    where,
    hint: 'Reload the page, or start the program again.',
  });
}

/** Must not hold the file object, or it would never be forgotten. Closing what is damaged may fail in any way. */
function closer(module: H5Module, id: bigint, name: string): () => void {
  return () => {
    try {
      if (!hasFaulted) module.close_file(id);
    } catch (cause) {
      hasFaulted = cause instanceof WebAssembly.RuntimeError;
    }
    module.FS.unlink(name);
  };
}

function absolute(path: string): string {
  return `/${path}`;
}
