import { describe, expect, test } from 'vitest';
import { outcomesOf } from './against-onnxruntime.ts';
import { OPTIONS } from './options.ts';

describe('options that no conformance case reaches, as onnxruntime computes them', () => {
  test.each(OPTIONS)('%s', async (_, given) => {
    const outcomes = await outcomesOf({ attributes: {}, ...given });
    expect(outcomes, 'onnxruntime refuses the case').toBeDefined();
    for (const { actual, again, expected } of outcomes!) {
      expect(again).toEqual(actual);
      expect(actual.dtype).toBe(expected.dtype);
      expect(actual.shape).toEqual(expected.shape);
      const [mine, theirs] = [Array.from(actual.data), Array.from(expected.data as ArrayLike<unknown>)];
      if (expected.dtype === 'string') expect(mine).toEqual(theirs);
      else
        mine.forEach((value, i) => {
          near(Number(value), Number(theirs[i]));
        });
      expect(mine.length).toBe(theirs.length);
    }
  });
});

function near(actual: number, expected: number): void {
  if (!Number.isFinite(expected)) expect(actual).toBe(expected);
  else expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(expected)));
}
