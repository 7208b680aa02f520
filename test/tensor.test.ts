import { expect, test } from 'vitest';
import { sizeOf, stridesOf, transposed } from '../src/tensor.ts';

function permutationsOf(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    permutationsOf(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}

/** Element by element: the place of each in the source. */
function expectedOf(shape: readonly number[], permutation: readonly number[]): number[] {
  const newShape = permutation.map((axis) => shape[axis]!);
  const [source, target] = [stridesOf(shape), stridesOf(newShape)];
  return Array.from({ length: sizeOf(shape) }, (_, at) =>
    permutation.reduce((place, axis, i) => place + (Math.floor(at / target[i]!) % newShape[i]!) * source[axis]!, 0),
  );
}

const SHAPES = [
  [],
  [5],
  [3, 4],
  [1, 7],
  [33, 18],
  [2, 3, 4],
  [5, 1, 19],
  [2, 3, 17, 5],
  [3, 1, 1, 20],
  [2, 3, 2, 3, 4],
  [0, 3],
];

test.each(SHAPES.map((shape) => [shape]))(
  'a tensor of shape %j is transposed by every permutation of its axes',
  (shape) => {
    const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => i);
    for (const permutation of permutationsOf(shape.map((_, axis) => axis))) {
      const result = transposed({ dtype: 'float32', shape, data }, permutation);
      expect(result.shape).toEqual(permutation.map((axis) => shape[axis]));
      expect([...result.data]).toEqual(expectedOf(shape, permutation));
      expect(result.data).not.toBe(data);
    }
  },
);
