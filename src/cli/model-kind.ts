import { EdgefoldError } from '../errors.ts';
import { describe, sniff, type FileKind } from '../onnx/sniff.ts';
import type { OpenedSource } from '../files/source.ts';

/** The containers that Keras, TensorFlow and TF.js write. */
const SOURCE_KINDS: ReadonlySet<FileKind> = new Set(['hdf5', 'zip', 'json', 'saved-model']);

/** ONNX has no mark of its own: what nothing else claims is taken for it. @throws {EdgefoldError} FORMAT. */
export function modelKind({ bytes, name }: OpenedSource): 'onnx' | 'source' {
  const kind = sniff(bytes);
  if (kind === 'unknown') return 'onnx';
  if (SOURCE_KINDS.has(kind)) return 'source';
  throw new EdgefoldError('FORMAT', 'it is no model that is read here', {
    where: name,
    expected: 'an ONNX, Keras (.keras, .h5) or TF.js (model.json) model',
    received: describe(kind),
  });
}

/** @throws {EdgefoldError} FORMAT if it is a Keras or TF.js file. */
export function refuseSource({ bytes, name }: OpenedSource): void {
  const kind = sniff(bytes);
  if (!SOURCE_KINDS.has(kind)) return;
  throw new EdgefoldError('FORMAT', 'this is not an ONNX model', {
    where: name,
    received: describe(kind),
    hint: 'Use "edgefold export" for Keras and TF.js models.',
  });
}
