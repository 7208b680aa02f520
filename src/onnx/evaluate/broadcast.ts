import { EdgefoldError } from '../../errors.ts';
import { sizeOf, stridesOf } from '../../tensor.ts';
import { zeros, type NumericReal, type Real } from './real.ts';
import { sourceIndices, steps, take } from './take.ts';

/** Numpy broadcasting of any number of shapes. @throws {EdgefoldError} CORRUPT if they do not fit. */
export function broadcastShape(shapes: readonly (readonly number[])[], where: string): number[] {
  const rank = Math.max(0, ...shapes.map(({ length }) => length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1).filter((size) => size !== 1);
    const [size = 1] = sizes;
    if (sizes.every((other) => other === size)) return size;
    const received = shapes.map((shape) => `[${shape.join(', ')}]`).join(' and ');
    throw new EdgefoldError('CORRUPT', 'shapes cannot be broadcast to one', { where, received });
  });
}

/** Where each element of the broadcast result comes from. Precondition: `shape` broadcasts to `target`. */
export function broadcastIndices(shape: readonly number[], target: readonly number[]): Int32Array {
  const strides = stridesOf(shape);
  const missing = target.length - shape.length;
  return sourceIndices(
    target.map((size, axis) => {
      const from = axis - missing;
      return steps(size, from < 0 || shape[from] === 1 ? 0 : strides[from]!);
    }),
  );
}

export function broadcastTo(x: Real, target: readonly number[]): Real {
  if (isSame(x.shape, target)) return x;
  return take(x, target, broadcastIndices(x.shape, target));
}

/** f of two tensors, element by element; a single number and equal shapes need no index map. */
export function combine(
  a: NumericReal,
  b: NumericReal,
  f: (a: number, b: number) => number,
  where: string,
): { readonly shape: readonly number[]; readonly data: Float64Array } {
  const shape = broadcastShape([a.shape, b.shape], where);
  const data = zeros(shape);
  const [ofA, ofB] = [reader(a, shape), reader(b, shape)];
  if (!ofA && !ofB) for (let i = 0; i < data.length; i++) data[i] = f(a.data[i]!, b.data[i]!);
  else for (let i = 0; i < data.length; i++) data[i] = f(a.data[ofA ? ofA[i]! : i]!, b.data[ofB ? ofB[i]! : i]!);
  return { shape, data };
}

function reader({ shape, data }: NumericReal, target: readonly number[]): Int32Array | undefined {
  if (data.length === sizeOf(target) || data.length === 0) return undefined;
  return data.length === 1 ? new Int32Array(sizeOf(target)) : broadcastIndices(shape, target);
}

export function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
