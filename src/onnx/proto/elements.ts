import { ARRAY_OF, BITS_PER_ELEMENT, byteLengthOf, sizeOf, type DType, type DTypeArray } from '../../tensor.ts';
import { corrupt, utf8 } from './fault.ts';
import { toBigInt } from './int64.ts';
import type { Int64, onnx } from './onnx.js';

/** What a tensor message says about its elements, checked. */
export interface TensorHead {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** For messages. */
  readonly where: string;
}

export type Decode = () => DTypeArray[DType];

export type Field = 'float_data' | 'int32_data' | 'int64_data' | 'double_data' | 'uint64_data' | 'string_data';

export const FIELDS: readonly Field[] = [
  'float_data', 'int32_data', 'int64_data', 'double_data', 'uint64_data', 'string_data',
]; // prettier-ignore

/** The typed field that holds a dtype when `raw_data` does not; those that are absent here are in `int32_data`. */
const FIELD_OF: Readonly<Partial<Record<DType, Field>>> = {
  float32: 'float_data',
  complex64: 'float_data',
  float64: 'double_data',
  complex128: 'double_data',
  int64: 'int64_data',
  uint32: 'uint64_data',
  uint64: 'uint64_data',
  string: 'string_data',
};

interface ArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): Exclude<DTypeArray[DType], readonly string[]>;
}

const arrayOf = (dtype: DType): ArrayConstructor => (dtype === 'string' ? Uint8Array : ARRAY_OF[dtype]);

/** Elements as raw bytes, little endian: a view where the alignment allows, else a copy. */
export function viewOf(dtype: DType, bytes: Uint8Array): DTypeArray[DType] {
  const array = arrayOf(dtype);
  const length = bytes.byteLength / array.BYTES_PER_ELEMENT;
  if (bytes.byteOffset % array.BYTES_PER_ELEMENT === 0) return new array(bytes.buffer, bytes.byteOffset, length);
  return new array(bytes.slice().buffer, 0, length);
}

/** Elements in one of the typed fields. @throws {EdgefoldError} CORRUPT if there are too few or many, or too large. */
export function typedElements(proto: onnx.TensorProto, field: Field, { dtype, shape, where }: TensorHead): Decode {
  const expected = FIELD_OF[dtype] ?? 'int32_data';
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
  const array = arrayOf(dtype);
  const data = new array(new ArrayBuffer(values.length * array.BYTES_PER_ELEMENT), 0, values.length) as Float64Array;
  data.set(values);
  // Floats were decoded from their own width; only integers can have been cut to size.
  const isFloat = data instanceof Float32Array || data instanceof Float64Array;
  const index = isFloat ? -1 : values.findIndex((value, i) => data[i] !== value);
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

export function checkCount(where: string, unit: string, expected: number, received: number): void {
  if (expected === received) return;
  corrupt(where, 'the data do not fill the shape', `${expected} ${unit}`, `${received} ${unit}`);
}
