import { int, ints } from '../../onnx/attribute.ts';
import type { Value } from '../../onnx/graph.ts';
import type { Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { flattened } from '../layers/flatten.ts';
import { KERAS, physicalAxis, type Handle } from '../layout.ts';
import { asKeras, inKerasOrder } from '../reorder.ts';
import { slice, TO_THE_END } from '../slice.ts';
import { squeezed, unsqueezed } from './axes-of-one.ts';
import { inType } from './broadcast.ts';
import type { OperationCall } from './operation-call.ts';
import type { Operation } from './operation.ts';

/**
 * The same elements in another shape or order.
 *
 * A target shape counts the batch; one size may be −1, and in Keras 2 sizes may be taken from tensors.
 * Source: https://keras.io/api/ops/numpy/ · https://www.tensorflow.org/api_docs/python/tf
 */
export const SHAPES: readonly Operation[] = [
  {
    names: ['Reshape', 'reshape', 'raw.Reshape'],
    parameters: ['x tensor a', 'newshape shape'],
    lower: (call, graph) => reshape(call, call.tensor('x'), graph),
  },
  {
    names: ['Ravel'],
    parameters: ['x'],
    lower: (call, graph) => {
      const x = asKeras(graph, call.tensor('x'));
      return toShape(call, x, [-1], graph);
    },
  },
  {
    names: ['Transpose', 'transpose', 'raw.Transpose'],
    parameters: ['x a', 'axes perm'],
    lower: (call, graph) => transpose(call.tensor('x'), (rank) => call.axes('axes', rank), graph),
  },
  {
    names: ['Swapaxes'],
    parameters: ['x', 'axis1', 'axis2'],
    lower: (call, graph) =>
      transpose(call.tensor('x'), (rank) => swap(rank, call.axis('axis1', rank, 0), call.axis('axis2', rank, 1)), graph),
  },
  {
    names: ['matrix_transpose'],
    parameters: ['x a matrix'],
    lower: (call, graph) => transpose(call.tensor('x'), (rank) => swap(rank, rank - 2, rank - 1), graph),
  },
  {
    names: ['Moveaxis'],
    parameters: ['x', 'source', 'destination'],
    lower: (call, graph) => transpose(call.tensor('x'), (rank) => moves(call, rank), graph),
  },
  {
    names: ['ExpandDims', 'expand_dims', 'expand_dims_v2', 'raw.ExpandDims'],
    parameters: ['x input', 'axis dim'],
    lower(call, graph) {
      const x = asKeras(graph, call.tensor('x'));
      const count = call.integers('axis')?.length ?? 1;
      return unsqueezed(graph, x, call.axes('axis', x.shape.length + count) ?? [0]);
    },
  },
  {
    names: ['Squeeze', 'squeeze', 'raw.Squeeze'],
    parameters: ['x input', 'axis squeeze_dims'],
    lower(call, graph) {
      const x = asKeras(graph, call.tensor('x'));
      const named = call.axes('axis', x.shape.length);
      return squeezed(graph, x, named && named.length > 0 ? named : x.shape.flatMap((dim, axis) => (dim === 1 ? [axis] : [])));
    },
  },
  {
    names: ['Flip', 'reverse', 'raw.ReverseV2'],
    parameters: ['x tensor', 'axis'],
    lower: (call, graph) => flip(call, call.tensor('x'), graph),
  },
  {
    names: ['BroadcastTo', 'broadcast_to', 'raw.BroadcastTo'],
    parameters: ['x input', 'shape'],
    lower: broadcastTo,
  },
  {
    names: ['shape', 'shape_v2', 'raw.Shape'],
    parameters: ['x input', 'out_type'],
    lower: (call, graph) => shapeOf(asKeras(graph, call.tensor('x')), graph),
  },
]; // prettier-ignore

function swap(rank: number, a: number, b: number): readonly number[] {
  return Array.from({ length: rank }, (_, axis) => (axis === a ? b : axis === b ? a : axis));
}

/** Keras's `moveaxis`: the axes at `source` come to stand at `destination`, the others keep their order. */
function moves(call: OperationCall, rank: number): readonly number[] {
  const [source, destination] = [call.axes('source', rank) ?? [], call.axes('destination', rank) ?? []];
  const order = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !source.includes(axis));
  const pairs = destination.map((to, i) => [to, source[i]!] as const).sort(([a], [b]) => a - b);
  for (const [to, axis] of pairs) order.splice(to, 0, axis);
  return order;
}

