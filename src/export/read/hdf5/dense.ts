import type { Hdf5Bytes } from './bytes.ts';
import { FractalHeap, type Piece } from './fractal-heap.ts';
import { readTree2 } from './tree-v2.ts';

/** The type of the tree that has the names, and where a record has the identifier in the heap. */
export const DENSE = {
  links: { tree: 5, idAt: 4 },
  attributes: { tree: 8, idAt: 0 },
} as const;

/**
 * Link or attribute messages of an object that has too many for its header. The address of the heap stands at `at`, and
 * behind it that of the tree; neither where there is no heap.
 */
export function denseObjects(file: Hdf5Bytes, at: number, { tree, idAt }: (typeof DENSE)[keyof typeof DENSE]): Piece[] {
  const heapAt = file.address(at);
  const treeAt = file.address(at + file.addressBytes);
  if (heapAt === undefined || treeAt === undefined) return [];
  const heap = new FractalHeap(file, heapAt);
  return readTree2(file, treeAt, tree).records.map((record) => heap.object(record + idAt));
}
