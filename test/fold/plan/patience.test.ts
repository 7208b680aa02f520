import { expect, test } from 'vitest';
import { LONGEST_PATH, Patience } from '../../../src/fold/plan/patience.ts';

/** Steps of one number each that may be taken before paths become short. */
function stepsOf(patience: Patience): number {
  for (let steps = 0; ; steps++) if (patience.spend(1) < LONGEST_PATH) return steps;
}

test('paths are long until the allowance is used up, and short from then on', () => {
  const patience = new Patience(10);
  const steps = stepsOf(patience);
  expect(steps).toBeGreaterThan(100_000);
  expect(patience.spend(1)).toBeLessThan(LONGEST_PATH);
});

test('the allowance grows with the nodes and with the numbers of their affines, and no faster', () => {
  const [none, nodes, twice] = [0, 10_000, 20_000].map((count) => stepsOf(new Patience(count)));
  expect(nodes!).toBeGreaterThan(none!);
  expect(twice! - nodes!).toBe(nodes! - none!);
  const wide = new Patience(0);
  wide.gain(10_000);
  expect(stepsOf(wide)).toBeGreaterThan(none!);
});

test('wide affines use it up faster', () => {
  const patience = new Patience(0);
  patience.spend(2 ** 22);
  expect(patience.spend(1)).toBeLessThan(LONGEST_PATH);
});
