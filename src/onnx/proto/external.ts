import { EdgefoldError } from '../../errors.ts';
import type { onnx } from './onnx.js';

/**
 * Reads a part of a file beside the model; `length` undefined reads to the end. Whoever makes one guards the
 * folder: it opens nothing outside it.
 */
export type ExternalData = (location: string, offset: number, length: number | undefined) => Uint8Array;

export function checkedExternal(
  entries: readonly onnx.StringStringEntryProto[],
  byteLength: number,
  where: string,
  read: ExternalData | undefined,
): () => Uint8Array {
  void entries;
  void byteLength;
  void read;
  throw new EdgefoldError('UNSUPPORTED', 'external data', { where });
}
