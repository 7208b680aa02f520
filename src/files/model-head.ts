import { EdgefoldError } from '../errors.ts';
import { describe, sniff, type FileKind } from '../onnx/sniff.ts';

/** Models that may be of any size: the others say less, or are none. */
const LARGE_KINDS: ReadonlySet<FileKind> = new Set(['hdf5', 'zip']);
/** protobuf counts the bytes of a message in a signed 32-bit integer, and ONNX has no mark of its own. */
const MAX_PROTOBUF_BYTES = 2 ** 31 - 1;
const MAX_OTHER_BYTES = 2 ** 28;

/** Refuses, by how it begins, a file that is too large for what it is. @throws {EdgefoldError} LIMIT. */
export function checkModelHead(head: Uint8Array, sizeBytes: number, where: string): void {
  const kind = sniff(head.subarray(0, sizeBytes));
  if (LARGE_KINDS.has(kind)) return;
  const isProtobuf = kind === 'unknown' || kind === 'saved-model';
  const most = isProtobuf ? MAX_PROTOBUF_BYTES : MAX_OTHER_BYTES;
  if (sizeBytes <= most) return;
  throw new EdgefoldError('LIMIT', 'the file is too large for what it is', {
    where,
    expected: `at most ${String(most)} bytes`,
    received: `${kind === 'unknown' ? 'neither Keras nor TF.js' : describe(kind)} of ${String(sizeBytes)}`,
    ...(isProtobuf && { hint: 'An ONNX file of more than 2 GiB has its weights in files beside it.' }),
  });
}