/** Joined with the change of layout into one Transpose, or none. */
function transpose(
  given: Handle,
  orderOf: (rank: number) => readonly number[] | undefined,
  graph: GraphWriter,
): Handle {
  const x = given.layout.kind === 'reordered' ? asKeras(graph, given) : given;
  const order = orderOf(x.shape.length) ?? x.shape.map((_, axis) => x.shape.length - 1 - axis);
  const shape = order.map((axis) => x.shape[axis]!);
  const perm = order.map((axis) => physicalAxis(x, axis));
  if (perm.every((axis, i) => axis === i)) return graph.handle(x.value, shape);
  const output = { shape, dtype: x.value.dtype, attributes: { perm: ints(perm) } };
  return graph.handle(graph.node('Transpose', [x.value], output), shape);
}

function flip(call: OperationCall, given: Handle, graph: GraphWriter): Handle {
  const x = given.layout.kind === 'reordered' ? asKeras(graph, given) : given;
  const axes = call.axes('axis', x.shape.length) ?? x.shape.map((_, axis) => axis);
  const cuts = axes.map((axis) => ({
    axis,
    start: TO_THE_END,
    end: -TO_THE_END,
    step: -1,
    size: x.shape[axis]!,
  }));
  return slice(graph, x, cuts);
}

function reshape(call: OperationCall, given: Handle, graph: GraphWriter): Handle {
  const sizes = call.sizes('newshape') ?? call.unsupported('its shape is computed when the model runs');
  const x = inKerasOrder(graph, given);
  if (!sizes.every((size) => typeof size === 'number')) return toTensorShape(call, x, sizes, graph);
  const isFlat = sizes.length === 2 && keepsBatch(given, sizes);
  return isFlat && given.shape.length > 1 ? flattened(graph, given) : toShape(call, x, sizes, graph);
}

/** Whether a shape begins with the batch, as −1 or as a number, and each sample keeps its elements. */
function keepsBatch({ shape }: Handle, sizes: readonly number[]): boolean {
  const features = shape.slice(1);
  const isKnown = features.every((dim) => typeof dim === 'number');
  const [batch, ...rest] = sizes;
  const written = rest.reduce((product, size) => product * size, 1);
  const fits = isKnown && features.reduce((product, dim) => product * dim, 1) === written;
  if (batch === shape[0]) return fits || rest.filter((size) => size === -1).length === 1;
  return batch === -1 && fits;
}

function toShape(call: OperationCall, x: Handle, sizes: readonly number[], graph: GraphWriter): Handle {
  if (sizes.some((size) => size === 0 || size < -1) || sizes.filter((size) => size === -1).length > 1)
    call.malformed('newshape', 'sizes, one of them −1');
  const known = x.shape.filter((dim) => typeof dim === 'number');
  const total = known.length === x.shape.length ? known.reduce((a, b) => a * b, 1) : undefined;
  const rest = sizes.reduce((product, size) => (size === -1 ? product : product * size), 1);
  if (total !== undefined && (sizes.includes(-1) ? total % rest !== 0 : total !== rest))
    call.unsupported(`its shape [${sizes.join(', ')}] does not hold [${x.shape.join(', ')}]`);
  const batch = keepsBatch(x, sizes) ? x.shape[0]! : undefined;
  const shape: Dim[] = sizes.map((size, axis) => {
    if (axis === 0 && batch !== undefined) return batch;
    if (size !== -1) return size;
    return total === undefined ? openSize(x, rest, graph.symbol(axis)) : total / rest;
  });
  const target = graph.integers('shape', sizes);
  return graph.handle(graph.node('Reshape', [x.value, target], { shape, dtype: x.value.dtype }), shape);
}

