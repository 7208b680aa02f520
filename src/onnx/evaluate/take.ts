import { EdgefoldError } from '../../errors.ts';
import { stridesOf } from '../../tensor.ts';
import { checkedSize, type Real } from './real.ts';

/**
 * Operators that only move elements are index maps: for each element of the result, where it comes from.
 * Along every axis of the result `places[axis][i]` says how far index i lies from the start of the source, in
 * elements; −1 marks a place outside of it. The map is the sum over the axes, or −1.
 */
export function sourceIndices(places: readonly (readonly number[] | Int32Array)[]): Int32Array {
  const shape = places.map(({ length }) => length);
  const result = new Int32Array(checkedSize(shape));
  if (places.length === 0 || result.length === 0) return result;
  const inner = Int32Array.from(places[places.length - 1]!);
  const outer = places.slice(0, -1);
  const index = outer.map(() => 0);
  for (let at = 0; at < result.length; at += inner.length) {
    let base = 0;
    for (let axis = 0; axis < outer.length && base >= 0; axis++) {
      const place = outer[axis]![index[axis]!]!;
      base = place < 0 ? -1 : base + place;
    }
    if (base < 0) result.fill(-1, at, at + inner.length);
    else for (let i = 0; i < inner.length; i++) result[at + i] = inner[i]! < 0 ? -1 : base + inner[i]!;
    advance(index, shape);
  }
  return result;
}

/** Counts up like an odometer, the last place fastest; `limits` may have more places than `index`. */
export function advance(index: number[], limits: readonly number[]): void {
  for (let axis = index.length - 1; axis >= 0; axis--) {
    if (++index[axis]! < limits[axis]!) return;
    index[axis] = 0;
  }
}

/** An axis as a list of places takes 8 bytes an element. */
const MAX_PLACES = 2 ** 24;

/** `count` places that lie `step` apart. @throws {EdgefoldError} LIMIT. */
export function steps(count: number, step: number, start = 0): number[] {
  if (count > MAX_PLACES) {
    throw new EdgefoldError('LIMIT', 'an axis is too long to evaluate', {
      expected: `at most ${String(MAX_PLACES)} elements`,
      received: String(count),
    });
  }
  return Array.from({ length: count }, (_, i) => start + i * step);
}

/** Elements of the source in another order; −1 takes the fill, which must be given then. */
export function take(x: Real, shape: readonly number[], indices: Int32Array, fill: number | string = 0): Real {
  if (x.dtype === 'string') {
    const data = Array.from(indices, (index) => (index < 0 ? String(fill) : x.data[index]!));
    return { dtype: 'string', shape, data };
  }
  const { data: source, dtype } = x;
  const data = new Float64Array(indices.length);
  const filling = Number(fill);
  for (let i = 0; i < data.length; i++) data[i] = indices[i]! < 0 ? filling : source[indices[i]!]!;
  return { dtype, shape, data };
}

/** A tensor through a map of {@link sourceIndices}. */
export function takeAlong(x: Real, places: readonly (readonly number[])[], fill: number | string = 0): Real {
  return take(
    x,
    places.map(({ length }) => length),
    sourceIndices(places),
    fill,
  );
}

/** The places of the elements along each axis of a shape. */
export function placesOf(shape: readonly number[]): number[][] {
  const strides = stridesOf(shape);
  return shape.map((size, axis) => steps(size, strides[axis]!));
}
