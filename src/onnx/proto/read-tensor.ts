import { EdgefoldError } from '../../errors.ts';
import { BITS_PER_ELEMENT, byteLengthOf, sizeOf, type DType, type DTypeArray } from '../../tensor.ts';
import { Constant } from '../constant.ts';
import { dtypeOf } from './dtype.ts';
import { checkedExternal, type ExternalData } from './external.ts';
import { toBigInt, toNumber } from './int64.ts';
import type { Int64, onnx } from './onnx.js';

const EXTERNAL = 1;

type Field = 'float_data' | 'int32_data' | 'int64_data' | 'double_data' | 'uint64_data' | 'string_data';

/** The typed field that holds each dtype when `raw_data` does not; all others are in `int32_data`. */
const FIELDS: Readonly<Partial<Record<DType, Field>>> = {
  float32: 'float_data',
  complex64: 'float_data',
  float64: 'double_data',
  complex128: 'double_data',
  int64: 'int64_data',
  uint32: 'uint64_data',
  uint64: 'uint64_data',
  string: 'string_data',
};
const ALL_FIELDS: readonly Field[] = [
  'float_data',
  'int32_data',
  'int64_data',
  'double_data',
  'uint64_data',
  'string_data',
];

type NumericArray = Exclude<DTypeArray[DType], readonly string[]>;
type NumericArrayConstructor = new (buffer: ArrayBufferLike, byteOffset?: number, length?: number) => NumericArray;

const ARRAYS: Readonly<Partial<Record<DType, NumericArrayConstructor>>> = {
  float32: Float32Array,
  complex64: Float32Array,
  float64: Float64Array,
  complex128: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int8: Int8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
};

/** Everything that is bytes or packed bits is a Uint8Array. */
const arrayOf = (dtype: DType): NumericArrayConstructor & { readonly BYTES_PER_ELEMENT: number } =>
  (ARRAYS[dtype] ?? Uint8Array) as NumericArrayConstructor & { readonly BYTES_PER_ELEMENT: number };

/**
 * The tensor of a message. What it costs little to check is checked at once: dtype, dimensions, and that the data
 * are there once and of the right size; the elements are decoded on the first read.
 * @throws {EdgefoldError} CORRUPT, UNSAFE, UNSUPPORTED.
 */
export function readTensor(proto: onnx.TensorProto, where: string, external?: ExternalData): Constant {
  const dtype = readDType(proto, where);
  const shape = readShape(proto.dims, where);
  if (proto.segment) throw new EdgefoldError('UNSUPPORTED', 'the tensor is split into segments', { where });
  const decode = decoderOf(proto, dtype, shape, where, external);
  return Constant.lazy(dtype, shape, () => ({ dtype, shape, data: decode() }), proto);
}

function decoderOf(
  proto: onnx.TensorProto,
  dtype: DType,
  shape: readonly number[],
  where: string,
  external: ExternalData | undefined,
): () => DTypeArray[DType] {
  const fields = ALL_FIELDS.filter((field) => proto[field].length > 0);
  const raw = proto.raw_data;
  const isExternal = proto.data_location === EXTERNAL;
  const [field] = fields;
  const places = fields.length + Number(!!raw?.length) + Number(isExternal);
  if (places > 1) corrupt(where, 'the tensor has its data in several places', 'one', String(places));
  if (isExternal) {
    if (dtype === 'string') corrupt(where, 'strings cannot lie in an external file');
    const read = checkedExternal(proto.external_data, byteLengthOf(dtype, shape), where, external);
    return () => viewOf(dtype, read());
  }
  if (field !== undefined) return typedDecoder(proto, field, dtype, shape, where);
  if (dtype === 'string') {
    checkCount(where, 'strings', sizeOf(shape), 0);
    return () => [];
  }
  const bytes = raw ?? new Uint8Array();
  checkCount(where, 'bytes', byteLengthOf(dtype, shape), bytes.length);
  return () => viewOf(dtype, bytes);
}

