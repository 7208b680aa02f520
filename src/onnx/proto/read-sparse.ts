import { EdgefoldError } from '../../errors.ts';
import { BITS_PER_ELEMENT, byteLengthOf, sizeOf, stridesOf, type Tensor } from '../../tensor.ts';
import { Constant } from '../constant.ts';
import type { ExternalData } from './external.ts';
import type { onnx } from './onnx.js';
import { corrupt } from './fault.ts';
import { readShape, readTensor } from './read-tensor.ts';

/** A sparse tensor of a few bytes may claim any dense size. */
const MAX_DENSE_BYTES = 2 ** 30;

/** A sparse tensor as a constant that fills itself in on the first read. @throws {EdgefoldError} CORRUPT. */
export function readSparseTensor(
  proto: onnx.SparseTensorProto,
  where: string,
  external: ExternalData | undefined,
): Constant {
  if (!proto.values || !proto.indices) corrupt(where, 'the sparse tensor lacks its values or its indices');
  const values = readTensor(proto.values, where, external);
  const indices = readTensor(proto.indices, `${where}, indices`, external);
  const shape = readShape(proto.dims, where);
  checkIndices(indices, values, shape.length, where);
  return Constant.lazy(values.dtype, shape, () => densify(values.tensor(), indices.tensor(), shape, where), proto);
}

/** [NNZ] flat positions, or [NNZ, rank] coordinates. */
function checkIndices(indices: Constant, values: Constant, rank: number, where: string): void {
  const [count, columns = rank] = indices.shape;
  const fits = indices.shape.length <= 2 && count === values.shape[0] && columns === rank;
  if (indices.dtype === 'int64' && values.shape.length === 1 && fits) return;
  const expected = `int64 [${values.shape[0] ?? '?'}] or [${values.shape[0] ?? '?'}, ${rank}]`;
  corrupt(where, 'the indices do not fit the values', expected, `${indices.dtype} [${indices.shape.join(', ')}]`);
}

function densify(values: Tensor, indices: Tensor, shape: readonly number[], where: string): Tensor {
  const { dtype } = values;
  if (dtype === 'string' || BITS_PER_ELEMENT[dtype] < 8 || dtype.startsWith('complex')) {
    throw new EdgefoldError('UNSUPPORTED', `sparse tensors of ${dtype} are not read`, { where });
  }
  if (byteLengthOf(dtype, shape) > MAX_DENSE_BYTES) {
    throw new EdgefoldError('LIMIT', 'the sparse tensor is too large', { where, expected: 'at most 1 GiB' });
  }
  const size = sizeOf(shape);
  const array = values.data as Float32Array;
  const dense = new (array.constructor as Float32ArrayConstructor)(size);
  const strides = indices.shape.length === 2 ? stridesOf(shape) : [1];
  const coordinates = indices.data as BigInt64Array;
  array.forEach((element, i) => {
    dense[position(coordinates.subarray(i * strides.length), strides, size, where)] = element;
  });
  return { dtype, shape, data: dense };
}

function position(coordinates: BigInt64Array, strides: readonly number[], size: number, where: string): number {
  const sum = strides.reduce((flat, stride, axis) => flat + stride * Number(coordinates[axis]), 0);
  const inside = sum < size && strides.every((_, axis) => coordinates[axis]! >= 0n);
  return inside ? sum : corrupt(where, 'an index of the sparse tensor is outside its shape');
}
