import type { OpenedModel } from '../studio/protocol.ts';
import type { TensorSpec } from 'edgefold/web';

/** How a person can give a model its input: by drawing, by a picture, or not at all, and then numbers are made up. */
export type InputKind =
  | { readonly kind: 'drawing'; readonly spec: TensorSpec; readonly width: number; readonly height: number }
  | {
      readonly kind: 'picture';
      readonly spec: TensorSpec;
      readonly width: number;
      readonly height: number;
      readonly channels: 1 | 3;
      readonly layout: 'nhwc' | 'nchw';
    }
  | { readonly kind: 'numbers' };

/** A square of this many pixels or fewer, in one channel, is for drawing. */
const LARGEST_PAD = 64;
/** For an image of any size. */
const FREE_SIDE = 224;

export function inputKind({ inputs }: OpenedModel): InputKind {
  const [spec] = inputs;
  if (inputs.length !== 1 || !spec || !['float32', 'uint8'].includes(spec.dtype)) return { kind: 'numbers' };
  const picture = pictureOf(spec);
  if (!picture) return { kind: 'numbers' };
  const { width, height, channels } = picture;
  if (channels === 1 && Math.max(width, height) <= LARGEST_PAD) return { kind: 'drawing', spec, width, height };
  return { kind: 'picture', spec, ...picture };
}

type Picture = Pick<Extract<InputKind, { kind: 'picture' }>, 'width' | 'height' | 'channels' | 'layout'>;

/** [N, H, W], [N, H, W, C] or [N, C, H, W] with 1 or 3 channels; a row of 784 numbers is a digit as MNIST has it. */
function pictureOf({ shape }: TensorSpec): Picture | undefined {
  const [, ...dims] = shape.map((dim) => (typeof dim === 'number' ? dim : FREE_SIDE));
  const [a = 0, b = 0, c = 0] = dims;
  if (dims.length === 1 && a === 784) return { width: 28, height: 28, channels: 1, layout: 'nhwc' };
  if (dims.length === 2 && a > 4 && b > 4) return { width: b, height: a, channels: 1, layout: 'nhwc' };
  if (dims.length !== 3) return undefined;
  if (isChannels(c)) return { width: b, height: a, channels: c, layout: 'nhwc' };
  if (isChannels(a)) return { width: c, height: b, channels: a, layout: 'nchw' };
  return undefined;
}

const isChannels = (count: number): count is 1 | 3 => count === 1 || count === 3;
