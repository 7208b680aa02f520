import { describe, expect, test } from 'vitest';
import { int, ints } from '../../../src/onnx/attribute.ts';
import { checkFold } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

const CASES = [
  { name: 'of rank 1', x: [2, 3, 5], W: [3, 7, 2], group: 1 },
  { name: 'of rank 2', x: [2, 3, 5, 4], W: [3, 7, 2, 3], group: 1 },
  { name: 'of 2 groups', x: [2, 6, 5, 4], W: [6, 5, 2, 3], group: 2 },
  { name: 'of 3 groups', x: [2, 6, 5, 4], W: [6, 2, 2, 3], group: 3 },
  { name: 'depthwise', x: [2, 5, 5, 4], W: [5, 1, 2, 3], group: 5 },
];

describe('ConvTranspose', () => {
  for (const { name, x, W, group } of CASES) {
    const [M, C] = [W[1]! * group, x[1]!];
    const strides = ints(new Array<number>(x.length - 2).fill(2));

    test(`${name} takes in a BatchNormalization behind it`, async () => {
      const f = new Fixture();
      const y = f.node('ConvTranspose', [f.input(x), f.integers(W), f.integers([M], 'b')], {
        group: int(group),
        strides,
      });
      const report = await checkFold(f.done(f.batchNormalization(y, M)), undefined);
      expect(report.nodes.after).toBe(1);
    });

    test(`${name} takes in a scale in front of it`, async () => {
      const f = new Fixture();
      const zero = new Array<number>(C).fill(0);
      const y = f.batchNormalization(f.input(x), C, { beta: zero, mean: zero });
      const report = await checkFold(f.done(f.node('ConvTranspose', [y, f.integers(W)], { group: int(group), strides })), undefined); // prettier-ignore
      expect(report.nodes.after).toBe(1);
    });
  }

  test('refuses a shift in front of it, with or without padding', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input([2, 3, 'H', 4]), 3, { gamma: [0, 1, 2], beta: [1, 1, 1] });
    const { batchNormalizations } = await checkFold(f.done(f.node('ConvTranspose', [y, f.integers([3, 7, 2, 3])])), undefined); // prettier-ignore
    expect(batchNormalizations.kept[0]!.reason).toContain('spreads a shift unevenly over its outputs');
  });

  test('refuses a constant along another axis, even if all sizes are equal', async () => {
    const f = new Fixture();
    const y = f.node('ConvTranspose', [f.input([4, 4, 4, 4]), f.integers([4, 4, 1, 1])]);
    const report = await checkFold(f.done(f.node('Add', [y, f.integers([4], 'c')])), undefined);
    expect(report.changed).toBe(false);
  });

  test('refuses a constant along another axis in front of it, even if all sizes are equal', async () => {
    const f = new Fixture();
    const y = f.node('Mul', [f.input([4, 4, 4, 4]), f.integers([4], 'c')]);
    const report = await checkFold(f.done(f.node('ConvTranspose', [y, f.integers([4, 4, 1, 1])])), undefined);
    expect(report.changed).toBe(false);
  });

  test('refuses where its bias is computed at run time', async () => {
    const f = new Fixture();
    const y = f.node('ConvTranspose', [f.input([2, 3, 5, 5]), f.integers([3, 4, 1, 1]), f.input([4], 'b')]);
    const { batchNormalizations } = await checkFold(f.done(f.batchNormalization(y, 4)), undefined);
    expect(batchNormalizations.kept[0]!.reason).toContain('has a bias that is not a constant');
  });

  test('refuses where its weights are computed at run time', async () => {
    const f = new Fixture();
    const y = f.node('ConvTranspose', [f.input([2, 3, 5, 5]), f.input([3, 4, 1, 1], 'w')]);
    const { batchNormalizations } = await checkFold(f.done(f.batchNormalization(y, 4)), undefined);
    expect(batchNormalizations.kept[0]!.reason).toContain('has weights that are not constants');
  });

  test('refuses an affine of its weights', async () => {
    const f = new Fixture();
    const w = f.batchNormalization(f.input([3, 4, 1, 1], 'w'), 4);
    const graph = f.done(f.node('ConvTranspose', [f.input([2, 3, 5, 5]), w]));
    const { batchNormalizations } = await checkFold(graph, undefined);
    expect(batchNormalizations.kept[0]!.reason).toContain('reads it as its weights or its bias');
  });
});
