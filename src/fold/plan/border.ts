import { sizeOf } from '../../tensor.ts';
import { at, type Vector } from '../algebra/affine.ts';
import { ExactSum, type DoubleDouble } from '../algebra/double-double.ts';
import { entryOf } from '../lift/constants.ts';
import type { Linear } from '../algebra/linear.ts';
import { RoundedArray, roundTo, type Storage } from '../algebra/rounding.ts';

/**
 * What a shift t in front of a convolution adds to its output y `[N, M, …]`. It is no bias where some taps of the
 * kernel lie outside of the input, on padded zeros, which the shift does not reach:
 *
 *   B[m, p] = Σ_k G[m, k] over the taps k that lie on the input at position p        G[m, k] = Σ_c W[m, c, k] · t[c]
 *
 * Which taps do is a question of each axis by itself.
 */
export interface Border {
  readonly kind: 'border';
  readonly linear: Linear;
  readonly axes: readonly Reach[];
}

/** Which taps of the kernel lie on the input, along one spatial axis. */
export interface Reach {
  readonly taps: number;
  /** Size of the output. */
  readonly positions: number;
  readonly reaches: (position: number, tap: number) => boolean;
}

/** Positions times taps that are looked at along one axis: 1024 taps on 1024 positions. */
export const MOST_LOOKS = 2 ** 20;
/** Terms that are added up for one output channel, and in all: depthwise kernels of 31 × 31 stay below. */
const MOST_TERMS = [2 ** 20, 2 ** 26] as const;

export const borderShape = ({ linear, axes }: Border): readonly number[] => [
  1,
  linear.outputs,
  ...axes.map(({ positions }) => positions),
];

export const borderSize = (border: Border): number => sizeOf(borderShape(border));

/**
 * B, each element rounded once; undefined if one of them is too large for that, or if it would take too long. Positions
 * that see the same taps hold the same sum, which is computed once.
 */
export function borderMap(border: Border, t: Vector, dtype: Storage): RoundedArray | undefined {
  const { linear, axes } = border;
  const classes = axes.map(classesOf);
  const terms = Math.max(
    linear.taps,
    classes.reduce((product, { seen }) => product * seen.flat().length, 1),
  );
  if (terms > MOST_TERMS[0] || terms * linear.outputs > MOST_TERMS[1]) return undefined;
  const combinations = combinationsOf(axes, classes);
  const combinationAt = combinationOf(classes);
  const taps = tapSums(linear, t);
  const map = new RoundedArray(dtype, borderSize(border));
  for (let m = 0; m < linear.outputs; m++) {
    const sums = combinations.map((seen) => sumOf(taps, m * linear.taps, seen));
    if (!sums.every((sum) => Number.isFinite(roundTo(dtype, sum)))) return undefined;
    combinationAt.forEach((combination, position) => {
      map.write(m * combinationAt.length + position, sums[combination]!);
    });
  }
  return map;
}

/** The taps that lie on the input, if those are the same at every position: then B is a bias after all. */
export function seenEverywhere({ axes }: Border): readonly number[] | undefined {
  const classes = axes.map(classesOf);
  return classes.every(({ seen }) => seen.length === 1) ? combinationsOf(axes, classes)[0] : undefined;
}

/** G, row by row. */
function tapSums({ rows, columns, taps, weight, outputs, inputOf, outputOf }: Linear, t: Vector): DoubleDouble[] {
  const sums = Array.from({ length: outputs * taps }, () => new ExactSum());
  for (let row = 0, index = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const start = outputOf(row, column) * taps;
      const factor = at(t, inputOf(row, column));
      for (let tap = 0; tap < taps; tap++) sums[start + tap]!.addProduct(entryOf(weight, index++), factor);
    }
  }
  return sums.map(({ total }) => total);
}

function sumOf(taps: readonly DoubleDouble[], start: number, seen: readonly number[]): DoubleDouble {
  const sum = new ExactSum();
  for (const tap of seen) {
    const { hi, lo, error } = taps[start + tap]!;
    sum.add(hi, lo, error);
  }
  return sum.total;
}

interface Classes {
  /** For each class the taps that its positions see. */
  readonly seen: readonly (readonly number[])[];
  readonly classAt: readonly number[];
}

function classesOf({ taps, positions, reaches }: Reach): Classes {
  const known = new Map<string, number>();
  const seen: number[][] = [];
  const classAt = Array.from({ length: positions }, (_, position) => {
    const own = Array.from({ length: taps }, (_, tap) => tap).filter((tap) => reaches(position, tap));
    const key = own.join();
    if (!known.has(key)) known.set(key, seen.push(own) - 1);
    return known.get(key)!;
  });
  return { seen, classAt };
}

/** For each class of the whole kernel, row-major in those of the axes, the taps that it sees. */
function combinationsOf(axes: readonly Reach[], classes: readonly Classes[]): readonly (readonly number[])[] {
  return axes.reduce<readonly (readonly number[])[]>(
    (outer, { taps }, axis) =>
      outer.flatMap((whole) =>
        classes[axis]!.seen.map((own) => whole.flatMap((tap) => own.map((inner) => tap * taps + inner))),
      ),
    [[0]],
  );
}

/** For each position of the output, the index of its class. */
function combinationOf(classes: readonly Classes[]): readonly number[] {
  return classes.reduce<readonly number[]>(
    (outer, { seen, classAt }) => outer.flatMap((whole) => classAt.map((own) => whole * seen.length + own)),
    [0],
  );
}
