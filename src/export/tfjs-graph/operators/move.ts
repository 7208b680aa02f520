import { int, ints } from '../../../onnx/attribute.ts';
import type { Dim } from '../../../tensor.ts';
import type { GraphWriter } from '../../graph-writer.ts';
import { CHANNELS_FIRST, channelsLastAxes, physicalAxis, physicalShape, type Handle } from '../../layout.ts';
import { asKeras, inOneLayout } from '../../reorder.ts';
import type { OperatorLowering } from '../lowering.ts';
import { physicalAxes, type Operator } from '../operator.ts';
import { squeezed, unsqueezed } from './reshape.ts';

/**
 * TensorFlow `Transpose`: what only undoes or makes the layout in which x lies costs nothing.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/Transpose
 */
export const transpose: OperatorLowering = {
  ops: ['Transpose'],

  lower(op, graph) {
    const given = op.handle(0);
    const rank = given.shape.length;
    const perm = op.numbers(1).map((axis) => (axis < 0 ? axis + rank : axis));
    if (perm.length !== rank || perm.some((_, axis) => !perm.includes(axis))) op.broken('its order of axes is none');
    const x = given.layout.kind === 'reordered' ? asKeras(graph, given) : given;
    const shape = perm.map((axis) => x.shape[axis]!);
    const moved = physicalAxes(x, perm);
    if (moved.every((axis, i) => axis === i)) return graph.handle(x.value, shape);
    if (rank >= 3 && x.layout.kind === 'keras' && moved.every((axis, i) => axis === channelsLastAxes(rank)[i])) {
      return graph.handle(x.value, shape, CHANNELS_FIRST);
    }
    const output = { shape, dtype: x.value.dtype, attributes: { perm: ints(moved) } };
    return graph.handle(graph.node('Transpose', [x.value], output), shape);
  },
};

/**
 * TensorFlow `ConcatV2` and `Concat`, which names its axis first.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/ConcatV2
 */
export const concat: OperatorLowering = {
  ops: ['ConcatV2', 'Concat'],

  lower(op, graph) {
    const axisFirst = op.className === 'Concat';
    const tensors = axisFirst ? op.inputs.slice(1) : op.inputs.slice(0, -1);
    const [first] = tensors;
    if (!first) return op.broken('it joins nothing');
    const axis = op.axisAt(axisFirst ? 0 : op.inputs.length - 1, first.shape.length);
    return joined(op, tensors.map(({ handle }) => handle()), axis, graph);
  },
}; // prettier-ignore

/** Constants lie as TensorFlow has them, and are moved where the others lie otherwise. */
function joined(op: Operator, given: readonly Handle[], axis: number, graph: GraphWriter): Handle {
  const flat = given.map((x) => (x.layout.kind === 'reordered' ? asKeras(graph, x) : x));
  const handles = given.length === 1 ? flat : inOneLayout(graph, flat);
  const { layout, shape: first, value } = handles[0]!;
  if (handles.some(({ shape }) => shape.length !== first.length)) op.broken('it joins tensors of different ranks');
  const sizes = handles.map(({ shape }) => shape[axis]!);
  const total = sizes.every((size) => typeof size === 'number') ? sizes.reduce((a, b) => a + b, 0) : graph.symbol(axis);
  const shape = first.map((dim, i) => (i === axis ? total : dim));
  const attributes = { axis: int(physicalAxis(handles[0]!, axis)) };
  const output = { shape: physicalShape(shape, layout), dtype: value.dtype, attributes };
  return graph.handle(graph.node('Concat', handles.map((x) => x.value), output), shape, layout);
} // prettier-ignore

/**
 * TensorFlow `Pack`: tensors of one shape along an axis of their own.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/Pack
 */
export const pack: OperatorLowering = {
  ops: ['Pack'],

  lower(op, graph) {
    const rank = op.input(0).shape.length + 1;
    const axis = op.axis('axis', rank, 0);
    const parts = op.inputs.map(({ handle }, i) => unsqueezed(handle(), axis, graph.part(`input_${i}`)));
    return joined(op, parts, axis, graph);
  },
};

/**
 * TensorFlow `Unpack`: the parts of an axis, without it.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/Unpack
 */
