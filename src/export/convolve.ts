import type { Value } from '../onnx/graph.ts';
import { transposed, type Tensor } from '../tensor.ts';
import type { GraphWriter } from './graph-writer.ts';
import type { Layer } from './layer.ts';
import type { Handle } from './layout.ts';
import { groupAttribute, slidingWindow, spatialOutput, spatialShape, type Spatial, type Window } from './spatial.ts';

export interface Convolution {
  readonly window: Window;
  /** W, and the bias if there is one. */
  readonly weights: readonly Value[];
  readonly filters: number;
  readonly groups: number;
}

/** One Conv node. */
export function convolve(layer: Layer, input: Spatial, convolution: Convolution, graph: GraphWriter): Handle {
  const { window, weights, filters, groups } = convolution;
  const { attributes, sizes } = slidingWindow(layer, window, input.sizes, graph);
  const output = { ...input, channels: filters, sizes };
  const value = graph.node('Conv', [input.value, ...weights], {
    shape: spatialShape(output),
    attributes: { ...attributes, ...groupAttribute(groups) },
  });
  return spatialOutput({ ...output, value });
}

/** The entries that every convolution has. */
export function readWindow(layer: Layer, rank: number): Window {
  const paddings = rank === 1 ? (['valid', 'same', 'causal'] as const) : (['valid', 'same'] as const);
  return {
    kernel: layer.sizes('kernel_size', rank),
    strides: layer.sizes('strides', rank, 1),
    dilations: layer.sizes('dilation_rate', rank, 1),
    padding: layer.choice<'valid' | 'same' | 'causal'>('padding', paddings, 'valid'),
  };
}

/** The bias as the last input of a node, or nothing. */
export function biasOf(layer: Layer, filters: number, graph: GraphWriter): Value[] {
  return layer.flag('use_bias', true) ? [graph.parameter(layer.weight('bias', [filters]))] : [];
}

/** `[…k, C, M]` → `[M, C, …k]` */
export function filtersFirst(kernel: Tensor<'float32'>): Tensor<'float32'> {
  const rank = kernel.shape.length;
  return transposed(kernel, [rank - 1, rank - 2, ...Array.from({ length: rank - 2 }, (_, axis) => axis)]);
}
