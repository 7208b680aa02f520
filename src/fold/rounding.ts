import type { DTypeArray } from '../tensor.ts';
import { exact, multiply, UNIT_ROUNDOFF, type DoubleDouble } from './double-double.ts';

/** The types in which a folded parameter can be stored. */
export type Storage = 'float32' | 'float64';

/** How far, relative to itself, a product of float64 numbers may lie from the real product; rounded up. */
const COARSE = 2 ** -50;

/**
 * The float32 nearest to a double-double, ties to even. A number closer to the middle of two floats than its own
 * error is taken to be the middle: for a weight times gamma / √(variance + epsilon) no other number can be that
 * close, since the squares differ by an integer of at most about 100 bits.
 */
export function toFloat32({ hi, lo }: DoubleDouble): number {
  const step = Math.abs(hi) * 2 ** -52;
  const [below, above] = [Math.fround(hi - step), Math.fround(hi + step)];
  if (below === above || !Number.isFinite(above - below)) return Math.fround(hi);
  const middle = (below + above) / 2;
  const beyond = hi - middle + lo;
  if (Math.abs(beyond) <= Math.abs(middle) * 4 * UNIT_ROUNDOFF) return Math.fround(middle);
  return beyond < 0 ? below : above;
}

/** hi is the nearest float64 by definition. */
export function roundTo(storage: Storage, value: DoubleDouble): number {
  return storage === 'float32' ? toFloat32(value) : value.hi;
}

export function roundAll(storage: Storage, values: readonly DoubleDouble[]): DTypeArray[Storage] {
  const rounded = emptyArray(storage, values.length);
  values.forEach((value, index) => {
    rounded[index] = roundTo(storage, value);
  });
  return rounded;
}

export function emptyArray(storage: Storage, length: number): DTypeArray[Storage] {
  return storage === 'float32' ? new Float32Array(length) : new Float64Array(length);
}

/**
 * Writes the stored values nearest to weight · factor into `target`, from index `start` up to `end`. Plain float64
 * settles all but about one in 2²⁵: it is wrong only if the product lies that close to the middle of two floats.
 */
export function scaleInto(
  target: DTypeArray[Storage],
  weights: ArrayLike<number>,
  factor: DoubleDouble,
  start: number,
  end: number,
): void {
  const isFloat64 = target instanceof Float64Array;
  const [below, above] = [factor.hi * (1 - COARSE), factor.hi * (1 + COARSE)];
  for (let index = start; index < end; index++) {
    const weight = weights[index]!;
    const low = Math.fround(weight * below);
    if (!isFloat64 && low === Math.fround(weight * above)) target[index] = low;
    else target[index] = roundTo(isFloat64 ? 'float64' : 'float32', multiply(exact(weight), factor));
  }
}
