import { expect, test } from 'vitest';
import { hasRank } from '../../../src/export/read/weight-shapes.ts';

const norm = (axis: number | readonly number[]) => ({ className: 'BatchNormalization', config: { axis } });

test('the statistics of one axis are vectors', () => {
  expect(hasRank(norm(3), 'moving_mean', 1)).toBe(true);
  expect(hasRank(norm(3), 'moving_mean', 4)).toBe(false);
});

test('the statistics of several axes have the rank of the input, as tf.keras saves them', () => {
  expect(hasRank(norm([1, 3]), 'moving_variance', 4)).toBe(true);
});
