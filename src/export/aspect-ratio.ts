import { string } from '../onnx/attribute.ts';
import type { Dim } from '../tensor.ts';
import type { GraphWriter } from './graph-writer.ts';
import type { Layer } from './layer.ts';
import { physicalShape, type Handle } from './layout.ts';
import { asKeras } from './reorder.ts';
import { slice } from './slice.ts';

/**
 * The image, brought to the proportions of `[height, width]` before it is scaled to that size. With h, w its own:
 *
 *   crop_to_aspect_ratio   to min(h, ⌊w·height/width⌋) and min(w, ⌊h·width/height⌋) points, from the middle
 *   pad_to_aspect_ratio    by ⌊(⌊w·height/width⌋ − h)/2⌋ rows of `fill_value` above and below, or so columns
 *
 * Quotients are float32, as TensorFlow has them.
 * Source: `resize` of keras/src/backend/tensorflow/image.py, `smart_resize` of tf_keras/src/utils/image_utils.py
 * @throws {EdgefoldError} UNSUPPORTED for images of unknown size.
 */
export function framed(layer: Layer, x: Handle, [height, width]: readonly number[], graph: GraphWriter): Handle {
  const [crop, pad] = ['crop_to_aspect_ratio', 'pad_to_aspect_ratio'].map((option) => layer.flag(option, false));
  if (!crop && !pad) return x;
  const first = layer.value('data_format') === 'channels_first' ? 2 : 1;
  const [h, w] = [sizeOf(layer, x.shape[first]), sizeOf(layer, x.shape[first + 1])];
  const wanted = [quotient(w * height!, width!), quotient(h * width!, height!)];
  return crop
    ? cropped(graph, x, first, [Math.max(1, Math.min(h, wanted[0]!)), Math.max(1, Math.min(w, wanted[1]!))])
    : padded(layer, graph, x, first, [Math.max(0, wanted[0]! - h) >> 1, Math.max(0, wanted[1]! - w) >> 1]);
}

function sizeOf(layer: Layer, dim: Dim | undefined): number {
  return typeof dim === 'number' ? dim : layer.unsupported('it keeps the aspect ratio of images of unknown size');
}

function quotient(a: number, b: number): number {
  return Math.trunc(Math.fround(Math.fround(a) / b));
}

function cropped(graph: GraphWriter, x: Handle, first: number, sizes: readonly number[]): Handle {
  const cuts = sizes.flatMap((size, i) => {
    const start = (Number(x.shape[first + i]) - size) >> 1;
    return size === x.shape[first + i] ? [] : [{ axis: first + i, start, end: start + size, size }];
  });
  return cuts.length === 0 ? x : slice(graph, x, cuts, 'cropped');
}

function padded(layer: Layer, graph: GraphWriter, given: Handle, first: number, amounts: readonly number[]): Handle {
  if (amounts.every((amount) => amount === 0)) return given;
  const x = given.layout.kind === 'reordered' ? asKeras(graph, given) : given;
  const each = x.shape.map((_, axis) => amounts[axis - first] ?? 0);
  const shape = x.shape.map((dim, axis) => (each[axis] === 0 ? dim : Number(dim) + 2 * each[axis]!));
  const pads = physicalShape(each, x.layout).map(Number);
  const inputs = [x.value, graph.integers('pads', [...pads, ...pads]), graph.scalar('fill_value', layer.number('fill_value', 0))]; // prettier-ignore
  const output = {
    shape: physicalShape(shape, x.layout),
    attributes: { mode: string('constant') },
    suffix: 'padded',
  };
  return graph.handle(graph.node('Pad', inputs, output), shape, x.layout);
}
