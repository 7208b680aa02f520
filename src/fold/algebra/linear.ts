import { bug } from '../../errors.ts';
import { actsAlong, at, isOne, isZero, zip, type Affine, type Vector } from './affine.ts';
import { entryOf, type Numbers } from '../lift/constants.ts';
import { add, exact, ExactSum, multiply, ONE, ZERO, type DoubleDouble } from './double-double.ts';

/**
 * A node that multiplies by constant weights, seen as y = alpha · W x + beta · bias with channels in and out. The
 * weights are stored as rows × columns × taps; a tap is a position of a kernel. A node without weights has 0 rows.
 */
export interface Linear {
  readonly kind: 'linear';
  readonly weight: Numbers;
  readonly rows: number;
  readonly columns: number;
  readonly taps: number;
  readonly inputs: number;
  readonly outputs: number;
  /** The input channel that one row and column of W reads. Along a row it goes on evenly, or stays. */
  readonly inputOf: (row: number, column: number) => number;
  /** The output channel that it adds to, likewise. */
  readonly outputOf: (row: number, column: number) => number;
  readonly alpha: number;
  readonly beta: number;
  /** Constant added at the end, its last axis the output channel; absent for none. */
  readonly bias: Numbers | undefined;
  /** The taps that ever lie on the input, where some only lie on padding; all of them unless said. */
  readonly seen?: readonly number[];
  /** The shape in which the bias is stored, where it is not the one in which it is added. */
  readonly storedBias?: readonly number[];
  /** Which input of the node holds the weights; 1 unless said. */
  readonly weightInput?: number;
}

/**
 * What folding asks of a linear node, all folds so far taken together:
 *
 *   y = outScale ⊙ (alpha · W (inScale ⊙ x) + beta · bias) + shift
 */
export interface Edit {
  readonly inScale: Vector;
  readonly outScale: Vector;
  readonly shift: Vector;
}

export const NO_EDIT: Edit = { inScale: [ONE], outScale: [ONE], shift: [ZERO] };

/** An affine behind the node: y′ = s · y + t. */
export function absorbBehind(edit: Edit, { scale, shift }: Affine): Edit {
  if (edit === NO_EDIT) return { inScale: edit.inScale, outScale: scale, shift };
  return {
    inScale: edit.inScale,
    outScale: zip(scale, edit.outScale, multiply),
    shift: zip(zip(scale, edit.shift, multiply), shift, add),
  };
}

/** An affine in front of the node, x = s · x′ + t: the shift goes through the weights, W (inScale ⊙ t). */
export function absorbInFront(edit: Edit, { scale, shift }: Affine, linear: Linear): Edit {
  const inScale = zip(scale, edit.inScale, multiply);
  if (shift.every(isZero)) return { ...edit, inScale };
  const through = timesWeights(linear, zip(edit.inScale, shift, multiply));
  const alpha = exact(linear.alpha);
  const moved = zip(edit.outScale, through, (s, sum) => multiply(s, multiply(alpha, sum)));
  return { inScale, outScale: edit.outScale, shift: zip(edit.shift, moved, add) };
}

/** W t, in about 106 bits. */
function timesWeights(linear: Linear, t: Vector): Vector {
  const { rows, columns, taps, weight, outputs } = linear;
  const seen = linear.seen ?? Array.from({ length: taps }, (_, tap) => tap);
  const sums = Array.from({ length: outputs }, () => new ExactSum());
  for (let row = 0, index = 0; row < rows; row++) {
    const { input, inputStep, output, outputStep } = stepsOf(linear, row);
    for (let column = 0; column < columns; column++, index += taps) {
      const sum = sums[output + column * outputStep]!;
      const factor = at(t, input + column * inputStep);
      for (const tap of seen) sum.addProduct(entryOf(weight, index + tap), factor);
    }
  }
  return sums.map(({ total }) => total);
}

/** The channels of a row: those of its first column, and by how much they rise from one column to the next. */
export function stepsOf({ columns, inputOf, outputOf }: Linear, row: number) {
  const input = inputOf(row, 0);
  const output = outputOf(row, 0);
  if (columns === 1) return { input, inputStep: 0, output, outputStep: 0 };
  const last = columns - 1;
  const inputStep = inputOf(row, 1) - input;
  const outputStep = outputOf(row, 1) - output;
  if (inputOf(row, last) !== input + last * inputStep || outputOf(row, last) !== output + last * outputStep)
    bug('the channels of a row of weights rise unevenly');
  return { input, inputStep, output, outputStep };
}

/** Whether an affine can be absorbed on a side with this many channels along this axis. */
export function fits(a: Affine, axis: number, channels: number): boolean {
  return actsAlong(a, axis) && (a.scale.length === 1 || a.scale.length === channels);
}

export const changesWeights = ({ inScale, outScale }: Edit, { rows }: Linear): boolean =>
  rows > 0 && (!inScale.every(isOne) || !outScale.every(isOne));

/** Whether the node needs a bias, or another one than it has. */
export function changesBias({ outScale, shift }: Edit, { bias }: Linear): boolean {
  return !shift.every(isZero) || (bias !== undefined && !outScale.every(isOne));
}

/** The shape of the new bias: what broadcasting the old one with one number per output channel gives. */
export function biasShape({ bias, outputs }: Linear, { outScale, shift }: Edit): readonly number[] {
  const shape = bias?.shape ?? [1];
  const varies = Math.max(outScale.length, shift.length) > 1 || bias === undefined;
  return varies ? [...shape.slice(0, -1), outputs] : shape;
}

/** outScale ⊙ beta · bias + shift, element by element of {@link biasShape}. */
export function biasOf(linear: Linear, edit: Edit): DoubleDouble[] {
  const { bias, outputs, beta } = linear;
  const shape = biasShape(linear, edit);
  const size = shape.reduce((product, dim) => product * dim, 1);
  const before = bias?.shape ?? [1];
  const narrow = (before.at(-1) ?? 1) === 1 && (shape.at(-1) ?? 1) !== 1;
  return Array.from({ length: size }, (_, index) => {
    const shift = at(edit.shift, index % outputs);
    // A bias of −0 is no other than 0.
    if (!bias) return isZero(shift) ? add(ZERO, shift) : shift;
    const old = entryOf(bias, narrow ? Math.floor(index / outputs) : index);
    return add(multiply(at(edit.outScale, index % outputs), multiply(exact(beta), old)), shift);
  });
}
