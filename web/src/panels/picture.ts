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

/** The largest centred part of an image that has the shape of the canvas. */
export function drawCentred(
  pen: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  image: ImageBitmap,
  [imageWidth, imageHeight]: readonly [number, number] = [image.width, image.height],
): void {
  const { width, height } = pen.canvas;
  const scale = Math.min(imageWidth / width, imageHeight / height);
  const [wide, high] = [width * scale, height * scale];
  pen.imageSmoothingQuality = 'high';
  pen.drawImage(image, (imageWidth - wide) / 2, (imageHeight - high) / 2, wide, high, 0, 0, width, height);
}

/** The largest centred part of an image, scaled to the model's size and laid out as it takes it. */
function pixelsOf(
  image: ImageBitmap,
  side: readonly [number, number],
  to: PictureInput,
  range: RangeName,
): Float32Array {
  const { width, height, channels, layout } = to;
  const canvas = new OffscreenCanvas(width, height).getContext('2d')!;
  drawCentred(canvas, image, side);
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

/**
 * The camera's picture until somebody takes a still of it, or does not want to; the camera ends in any case.
 * @returns nothing where nobody took one.
 * @throws {Error} if there is no camera, or it may not be used.
 */
export async function stillFromCamera(into: HTMLElement, signal: AbortSignal): Promise<ImageBitmap | undefined> {
  const stream = await openCamera();
  const video = h('video', { autoplay: true, muted: true, playsinline: true, 'aria-label': 'The camera' });
  video.srcObject = stream;
  const shutter = h('button', { type: 'button', class: 'primary' }, 'Take the picture');
  const cancel = h('button', { type: 'button' }, 'Cancel');
  const box = h('div', { class: 'camera' }, video, h('div', { class: 'row' }, shutter, cancel));
  into.append(box);
  try {
    signal.throwIfAborted();
    await video.play();
    shutter.focus();
    const isTaken = await new Promise<boolean>((resolve) => {
      shutter.addEventListener('click', () => { resolve(true); });
      for (const [end, name] of [[cancel, 'click'], [signal, 'abort']] as const) end.addEventListener(name, () => { resolve(false); });
    }); // prettier-ignore
    return isTaken ? await createImageBitmap(video) : undefined;
  } finally {
    for (const track of stream.getTracks()) track.stop();
    box.remove();
  }
}

/** @throws {Error} for a file that is no picture, or one that the browser does not know. */
export async function pictureOf(file: Blob): Promise<ImageBitmap> {
  return createImageBitmap(file).catch((cause: unknown) => {
    throw new Error('The browser cannot read this picture.', { cause });
  });
}

/** Absent from pages that are not served over HTTPS. */
async function openCamera(): Promise<MediaStream> {
  const { mediaDevices } = navigator as { readonly mediaDevices?: MediaDevices };
  if (!mediaDevices) throw new Error('The camera is for pages served over HTTPS only.');
  try {
    return await mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  } catch (cause) {
    throw new Error(`The camera cannot be used: ${(cause as Error).message}.`, { cause });
  }
}
