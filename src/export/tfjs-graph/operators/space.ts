import { int } from '../../../onnx/attribute.ts';
import type { Dim } from '../../../tensor.ts';
import type { GraphWriter } from '../../graph-writer.ts';
import { CHANNELS_FIRST, physicalShape, type Handle } from '../../layout.ts';
import { asChannelsFirst, asKeras } from '../../reorder.ts';
import { transpose } from '../broadcast.ts';
import { channelsLast } from '../image.ts';
import type { OperatorLowering } from '../lowering.ts';
import { Operator } from '../operator.ts';
import { convolution, depthwiseConvolution } from './convolution.ts';

/**
 * TensorFlow `DepthToSpace` and `SpaceToDepth`. Both worlds put the place inside a block in front of the channel:
 * channel (i·b + j)·C + c is channel c of the point (i, j) of the block.
 *
 * Shapes: `[N, h, w, C·b²]` and `[N, h·b, w·b, C]`.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/DepthToSpace
 */
export const depthToSpace: OperatorLowering = {
  ops: ['DepthToSpace', 'SpaceToDepth'],

  lower(op, graph) {
    const x = op.handle(0);
    const isLast = channelsLast(op);
    if (x.shape.length !== 4) op.broken('its input is no image');
    const image = isLast ? asChannelsFirst(graph, x) : asKeras(graph, x);
    const b = op.size('block_size');
    const [N, C, h, w] = physicalShape(image.shape, image.layout);
    const grow = op.className === 'DepthToSpace';
    const scaled = (dim: Dim, axis: number): Dim => {
      const factor = axis === 1 ? b * b : b;
      const up = grow === axis > 1;
      const size = up ? Number(dim) * factor : Number(dim) / factor;
      if (typeof dim !== 'number') return graph.symbol(axis);
      return Number.isInteger(size) && size > 0 ? size : op.broken('its block does not fit its input');
    };
    const shape = [N!, scaled(C!, 1), scaled(h!, 2), scaled(w!, 3)];
    const value = graph.node(op.className, [image.value], { shape, attributes: { blocksize: int(b) } });
    return isLast ? graph.handle(value, [N!, shape[2]!, shape[3]!, shape[1]!], CHANNELS_FIRST) : graph.handle(value, shape);
  },
}; // prettier-ignore

/**
 * TensorFlow `SpaceToBatchND` and `BatchToSpaceND`, between which converters of old put dilated convolutions: the
 * points of each block become samples.
 *
 *   space to batch   pad, [N, h/b, b, …, C] → [b, …, N, h/b, …, C] → [N·b…, h/b, …, C]
 *   batch to space   the way back, then the crops
 *
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/SpaceToBatchND
 */
export const spaceToBatch: OperatorLowering = {
  ops: ['SpaceToBatchND'],

  lower(op, graph) {
    const x = op.keras(0, graph);
    const blocks = op.numbers(1);
    const pads = pairsOf(op.numbers(2));
    const [batch, ...rest] = padded(x, pads, graph);
    const sizes = rest.slice(0, blocks.length).map((size, i) => quotient(op, size, blocks[i]!));
    const tail = rest.slice(blocks.length);
    const cut = [batch!, ...sizes.flatMap((size, i) => [size, blocks[i]!]), ...tail];
    const order = blocks.map((_, i) => 2 * i + 2);
    const others = cut.flatMap((_, axis) => (order.includes(axis) ? [] : [axis]));
    const parts = resized(paddedNode(x, pads, graph), cut, graph, 'blocks');
    const moved = transpose(graph, parts, [...order, ...others], 'moved');
    const samples = typeof batch === 'number' ? batch * productOf(blocks) : graph.symbol(0);
    return resized(moved, [samples, ...sizes, ...tail], graph);
  },
};

export const batchToSpace: OperatorLowering = {
  ops: ['BatchToSpaceND'],

  lower(op, graph) {
    const dilated = dilatedConvolution(op);
    return dilated ? dilated(graph) : samplesToBlocks(op, graph);
  },
};

