import fc from 'fast-check';
import { expect, test } from 'vitest';
import { affine, vectorOf, type Affine } from '../../../src/fold/algebra/affine.ts';
import {
  absorbBehind,
  absorbInFront,
  biasOf,
  NO_EDIT,
  type Edit,
  type Linear,
} from '../../../src/fold/algebra/linear.ts';

/** y = 3 · x W + 2 · c with x of 2 and y of 3 channels. */
const W = [2, -1, 3, 1, 4, -2];
const C = [5, -3, 1];
const LINEAR: Linear = {
  kind: 'linear',
  weight: { dtype: 'float32', shape: [2, 3], data: W },
  rows: 2,
  columns: 3,
  taps: 1,
  inputs: 2,
  outputs: 3,
  inputOf: (row) => row,
  outputOf: (_, column) => column,
  alpha: 3,
  beta: 2,
  bias: { dtype: 'float32', shape: [3], data: C },
};

type Numbers = readonly number[];

const run = (x: Numbers): Numbers => C.map((c, j) => 3 * (x[0]! * W[j]! + x[1]! * W[3 + j]!) + 2 * c);

/** What the edit says that the node computes. */
function runEdited(edit: Edit, x: Numbers): Numbers {
  const at = (vector: Edit['shift'], index: number) => vector[vector.length === 1 ? 0 : index]!.hi;
  const bias = [...biasOf(LINEAR, edit)];
  return C.map((_, j) => {
    const sum = [0, 1].reduce((total, i) => total + x[i]! * at(edit.inScale, i) * W[3 * i + j]!, 0);
    return 3 * sum * at(edit.outScale, j) + bias[j]!.hi;
  });
}

const apply = ({ scale, shift }: Affine, x: Numbers): Numbers =>
  x.map((value, i) => scale[scale.length === 1 ? 0 : i]!.hi * value + shift[shift.length === 1 ? 0 : i]!.hi);

const small = fc.integer({ min: -8, max: 8 });
const affineOf = (channels: number) =>
  fc
    .tuple(
      fc.array(small, { minLength: channels, maxLength: channels }),
      fc.array(small, { minLength: channels, maxLength: channels }),
    ) // prettier-ignore
    .map(([s, t]) => affine(0, vectorOf(s), vectorOf(t)));
const step = fc.oneof(
  affineOf(2).map((a) => ({ side: 'front', a }) as const),
  affineOf(3).map((a) => ({ side: 'behind', a }) as const),
);

test('affines on both sides, absorbed in any order, do what they do one after the other', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 4 }), fc.tuple(small, small), (steps, x) => {
      let edit: Edit = NO_EDIT;
      for (const { side, a } of steps) edit = side === 'front' ? absorbInFront(edit, a, LINEAR) : absorbBehind(edit, a);
      const front = steps.filter(({ side }) => side === 'front').map(({ a }) => a).reverse(); // prettier-ignore
      const behind = steps.filter(({ side }) => side === 'behind').map(({ a }) => a);
      const inside = front.reduce<Numbers>((value, a) => apply(a, value), x);
      const wanted = behind.reduce<Numbers>((value, a) => apply(a, value), run(inside));
      expect(runEdited(edit, x).map((value) => value + 0)).toEqual(wanted.map((value) => value + 0));
    }),
    { seed: 3, numRuns: 300 },
  );
});
