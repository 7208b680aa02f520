import { sizeOf } from '../../tensor.ts';
import { at, isOne, type Affine, type Vector } from './affine.ts';
import type { Numbers } from '../lift/constants.ts';
import { areComparable } from './exactly.ts';
import { biasOf, changesBias, changesWeights, stepsOf, type Edit, type Linear } from './linear.ts';
import { roundTo, type Storage } from './rounding.ts';

interface Range {
  readonly largest: number;
  readonly smallestNormal: number;
}

const RANGES: Readonly<Record<Storage, Range>> = {
  float32: { largest: 3.4028234663852886e38, smallestNormal: 2 ** -126 },
  float64: { largest: Number.MAX_VALUE, smallestNormal: 2 ** -1022 },
  float16: { largest: 65504, smallestNormal: 2 ** -14 },
  bfloat16: { largest: 2 ** 128 - 2 ** 120, smallestNormal: 2 ** -126 },
};

/**
 * Why the folded parameters cannot be stored: one of them would be infinite, or the weights of an output channel so
 * small that they lose digits. A number below the smallest normal one is rounded by up to half a step of the format
 * there, u · smallestNormal, where normal numbers are rounded by up to u · |W|: what n such weights of a channel lose
 * must not exceed what its weights may lose anyway,
 *
 *   n · smallestNormal ≤ Σ |W′|.
 *
 * A channel scaled by exactly 0 is fine.
 *
 * @param expected how large the outputs are expected to become. Before the bias is added they may be larger by as
 * much as it, and a kernel that holds them in the type of its weights then has to hold that.
 */
export function outOfRange(linear: Linear, edit: Edit, storage: Storage, expected = 0): string | undefined {
  const { largest, smallestNormal } = RANGES[storage];
  if (changesWeights(edit, linear)) {
    if (!(mostOfWeights(linear, edit, largest) <= largest)) return `weights beyond the range of ${storage}`;
    if (hasTooSmall(linear, edit, smallestNormal)) return `weights too small for ${storage}`;
  }
  if (!changesBias(edit, linear) || largestBias(linear, edit) + expected <= largest) return undefined;
  let most = 0;
  for (const bias of biasOf(linear, edit)) {
    if (!Number.isFinite(roundTo(storage, bias))) return `a bias beyond the range of ${storage}`;
    most = Math.max(most, Math.abs(bias.hi));
  }
  return most + expected <= largest ? undefined : `sums that are expected to leave the range of ${storage}`;
}

/** A bound on the magnitude of every folded bias. */
function largestBias({ bias, beta }: Linear, { outScale, shift }: Edit): number {
  const scaled = bias ? largestIn(outScale) * Math.abs(beta) * largestOf(bias.data, bias.data.length) : 0;
  return 2 * (scaled + largestIn(shift));
}

const largestIn = (vector: Vector): number => vector.reduce((most, { hi }) => Math.max(most, Math.abs(hi)), 0);

/** The largest magnitude of the first `length`; NaN if there is one. */
function largestOf(numbers: ArrayLike<number>, length: number): number {
  if (numbers instanceof Float32Array) return largestSingle(numbers, length);
  let largest = 0;
  for (let index = length; index > 0;) largest = Math.max(largest, Math.abs(numbers[--index]!));
  return largest;
}

/** Without their signs, the bits of float32 are in the order of the numbers, with NaN behind all of them. */
function largestSingle({ buffer, byteOffset }: Float32Array, length: number): number {
  const bits = new Int32Array(buffer, byteOffset, length);
  let largest = 0;
  for (let index = 0; index < length; index++) {
    const magnitude = bits[index]! & 0x7fffffff;
    if (magnitude > largest) largest = magnitude;
  }
  return new Float32Array(Int32Array.of(largest).buffer)[0]!;
}

/** Whether scale and shift are finite once they are stored. */
export function fitsStorage({ scale, shift }: Affine, storage: Storage): boolean {
  return [...scale, ...shift].every((value) => Number.isFinite(roundTo(storage, value)));
}

/**
 * No less than the largest magnitude of float32 numbers: the number of all the bits that any of them has. It takes no
 * copy of numbers that begin between two words of memory, whose bytes come around in the words.
 */
function magnitudeOfBits({ buffer, byteOffset, length }: Uint8Array): number {
  const lead = Math.min(-byteOffset & 3, length);
  const words = new Int32Array(buffer, byteOffset + lead, (length - lead) >>> 2);
  let all = 0;
  for (let index = words.length; index > 0;) all |= words[--index]!;
  const edges = new Uint8Array(4);
  const bytes = new Uint8Array(buffer, byteOffset, length);
  for (let index = 0; index < lead; index++) edges[index]! |= bytes[index]!;
  for (let index = lead + 4 * words.length; index < length; index++) edges[index & 3]! |= bytes[index]!;
  const turned = (all << (8 * lead)) | (all >>> (32 - 8 * lead));
  const bits = (lead === 0 ? all : turned) | new Int32Array(edges.buffer)[0]!;
  return new Float32Array(Int32Array.of(bits & 0x7fffffff).buffer)[0]!;
}

