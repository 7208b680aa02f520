import type { Value } from '../../../onnx/graph.ts';
import type { Dim } from '../../../tensor.ts';
import type { GraphWriter } from '../../graph-writer.ts';
import { CHANNELS_FIRST, KERAS, orderIsTrivial, physicalShape, type Handle } from '../../layout.ts';
import { flattened } from '../../layers/flatten.ts';
import { asKeras, inKerasOrder, offerForm, reshaped } from '../../reorder.ts';
import { withoutAxes } from '../broadcast.ts';
import type { OperatorLowering } from '../lowering.ts';
import { allKnown, physicalAxes, type Operator } from '../operator.ts';

/**
 * TensorFlow `Reshape`: the same elements in TensorFlow's order. Flattening samples keeps the order in which channels-
 * first images lie; a MatMul behind it takes the rows of its constant in that order.
 *
 * Sizes that are computed from the shape of x are known by name, so that no node computes them; a shape of which more
 * than one size is open is computed by the model.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/Reshape
 */
export const reshape: OperatorLowering = {
  ops: ['Reshape'],

  lower(op, graph) {
    const given = op.handle(0);
    const shape = targetShape(op, given.shape, graph);
    if (sameShape(shape, given.shape)) return given;
    const [batch] = shape;
    if (shape.length === 2 && batch === given.shape[0] && given.shape.length > 2) return flattened(graph, given);
    const x = inKerasOrder(graph, given);
    const isOpen = (dim: Dim, axis: number) => typeof dim !== 'number' && dim !== x.shape[axis];
    const target = shape.map((dim, axis) => (typeof dim === 'number' ? dim : isOpen(dim, axis) ? -1 : 0));
    const open = target.filter((size) => size === -1).length;
    const sizes = open > 1 ? op.int64(1, graph) : graph.integers('shape', target);
    const y = graph.handle(graph.node('Reshape', [x.value, sizes], { shape, dtype: x.value.dtype }), shape);
    if (batch === x.shape[0] && open === 0 && shape.length > 2 && orderIsTrivial(shape) && allKnown(shape.slice(1))) {
      offerForm(graph, y, 'channels-first', () => reshaped(graph, x, shape, CHANNELS_FIRST, 'channels_first'));
    }
    return y;
  },
};

function sameShape(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

/** What the wanted shape comes to: an open size is what the elements of x leave over. */
function targetShape(op: Operator, given: readonly Dim[], graph: GraphWriter): Dim[] {
  const { contents, shape } = op.input(1);
  const wanted = contents ?? unknownSizes(op, shape, graph);
  const open = wanted.indexOf(-1);
  if (wanted.some((size, i) => typeof size === 'number' && (size < -1 || (size === -1 && i !== open)))) {
    op.broken('its shape makes no sense');
  }
  const rest = wanted.filter((_, i) => i !== open);
  if (open >= 0) return wanted.map((size, i) => (i === open ? leftOver(op, given, rest, graph.symbol(i)) : size));
  const total = [...given, ...wanted].every((dim) => typeof dim === 'number') ? productOf(given) : undefined;
  return total === undefined || total === productOf(wanted) ? [...wanted] : op.broken('its shape has another number of elements');
} // prettier-ignore

function unknownSizes(op: Operator, [rank, ...more]: readonly Dim[], graph: GraphWriter): Dim[] {
  if (typeof rank !== 'number' || more.length > 0 || rank > 16) return op.unsupported('the rank of its result is not known');
  return Array.from({ length: rank }, (_, axis) => graph.symbol(axis));
} // prettier-ignore

function productOf(dims: readonly Dim[]): number {
  return dims.reduce<number>((product, dim) => (typeof dim === 'number' ? product * dim : product), 1);
}

/** [batch, 7, 7, 64] to [−1, 3136] leaves `batch`; to [batch, −1] leaves 3136. */
function leftOver(op: Operator, given: readonly Dim[], rest: readonly Dim[], symbol: Dim): Dim {
  const symbols = given.filter((dim) => typeof dim === 'string');
  for (const dim of rest.filter((size) => typeof size === 'string')) {
    const at = symbols.indexOf(dim);
    if (at < 0) return symbol;
    symbols.splice(at, 1);
  }
  const quotient = productOf(given) / productOf(rest);
  if (symbols.length > 1) return symbol;
  if (symbols.length === 1) return quotient === 1 ? symbols[0]! : symbol;
  return Number.isInteger(quotient) ? quotient : op.broken('its shape does not fit the number of elements');
}

/**
 * TensorFlow `Squeeze`: axes of size 1 go; those of `squeeze_dims`, or all.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/Squeeze
 */
export const squeeze: OperatorLowering = {
  ops: ['Squeeze'],

  lower(op, graph) {
    const given = op.handle(0);
    const rank = given.shape.length;
    const key = op.value('squeeze_dims') === undefined ? 'axis' : 'squeeze_dims';
    const named = op.axes(key, rank, []);
    const axes = named.length > 0 ? named : given.shape.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
    return axes.length === 0 ? given : squeezed(given, axes, graph);
  },
};

export function squeezed(given: Handle, axes: readonly number[], graph: GraphWriter): Handle {
  const { x, layout } = withoutAxes(given, axes, graph);
  const shape = x.shape.filter((_, axis) => !axes.includes(axis));
  const inputs = [x.value, graph.integers('axes', physicalAxes(x, axes))];
  const output = { shape: physicalShape(shape, layout), dtype: x.value.dtype };
  return graph.handle(graph.node('Squeeze', inputs, output), shape, layout);
}

/**
 * TensorFlow `ExpandDims`: an axis of size 1 more. Between samples and channels it is one more axis of space, in any
 * layout: that is how a convolution over time becomes one over images.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/ExpandDims
 */
export const expandDims: OperatorLowering = {
  ops: ['ExpandDims'],

  lower(op, graph) {
    const given = op.handle(0);
    const rank = given.shape.length;
    return unsqueezed(given, op.axisAt(1, rank + 1), graph);
  },
};

export function unsqueezed(given: Handle, axis: number, graph: GraphWriter): Handle {
  const staysSpatial = given.layout.kind === 'channels-first' && axis > 0 && axis < given.shape.length;
  const before = staysSpatial ? beforeSqueeze(given.value, axis + 1) : undefined;
  if (before) {
    return graph.handle(before, [...given.shape.slice(0, axis), 1, ...given.shape.slice(axis)], CHANNELS_FIRST);
  }
  const x = staysSpatial ? given : asKeras(graph, given);
  const layout = staysSpatial ? CHANNELS_FIRST : KERAS;
  const shape = [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)];
  const inputs = [x.value, graph.integers('axes', [staysSpatial ? axis + 1 : axis])];
  const output = { shape: physicalShape(shape, layout), dtype: x.value.dtype };
  return graph.handle(graph.node('Unsqueeze', inputs, output), shape, layout);
}

/** What a Squeeze of one axis was given, if that axis comes back: a convolution over time behind another. */
function beforeSqueeze({ producer }: Value, axis: number): Value | undefined {
  const axes = producer?.opType === 'Squeeze' ? producer.inputs[1]?.constant?.tensor().data : undefined;
  return axes?.length === 1 && Number(axes[0]) === axis ? producer?.inputs[0] : undefined;
}
