import { BITS_PER_ELEMENT, type DType } from '../../tensor.ts';
import type { Call } from './call.ts';
import { isFloating } from './real.ts';

/**
 * The results of integer arithmetic in their type: up to 32 bits they wrap around, as the machines do that run
 * ONNX; 64 bits are refused beyond 2⁵³, where float64 no longer counts by ones.
 */
export function inRange(call: Call, data: Float64Array, dtype: DType): Float64Array {
  if (isFloating(dtype) || dtype === 'string') return data;
  const bits = BITS_PER_ELEMENT[dtype];
  const isUnsigned = dtype.startsWith('u') || dtype === 'bool';
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (!Number.isSafeInteger(value))
      call.unsupported('an integer is beyond what float64 holds exactly', String(value));
    if (bits < 64) data[i] = wrapped(value, bits, isUnsigned);
  }
  return data;
}

export function wrapped(value: number, bits: number, isUnsigned: boolean): number {
  const size = 2 ** bits;
  const rest = ((value % size) + size) % size;
  return isUnsigned || rest < size / 2 ? rest : rest - size;
}
