/**
 * What is read of an HDF5 file. Only hard links are followed; soft and external links, virtual datasets, values in
 * other files and foreign filters are refused.
 */
export interface Hdf5File {
  /** Names in a group; `[]` for anything else. */
  names(group: string): readonly string[];
  /** @throws {EdgefoldError} UNSAFE if a link on the way leads elsewhere. */
  kind(path: string): Hdf5Kind;
  /** A text attribute, one string or many; `[]` for an empty one of any type, `undefined` if there is none. */
  strings(path: string, attribute: string): readonly string[] | undefined;
  /** Describes a dataset; its elements are read on call. */
  dataset(path: string): Hdf5Dataset;
}

export type Hdf5Kind = 'group' | 'dataset' | undefined;

export interface Hdf5Dataset {
  readonly shape: readonly number[];
  /** A view on the file's bytes where they are stored plainly. @throws {EdgefoldError} CORRUPT. */
  float32(): Float32Array;
}

/** Deflate cannot expand a byte to more than this many. */
export const MAX_DEFLATE_RATIO = 1032;
/** Filters that are undone here: deflate, shuffle, fletcher32. */
export const FILTER = { deflate: 1, shuffle: 2, fletcher32: 3 } as const;
/** Larger datasets are read only where they are not packed. */
export const MAX_UNPACKED_BYTES = 2 ** 31;
