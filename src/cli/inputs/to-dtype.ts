import { EdgefoldError } from '../../errors.ts';
import type { DType, Tensor } from '../../tensor.ts';
import type { Scaling } from './fit-tensor.ts';

interface Target {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly scaling: Scaling;
  readonly where: string;
}

/** Whole-number types: bounds are inclusive. */
const INTEGERS: ReadonlyMap<DType, { least: number; most: number; from(values: Float64Array): Tensor['data'] }> =
  new Map([
    ['bool', { least: 0, most: 1, from: (values: Float64Array) => Uint8Array.from(values) }],
    ['int8', { least: -128, most: 127, from: (values: Float64Array) => Int8Array.from(values) }],
    ['uint8', { least: 0, most: 255, from: (values: Float64Array) => Uint8Array.from(values) }],
    ['int16', { least: -(2 ** 15), most: 2 ** 15 - 1, from: (values: Float64Array) => Int16Array.from(values) }],
    ['uint16', { least: 0, most: 2 ** 16 - 1, from: (values: Float64Array) => Uint16Array.from(values) }],
    ['int32', { least: -(2 ** 31), most: 2 ** 31 - 1, from: (values: Float64Array) => Int32Array.from(values) }],
    ['uint32', { least: 0, most: 2 ** 32 - 1, from: (values: Float64Array) => Uint32Array.from(values) }],
    // Beyond 2⁵³ a float64 no longer tells neighbours apart.
    ['int64', { least: -(2 ** 53), most: 2 ** 53, from: (values: Float64Array) => BigInt64Array.from(values, BigInt) }],
    ['uint64', { least: 0, most: 2 ** 53, from: (values: Float64Array) => BigUint64Array.from(values, BigInt) }],
  ]);

/**
 * value · scale + offset in float64, rounded once to the model's dtype. A tensor that has the dtype already and is
 * not scaled keeps its bits.
 *
 * @throws {EdgefoldError} INPUT where a whole-number input would have to round or does not hold the value.
 */
export function toDType(tensor: Tensor, { dtype, shape, scaling, where }: Target): Tensor {
  const { scale, offset } = scaling;
  if (tensor.dtype === dtype && scale === 1 && offset === 0) return { ...tensor, shape };
  const numbers = numbersOf(tensor, where);
  const values = Float64Array.from(numbers, (value) => Number(value) * scale + offset);
  if (dtype === 'float32') return { dtype, shape, data: Float32Array.from(values) };
  if (dtype === 'float64') return { dtype, shape, data: values };
  const integer = INTEGERS.get(dtype);
  if (!integer) throw refuse(where, dtype, tensor.dtype, `Give a .npy file of ${dtype}.`);
  const odd = values.find((value) => !Number.isInteger(value) || value < integer.least || value > integer.most);
  if (odd !== undefined)
    throw refuse(where, `whole numbers from ${integer.least} to ${integer.most} (${dtype})`, String(odd));
  return { dtype, shape, data: integer.from(values) };
}

function numbersOf(tensor: Tensor, where: string): ArrayLike<number | bigint> {
  const packed = tensor.dtype === 'float16' || tensor.dtype === 'string';
  if (packed) throw refuse(where, 'numbers that can be converted', tensor.dtype, 'Save the file as float32.');
  return tensor.data as ArrayLike<number | bigint>;
}

function refuse(where: string, expected: string, received: string, hint?: string): EdgefoldError {
  return new EdgefoldError('INPUT', 'the values do not fit', { where, expected, received, ...(hint && { hint }) });
}
