import { describe, expect, test } from 'vitest';
import { int, ints, string } from '../../../src/onnx/attribute.ts';
import { checkFold } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

const CASES = [
  { name: 'of rank 1', x: [2, 3, 11], W: [5, 3, 4], group: 1 },
  { name: 'of rank 2', x: [2, 3, 11, 7], W: [5, 3, 4, 2], group: 1 },
  { name: 'of rank 3', x: [2, 3, 5, 7, 6], W: [5, 3, 2, 3, 1], group: 1 },
  { name: 'of 2 groups', x: [2, 6, 11, 7], W: [10, 3, 4, 2], group: 2 },
  { name: 'of 3 groups', x: [2, 6, 11, 7], W: [15, 2, 4, 2], group: 3 },
  { name: 'depthwise', x: [2, 5, 11, 7], W: [5, 1, 4, 2], group: 5 },
  { name: 'depthwise with a multiplier', x: [2, 5, 11, 7], W: [10, 1, 4, 2], group: 5 },
];

describe('Conv', () => {
  for (const { name, x, W, group } of CASES) {
    const [M, C] = [W[0]!, x[1]!];
    const given = { group: int(group) };

    test(`${name} takes in a BatchNormalization behind it, whatever its pads, strides and dilations`, async () => {
      const f = new Fixture();
      const rank = x.length - 2;
      const twice = ints(new Array<number>(rank).fill(2));
      const attributes = {
        ...given,
        pads: ints([...new Array<number>(rank).fill(1), ...new Array<number>(rank).fill(3)]),
      };
      const y = f.node('Conv', [f.input(x), f.integers(W), f.integers([M], 'b')], { ...attributes, strides: twice });
      const report = await checkFold(f.done(f.batchNormalization(y, M)), undefined);
      expect(report.nodes.after).toBe(1);
    });

    test(`${name} takes in a BatchNormalization in front of it where it does not pad`, async () => {
      const f = new Fixture();
      const y = f.batchNormalization(f.input(x), C);
      await checkFold(f.done(f.node('Conv', [y, f.integers(W), f.integers([M], 'b')], given)), [
        `conv = Conv<group=${group}>(x, W_1, b_1)`,
      ]);
    });

    test(`${name} takes in a scale in front of it where it pads`, async () => {
      const f = new Fixture();
      const y = f.batchNormalization(f.input(x), C, { beta: new Array<number>(C).fill(0), mean: new Array<number>(C).fill(0) }); // prettier-ignore
      const attributes = { ...given, auto_pad: string('SAME_UPPER') };
      await checkFold(f.done(f.node('Conv', [y, f.integers(W)], attributes)), [
        `conv = Conv<auto_pad="SAME_UPPER", group=${group}>(x, W_1)`,
      ]);
    });
  }

  test('takes in everything behind it and in front of it at once', async () => {
    const f = new Fixture();
    const x = f.batchNormalization(f.input([2, 3, 11, 7]), 3);
    const y = f.node('Conv', [x, f.integers([5, 3, 4, 2])]);
    const z = f.node('Add', [y, f.integers([5, 1, 1], 'c')]);
    await checkFold(f.done(f.batchNormalization(f.node('Neg', [z]), 5, {}, 'bn2')), ['bn2 = Conv(x, W_1, W_bias)']);
  });

  for (const kernel of [
    [1, 1],
    [3, 2],
  ]) {
    test(`counts SAME padding of a ${kernel.join(' × ')} kernel as padding only if there is some`, async () => {
      const f = new Fixture();
      const y = f.batchNormalization(f.input([2, 3, 'H', 7]), 3);
      const graph = f.done(f.node('Conv', [y, f.integers([5, 3, ...kernel])], { auto_pad: string('SAME_LOWER') }));
      const { batchNormalizations, folds } = await checkFold(graph, undefined);
      expect(batchNormalizations.folded).toBe(1);
      expect(folds[0]!.way).toBe(kernel[0] === 1 ? 'forward' : 'scale');
    });
  }

  test.each([
    [0, 1, 0, 0],
    [0, 0, 0, 1],
  ])('refuses a shift in front of zero padding %i %i %i %i, where the rim would miss it', async (...pads) => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input([2, 3, 'H', 7]), 3, { gamma: [0, 1, 2], beta: [1, 1, 1] });
    const graph = f.done(f.node('Conv', [y, f.integers([5, 3, 3, 3])], { pads: ints(pads) }));
    const { batchNormalizations } = await checkFold(graph, undefined);
    expect(batchNormalizations.kept[0]!.reason).toContain(
      'conv (Conv) pads with zeros, which the shift would not reach',
    );
  });

  test('refuses a constant along another axis, even if all sizes are equal', async () => {
    const f = new Fixture();
    const y = f.node('Conv', [f.input([4, 4, 4, 4]), f.integers([4, 4, 1, 1])]);
    const report = await checkFold(f.done(f.node('Mul', [y, f.integers([4], 'c')])), [
      'conv = Conv(x, W)',
      'mul = Mul(conv, c)',
    ]);
    expect(report.changed).toBe(false);
  });

  test('refuses a constant along another axis in front of it, even if all sizes are equal', async () => {
    const f = new Fixture();
    const y = f.node('Mul', [f.input([4, 4, 4, 4]), f.integers([4, 1], 'c')]);
    const report = await checkFold(f.done(f.node('Conv', [y, f.integers([4, 4, 1, 1])])), undefined);
    expect(report.changed).toBe(false);
  });

  test('refuses where its weights are computed at run time', async () => {
    const f = new Fixture();
    const y = f.node('Conv', [f.input([2, 3, 5, 5]), f.input([4, 3, 1, 1], 'w')]);
    const { batchNormalizations } = await checkFold(f.done(f.batchNormalization(y, 4)), undefined);
    expect(batchNormalizations.kept[0]!.reason).toContain('has weights that are not constants');
  });

  test('refuses where its bias is computed at run time', async () => {
    const f = new Fixture();
    const y = f.node('Conv', [f.input([2, 3, 5, 5]), f.integers([4, 3, 1, 1]), f.input([4], 'b')]);
    const { batchNormalizations } = await checkFold(f.done(f.batchNormalization(y, 4)), undefined);
    expect(batchNormalizations.kept[0]!.reason).toContain('has a bias that is not a constant');
  });

  test('refuses an affine of its weights', async () => {
    const f = new Fixture();
    const w = f.batchNormalization(f.input([4, 3, 1, 1], 'w'), 3);
    const graph = f.done(f.node('Conv', [f.input([2, 3, 5, 5]), w]));
    const { batchNormalizations } = await checkFold(graph, undefined);
    expect(batchNormalizations.kept[0]!.reason).toContain('reads it as its weights or its bias');
  });

  test('refuses groups that do not divide its channels', async () => {
    const f = new Fixture();
    const y = f.node('Conv', [f.input([2, 6, 5, 5]), f.integers([5, 3, 1, 1])], { group: int(2) });
    const { batchNormalizations } = await checkFold(f.done(f.batchNormalization(y, 5)), undefined, { runs: false });
    expect(batchNormalizations.kept[0]!.reason).toContain('has 5 channels in 2 groups');
  });
});
