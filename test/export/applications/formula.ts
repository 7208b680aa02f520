/** What make-applications.py makes weights and images of, bit for bit. */

const GOLDEN_RATIO = 0x9e3779b9;

/** An integer of 32 bits: MurmurHash3's finaliser of k + seed · 0x9E3779B9. */
function hashed(seed: number, k: number): number {
  let h = (k + Math.imul(seed, GOLDEN_RATIO)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** centre + reach · u with u of 24 bits in [−1, 1), in float64, rounded to float32 once. */
function uniform(seed: number, size: number, centre: number, reach: number): Float32Array {
  return new Float32Array(size).map((_, k) => centre + reach * ((hashed(seed, k) >>> 8) * 2 ** -23 - 1));
}

/**
 * The weight of a kind (`kernel`, `moving_mean`, …) that is number `seed` of its model, from 1 on.
 * @param square mean square of what a BatchNormalization normalises.
 */
export function formulaWeight(kind: string, seed: number, shape: readonly number[], square: number): Float32Array {
  const size = product(shape);
  const [centre, reach] = rangeOf(kind, shape, square);
  return uniform(seed, size, centre, reach);
}

function rangeOf(kind: string, shape: readonly number[], square: number): readonly [number, number] {
  if (kind === 'moving_mean') return [0, 0.25 * Math.sqrt(square)];
  if (kind === 'moving_variance') return [square, 0.5 * square];
  if (kind === 'variance') return [1, 0.5];
  if (kind === 'gamma') return [1, 0.25];
  if (kind === 'bias' || kind === 'beta' || kind === 'mean') return [0, 0.2];
  if (kind === 'count') return [0, 0];
  // Keras 3 calls a depthwise kernel, [h, w, C, 1], a kernel too.
  const depthwise = kind.includes('depthwise') || (shape.length === 4 && shape[3] === 1);
  return [0, Math.sqrt(6 / product(depthwise ? shape.slice(0, 2) : shape.slice(0, -1)))];
}

/** Seed of the squares of an image. */
const COARSE = 2 ** 20;
const SQUARE = 16;

/** Bytes of images [samples, height, width, channels]: noise on squares of 16 points. */
export function formulaPixels(shape: readonly [number, number, number, number]): Uint8Array {
  const [, height, width, channels] = shape;
  const [rows, columns] = [Math.ceil(height / SQUARE), Math.ceil(width / SQUARE)];
  return new Uint8Array(product(shape)).map((_, k) => {
    const c = k % channels;
    const x = Math.floor(k / channels) % width;
    const y = Math.floor(k / channels / width) % height;
    const n = Math.floor(k / channels / width / height);
    const square = ((n * rows + Math.floor(y / SQUARE)) * columns + Math.floor(x / SQUARE)) * channels + c;
    return (hashed(0, k) >>> 25) + (hashed(COARSE, square) >>> 25);
  });
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((size, dim) => size * dim, 1);
}
