import { int, ints, string, type Attribute } from '../onnx/attribute.ts';
import type { Value } from '../onnx/graph.ts';
import type { Dim } from '../tensor.ts';
import type { GraphWriter } from './graph-writer.ts';
import type { Layer } from './layer.ts';
import { CHANNELS_FIRST, KERAS, type Handle } from './layout.ts';
import { asChannelsFirst, asKeras } from './reorder.ts';

/** A tensor that lies as [batch, channels, …sizes], whatever Keras calls its axes. */
export interface Spatial {
  readonly value: Value;
  readonly batch: Dim;
  readonly channels: Dim;
  readonly sizes: readonly Dim[];
  readonly dataFormat: 'channels_last' | 'channels_first';
}

/** Number of spatial axes, as the class name says: `Conv2DTranspose` has 2. */
export function spatialRank(layer: Layer): number {
  return Number(/(\d)D/.exec(layer.className)?.[1] ?? 2);
}

/** The input of a spatial layer. A `data_format` of channels_first needs nothing, the usual one channels first. */
export function spatialInput(layer: Layer, x: Handle, graph: GraphWriter, rank = spatialRank(layer)): Spatial {
  if (x.shape.length !== rank + 2) {
    layer.unsupported(`its input has rank ${x.shape.length} in place of ${rank + 2}`, 'The model is not well formed.');
  }
  const dataFormat = layer.choice('data_format', ['channels_last', 'channels_first'], 'channels_last');
  const last = dataFormat === 'channels_last';
  const { value, shape } = last ? asChannelsFirst(graph, x) : asKeras(graph, x);
  const [batch, ...rest] = shape as [Dim, ...Dim[]];
  const channels = last ? rest.at(-1)! : rest[0]!;
  return { value, batch, channels, sizes: last ? rest.slice(0, -1) : rest.slice(1), dataFormat };
}

/** The shape in memory of a spatial result. */
export function spatialShape({ batch, channels, sizes }: Omit<Spatial, 'value' | 'dataFormat'>): Dim[] {
  return [batch, channels, ...sizes];
}

/** The handle on a value that lies as [batch, channels, …sizes]. */
export function spatialOutput({ value, batch, channels, sizes, dataFormat }: Spatial): Handle {
  return dataFormat === 'channels_last'
    ? { value, shape: [batch, ...sizes, channels], layout: CHANNELS_FIRST }
    : { value, shape: [batch, channels, ...sizes], layout: KERAS };
}

/** A channel count that weights depend on. */
export function staticChannels(layer: Layer, channels: Dim): number {
  return typeof channels === 'number' ? channels : layer.unsupported('the number of its input channels is unknown');
}

export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padding: 'valid' | 'same' | 'causal';
}

export interface SlidingWindow {
  readonly attributes: Record<string, Attribute>;
  /** Sizes of the result. */
  readonly sizes: Dim[];
}

/**
 * How a window of k points, d apart, slides over i points in steps of s. With e = (k − 1)·d + 1:
 *
 *   valid    no padding                                        ⌊(i − e) / s⌋ + 1 results
 *   same     p = max((⌈i/s⌉ − 1)·s + e − i, 0), the odd one at the end       ⌈i/s⌉ results
 *   causal   (k − 1)·d points at the start                       ⌈i/s⌉ results
 *
 * Steps of 1 make p independent of i. With longer steps over a size known only at run time, ONNX's SAME_UPPER says
 * the same.
 */
export function slidingWindow(layer: Layer, window: Window, sizes: readonly Dim[], graph: GraphWriter): SlidingWindow {
  const { kernel, strides, dilations, padding } = window;
  const { begin, end, auto } = pads(layer, window, sizes);
  return {
    attributes: {
      kernel_shape: ints(kernel),
      strides: ints(strides),
      ...(dilations.some((d) => d > 1) ? { dilations: ints(dilations) } : {}),
      ...(auto ? { auto_pad: string('SAME_UPPER') } : { pads: ints([...begin, ...end]) }),
    },
    sizes: sizes.map((size, i) => {
      const extent = (kernel[i]! - 1) * dilations[i]! + 1;
      if (padding !== 'valid' && strides[i] === 1) return size;
      if (typeof size === 'string') return graph.symbol(i + 1);
      const count = padding === 'valid' ? Math.floor((size - extent) / strides[i]!) + 1 : Math.ceil(size / strides[i]!);
      return count >= 1 ? count : layer.unsupported(`its window of ${extent} does not fit in a size of ${size}`);
    }),
  };
}

function pads(layer: Layer, { kernel, strides, dilations, padding }: Window, sizes: readonly Dim[]) {
  const none = { begin: kernel.map(() => 0), end: kernel.map(() => 0), auto: false };
  if (padding === 'valid') return none;
  const reach = kernel.map((k, i) => (k - 1) * dilations[i]!);
  if (padding === 'causal') return { ...none, begin: reach };
  const total = sizes.map((size, i) => samePadding(size, reach[i]! + 1, strides[i]!));
  if (total.every((p) => p !== undefined)) {
    return { begin: total.map((p) => p >> 1), end: total.map((p) => p - (p >> 1)), auto: false };
  }
  if (dilations.some((d) => d > 1)) layer.unsupported('it dilates and strides over a size that is unknown');
  return { ...none, auto: true };
}

function samePadding(size: Dim, extent: number, stride: number): number | undefined {
  if (stride === 1) return extent - 1;
  return typeof size === 'number' ? Math.max((Math.ceil(size / stride) - 1) * stride + extent - size, 0) : undefined;
}

/** `group`, where it is not 1. */
export function groupAttribute(group: number): Record<string, Attribute> {
  return group === 1 ? {} : { group: int(group) };
}
