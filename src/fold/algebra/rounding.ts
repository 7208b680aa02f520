import { nearestBfloat16, nearestFloat16, numberToBfloat16, numberToFloat16 } from '../../half.ts';
import { ARRAY_OF, type DType, type DTypeArray, type Tensor } from '../../tensor.ts';
import { entryOf, type Numbers } from '../lift/constants.ts';
import { exact, multiply, type DoubleDouble } from './double-double.ts';
import { compare } from './exactly.ts';

/** The types in which a folded parameter can be stored. */
export type Storage = 'float32' | 'float64' | 'float16' | 'bfloat16';

export const isStorage = (dtype: DType | undefined): dtype is Storage => dtype !== undefined && dtype in NEAREST;

/** The number of each type nearest to a float64, ties to even. */
const NEAREST: Readonly<Record<Storage, (x: number) => number>> = {
  float32: Math.fround,
  float64: (x) => x,
  float16: nearestFloat16,
  bfloat16: nearestBfloat16,
};

/** How an array holds a number of its type. */
const ENCODE: Readonly<Record<Storage, (x: number) => number>> = {
  float32: (x) => x,
  float64: (x) => x,
  float16: numberToFloat16,
  bfloat16: numberToBfloat16,
};

/** Weights that are worth a stretch of their own. */
const MANY = 64;

/** How far, relative to itself, a product of float64 numbers may lie from the real product; rounded up. */
const COARSE = 2 ** -50;

/** The number of a type nearest to a real one; the bound of its error may leave that open between two neighbours. */
export function roundTo(storage: Storage, { hi, lo }: DoubleDouble): number {
  return nearestTo(NEAREST[storage], hi, lo);
}

export function roundAll(storage: Storage, values: readonly DoubleDouble[]): DTypeArray[Storage] {
  return rounded(storage, values).data;
}

export function rounded(storage: Storage, values: readonly DoubleDouble[]): RoundedArray {
  const array = new RoundedArray(storage, values.length);
  values.forEach((value, index) => {
    array.write(index, value);
  });
  return array;
}

/** The number nearest to the sum hi + lo, of which float64 may hold the first half only. */
function nearestTo(nearest: (x: number) => number, hi: number, lo: number): number {
  const sum = lo === 0 ? hi : hi + lo;
  const rest = lo - (sum - hi);
  const step = Math.abs(sum) * 2 ** -52;
  const below = nearest(sum - step);
  const above = nearest(sum + step);
  if (below === above || nearest === NEAREST.float64 || !Number.isFinite(above - below)) return nearest(sum);
  // Only where float64 itself hits the middle of two neighbours does the rest decide.
  const beyond = sum - (below + above) / 2 + rest;
  if (beyond === 0) return nearest(sum);
  return beyond < 0 ? below : above;
}

/** Numbers of one type, each the nearest to a real one, and how many of them provably are. */
export class RoundedArray {
  readonly dtype: Storage;
  readonly data: DTypeArray[Storage];
  correctlyRounded = 0;
  readonly #nearest: (x: number) => number;
  readonly #encode: (x: number) => number;

  /** `data` is for those who only want to know how many are rounded correctly, and need no array of their own. */
  constructor(dtype: Storage, length: number, data: DTypeArray[Storage] = new ARRAY_OF[dtype](length)) {
    this.dtype = dtype;
    this.data = data;
    this.#nearest = NEAREST[dtype];
    this.#encode = ENCODE[dtype];
  }

  tensor(shape: readonly number[]): Tensor<Storage> {
    return { dtype: this.dtype, shape, data: this.data };
  }

  write(index: number, value: DoubleDouble): void {
    this.data[index] = this.#encode(this.#round(value));
  }

  /**
   * Writes weights[i] · factor, for i from `start` up to `end`, from the element `to` on, the same one unless said. Plain
   * float64 settles all but about one in 2²⁵ in float32: it leaves open only what lies that close to the middle of two
   * neighbours.
   */
  writeProducts(weights: Numbers, factor: DoubleDouble, start: number, end: number, to = start): void {
    const isPlain = this.dtype !== 'float64' && !weights.values && !weights.product;
    if (isPlain) this.#writeMostly(weights, factor, start, end, to);
    else
      for (let index = start; index < end; index++)
        this.write(to + index - start, multiply(entryOf(weights, index), factor));
  }

  #writeMostly(weights: Numbers, factor: DoubleDouble, start: number, end: number, to: number): void {
    const { hi, error } = factor;
    const width = COARSE + (2 * error) / Math.abs(hi || 1);
    const bounds = { low: hi * (1 - width), high: hi * (1 + width) };
    const stretch = end - start >= MANY ? weights.stretch?.(start, end) : undefined;
    const places = { from: stretch ? 0 : start, to, length: end - start };
    const open = this.data instanceof Float32Array
      ? writeSingles(this.data, stretch ?? weights.data, bounds, places)
      : this.#writeOthers(stretch ?? weights.data, bounds, places); // prettier-ignore
    this.correctlyRounded += end - start - open.length;
    if (open.length === 0) return;
    const entryAt = (offset: number) => (stretch ? exact(stretch[offset]!) : entryOf(weights, start + offset));
    for (const offset of open) this.write(to + offset, multiply(entryAt(offset), factor));
  }

  #writeOthers(weights: ArrayLike<number>, { low, high }: Bounds, { from, to, length }: Places): number[] {
    const nearest = this.#nearest;
    const encode = this.#encode;
    const open: number[] = [];
    for (let offset = 0; offset < length; offset++) {
      const weight = weights[from + offset]!;
      const value = nearest(weight * low);
      if (value === nearest(weight * high)) this.data[to + offset] = encode(value);
      else open.push(offset);
    }
    return open;
  }

  /** The nearest to every number within the bound of the error, if that is one and the same; else told exactly. */
  #round(value: DoubleDouble): number {
    const { hi, lo, error } = value;
    const width = Math.abs(hi) * COARSE + 4 * error;
    const low = this.#nearest(hi - width);
    if (low === this.#nearest(hi + width) && Number.isFinite(hi)) {
      this.correctlyRounded++;
      return low;
    }
    const below = nearestTo(this.#nearest, hi, lo - 2 * error);
    const above = nearestTo(this.#nearest, hi, lo + 2 * error);
    const isKnown = error === 0 || below === above;
    const side = isKnown ? undefined : compare(value, (below + above) / 2);
    if ((isKnown && Number.isFinite(hi)) || side !== undefined) this.correctlyRounded++;
    if (side === undefined || side === 0) return isKnown ? below : this.#nearest((below + above) / 2);
    return side < 0 ? below : above;
  }
}

interface Bounds {
  readonly low: number;
  readonly high: number;
}

/** Where elements are read from and written to. */
interface Places {
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

/**
 * Apart from the other types, so that the loop is compiled for float32 alone.
 * @returns which elements, counted from 0, it leaves open.
 */
function writeSingles(
  target: Float32Array,
  weights: ArrayLike<number>,
  { low, high }: Bounds,
  { from, to, length }: Places,
): number[] {
  const open: number[] = [];
  for (let offset = 0; offset < length; offset++) {
    const weight = weights[from + offset]!;
    const value = Math.fround(weight * low);
    if (value === Math.fround(weight * high)) target[to + offset] = value;
    else open.push(offset);
  }
  return open;
}