/** A function of weights that is computed once for each. */
function once(compute: (weight: Numbers) => number): (weight: Numbers) => number {
  const known = new WeakMap<Numbers, number>();
  return (weight) => {
    const found = known.get(weight) ?? compute(weight);
    known.set(weight, found);
    return found;
  };
}

const roughlyLargest = once(({ bytes }) => (bytes ? magnitudeOfBits(bytes) : Infinity));
const largestWeight = once(largestStored);

/** Elements that are looked at together. */
const STRETCH = 2 ** 14;

function largestStored(weight: Numbers): number {
  if (!weight.stretch) return largestOf(weight.data, weight.data.length);
  const size = sizeOf(weight.shape);
  let largest = 0;
  for (let start = 0; start < size; start += STRETCH) {
    const end = Math.min(start + STRETCH, size);
    largest = Math.max(largest, largestOf(weight.stretch(start, end), end - start));
  }
  return largest;
}

/** No less than the magnitude of any folded weight, and no more than need be if that were beyond `largest`. */
function boundOfWeights({ weight }: Linear, { inScale, outScale }: Edit, largest: number): number {
  const [inMost, outMost] = [largestIn(inScale), largestIn(outScale)];
  const rough = roughlyLargest(weight) * inMost * outMost;
  return rough <= largest ? rough : largestWeight(weight) * inMost * outMost;
}

/** The largest magnitude of a folded weight, or a bound on it that is in range. */
function mostOfWeights(linear: Linear, edit: Edit, largest: number): number {
  const bound = boundOfWeights(linear, edit, largest);
  if (bound <= largest) return bound;
  let most = 0;
  walk(linear, edit, (magnitude) => {
    most = Math.max(most, magnitude);
    return false;
  });
  return most;
}

/**
 * Whether every folded weight is certain to be rounded correctly, before any of them has been looked at: each is
 * between two finite numbers, and exact integers can tell to which of them it is nearer.
 */
export function areAllDecided(linear: Linear, edit: Edit, storage: Storage): boolean {
  const { values, product, isRounded } = linear.weight;
  if (values || product || isRounded) return false;
  const most = RANGES[storage].largest / 2;
  return boundOfWeights(linear, edit, most) <= most && areComparable(edit.inScale, edit.outScale);
}

/** See {@link outOfRange}. One weight that is as large as all of its channel may lose settles the channel. */
function hasTooSmall(linear: Linear, edit: Edit, smallestNormal: number): boolean {
  const { rows, columns, taps, outputs } = linear;
  const enough = Math.ceil((rows * columns * taps) / outputs) * smallestNormal;
  const settled = new Uint8Array(outputs);
  const sums = new Float64Array(outputs);
  walk(linear, edit, (magnitude, output) => {
    if (magnitude >= enough) settled[output] = 1;
    else if (magnitude > 0) sums[output]! += magnitude < smallestNormal ? magnitude - smallestNormal : magnitude;
    return settled[output] === 1;
  });
  return sums.some((sum, output) => settled[output] === 0 && sum < 0);
}

/**
 * Shows every folded weight's magnitude and output channel to `visit`, which may say that it has seen enough of that
 * channel.
 */
function walk(linear: Linear, edit: Edit, visit: (magnitude: number, output: number) => boolean): void {
  const { rows, columns, taps, weight } = linear;
  const { inScale, outScale } = edit;
  const inputsUnchanged = inScale.every(isOne);
  const enough = new Uint8Array(linear.outputs);
  for (let row = 0; row < rows; row++) {
    const { input, inputStep, output, outputStep } = stepsOf(linear, row);
    for (let column = 0; column < columns; column++) {
      const channel = output + column * outputStep;
      if (enough[channel] === 1) {
        if (outputStep === 0) break;
        continue;
      }
      const inFactor = inputsUnchanged ? 1 : at(inScale, input + column * inputStep).hi;
      const factor = Math.abs(inFactor * at(outScale, channel).hi);
      const start = (row * columns + column) * taps;
      const [weights, from] = weight.stretch ? [weight.stretch(start, start + taps), 0] : [weight.data, start];
      for (let tap = 0; tap < taps && enough[channel] === 0; tap++) {
        if (visit(Math.abs(weights[from + tap]!) * factor, channel)) enough[channel] = 1;
      }
    }
  }
}
