import { EdgefoldError } from '../errors.ts';
import { describe, sniff, type FileKind } from '../onnx/sniff.ts';

const EXPORT = 'Export it first, with "edgefold export" or exportModel().';

const HINTS: Readonly<Partial<Record<FileKind, string>>> = {
  zip: EXPORT,
  hdf5: EXPORT,
  json: EXPORT,
  'saved-model': EXPORT,
};

/** @throws {EdgefoldError} FORMAT for a file of another kind, by how it begins. */
export function checkOnnx(head: Uint8Array, where: string): void {
  const kind = sniff(head);
  if (kind === 'unknown') return;
  const hint = HINTS[kind];
  throw new EdgefoldError('FORMAT', 'this is not an ONNX model', { where, received: describe(kind), ...(hint && { hint }) }); // prettier-ignore
}
