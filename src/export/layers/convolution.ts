import type { Tensor } from '../../tensor.ts';
import { transposed } from '../../tensor.ts';
import { applyActivation } from '../activation.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Layer } from '../layer.ts';
import type { LayerLowering } from '../lowering.ts';
import type { SourceWeight } from '../source-model.ts';
import {
  groupAttribute,
  slidingWindow,
  spatialInput,
  spatialOutput,
  spatialRank,
  spatialShape,
  staticChannels,
  type Spatial,
  type Window,
} from '../spatial.ts';

/**
 * Keras `Conv1D`, `Conv2D`, `Conv3D`: ONNX Conv.
 *
 * Shapes: x `[N, …i, C]`, kernel `[…k, C/groups, M]` → W `[M, C/groups, …k]`, bias `[M]`, y `[N, …o, M]`.
 * Padding is written out: {@link slidingWindow}. `causal` exists for one axis.
 * Defaults: `strides` 1, `padding` valid, `dilation_rate` 1, `groups` 1, `use_bias` true, `activation` none.
 * Source: https://keras.io/api/layers/convolution_layers/ · https://onnx.ai/onnx/operators/onnx__Conv.html
 */
export const convolution: LayerLowering = {
  classNames: ['Conv1D', 'Conv2D', 'Conv3D'],
  note: 'valid, same and causal padding, strides, dilation, groups, both data formats',

  lower(layer, [x], graph) {
    const input = spatialInput(layer, graph.float(x), graph);
    const channels = staticChannels(layer, input.channels);
    const [filters, groups] = [layer.size('filters'), layer.size('groups', 1)];
    if (channels % groups !== 0) layer.malformed('groups', `a divisor of the ${channels} input channels`);
    const window = readWindow(layer, spatialRank(layer));
    const kernel = layer.weight('kernel', [...window.kernel, channels / groups, filters]);
    const W = graph.parameter(kernel, 'filters first', filtersFirst);
    const weights = [W, ...biasOf(layer, filters, graph)];
    return applyActivation(layer, convolve(layer, input, window, weights, { filters, groups }, graph), graph.part('activation')); // prettier-ignore
  },
};

/**
 * Keras `DepthwiseConv1D`, `DepthwiseConv2D`: ONNX Conv with one group per channel.
 *
 * Shapes: kernel `[…k, C, multiplier]` → W `[C·multiplier, 1, …k]`; output channel c·multiplier + m in both.
 * Keras 2 writes a `groups` entry that has no meaning here.
 * Defaults: `depth_multiplier` 1, otherwise as {@link convolution}.
 * Source: https://keras.io/api/layers/convolution_layers/depthwise_convolution2d/
 */
export const depthwiseConvolution: LayerLowering = {
  classNames: ['DepthwiseConv1D', 'DepthwiseConv2D'],
  note: 'any depth multiplier',

  lower(layer, [x], graph) {
    const input = spatialInput(layer, graph.float(x), graph);
    const { window, weight, filters } = depthwise(layer, input);
    const W = graph.parameter(weight, 'depthwise', depthwiseFilters);
    const groups = staticChannels(layer, input.channels);
    const weights = [W, ...biasOf(layer, filters, graph)];
    return applyActivation(layer, convolve(layer, input, window, weights, { filters, groups }, graph), graph.part('activation')); // prettier-ignore
  },
};

/**
 * Keras `SeparableConv1D`, `SeparableConv2D`: a depthwise convolution, which has the padding, strides and dilation,
 * then one with windows of one point, which has the bias and the activation.
 *
 * Shapes: depthwise kernel `[…k, C, multiplier]`, pointwise kernel `[…1, C·multiplier, M]`, bias `[M]`.
 * Source: https://keras.io/api/layers/convolution_layers/separable_convolution2d/
 */
export const separableConvolution: LayerLowering = {
  classNames: ['SeparableConv1D', 'SeparableConv2D'],
  note: 'written as two convolutions',

  lower(layer, [x], graph) {
    const input = spatialInput(layer, graph.float(x), graph);
    const { window, weight, filters: middle } = depthwise(layer, input);
    const W = graph.parameter(weight, 'depthwise', depthwiseFilters);
    const groups = staticChannels(layer, input.channels);
    const inner = spatialInput(layer, convolve(layer, input, window, [W], { filters: middle, groups }, graph.part('depthwise')), graph); // prettier-ignore
    const filters = layer.size('filters');
    const ones = window.kernel.map(() => 1);
    const point: Window = { kernel: ones, strides: ones, dilations: ones, padding: 'valid' };
    const kernel = layer.weight('pointwise_kernel', [...ones, middle, filters]);
    const weights = [graph.parameter(kernel, 'filters first', filtersFirst), ...biasOf(layer, filters, graph)];
    return applyActivation(layer, convolve(layer, inner, point, weights, { filters, groups: 1 }, graph), graph.part('activation')); // prettier-ignore
  },
};

interface Channels {
  readonly filters: number;
  readonly groups: number;
}

function convolve(
  layer: Layer,
  input: Spatial,
  window: Window,
  weights: readonly Spatial['value'][],
  { filters, groups }: Channels,
  graph: GraphWriter,
) {
  const { attributes, sizes } = slidingWindow(layer, window, input.sizes, graph);
  const output = { ...input, channels: filters, sizes };
  const value = graph.node('Conv', [input.value, ...weights], {
    shape: spatialShape(output),
    attributes: { ...attributes, ...groupAttribute(groups) },
  });
  return spatialOutput({ ...output, value });
}

function depthwise(layer: Layer, input: Spatial): { window: Window; weight: SourceWeight; filters: number } {
  const channels = staticChannels(layer, input.channels);
  const multiplier = layer.size('depth_multiplier', 1);
  const window = readWindow(layer, input.sizes.length);
  const weight = layer.weight(['depthwise_kernel', 'kernel'], [...window.kernel, channels, multiplier]);
  return { window, weight, filters: channels * multiplier };
}

export function readWindow(layer: Layer, rank: number): Window {
  const paddings = rank === 1 ? (['valid', 'same', 'causal'] as const) : (['valid', 'same'] as const);
  return {
    kernel: layer.sizes('kernel_size', rank),
    strides: layer.sizes('strides', rank, 1),
    dilations: layer.sizes('dilation_rate', rank, 1),
    padding: layer.choice<'valid' | 'same' | 'causal'>('padding', paddings, 'valid'),
  };
}

export function biasOf(layer: Layer, filters: number, graph: GraphWriter): Spatial['value'][] {
  return layer.flag('use_bias', true) ? [graph.parameter(layer.weight('bias', [filters]))] : [];
}

/** `[…k, C, M]` → `[M, C, …k]` */
export function filtersFirst(kernel: Tensor<'float32'>): Tensor<'float32'> {
  const rank = kernel.shape.length;
  return transposed(kernel, [rank - 1, rank - 2, ...Array.from({ length: rank - 2 }, (_, axis) => axis)]);
}

/** `[…k, C, multiplier]` → `[C·multiplier, 1, …k]` */
function depthwiseFilters(kernel: Tensor<'float32'>): Tensor<'float32'> {
  const rank = kernel.shape.length;
  const spatial = Array.from({ length: rank - 2 }, (_, axis) => axis);
  const { shape, ...rest } = transposed(kernel, [rank - 2, rank - 1, ...spatial]);
  return { ...rest, shape: [shape[0]! * shape[1]!, 1, ...shape.slice(2)] };
}
