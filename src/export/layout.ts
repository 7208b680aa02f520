import { EdgefoldError } from '../errors.ts';
import type { Dim } from '../tensor.ts';
import { transposed, type Tensor } from '../tensor.ts';
import type { Value } from '../onnx/graph.ts';
import { computed } from './computed.ts';

/**
 * How the elements of a tensor lie in memory, compared with the tensor that Keras would have there.
 *
 *   keras           as Keras has it
 *   channels-first  Keras has [N, …spatial, C], here it is [N, C, …spatial]; rank 3 and more
 *   reordered       Keras has [N, F], here the features stand in another order: a flattened channels-first tensor
 */
export type Layout = { readonly kind: 'keras' } | { readonly kind: 'channels-first' } | Reordered;

export interface Reordered {
  readonly kind: 'reordered';
  /** Equal ids mean equal orders. */
  readonly id: string;
  /** `order()[p]` is the Keras feature at position `p`. Made on demand: F comes from a file until a weight confirms it. */
  readonly order: () => Int32Array;
}

/** A tensor on its way through the export: what Keras says about it, and where it lies in the ONNX graph. */
export interface Handle {
  readonly value: Value;
  /** The shape that Keras sees. */
  readonly shape: readonly Dim[];
  readonly layout: Layout;
  /** The Keras mask, bool [N, T], where an Embedding with `mask_zero` started one. Made when something reads it. */
  readonly mask?: (() => Value) | undefined;
}

export const KERAS: Layout = { kind: 'keras' };
export const CHANNELS_FIRST: Layout = { kind: 'channels-first' };

/** `[0, r−1, 1, …, r−2]`: axis i of the channels-first tensor is axis `result[i]` of the Keras tensor. */
export function channelsFirstAxes(rank: number): number[] {
  return [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)];
}

/** The inverse: axis i of the Keras tensor is axis `result[i]` of the channels-first one. */
export function channelsLastAxes(rank: number): number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
}

export function physicalShape(shape: readonly Dim[], layout: Layout): readonly Dim[] {
  return layout.kind === 'channels-first' ? channelsFirstAxes(shape.length).map((axis) => shape[axis]!) : shape;
}

/** Where axis `axis` of the Keras tensor lies. */
export function physicalAxis({ shape, layout }: Handle, axis: number): number {
  return layout.kind === 'channels-first' ? channelsLastAxes(shape.length)[axis]! : axis;
}

/** Whether channels-first and Keras order are the same sequence of elements: one channel, or one point in space. */
export function orderIsTrivial(shape: readonly Dim[]): boolean {
  return shape.at(-1) === 1 || shape.slice(1, -1).every((dim) => dim === 1);
}

export function sameLayout(a: Layout, b: Layout): boolean {
  return a.kind === b.kind && (a.kind !== 'reordered' || (b.kind === 'reordered' && a.id === b.id));
}

/** Far more features than any layer reads; the bound keeps a hostile file from asking for all memory. */
const MAX_REORDERED = 2 ** 26;

/** The order of the features of a channels-first tensor of Keras shape `[N, …shape]` after flattening. */
export function flattenedOrder(shape: readonly number[]): Reordered {
  return {
    kind: 'reordered',
    id: `channels-first ${shape.join('x')}`,
    order: once(() => {
      if (size(shape) > MAX_REORDERED)
        throw new EdgefoldError('LIMIT', `more than ${MAX_REORDERED} features are put in order`);
      const index = { dtype: 'float64', shape, data: Float64Array.from({ length: size(shape) }, (_, i) => i) } as const;
      return Int32Array.from(
        transposed(
          index,
          channelsFirstAxes(shape.length + 1)
            .slice(1)
            .map((a) => a - 1),
        ).data,
      );
    }),
  };
}

/** The order of features after tensors of these sizes and layouts are put one behind the other. */
export function concatenatedOrder(parts: readonly { readonly size: number; readonly layout: Layout }[]): Layout {
  if (parts.every(({ layout }) => layout.kind === 'keras')) return KERAS;
  const describe = ({ size, layout }: (typeof parts)[number]) =>
    layout.kind === 'reordered' ? layout.id : `as is ${size}`;
  return {
    kind: 'reordered',
    id: `(${parts.map(describe).join(') + (')})`,
    order: once(() => {
      const order = new Int32Array(parts.reduce((sum, { size }) => sum + size, 0));
      let start = 0;
      for (const { size, layout } of parts) {
        const own =
          layout.kind === 'reordered' ? layout.order() : Int32Array.from({ length: computed(size) }, (_, i) => i);
        for (let i = 0; i < size; i++) order[start + i] = own[i]! + start;
        start += size;
      }
      return order;
    }),
  };
}

/** Rows (slices along axis 0) of a tensor in the order of the features of a reordered tensor. */
export function gatherRows(tensor: Tensor<'float32'>, order: Int32Array): Tensor<'float32'> {
  const row = tensor.data.length / order.length;
  const data = new Float32Array(tensor.data.length);
  order.forEach((from, to) => {
    data.set(tensor.data.subarray(from * row, (from + 1) * row), to * row);
  });
  return { ...tensor, data };
}

/**
 * A tensor that broadcasts against the Keras tensor (same rank, sizes 1 where it broadcasts), laid out so that it
 * broadcasts against `layout` in the same way.
 */
export function laidOut(tensor: Tensor<'float32'>, layout: Layout): Tensor<'float32'> {
  if (layout.kind === 'channels-first') return transposed(tensor, channelsFirstAxes(tensor.shape.length));
  if (layout.kind === 'reordered' && tensor.shape.at(-1) !== 1) return gatherRows(tensor, layout.order());
  return tensor;
}

/** Names what {@link laidOut} does, as the key under which its result is shared. */
export function layoutId(layout: Layout): string {
  return layout.kind === 'reordered' ? layout.id : layout.kind;
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