function typedDecoder(
  proto: onnx.TensorProto,
  field: Field,
  dtype: DType,
  shape: readonly number[],
  where: string,
): () => DTypeArray[DType] {
  const expected = FIELDS[dtype] ?? 'int32_data';
  if (field !== expected) corrupt(where, `${dtype} elements in the wrong field`, expected, field);
  checkCount(where, 'elements', fieldLength(dtype, shape), proto[field].length);
  if (field === 'string_data') return () => proto.string_data.map((bytes) => utf8(bytes, where));
  if (field === 'int64_data' || field === 'uint64_data') return () => integers(proto[field], dtype, where);
  return () => numbers(proto[field], dtype, where);
}

/** Complex numbers are pairs; elements of less than a byte come as whole bytes. */
function fieldLength(dtype: DType, shape: readonly number[]): number {
  if (dtype === 'complex64' || dtype === 'complex128') return 2 * sizeOf(shape);
  return dtype !== 'string' && BITS_PER_ELEMENT[dtype] < 8 ? byteLengthOf(dtype, shape) : sizeOf(shape);
}

function numbers(values: readonly number[], dtype: DType, where: string): DTypeArray[DType] {
  const data = new (arrayOf(dtype) as unknown as Uint8ArrayConstructor)(values);
  if (dtype === 'float32' || dtype === 'complex64') return data;
  const index = values.findIndex((value, i) => !Object.is(data[i], value) && !Number.isNaN(value));
  if (index >= 0) corrupt(where, `element ${index} is out of range`, dtype, String(values[index]));
  return data;
}

function integers(values: readonly Int64[], dtype: DType, where: string): DTypeArray[DType] {
  if (dtype === 'int64') return BigInt64Array.from(values, toBigInt);
  if (dtype === 'uint64') return BigUint64Array.from(values, (value) => BigInt.asUintN(64, toBigInt(value)));
  return Uint32Array.from(values, (value, index) => {
    if (value.high !== 0) corrupt(where, `element ${index} is out of range`, dtype, String(toBigInt(value)));
    return value.low;
  });
}

/** A view where the alignment allows, else a copy. */
function viewOf(dtype: DType, bytes: Uint8Array): DTypeArray[DType] {
  const array = arrayOf(dtype);
  const length = bytes.byteLength / array.BYTES_PER_ELEMENT;
  if (bytes.byteOffset % array.BYTES_PER_ELEMENT === 0) return new array(bytes.buffer, bytes.byteOffset, length);
  return new array(bytes.slice().buffer, 0, length);
}

export function readDType({ data_type }: onnx.TensorProto, where: string): DType {
  const dtype = dtypeOf(data_type);
  if (!dtype) corrupt(where, 'the tensor is of an unknown element type', 'a type of ONNX IR 13', String(data_type));
  return dtype;
}

/** @throws {EdgefoldError} CORRUPT for a dimension below 0 or a product beyond 2⁵³ bits. */
export function readShape(dims: readonly Int64[], where: string): number[] {
  const shape = dims.map(toNumber);
  let bits = 128;
  for (const dim of shape) {
    if (dim < 0) corrupt(where, 'a dimension is negative', undefined, `[${shape.join(', ')}]`);
    bits *= Math.max(dim, 1);
  }
  if (bits > Number.MAX_SAFE_INTEGER) corrupt(where, 'the tensor is too large', undefined, `[${shape.join(', ')}]`);
  return shape;
}

function checkCount(where: string, unit: string, expected: number, received: number): void {
  if (expected === received) return;
  corrupt(where, 'the data do not fill the shape', `${expected} ${unit}`, `${received} ${unit}`);
}

export function utf8(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return corrupt(where, 'a string is not UTF-8');
  }
}

export function corrupt(where: string, summary: string, expected?: string, received?: string): never {
  throw new EdgefoldError('CORRUPT', summary, {
    where,
    ...(expected === undefined ? {} : { expected }),
    ...(received === undefined ? {} : { received }),
  });
}
