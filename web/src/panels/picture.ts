import { h } from '../dom.ts';
import type { InputKind } from './input-kind.ts';

/** What a pixel of 0 and of 255 becomes. Files do not say what a model was trained on. */
export const RANGES = { '0 … 1': [0, 1], '−1 … 1': [-1, 1], '0 … 255': [0, 255] } as const;
export type RangeName = keyof typeof RANGES;

type PictureInput = Extract<InputKind, { kind: 'picture' }>;

/** {@link pixelsOf} in the dtype of the input; bytes are what they are. */
export function valuesOf(image: ImageBitmap, to: PictureInput, range: RangeName): Float32Array | Uint8Array {
  const side = [image.width, image.height] as const;
  return to.spec.dtype === 'uint8'
    ? Uint8Array.from(pixelsOf(image, side, to, '0 … 255'))
    : pixelsOf(image, side, to, range);
}

/** The largest centred part of an image, scaled to the model's size and laid out as it takes it. */
function pixelsOf(
  image: CanvasImageSource,
  side: readonly [number, number],
  to: PictureInput,
  range: RangeName,
): Float32Array {
  const { width, height, channels, layout } = to;
  const canvas = new OffscreenCanvas(width, height).getContext('2d')!;
  canvas.imageSmoothingQuality = 'high';
  const scale = Math.min(side[0] / width, side[1] / height);
  const [w, ht] = [width * scale, height * scale];
  canvas.drawImage(image, (side[0] - w) / 2, (side[1] - ht) / 2, w, ht, 0, 0, width, height);
  const { data } = canvas.getImageData(0, 0, width, height);
  const [low, high] = RANGES[range];
  const area = width * height;
  const values = new Float32Array(area * channels);
  for (let pixel = 0; pixel < area; pixel++) {
    for (let c = 0; c < channels; c++) {
      const level = channels === 3 ? data[4 * pixel + c]! : luma(data, 4 * pixel);
      const at = layout === 'nhwc' ? pixel * channels + c : c * area + pixel;
      values[at] = low + (level / 255) * (high - low);
    }
  }
  return values;
}

/** ITU-R BT.601, as most who train on grey pictures. */
const luma = (data: Uint8ClampedArray, at: number): number =>
  0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!;

/** The camera's picture until somebody takes a still of it; ends the camera in any case. @throws {Error} if there is none. */
export async function stillFromCamera(into: HTMLElement): Promise<ImageBitmap> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  const video = h('video', { autoplay: true, muted: true, playsinline: true, 'aria-label': 'The camera' });
  video.srcObject = stream;
  const shutter = h('button', { type: 'button', class: 'primary' }, 'Take the picture');
  const box = h('div', { class: 'camera' }, video, shutter);
  into.append(box);
  try {
    await video.play();
    shutter.focus();
    await new Promise((resolve) => {
      shutter.addEventListener('click', resolve, { once: true });
    });
    return await createImageBitmap(video);
  } finally {
    for (const track of stream.getTracks()) track.stop();
    box.remove();
  }
}
