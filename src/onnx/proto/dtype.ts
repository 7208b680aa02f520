import type { DType } from '../../tensor.ts';

/** TensorProto.DataType by number; index 0 is UNDEFINED. */
const DTYPES: readonly (DType | undefined)[] = [
  undefined, 'float32', 'uint8', 'int8', 'uint16', 'int16', 'int32', 'int64', 'string', 'bool',
  'float16', 'float64', 'uint32', 'uint64', 'complex64', 'complex128', 'bfloat16',
  'float8e4m3fn', 'float8e4m3fnuz', 'float8e5m2', 'float8e5m2fnuz', 'uint4', 'int4', 'float4e2m1', 'float8e8m0',
  'uint2', 'int2',
]; // prettier-ignore

/** `undefined` for a number that ONNX does not define, or not yet. */
export function dtypeOf(number: number | null): DType | undefined {
  return number === null ? undefined : DTYPES[number];
}

export function numberOf(dtype: DType): number {
  return DTYPES.indexOf(dtype);
}
