import { expect, test } from 'vitest';
import { float, int } from '../../../../src/onnx/attribute.ts';
import { foldGraph } from '../../../../src/fold/fold-graph.ts';
import { audit } from '../../../../src/parity/audit/run-audit.ts';
import { load } from '../../../../src/runtime/node.ts';
import { float32 } from '../../../../src/tensor.ts';
import { noise } from '../../../support/runnable-models.ts';
import { Network } from '../networks.ts';
import { bounds } from './one-operator.ts';

const f = Math.fround;
const sum = (values: readonly number[]) => values.reduce((total, value) => f(total + value), 0);

/** The ways in which runtimes compute a variance, in float32. */
const VARIANCES: Readonly<Record<string, (x: readonly number[], mean: number) => number>> = {
  'of centred elements': (x, mean) => f(sum(x.map((value) => f(f(value - mean) ** 2))) / x.length),
  'as mean square less squared mean': (x, mean) => f(f(sum(x.map((value) => f(value * value))) / x.length) - f(mean * mean)), // prettier-ignore
};

test.each(Object.keys(VARIANCES))('LayerNormalization stays within its bound, the variance %s', (way) => {
  const random = noise(way.length);
  const [rows, n] = [40, 24];
  for (const offset of [0, 3, 20]) {
    const x = Array.from({ length: rows * n }, () => f(random() + offset));
    const [gamma, beta] = [0, 1].map(() => Array.from({ length: n }, () => f(random())));
    const constants = [float32([n], gamma!), float32([n], beta!)];
    const { value, error } = bounds('LayerNormalization', float32([rows, n], x), constants, { epsilon: float(1e-3) });
    for (let row = 0; row < rows; row++) {
      const run = x.slice(row * n, (row + 1) * n);
      const mean = f(sum(run) / n);
      const inverse = f(1 / f(Math.sqrt(f(VARIANCES[way]!(run, mean) + f(1e-3)))));
      for (const [i, element] of run.entries()) {
        const computed = f(f(f(f(element - mean) * inverse) * gamma![i]!) + beta![i]!);
        expect(Math.abs(computed - value[row * n + i]!)).toBeLessThanOrEqual(error![row * n + i]!);
      }
    }
  }
});

test('gives no bound where rounding may eat up the variance', () => {
  const x = Array.from({ length: 16 }, (_, i) => f(1e6 + (i % 2) / 16));
  const ones = float32([16], new Float32Array(16).fill(1));
  const { error } = bounds('LayerNormalization', float32([1, 16], x), [ones, ones], { epsilon: float(1e-5) });
  expect([...error!].every((bound) => bound === Infinity)).toBe(true);
});

test('proves the fold of a Mul and an Add into what a normalisation ends in', async () => {
  const net = new Network(12);
  const [C, random] = [6, noise(4)];
  const parameters = () => [net.vector('g', C, random), net.vector('b', C, random)];
  const y = net.node('InstanceNormalization', [net.input([2, C, 5, 5]), ...parameters()], {}, 'instance');
  const reference = net.done(net.norm(y, C));
  const { graph: candidate, report } = foldGraph(reference);
  const samples = [{ x: float32([2, C, 5, 5], Float32Array.from({ length: 300 }, random)) }];
  const { totals, sites } = await audit({ load, reference, candidate, folds: report.folds, samples });
  expect(totals).toMatchObject({ verdict: 'proven', folds: 1, covered: 1, elements: 300, violations: 0 });
  expect(sites[0]!.maxBound).toBeLessThan(1e-3);
});

test('GroupNormalization takes parameters of groups and of channels', () => {
  const random = noise(6);
  const x = float32([1, 4, 3], Array.from({ length: 12 }, random));
  const perGroup = bounds('GroupNormalization', x, [float32([2], [2, 0]), float32([2], [0, 0])], {
    num_groups: int(2),
  });
  // A scale of 0 leaves the bias, which is exact but for underflow.
  expect([...perGroup.error!].map((bound) => bound > 1e-9)).toEqual([...new Array<boolean>(6).fill(true), ...new Array<boolean>(6).fill(false)]); // prettier-ignore
});
