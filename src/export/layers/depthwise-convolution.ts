import { transposed, type Tensor } from '../../tensor.ts';
import { applyActivation } from '../activation.ts';
import { biasOf, convolve, filtersFirst, readWindow } from '../convolve.ts';
import type { Layer } from '../layer.ts';
import type { LayerLowering } from '../lowering.ts';
import type { SourceWeight } from '../source-model.ts';
import { spatialInput, staticChannels, type Spatial, type Window } from '../spatial.ts';

/**
 * Keras `DepthwiseConv1D`, `DepthwiseConv2D`: ONNX Conv with one group per channel.
 *
 * Shapes: kernel `[…k, C, multiplier]` → W `[C·multiplier, 1, …k]`; output channel c·multiplier + m in both.
 * Keras 2 writes a `groups` entry that has no meaning here.
 * Defaults: `depth_multiplier` 1, otherwise as a Conv layer.
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
    const y = convolve(layer, input, { window, weights, filters, groups }, graph);
    return applyActivation(layer, y, graph.part('activation'));
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
    const between = convolve(layer, input, { window, weights: [W], filters: middle, groups }, graph.part('depthwise'));
    const inner = spatialInput(layer, between, graph);
    const filters = layer.size('filters');
    const ones = window.kernel.map(() => 1);
    const point: Window = { kernel: ones, strides: ones, dilations: ones, padding: 'valid' };
    const kernel = layer.weight('pointwise_kernel', [...ones, middle, filters]);
    const weights = [graph.parameter(kernel, 'filters first', filtersFirst), ...biasOf(layer, filters, graph)];
    const y = convolve(layer, inner, { window: point, weights, filters, groups: 1 }, graph);
    return applyActivation(layer, y, graph.part('activation'));
  },
};

function depthwise(layer: Layer, input: Spatial): { window: Window; weight: SourceWeight; filters: number } {
  const channels = staticChannels(layer, input.channels);
  const multiplier = layer.size('depth_multiplier', 1);
  const window = readWindow(layer, input.sizes.length);
  const weight = layer.weight(['depthwise_kernel', 'kernel'], [...window.kernel, channels, multiplier]);
  return { window, weight, filters: channels * multiplier };
}

/** `[…k, C, multiplier]` → `[C·multiplier, 1, …k]` */
export function depthwiseFilters(kernel: Tensor<'float32'>): Tensor<'float32'> {
  const rank = kernel.shape.length;
  const spatial = Array.from({ length: rank - 2 }, (_, axis) => axis);
  const { shape, ...rest } = transposed(kernel, [rank - 2, rank - 1, ...spatial]);
  return { ...rest, shape: [shape[0]! * shape[1]!, 1, ...shape.slice(2)] };
}
