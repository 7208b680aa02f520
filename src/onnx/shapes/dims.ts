import type { Dim } from '../../tensor.ts';

/**
 * A product of dimensions: a number times symbols (sorted, repeated as often as they occur). It lets a reshape of
 * `[N, 6, 2]` be followed without knowing the batch size N.
 */
export interface Product {
  readonly factor: number;
  readonly symbols: readonly string[];
}

/** The product of some dimensions; undefined if one of them is unknown (`''`). */
export function productOf(dims: readonly Dim[]): Product | undefined {
  if (dims.includes('')) return undefined;
  return {
    factor: dims.reduce<number>((factor, dim) => (typeof dim === 'number' ? factor * dim : factor), 1),
    symbols: dims.filter((dim) => typeof dim === 'string').sort(),
  };
}

/** The quotient, if it comes out even for every value of the symbols. */
export function quotient(dividend: Product, divisor: Product): Product | undefined {
  const symbols = [...dividend.symbols];
  for (const symbol of divisor.symbols) {
    const at = symbols.indexOf(symbol);
    if (at < 0) return undefined;
    symbols.splice(at, 1);
  }
  const factor = dividend.factor / divisor.factor;
  return Number.isSafeInteger(factor) ? { factor, symbols } : undefined;
}

export function sameProduct(a: Product | undefined, b: Product | undefined): boolean {
  return a?.factor === b?.factor && a?.symbols.join('*') === b?.symbols.join('*') && a !== undefined;
}

/** The product as one dimension: a number, a symbol, or unknown. */
export function dimOf(product: Product | undefined): Dim {
  if (product?.symbols.length === 0) return product.factor;
  return product?.symbols.length === 1 && product.factor === 1 ? product.symbols[0]! : '';
}

/** A negative axis counts from the end; undefined if it is out of range. */
export function normalAxis(axis: number, rank: number): number | undefined {
  const normal = axis < 0 ? axis + rank : axis;
  return normal >= 0 && normal < rank ? normal : undefined;
}

/**
 * What a Slice takes of an axis: `count` elements, `step` apart, from `first` on. Negative bounds count from the end, and
 * all are clamped to the axis, from 0 to `size`, or backwards from `size` − 1 to 0, and −1 as the end.
 */
export function sliceOf(size: number, start: number, end: number, step: number): { readonly first: number; readonly count: number } {
  const [least, most] = step > 0 ? [0, size] : [-1, size - 1];
  const clamp = (bound: number, low: number) => Math.min(Math.max(bound < 0 ? bound + size : bound, low), most);
  const first = clamp(start, 0);
  return { first, count: Math.max(0, Math.ceil((clamp(end, least) - first) / step)) };
} // prettier-ignore

/**
 * Numpy broadcasting of two shapes, aligned from the right. A symbol against a number other than 1 is that number;
 * two different symbols are unknown.
 */
export function broadcast(a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) =>
    broadcastDim(a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1),
  );
}

function broadcastDim(a: Dim, b: Dim): Dim {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  if (typeof a === 'number') return typeof b === 'number' ? '' : a;
  return typeof b === 'number' ? b : '';
}

/** Whether it names each of `rank` axes once. */
export function isPermutation(order: readonly number[], rank = order.length): boolean {
  return order.length === rank && order.every((_, axis) => order.includes(axis));
}
