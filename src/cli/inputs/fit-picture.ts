import { EdgefoldError } from '../../errors.ts';
import { describe } from '../../runtime/inputs.ts';
import type { TensorSpec } from '../../runtime/model.ts';
import type { Dim, Tensor } from '../../tensor.ts';
import { checkTake, scalingFor, scalingNote, type FitOptions, type FittedInput } from './fit-tensor.ts';
import type { Picture } from './picture.ts';
import { toDType } from './to-dtype.ts';

/** Where a model keeps the pixels of a picture, and how many colours it wants. */
interface Layout {
  readonly order: 'channels-last' | 'channels-first';
  readonly channels: 1 | 3;
  readonly height: Dim;
  readonly width: Dim;
}

/**
 * Fits a picture to an input of shape [N, H, W], [N, H, W, C], [N, C, H, W] or [N, H·W·C]. Grey becomes RGB by
 * repeating it; RGB becomes grey as 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601). Nothing is resized or cropped.
 *
 * @throws {EdgefoldError} INPUT if the model takes no picture, or one of another size.
 */
export function fitPicture(picture: Picture, spec: TensorSpec, options: FitOptions): FittedInput {
  checkTake(options.take, 1, `input ${spec.name}`);
  const layout = layoutOf(picture, spec);
  checkSize(picture, layout, spec);
  const notes = picture.channels === layout.channels ? [] : [layout.channels === 1 ? 'colour to grey' : 'grey to RGB'];
  const scaling = scalingFor(spec, picture.white, options);
  const tensor: Tensor = { dtype: 'float64', shape: [], data: arranged(picture, layout) };
  const shape = shapeFor(picture, layout, spec);
  return {
    tensor: toDType(tensor, { dtype: spec.dtype, shape, scaling, where: `input ${spec.name}` }),
    notes: [...notes, ...scalingNote(scaling, picture.white)],
  };
}

function layoutOf(picture: Picture, spec: TensorSpec): Layout {
  const [batch, a, b, c] = spec.shape;
  const one = batch === 1 || typeof batch === 'string';
  if (one && a !== undefined && b !== undefined) {
    if (c === undefined) return { order: 'channels-last', channels: 1, height: a, width: b };
    if (spec.shape.length === 4 && (c === 1 || c === 3))
      return { order: 'channels-last', channels: c, height: a, width: b };
    if (spec.shape.length === 4 && (a === 1 || a === 3))
      return { order: 'channels-first', channels: a, height: b, width: c };
  }
  const pixels = picture.width * picture.height;
  if (one && spec.shape.length === 2 && (a === pixels || a === pixels * 3)) {
    return { order: 'channels-last', channels: a === pixels ? 1 : 3, height: picture.height, width: picture.width };
  }
  throw new EdgefoldError('INPUT', 'this input takes no picture', {
    where: `input ${spec.name}`,
    expected: describe(spec),
    received: `a picture of ${size(picture.width, picture.height)}`,
  });
}

function checkSize({ width, height }: Picture, layout: Layout, spec: TensorSpec): void {
  const fits = (wanted: Dim, given: number) => typeof wanted === 'string' || wanted === given;
  if (fits(layout.width, width) && fits(layout.height, height)) return;
  throw new EdgefoldError('INPUT', 'the picture has another size', {
    where: `input ${spec.name}`,
    expected: `${size(layout.width, layout.height)} for ${describe(spec)}`,
    received: size(width, height),
    hint: 'Resize it first: how to scale or crop is part of how the model was trained.',
  });
}

/** Pixels in the order of the model, in float64. */
function arranged({ width, height, channels, pixels }: Picture, layout: Layout): Float64Array {
  const area = width * height;
  const values = new Float64Array(area * layout.channels);
  const [pixelStep, channelStep] = layout.order === 'channels-last' ? [layout.channels, 1] : [1, area];
  for (let pixel = 0; pixel < area; pixel++) {
    for (let c = 0; c < layout.channels; c++) {
      values[pixel * pixelStep + c * channelStep] = colour(pixels, pixel * channels, channels, layout.channels, c);
    }
  }
  return values;
}

function colour(pixels: Picture['pixels'], at: number, from: number, to: number, c: number): number {
  if (from === to) return pixels[at + c]!;
  if (from === 1) return pixels[at]!;
  return 0.299 * pixels[at]! + 0.587 * pixels[at + 1]! + 0.114 * pixels[at + 2]!;
}

function shapeFor({ width, height }: Picture, { order, channels }: Layout, { shape }: TensorSpec): readonly number[] {
  if (shape.length === 2) return [1, width * height * channels];
  if (shape.length === 3) return [1, height, width];
  return order === 'channels-last' ? [1, height, width, channels] : [1, channels, height, width];
}

function size(width: Dim, height: Dim): string {
  const dim = (value: Dim) => (typeof value === 'string' ? 'any' : String(value));
  return `${dim(width)}×${dim(height)} pixels`;
}
