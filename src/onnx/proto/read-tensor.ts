import { EdgefoldError } from '../../errors.ts';
import { byteLengthOf, sizeOf, type DType } from '../../tensor.ts';
import { Constant } from '../constant.ts';
import { dtypeOf } from './dtype.ts';
import { checkCount, FIELDS, typedElements, viewOf, type Decode, type TensorHead } from './elements.ts';
import { externalBytes, isExternal, type ExternalData } from './external.ts';
import { corrupt } from './fault.ts';
import { toNumber } from './int64.ts';
import type { Int64, onnx } from './onnx.js';

/**
 * The tensor of a message. What it costs little to check is checked at once: dtype, dimensions, and that the data
 * are there once and of the right size; the elements are decoded on the first read.
 * @throws {EdgefoldError} CORRUPT, UNSAFE, UNSUPPORTED.
 */
export function readTensor(proto: onnx.TensorProto, where: string, externalData?: ExternalData): Constant {
  const head = { dtype: readDType(proto, where), shape: readShape(proto.dims, where), where };
  if (proto.segment) throw new EdgefoldError('UNSUPPORTED', 'the tensor is split into segments', { where });
  const decode = decoderOf(proto, head, externalData);
  const { dtype, shape } = head;
  return Constant.lazy(dtype, shape, () => ({ dtype, shape, data: decode() }), proto, unalignedBytes(proto, dtype));
}

function decoderOf(proto: onnx.TensorProto, head: TensorHead, externalData: ExternalData | undefined): Decode {
  const fields = FIELDS.filter((field) => proto[field].length > 0);
  const raw = proto.raw_data ?? new Uint8Array();
  const places = fields.length + Number(raw.length > 0) + Number(isExternal(proto));
  if (places > 1) corrupt(head.where, 'the tensor has its data in several places', 'one', String(places));
  if (isExternal(proto)) return externalElements(proto, head, externalData);
  return fields[0] ? typedElements(proto, fields[0], head) : rawElements(raw, head);
}

function unalignedBytes({ raw_data }: onnx.TensorProto, dtype: DType): Uint8Array | undefined {
  return raw_data && dtype === 'float32' && raw_data.byteOffset % 4 !== 0 ? raw_data : undefined;
}

function externalElements(proto: onnx.TensorProto, head: TensorHead, externalData: ExternalData | undefined): Decode {
  const { dtype, shape, where } = head;
  if (dtype === 'string') corrupt(where, 'strings cannot lie in another file');
  const read = externalBytes(proto, byteLengthOf(dtype, shape), where, externalData);
  return () => viewOf(dtype, read());
}

function rawElements(bytes: Uint8Array, { dtype, shape, where }: TensorHead): Decode {
  if (dtype === 'string') {
    checkCount(where, 'strings', sizeOf(shape), 0);
    return () => [];
  }
  checkCount(where, 'bytes', byteLengthOf(dtype, shape), bytes.length);
  return () => viewOf(dtype, bytes);
}

export function readDType({ data_type }: onnx.TensorProto, where: string): DType {
  const dtype = dtypeOf(data_type);
  return dtype ?? corrupt(where, 'the tensor is of an unknown type', 'an element type of IR 13', String(data_type));
}

/** As many as numpy, in which most weights begin, allows. */
const MAX_RANK = 64;

/** @throws {EdgefoldError} CORRUPT for a dimension below 0, or more elements than can be counted; LIMIT. */
export function readShape(dims: readonly Int64[], where: string): number[] {
  if (dims.length > MAX_RANK) {
    const received = String(dims.length);
    throw new EdgefoldError('LIMIT', 'the tensor has too many dimensions', { where, expected: 'at most 64', received });
  }
  const shape = dims.map(toNumber);
  // Zeros count as ones, so that a product over a zero cannot hide an overflow; 128 bits is the widest element.
  const bits = shape.reduce((product, dim) => product * Math.max(dim, 1), 128);
  if (shape.some((dim) => dim < 0)) corrupt(where, 'a dimension is negative', undefined, `[${shape.join(', ')}]`);
  if (bits > Number.MAX_SAFE_INTEGER) corrupt(where, 'the tensor is too large', undefined, `[${shape.join(', ')}]`);
  return shape;
}