function samplesToBlocks(op: Operator, graph: GraphWriter): Handle {
    const x = op.keras(0, graph);
    const blocks = op.numbers(1);
    const crops = pairsOf(op.numbers(2));
    const [samples, ...rest] = x.shape;
    const batch = typeof samples === 'number' ? quotient(op, samples, productOf(blocks)) : graph.symbol(0);
    const parts = resized(x, [...blocks, batch, ...rest], graph, 'blocks');
    const n = blocks.length;
    const order = [n, ...blocks.flatMap((_, i) => [n + 1 + i, i]), ...rest.slice(n).map((_, i) => 2 * n + 1 + i)];
    const moved = transpose(graph, parts, order, 'moved');
    const sizes = rest.slice(0, n).map((size, i) => known(op, size) * blocks[i]!);
    const whole = resized(moved, [batch, ...sizes, ...rest.slice(n)], graph, 'whole');
    const axes = blocks.map((_, i) => i + 1);
    const ends = sizes.map((size, i) => size - crops[i]![1]);
    const shape = [batch, ...sizes.map((_, i) => ends[i]! - crops[i]![0]), ...rest.slice(n)];
    const inputs = [
      whole.value,
      ...[crops.map(([begin]) => begin), ends, axes].map((list, i) => graph.integers(['starts', 'ends', 'axes'][i]!, list)),
    ];
    return graph.handle(graph.node('Slice', inputs, { shape, dtype: x.value.dtype }), shape);
} // prettier-ignore

const CONVOLUTIONS: ReadonlyMap<string, OperatorLowering> = new Map(
  [convolution, depthwiseConvolution].flatMap((lowering) => lowering.ops.map((name) => [name, lowering])),
);

/**
 * A convolution without padding, steps or dilation between the two is a dilated one: a dilation of b, and as much
 * padding as the pads of the one leave over the crops of the other.
 */
function dilatedConvolution(op: Operator): ((graph: GraphWriter) => Handle) | undefined {
  const convolution = op.input(0).from;
  const split = convolution?.inputs[0]?.from;
  const lowering = convolution && CONVOLUTIONS.get(convolution.className);
  if (!lowering || split?.className !== 'SpaceToBatchND' || convolution.text('padding', '') !== 'VALID') return undefined;
  const isPlain = ['strides', 'dilations'].every((key) => (convolution.integers(key) ?? []).every((size) => size === 1));
  const blocks = op.numbers(1);
  if (!isPlain || !channelsLast(convolution) || blocks.length !== 2 || blocks.join() !== split.numbers(1).join()) return undefined;
  const crops = op.numbers(2);
  const pads = split.numbers(2).map((pad, i) => pad - crops[i]!);
  if (pads.some((pad) => pad < 0)) return undefined;
  const config = {
    ...convolution.source.config,
    dilations: { list: { i: [1, ...blocks, 1] } },
    padding: { s: btoa('EXPLICIT') },
    explicit_paddings: { list: { i: [0, 0, ...pads, 0, 0] } },
  };
  const inputs = [split.input(0), ...convolution.inputs.slice(1)];
  const dilated = new Operator({ ...convolution.source, config }, convolution.origin, inputs);
  return (graph) => lowering.lower(dilated, graph) as Handle;
} // prettier-ignore

type Pair = readonly [number, number];

export function pairsOf(flat: readonly number[]): Pair[] {
  return Array.from({ length: flat.length >> 1 }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!]);
}

function known(op: Operator, dim: Dim): number {
  return typeof dim === 'number' ? dim : op.unsupported('the size of its input is known at run time only');
}

function quotient(op: Operator, dim: Dim, block: number): number {
  const size = known(op, dim) / block;
  return Number.isInteger(size) ? size : op.broken('its blocks do not fit its input');
}

function productOf(values: readonly number[]): number {
  return values.reduce((a, b) => a * b, 1);
}

function padded({ shape }: Handle, pads: readonly Pair[], graph: GraphWriter): Dim[] {
  return shape.map((dim, axis) => {
    const [begin, end] = pads[axis - 1] ?? [0, 0];
    return typeof dim === 'number' ? dim + begin + end : begin + end === 0 ? dim : graph.symbol(axis);
  });
}

function paddedNode(x: Handle, pads: readonly Pair[], graph: GraphWriter): Handle {
  if (pads.every(([begin, end]) => begin + end === 0)) return x;
  const side = (index: 0 | 1) => x.shape.map((_, axis) => pads[axis - 1]?.[index] ?? 0);
  const shape = padded(x, pads, graph);
  const inputs = [x.value, graph.integers('pads', [...side(0), ...side(1)])];
  return graph.handle(graph.node('Pad', inputs, { shape, dtype: x.value.dtype, suffix: 'padded' }), shape);
}

/** A Reshape of which at most one size is open. */
function resized(x: Handle, shape: readonly Dim[], graph: GraphWriter, suffix?: string): Handle {
  const sizes = graph.integers(
    suffix === undefined ? 'shape' : `${suffix}_shape`,
    shape.map((dim) => (typeof dim === 'number' ? dim : -1)),
  );
  const output = { shape, dtype: x.value.dtype, ...(suffix !== undefined && { suffix }) };
  return graph.handle(graph.node('Reshape', [x.value, sizes], output), shape);
}
