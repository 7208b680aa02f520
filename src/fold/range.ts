import { at, isOne, type Affine } from './affine.ts';
import { biasOf, changesBias, changesWeights, type Edit, type Linear } from './linear.ts';
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
 * Why the folded parameters cannot be stored: one of them would be infinite, or all weights of an output channel so
 * small that they lose digits. A channel scaled by exactly 0 is fine.
 */
export function outOfRange(linear: Linear, edit: Edit, storage: Storage): string | undefined {
  const { largest, smallestNormal } = RANGES[storage];
  if (changesWeights(edit, linear)) {
    const magnitudes = largestWeights(linear, edit);
    if (magnitudes.some((magnitude) => !(magnitude <= largest))) return `weights beyond the range of ${storage}`;
    if (magnitudes.some((magnitude) => magnitude > 0 && magnitude < smallestNormal)) {
      return `weights too small for ${storage}`;
    }
  }
  if (!changesBias(edit, linear) || largestBias(linear, edit) <= largest) return undefined;
  for (const bias of biasOf(linear, edit)) {
    if (!Number.isFinite(roundTo(storage, bias))) return `a bias beyond the range of ${storage}`;
  }
  return undefined;
}

/** A bound on the magnitude of every folded bias. */
function largestBias({ bias, beta }: Linear, { outScale, shift }: Edit): number {
  const scaled = bias ? largestOf(outScale.map(({ hi }) => hi)) * Math.abs(beta) * largestOf(bias.data) : 0;
  return 2 * (scaled + largestOf(shift.map(({ hi }) => hi)));
}

/** The largest magnitude; NaN if there is one. */
function largestOf(numbers: ArrayLike<number>): number {
  let largest = 0;
  for (let index = numbers.length; index > 0;) largest = Math.max(largest, Math.abs(numbers[--index]!));
  return largest;
}

/** Whether scale and shift are finite once they are stored. */
export function fitsStorage({ scale, shift }: Affine, storage: Storage): boolean {
  return [...scale, ...shift].every((value) => Number.isFinite(roundTo(storage, value)));
}

/** Per output channel, the largest magnitude that a folded weight will have. */
function largestWeights(linear: Linear, { inScale, outScale }: Edit): Float64Array {
  const { rows, columns, taps, weight } = linear;
  const magnitudes = new Float64Array(linear.outputs);
  const inputsUnchanged = inScale.every(isOne);
  for (let row = 0, index = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let largest = 0;
      for (const end = index + taps; index < end; index++) {
        const magnitude = Math.abs(weight.data[index]!);
        if (!(magnitude <= largest)) largest = magnitude;
      }
      const output = linear.outputOf(row, column);
      const scaled = inputsUnchanged ? largest : largest * Math.abs(at(inScale, linear.inputOf(row, column)).hi);
      if (!(scaled <= magnitudes[output]!)) magnitudes[output] = scaled;
    }
  }
  return magnitudes.map((magnitude, output) => magnitude * Math.abs(at(outScale, output).hi));
}
