import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

/** The first 9,000 of the 10,000 digits are trained on, the rest is held out. */
export const TRAINED_ON = 9000;
export const PIXELS = 28 * 28;

const SHARED = process.env.EDGEFOLD_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url));

/** Bytes of an IDX file after its header: 4 of magic, whose last is the rank, and 4 for each dimension. */
function readIdx(name: string): Uint8Array {
  const bytes = gunzipSync(readFileSync(`${SHARED}/corpus/data/${name}`));
  return bytes.subarray(4 + 4 * bytes[3]!);
}

/** Pixels `[10000, 28, 28]`, 0 to 255, and labels `[10000]`. */
export function readDigits(): { readonly pixels: Uint8Array; readonly labels: Uint8Array } {
  return { pixels: readIdx('t10k-images-idx3-ubyte.gz'), labels: readIdx('t10k-labels-idx1-ubyte.gz') };
}

/** What the models take: pixel / 255 as float32. */
export function normalized(pixels: Uint8Array): Float32Array {
  return Float32Array.from(pixels, (pixel) => pixel / 255);
}

/**
 * The order in which one epoch visits the training images: Fisher-Yates, driven by the high bits of
 * s ← (s·1664525 + 1013904223) mod 2³². Each epoch has its own.
 */
export function trainingOrder(epoch: number): Int32Array {
  const order = Int32Array.from({ length: TRAINED_ON }, (_, index) => index);
  let state = epoch + 1;
  for (let last = TRAINED_ON - 1; last > 0; last--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const other = Math.floor((state / 2 ** 32) * (last + 1));
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}