/** The size that is left open is the open one of the input where all others agree. */
function openSize({ shape }: Handle, rest: number, symbol: Dim): Dim {
  const open = shape.filter((dim) => typeof dim !== 'number');
  const known = shape.reduce<number>((product, dim) => (typeof dim === 'number' ? product * dim : product), 1);
  return open.length === 1 && known === rest ? open[0]! : symbol;
}

/** A shape of numbers and of tensors of one number, put together when the model runs. */
function toTensorShape(call: OperationCall, x: Handle, sizes: readonly (number | Handle)[], graph: GraphWriter): Handle {
  const shape = sizes.map((size, axis): Dim => (typeof size === 'number' && size > 0 ? size : axis === 0 ? (x.shape[0] ?? 'batch') : graph.symbol(axis)));
  const target = tensorShape(call, sizes, graph);
  const known = resolvedShape(x, sizes, shape);
  return graph.handle(graph.node('Reshape', [x.value, target], { shape: known, dtype: x.value.dtype }), known, KERAS);
} // prettier-ignore

/** With the batch first and one open size, the sizes of a sample say what that is. */
function resolvedShape(x: Handle, sizes: readonly (number | Handle)[], shape: readonly Dim[]): readonly Dim[] {
  const features = x.shape.slice(1);
  const open = sizes.slice(1).filter((size) => typeof size !== 'number' || size === -1).length;
  if (typeof sizes[0] === 'number' || open !== 1 || !features.every((dim) => typeof dim === 'number')) return shape;
  const rest = shape.slice(1).reduce<number>((product, dim) => (typeof dim === 'number' ? product * dim : product), 1);
  const total = features.reduce((a, b) => a * b, 1);
  return shape.map((dim, axis) => (axis > 0 && typeof dim !== 'number' ? total / rest : dim));
}

function tensorShape(call: OperationCall, sizes: readonly (number | Handle)[], graph: GraphWriter): Value {
  const parts = sizes.map((size, i) => {
    if (typeof size === 'number') return graph.integers(`size_${i}`, [size]);
    const part = graph.part(`size_${i}`);
    if (size.shape.length > 1) call.unsupported('its shape holds a tensor of several numbers');
    const whole = inType(size, 'int64', part);
    return size.shape.length === 1 ? whole.value : unsqueezed(part, whole, [0]).value;
  });
  return graph.node('Concat', parts, {
    shape: [sizes.length],
    dtype: 'int64',
    attributes: { axis: int(0) },
    suffix: 'shape',
  });
}

function shapeOf(x: Handle, graph: GraphWriter): Handle {
  const sizes = graph.node('Shape', [x.value], { shape: [x.shape.length], dtype: 'int64', suffix: 'int64' });
  return inType(graph.handle(sizes, [x.shape.length]), 'int32', graph, '');
}

/** A size of −1 keeps that of x. */
function broadcastTo(call: OperationCall, graph: GraphWriter): Handle {
  const x = asKeras(graph, call.tensor('x'));
  const sizes = call.integers('shape') ?? call.malformed('shape', 'sizes');
  const missing = sizes.length - x.shape.length;
  const shape = sizes.map((size, axis): Dim => (size === -1 ? (x.shape[axis - missing] ?? 1) : size));
  const target = graph.integers('shape', shape.map((dim) => (typeof dim === 'number' ? dim : 1)));
  return graph.handle(graph.node('Expand', [x.value, target], { shape, dtype: x.value.dtype }), shape);
} // prettier-ignore