export const unpack: OperatorLowering = {
  ops: ['Unpack'],

  lower(op, graph) {
    const x = op.handle(0);
    const axis = op.axis('axis', x.shape.length, 0);
    const count = x.shape[axis];
    if (typeof count !== 'number' || count > MAX_PARTS) return op.unsupported('the number of its parts is not known');
    const parts = split(op, x, { axis, sizes: new Array<number>(count).fill(1) }, graph.part('parts'));
    return parts.map((part, i) => squeezed(part, [axis], graph.part(`output_${i}`)));
  },
};

/** More parts no node has. */
const MAX_PARTS = 10_000;

/**
 * TensorFlow `Split` into equal parts, its axis first, and `SplitV` into given ones.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/Split
 */
export const splitting: OperatorLowering = {
  ops: ['Split', 'SplitV'],

  lower(op, graph) {
    const equal = op.className === 'Split';
    const x = op.handle(equal ? 1 : 0);
    const axis = op.axisAt(equal ? 0 : 2, x.shape.length);
    const size = x.shape[axis]!;
    const sizes = equal ? equalParts(op, size) : givenParts(op, size);
    return split(op, x, { axis, sizes }, graph);
  },
};

function equalParts(op: Operator, size: Dim): number[] {
  const count = op.size('num_split');
  const part = Number(size) / count;
  if (!Number.isInteger(part) || count > MAX_PARTS) return op.unsupported('the sizes of its parts are not known');
  return new Array<number>(count).fill(part);
}

/** One size may be −1, for what is left. */
function givenParts(op: Operator, size: Dim): number[] {
  const sizes = op.numbers(1);
  const rest = Number(size) - sizes.reduce((sum, part) => (part < 0 ? sum : sum + part), 0);
  if (sizes.some((part) => part < 0) && !(rest >= 0)) op.unsupported('the sizes of its parts are not known');
  return sizes.map((part) => (part < 0 ? rest : part));
}

function split(
  op: Operator,
  given: Handle,
  { axis, sizes }: { readonly axis: number; readonly sizes: readonly number[] },
  graph: GraphWriter,
): Handle[] {
  const x = given.layout.kind === 'reordered' ? asKeras(graph, given) : given;
  const shapes = sizes.map((size) => x.shape.map((dim, i) => (i === axis ? size : dim)));
  const outputs = shapes.map((shape, i) => ({
    shape: physicalShape(shape, x.layout),
    dtype: x.value.dtype,
    ...(i > 0 && { suffix: `output_${i}` }),
  }));
  const attributes = { axis: int(physicalAxis(x, axis)) };
  const inputs = [x.value, graph.integers('sizes', sizes)];
  const values = graph.nodes('Split', inputs, outputs, attributes);
  return values.map((value, i) => graph.handle(value ?? op.broken('a part is empty'), shapes[i]!, x.layout));
}

/**
 * TensorFlow `Tile`: the tensor again and again, so many times along each axis.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/Tile
 */
export const tile: OperatorLowering = {
  ops: ['Tile'],

  lower(op, graph) {
    const { contents } = op.input(1);
    if (!contents?.every((times) => typeof times === 'number')) return tiledAtRunTime(op, graph);
    const given = op.handle(0);
    const x = given.layout.kind === 'reordered' ? asKeras(graph, given) : given;
    const shape = x.shape.map((dim, axis) => times(dim, contents[axis]!, graph.symbol(axis)));
    const repeats = graph.integers('repeats', physicalShape(contents, x.layout).map(Number));
    const output = { shape: physicalShape(shape, x.layout), dtype: x.value.dtype };
    return graph.handle(graph.node('Tile', [x.value, repeats], output), shape, x.layout);
  },
};

function times(dim: Dim, count: Dim, symbol: Dim): Dim {
  if (count === 1) return dim;
  if (dim === 1) return count;
  return typeof dim === 'number' && typeof count === 'number' ? dim * count : symbol;
}

function tiledAtRunTime(op: Operator, graph: GraphWriter): Handle {
  const x = op.keras(0, graph);
  const { contents } = op.input(1);
  const shape = x.shape.map((dim, axis) => times(dim, contents?.[axis] ?? graph.symbol(axis), graph.symbol(axis)));
  const output = { shape, dtype: x.value.dtype };
  return graph.handle(graph.node('Tile', [x.value, op.int64(1, graph)], output), shape);
}
