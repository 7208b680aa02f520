import { Unfamiliar } from './bytes.ts';
import type { Hdf5File } from './file.ts';
import { PlainFile } from './plain-file.ts';

/**
 * Opens an HDF5 file held in memory: directly, or through HDF5's own library (WebAssembly, loaded only then) where the
 * file uses a part of the format that Keras does not write.
 *
 * @throws {EdgefoldError} CORRUPT if it is damaged.
 */
export async function openHdf5(bytes: Uint8Array, where: string): Promise<Hdf5File> {
  try {
    return new PlainFile(bytes, where);
  } catch (error) {
    if (!(error instanceof Unfamiliar)) throw error;
    const { openWithLibrary } = await import('./wasm-file.ts');
    return openWithLibrary(bytes, where);
  }
}
