import { byteLengthOf } from '../../tensor.ts';
import { externalBytes, isExternal, movedIn, movedOut, type ExternalData } from './external.ts';
import { corrupt } from './fault.ts';
import type { onnx } from './onnx.js';
import { readDType, readShape } from './read-tensor.ts';
import { rewriteTensors } from './rewrite-tensors.ts';
import { readPiece } from './wire.ts';

/** Where memory pages begin, so that a runtime can map each tensor. */
const ALIGNMENT = 4096;

export interface SplitLimits {
  /** Weights of at most this many bytes in all stay in the model file. */
  readonly maxInlineBytes: number;
  /** Tensors of fewer bytes stay in the model file in any case. */
  readonly minTensorBytes: number;
}

/** protobuf allows 2 GiB a file; 64 MiB of that are left for the structure. */
export const SPLIT_DEFAULTS: SplitLimits = { maxInlineBytes: 2 ** 31 - 2 ** 26, minTensorBytes: 1024 };

/** The elements of one tensor, and where they go in the data file. */
export interface Part {
  readonly offset: number;
  readonly length: number;
  readonly read: () => Uint8Array;
}

/** Which tensors go into a data file, in the order in which they lie there; none if all fit into one file. */
export function planParts(
  model: onnx.ModelProto,
  { maxInlineBytes, minTensorBytes }: SplitLimits,
  externalData: ExternalData | undefined,
): Map<onnx.TensorProto, Part> {
  const parts = new Map<onnx.TensorProto, Part>();
  let total = 0;
  let end = 0;
  rewriteTensors(model, (tensor, isInitializer) => {
    const length = payload(tensor, externalData);
    total += length;
    if (isInitializer && length >= minTensorBytes && !parts.has(tensor)) {
      const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
      parts.set(tensor, { offset, length, read: () => read(tensor, externalData) });
      end = offset + length;
    }
    return tensor;
  });
  return total > maxInlineBytes ? parts : new Map<onnx.TensorProto, Part>();
}

/**
 * The model with the given parts moved out to a file of this name, and, if they can be read, all other tensors that
 * lay in other files taken in.
 */
export function placed(
  model: onnx.ModelProto,
  externalData: ExternalData | undefined,
  parts: ReadonlyMap<onnx.TensorProto, Part> = new Map(),
  location = '',
): onnx.ModelProto {
  return rewriteTensors(model, (tensor) => {
    const part = parts.get(tensor);
    if (part) return movedOut(tensor, location, part.offset, part.length);
    return externalData && isExternal(tensor) ? movedIn(tensor, read(tensor, externalData)) : tensor;
  });
}

/** The data file, piece by piece: the parts and the zeros between them. */
export function* piecesOf(parts: Iterable<Part>): Generator<Uint8Array> {
  let end = 0;
  for (const { offset, length, read } of parts) {
    if (offset > end) yield new Uint8Array(offset - end);
    yield read();
    end = offset + length;
  }
}

/** Bytes that move with a tensor; what cannot be read stays where it is. */
function payload(tensor: onnx.TensorProto, externalData: ExternalData | undefined): number {
  if (!isExternal(tensor)) return tensor.raw_data?.length ?? 0;
  return externalData ? denseBytes(tensor) : 0;
}

function read(tensor: onnx.TensorProto, externalData: ExternalData | undefined): Uint8Array {
  if (!isExternal(tensor)) return readPiece(tensor.raw_data ?? new Uint8Array());
  return externalBytes(tensor, denseBytes(tensor), whereOf(tensor), externalData)();
}

function denseBytes(tensor: onnx.TensorProto): number {
  const where = whereOf(tensor);
  const dtype = readDType(tensor, where);
  if (dtype === 'string') corrupt(where, 'strings cannot lie in another file');
  return byteLengthOf(dtype, readShape(tensor.dims, where));
}

function whereOf({ name }: onnx.TensorProto): string {
  return `tensor ${name ?? '?'}`;
}
