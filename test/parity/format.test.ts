import { expect, test } from 'vitest';
import { formatMetrics, formatParity } from '../../src/parity/format.ts';
import { compareTensors } from '../../src/parity/metrics.ts';
import { TOLERANCES } from '../../src/parity/tolerances.ts';
import { verify } from '../../src/parity/verify.ts';
import { load } from '../../src/runtime/node.ts';
import { float32 } from '../../src/tensor.ts';
import { perceptron, randomLayers } from '../support/runnable-models.ts';

const MLP = perceptron(randomLayers([3, 2], 1));
const line = (actual: number[], expected: number[]) =>
  formatMetrics(
    compareTensors(float32([actual.length], actual), float32([expected.length], expected), TOLERANCES.float32),
  );

test('says the verdict and what it rests on, then one line an output', async () => {
  const report = await verify({ load, reference: MLP, candidate: MLP, levels: ['disabled'] });
  expect(formatParity(report)).toEqual([
    'parity: pass (4 samples, 1 run, seed 0)',
    '  y  identical (16 elements)',
    '  proof: not run (no graphs were given)',
  ]);
});

test('gives the reason of anything but a pass, and lets no name steer the terminal', async () => {
  const named = perceptron(randomLayers([3, 2], 1), { input: 'x', output: '\u001b[31my' });
  const report = await verify({ load, reference: MLP, candidate: named });
  expect(formatParity(report)).toEqual([
    'parity: fail (4 samples, 4 runs, seed 0)',
    '  optimisation disabled: the outputs differ: y in the reference, \\x1b[31my in the candidate',
    '  proof: not run (the candidate cannot take the place of the reference)',
  ]);
});

test('shows the metrics of a difference', () => {
  expect(line([1, 2 + 2 ** -22], [1, 2])).toBe(
    'max |Δ| 2.38e-7, 0.390 % of allowed, ulp p99 1 max 1, SQNR 139 dB, top-1 1/1',
  );
});

test('shows elements that are not finite, and outputs that were empty', () => {
  expect(line([NaN], [1])).toBe('max |Δ| 0.00, not allowed, ulp p99 0 max 0, 1 NaN or infinite');
  expect(line([], [])).toBe('empty: nothing was compared');
});
