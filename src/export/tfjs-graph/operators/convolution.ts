import { ints } from '../../../onnx/attribute.ts';
import { convolve, filtersFirst } from '../../convolve.ts';
import type { GraphWriter } from '../../graph-writer.ts';
import { depthwiseFilters } from '../../layers/depthwise-convolution.ts';
import type { Handle } from '../../layout.ts';
import type { Spatial, Window } from '../../spatial.ts';
import { imageInput, spatialEntries } from '../image.ts';
import type { OperatorLowering } from '../lowering.ts';
import type { Constant } from '../operand.ts';
import type { Operator } from '../operator.ts';
import { fusedOperators } from './fused.ts';

/**
 * TensorFlow `Conv2D`, `Conv3D` and their fused form: ONNX Conv.
 *
 * Shapes: x `[N, …i, C]`, filter `[…k, C/groups, M]` → W `[M, C/groups, …k]`, y `[N, …o, M]`; NCHW likewise.
 * Padding SAME and VALID as in Keras; EXPLICIT as `explicit_paddings` says, a pair for every axis.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/Conv2D
 */
export const convolution: OperatorLowering = {
  ops: ['Conv2D', '_FusedConv2D', 'Conv3D'],

  lower(op, graph) {
    const filter = op.constant(1);
    const rank = filter.shape.length - 2;
    const filters = filter.shape.at(-1)!;
    const input = imageInput(op, op.handle(0), graph, rank);
    const groups = Number(input.channels) / filter.shape.at(-2)!;
    if (!Number.isInteger(groups) || groups < 1) op.unsupported('the number of its input channels does not fit its filter');
    const W = filter.weight(graph, 'filters first', filtersFirst);
    return convolved(op, input, { kernel: filter.shape.slice(0, rank), W, filters, groups }, graph);
  },
}; // prettier-ignore

/**
 * TensorFlow `DepthwiseConv2dNative` and its fused forms: ONNX Conv with a group for each channel.
 *
 * Shapes: x `[N, h, w, C]`, filter `[kh, kw, C, multiplier]` → W `[C·multiplier, 1, kh, kw]`.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/DepthwiseConv2dNative
 */
export const depthwiseConvolution: OperatorLowering = {
  ops: ['DepthwiseConv2dNative', 'DepthwiseConv2d', 'FusedDepthwiseConv2dNative', '_FusedDepthwiseConv2dNative'],

  lower(op, graph) {
    const filter = op.constant(1);
    const [height = 0, width = 0, channels = 0, multiplier = 0] = filter.shape;
    const input = imageInput(op, op.handle(0), graph);
    if (input.channels !== channels) op.unsupported('the number of its input channels does not fit its filter');
    const W = filter.weight(graph, 'depthwise', depthwiseFilters);
    const product = { kernel: [height, width], W, filters: channels * multiplier, groups: channels };
    return convolved(op, input, product, graph);
  },
};

interface Product {
  readonly kernel: readonly number[];
  readonly W: ReturnType<Constant['weight']>;
  readonly filters: number;
  readonly groups: number;
}

function convolved(op: Operator, input: Spatial, { kernel, W, filters, groups }: Product, graph: GraphWriter): Handle {
  const fused = fusedOperators(op, 2, filters, graph);
  const convolution = { window: windowOf(op, kernel), weights: [W, ...fused.bias], filters, groups };
  const pads = explicitPads(op, kernel.length);
  const y = pads ? padded(op, input, pads, (wider) => convolve(op, wider, convolution, graph)) : convolve(op, input, convolution, graph);
  return fused.apply(y, graph);
} // prettier-ignore

export function windowOf(op: Operator, kernel: readonly number[]): Window {
  const rank = kernel.length;
  const padding = op.text('padding', 'VALID');
  if (!/^(SAME|VALID|EXPLICIT)$/.test(padding)) op.malformed('padding', 'SAME, VALID or EXPLICIT');
  return {
    kernel,
    strides: spatialEntries(op, 'strides', rank),
    dilations: spatialEntries(op, 'dilations', rank),
    padding: padding === 'SAME' ? 'same' : 'valid',
  };
}

/** As ONNX writes pads: all begins, then all ends. */
export function explicitPads(op: Operator, rank: number): number[] | undefined {
  if (op.text('padding', 'VALID') !== 'EXPLICIT') return undefined;
  const all = op.sizes('explicit_paddings', 2 * (rank + 2), undefined, 0);
  const start = op.text('data_format', 'NHWC').endsWith('C') ? 1 : 2;
  const pairs = Array.from({ length: rank }, (_, i) => all.slice(2 * (start + i), 2 * (start + i) + 2));
  return [...pairs.map(([begin]) => begin!), ...pairs.map(([, end]) => end!)];
}

/** A window without padding over an image that is larger, whose margin then becomes the padding. */
export function padded(
  op: Operator,
  input: Spatial,
  pads: readonly number[],
  slide: (wider: Spatial) => Handle,
): Handle {
  const rank = input.sizes.length;
  const sizes = input.sizes.map((size, i) => (typeof size === 'number' ? size + pads[i]! + pads[i + rank]! : size));
  const y = slide({ ...input, sizes });
  const node = y.value.producer ?? op.broken('it has no window');
  node.attributes.set('pads', ints(pads));
  return y;
}
