import { EdgefoldError } from '../../errors.ts';
import { BITS_PER_ELEMENT, sizeOf, type DType, type Tensor } from '../../tensor.ts';
import { decodeHalves } from '../../half.ts';
import type { Real } from './real.ts';
import { smallFloat } from './small-float.ts';

/**
 * The exact value of every element. @throws {EdgefoldError} UNSUPPORTED for an integer beyond 2⁵³ (but for the two
 * ends of int64, see {@link Real}) and for complex numbers.
 */
export function toReal(tensor: Tensor, where?: string): Real {
  const { dtype, shape } = tensor;
  if (dtype === 'string') return { dtype, shape, data: tensor.data as readonly string[] };
  return { dtype, shape, data: decode(tensor, dtype, where) };
}

function decode({ shape, data }: Tensor, dtype: Exclude<DType, 'string'>, where: string | undefined): Float64Array {
  if (dtype === 'float16' || dtype === 'bfloat16') return new Float64Array(decodeHalves(dtype, data as Uint16Array));
  const decodeSmall = smallFloat(dtype);
  if (decodeSmall) return Float64Array.from(unpacked(dtype, shape, data as Uint8Array), decodeSmall);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return exact(data, where);
  if (dtype === 'complex64' || dtype === 'complex128') refuse('complex numbers are not evaluated', dtype, where);
  if (BITS_PER_ELEMENT[dtype] >= 8) return new Float64Array(data as Float32Array);
  return Float64Array.from(unpacked(dtype, shape, data as Uint8Array), signOf(dtype));
}

const LARGEST = 2n ** 63n - 1n;
const SMALLEST = -(2n ** 63n);

function exact(values: BigInt64Array | BigUint64Array, where: string | undefined): Float64Array {
  const isSigned = values instanceof BigInt64Array;
  const result = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const number = Number(value);
    if (Number.isSafeInteger(number)) result[i] = number;
    else if (isSigned && value === LARGEST) result[i] = Infinity;
    else if (isSigned && value === SMALLEST) result[i] = -Infinity;
    else refuse('an integer is beyond what float64 holds exactly', String(value), where);
  }
  return result;
}

/** One number an element, where several share a byte; the first is in the low bits. */
function unpacked(dtype: Exclude<DType, 'string'>, shape: readonly number[], data: Uint8Array) {
  const bits = BITS_PER_ELEMENT[dtype];
  if (bits >= 8) return data;
  const perByte = 8 / bits;
  return Uint8Array.from(
    { length: sizeOf(shape) },
    (_, i) => (data[Math.floor(i / perByte)]! >> (bits * (i % perByte))) & (2 ** bits - 1),
  );
}

/** Two's complement of the signed types under 8 bits. */
function signOf(dtype: Exclude<DType, 'string'>): (bits: number) => number {
  const size = 2 ** BITS_PER_ELEMENT[dtype];
  return dtype.startsWith('u') ? (bits) => bits : (bits) => (bits >= size / 2 ? bits - size : bits);
}

function refuse(summary: string, received: string, where: string | undefined): never {
  throw new EdgefoldError('UNSUPPORTED', summary, { ...(where === undefined ? {} : { where }), received });
}
