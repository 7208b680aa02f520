import { EdgefoldError } from '../../errors.ts';
import { sizeOf, type DType } from '../../tensor.ts';

/**
 * A tensor whose numbers are all held in float64. Floats of every width are taken exactly and stay float64 whatever
 * the dtype says, so that no rounding but that of float64 itself happens. Integers and booleans are exact; the
 * largest and the smallest int64, which exporters write for "no bound", are held as ±∞.
 */
export interface NumericReal {
  readonly dtype: Exclude<DType, 'string'>;
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export interface TextReal {
  readonly dtype: 'string';
  readonly shape: readonly number[];
  readonly data: readonly string[];
}

export type Real = NumericReal | TextReal;

/** Elements of one tensor: 1 GiB of float64, and within the reach of a 32-bit index. */
export const MAX_ELEMENTS = 2 ** 27;

/** @throws {EdgefoldError} CORRUPT for a shape that makes no sense; LIMIT if it is beyond {@link MAX_ELEMENTS}. */
export function checkedSize(shape: readonly number[]): number {
  const size = sizeOf(shape);
  const received = `[${shape.join(', ')}]`;
  if (!shape.every((dim) => Number.isInteger(dim) && dim >= 0)) {
    throw new EdgefoldError('CORRUPT', 'a shape makes no sense', { received });
  }
  if (size <= MAX_ELEMENTS) return size;
  const expected = `at most ${String(MAX_ELEMENTS)} elements`;
  throw new EdgefoldError('LIMIT', 'a tensor is too large to evaluate', { expected, received });
}

/** Terms that one operator may sum: minutes. */
const MAX_TERMS = 2 ** 38;

/** @throws {EdgefoldError} LIMIT for an operator that would not end. */
export function checkWork(terms: number): void {
  if (terms <= MAX_TERMS) return;
  const expected = `at most ${String(MAX_TERMS)} terms`;
  throw new EdgefoldError('LIMIT', 'an operator takes too long to evaluate', { expected, received: String(terms) });
}

/** Space for a tensor, all zeros. @throws {EdgefoldError} LIMIT. */
export function zeros(shape: readonly number[]): Float64Array {
  return new Float64Array(checkedSize(shape));
}

/** The same elements under another shape. Precondition: the sizes agree. */
export function reshaped(x: Real, shape: readonly number[]): Real {
  return x.dtype === 'string' ? { ...x, shape } : { ...x, shape };
}

/** Whole numbers as an int64 tensor of rank 1. */
export function integers(values: readonly number[]): NumericReal {
  return { dtype: 'int64', shape: [values.length], data: Float64Array.from(values) };
}

const FLOATING: ReadonlySet<DType> = new Set<DType>([
  'float32', 'float64', 'float16', 'bfloat16', 'float8e4m3fn', 'float8e4m3fnuz', 'float8e5m2', 'float8e5m2fnuz',
  'float8e8m0', 'float4e2m1',
]); // prettier-ignore

export function isFloating(dtype: DType): boolean {
  return FLOATING.has(dtype);
}
