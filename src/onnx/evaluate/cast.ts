import { BITS_PER_ELEMENT, type DType } from '../../tensor.ts';
import { dtypeOf } from '../proto/dtype.ts';
import type { Call, Rule } from './call.ts';
import { inRange, wrapped } from './integer.ts';
import { isFloating, type Real } from './real.ts';
import { nearestSmallFloat } from './small-float.ts';

/** The widths that models compute in; a Cast to one of the narrower ones, which are for storage, is a rounding. */
const COMPUTED: ReadonlySet<DType> = new Set<DType>(['float64', 'float32', 'float16', 'bfloat16']);

/**
 * Between floats nothing changes but the name of the type, see {@link evaluate}. Floats lose their fraction on the
 * way to an integer; integers too large for a type wrap around, and so do floats on the way to less than 8 bits. What
 * ONNX leaves undefined is refused.
 */
export function castTo(call: Call, x: Real, dtype: DType): Real {
  if (dtype === 'string') return toText(call, x);
  const data = x.dtype === 'string' ? Float64Array.from(x.data, parsed) : x.data;
  const { shape } = x;
  if (COMPUTED.has(dtype)) return { dtype, shape, data: x.dtype === 'int64' ? unbounded(data) : data };
  const nearest = nearestSmallFloat(dtype, call.node.int('saturate', 1) === 1);
  if (nearest) return { dtype, shape, data: data.map(nearest) };
  if (isFloating(dtype) || dtype.startsWith('complex')) call.unsupported('a Cast to this type is not evaluated', dtype);
  if (dtype === 'bool') return { dtype, shape, data: data.map((value) => Number(value !== 0)) };
  return { dtype, shape, data: toIntegers(call, data, x.dtype, dtype) };
}

/** The two ends of int64, held as ±∞, are ±2⁶³ among floats, which is as near as float64 comes. */
const unbounded = (data: Float64Array): Float64Array => data.map((x) => Math.min(Math.max(x, -(2 ** 63)), 2 ** 63));

function toIntegers(call: Call, data: Float64Array, from: DType, to: Exclude<DType, 'string'>): Float64Array {
  const isFloat = isFloating(from) || from === 'string';
  const isUnsigned = to.startsWith('u');
  const bits = BITS_PER_ELEMENT[to];
  if (bits === 64 && from === to) return data;
  return data.map((value) => {
    const whole = Math.trunc(value) + 0;
    if (!Number.isSafeInteger(whole)) call.unsupported('a Cast to an integer is out of range', String(value));
    if (bits === 64) return isUnsigned && whole < 0 ? call.unsupported('a Cast to an integer is out of range', String(value)) : whole; // prettier-ignore
    const fitted = wrapped(whole, bits, isUnsigned);
    return isFloat && bits >= 8 && fitted !== whole ? call.unsupported('a Cast to an integer is out of range', String(value)) : fitted; // prettier-ignore
  });
}

function parsed(word: string): number {
  const named = /^([+-]?)(?:inf|infinity)$/i.exec(word.trim());
  return named ? (named[1] === '-' ? -Infinity : Infinity) : Number(word);
}

/** How a float is written depends on its width, which is not kept here. */
function toText(call: Call, x: Real): Real {
  if (x.dtype === 'string') return x;
  if (isFloating(x.dtype)) call.unsupported('a Cast of floats to strings is not evaluated');
  return { dtype: 'string', shape: x.shape, data: Array.from(inRange(call, x.data, x.dtype), String) };
}

export const CAST: Readonly<Record<string, Rule>> = {
  Cast: (call) => {
    const isWord = call.node.attributes.get('to')?.kind === 'string';
    const to = isWord ? oldName(call) : dtypeOf(call.node.int('to', 0));
    return [castTo(call, call.any(0), to ?? call.unsupported('the type of a Cast is unknown'))];
  },
  CastLike: (call) => [castTo(call, call.any(0), call.any(1).dtype)],
};

/** Until opset 5 the type is a word. */
function oldName({ node }: Call): DType | undefined {
  const word = node.string('to', '');
  const name = { FLOAT: 'float32', DOUBLE: 'float64' }[word] ?? word.toLowerCase();
  return Object.hasOwn(BITS_PER_ELEMENT, name) || name === 'string' ? (name as DType) : undefined;
}
