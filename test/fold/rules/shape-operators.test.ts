import { describe, expect, test } from 'vitest';
import { int, ints } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { checkFold } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

/** Every BatchNormalization is gone, or the first one that is left says this. */
async function check(f: Fixture, output: Value, reason?: string): Promise<void> {
  const { batchNormalizations } = await checkFold(f.done(output), undefined);
  if (reason === undefined) expect(batchNormalizations.kept).toEqual([]);
  else expect(batchNormalizations.kept[0]!.reason).toContain(reason);
}

const dense = (f: Fixture, x: Value, K: number, N: number) => f.node('MatMul', [x, f.integers([K, N])]);

describe('Identity', () => {
  test('lets an affine pass back', async () => {
    const f = new Fixture();
    await check(f, f.batchNormalization(f.node('Identity', [dense(f, f.input(['N', 5]), 5, 7)]), 7));
  });

  test('lets an affine pass forward', async () => {
    const f = new Fixture();
    await check(f, dense(f, f.node('Identity', [f.batchNormalization(f.input(['N', 5]), 5)]), 5, 7));
  });
});

describe('Dropout', () => {
  test('lets an affine pass back and forward', async () => {
    const f = new Fixture();
    const y = f.node('Dropout', [dense(f, f.input(['N', 5]), 5, 7)]);
    const z = f.node('Dropout', [f.node('Relu', [f.batchNormalization(y, 7)])]);
    await check(f, dense(f, f.node('Dropout', [f.batchNormalization(z, 7, {}, 'bn2')]), 7, 2));
  });

  test('lets nothing pass that may be in training mode', async () => {
    const f = new Fixture();
    const training = f.graph.constant('training', { dtype: 'bool', shape: [], data: Uint8Array.of(1) });
    const ratio = f.graph.constant('ratio', { dtype: 'float32', shape: [], data: Float32Array.of(0) });
    const y = f.node('Dropout', [dense(f, f.input(['N', 5]), 5, 7), ratio, training]);
    await check(f, f.batchNormalization(y, 7), 'dropout (Dropout) may be in training mode');
  });

  test('of opset 6 is in training mode unless it says is_test', async () => {
    for (const [attributes, kept] of [
      [{}, 1],
      [{ is_test: int(1) }, 0],
    ] as const) {
      const f = new Fixture(6);
      const y = f.node('Conv', [f.input([2, 3, 5, 5]), f.integers([4, 3, 1, 1])]);
      const z = f.batchNormalization(f.node('Dropout', [y], attributes), 4, { attributes: { is_test: int(1) } });
      const report = await checkFold(f.done(z), undefined, { runs: false });
      expect(report.batchNormalizations.kept).toHaveLength(kept);
    }
  });

  test('lets nothing pass into its ratio', async () => {
    const f = new Fixture();
    const ratio = f.node('Mul', [f.input([], 'r'), f.integers([], 'c')]);
    const y = f.node('Dropout', [f.input(['N', 5]), ratio]);
    const report = await checkFold(f.done(y), undefined, { runs: false });
    expect(report.changed).toBe(false);
  });
});

describe('Transpose', () => {
  test('moves the axis of an affine that passes back', async () => {
    const f = new Fixture();
    const y = f.node('Transpose', [dense(f, f.input(['N', 3, 5]), 5, 7)], { perm: ints([1, 2, 0]) });
    await check(f, f.batchNormalization(y, 7));
  });

  test('moves the axis of an affine that passes forward', async () => {
    const f = new Fixture();
    const y = f.node('Transpose', [f.batchNormalization(f.input([2, 5, 3]), 5)], { perm: ints([2, 0, 1]) });
    await check(f, dense(f, y, 5, 7));
  });

  test('without a permutation reverses the axes', async () => {
    const f = new Fixture();
    const y = f.node('Transpose', [dense(f, f.input([2, 5]), 5, 7)]);
    const z = f.node('Mul', [y, f.integers([7, 1], 'c')]);
    await checkFold(f.done(z), ['matmul_1 = MatMul(x, W_1)', 'mul = Transpose(matmul_1)']);
  });

  test('that turns samples into channels is refused behind it, even if all sizes are equal', async () => {
    const f = new Fixture();
    const y = f.node('Transpose', [dense(f, f.input([6, 6]), 6, 6)], { perm: ints([1, 0]) });
    await check(f, f.batchNormalization(y, 6), 'makes its features along axis 1, and the affine acts along axis 0');
  });
});

describe('Reshape', () => {
  test('lets an affine pass back from merged leading axes', async () => {
    const f = new Fixture();
    const y = f.node('Reshape', [dense(f, f.input(['N', 3, 5]), 5, 7), f.shape([-1, 7])]);
    await check(f, f.batchNormalization(y, 7));
  });

  test('spreads channels over the features they become, channels first', async () => {
    const f = new Fixture();
    const y = f.node('Reshape', [f.batchNormalization(f.input(['N', 3, 5, 2]), 3), f.shape([0, -1])]);
    await check(f, dense(f, y, 30, 7));
  });

  test('spreads channels over the features they become, channels last', async () => {
    const f = new Fixture();
    const y = f.node('Transpose', [f.batchNormalization(f.input(['N', 3, 5, 2]), 3)], { perm: ints([0, 2, 3, 1]) });
    await check(f, dense(f, f.node('Reshape', [y, f.shape([-1, 30])]), 30, 7));
  });

  test('follows a shape that is computed from that of a tensor of unknown batch size', async () => {
    const f = new Fixture();
    const x = f.batchNormalization(f.input(['N', 3, 5, 2]), 3);
    const batch = f.node('Gather', [f.node('Shape', [x]), f.shape([0], 'first')]);
    const y = f.node('Reshape', [x, f.node('Concat', [batch, f.shape([-1], 'rest')], { axis: int(0) })]);
    await check(f, dense(f, y, 30, 7));
  });

  test('lets an affine pass back although its shape is read too', async () => {
    const f = new Fixture();
    const y = f.node('Conv', [f.input(['N', 3, 5, 2]), f.integers([5, 3, 1, 1])]);
    const batch = f.node('Gather', [f.node('Shape', [y]), f.shape([0], 'first')]);
    const z = f.batchNormalization(f.node('Identity', [y]), 5);
    await check(f, f.node('Reshape', [z, f.node('Concat', [batch, f.shape([-1], 'rest')], { axis: int(0) })]));
  });

  test('passes channels in front of axes of unknown size', async () => {
    const f = new Fixture();
    const y = f.node('Conv', [f.input(['N', 3, 'H', 'W']), f.integers([5, 3, 1, 1])]);
    await check(f, f.batchNormalization(f.node('Reshape', [y, f.shape([0, 0, -1])]), 5));
  });

  test('that mixes channels is refused, even if a size is the same on both sides', async () => {
    const f = new Fixture();
    const y = f.node('Reshape', [dense(f, f.input([6, 6]), 6, 6), f.shape([3, 6, 2])]);
    await check(f, f.batchNormalization(y, 6), 'reshape (Reshape) mixes axis 1 with others: [3, 6, 2] to [6, 6]');
  });

  test('that splits features into channels lets an affine of the channels pass back', async () => {
    const f = new Fixture();
    const y = f.node('Reshape', [dense(f, f.input(['N', 5]), 5, 6), f.shape([-1, 2, 3])]);
    await check(f, f.batchNormalization(y, 2));
  });

  test('of unknown shape is refused', async () => {
    const f = new Fixture();
    const target = f.graph.input('target', { dtype: 'int64', shape: [2] });
    const y = f.node('Reshape', [f.batchNormalization(f.input(['N', 3, 2]), 3), target]);
    const report = await checkFold(f.done(dense(f, y, 6, 7)), undefined, { runs: false });
    expect(report.batchNormalizations.kept[0]!.reason).toContain('reshapes a tensor of unknown shape');
  });

  test('of a uniform affine needs no shapes', async () => {
    const f = new Fixture();
    const target = f.graph.input('target', { dtype: 'int64', shape: [2] });
    const y = f.node('Reshape', [f.node('Mul', [f.input(['N', 3, 2]), f.integers([], 'c')]), target]);
    const report = await checkFold(f.done(dense(f, y, 6, 7)), undefined, { runs: false });
    expect(report.folds).toHaveLength(1);
  });
});

describe('Flatten', () => {
  test('spreads channels over the features they become', async () => {
    const f = new Fixture();
    const y = f.node('Flatten', [f.batchNormalization(f.input(['N', 3, 5, 2]), 3)]);
    await check(f, dense(f, y, 30, 7));
  });

  test('of spatial axes of size 1 lets an affine pass back', async () => {
    const f = new Fixture();
    const y = f.node('Conv', [f.input(['N', 3, 5, 2]), f.integers([7, 3, 5, 2])]);
    await check(f, f.batchNormalization(f.node('Flatten', [y]), 7));
  });

  test('of more features than channels is refused behind it', async () => {
    const f = new Fixture();
    const y = f.node('Conv', [f.input([2, 3, 5, 2]), f.integers([7, 3, 1, 1])]);
    await check(
      f,
      f.batchNormalization(f.node('Flatten', [y]), 70),
      'mixes axis 1 with others: [2, 70] to [2, 7, 5, 2]',
    );
  });
});

describe('Squeeze and Unsqueeze', () => {
  test('let an affine pass back', async () => {
    const f = new Fixture();
    const y = f.node('Unsqueeze', [dense(f, f.input(['N', 5]), 5, 7), f.shape([-1], 'axes')]);
    const z = f.node('Squeeze', [y, f.shape([2], 'axes')]);
    await check(f, f.batchNormalization(z, 7));
  });

  test('move the axis of an affine that passes back', async () => {
    const f = new Fixture();
    const y = f.node('Squeeze', [dense(f, f.input(['N', 1, 5]), 5, 7), f.shape([1], 'axes')]);
    await check(f, f.batchNormalization(y, 7));
  });

  test('without axes let nothing pass where a size is unknown', async () => {
    const f = new Fixture();
    const y = f.node('Squeeze', [f.batchNormalization(f.input(['N', 5, 1]), 5)]);
    await check(f, dense(f, y, 5, 7), 'moves axis 1 to an unknown place');
  });

  test('let an affine pass forward where the axes are given', async () => {
    const f = new Fixture();
    const y = f.node('Squeeze', [f.batchNormalization(f.input(['N', 5, 1]), 5), f.shape([2], 'axes')]);
    const z = f.node('Squeeze', [f.node('Unsqueeze', [y, f.shape([0], 'axes')]), f.shape([0], 'axes')]);
    await check(f, dense(f, z, 5, 7));
  });

  test('of opset 11 have their axes as attributes', async () => {
    const f = new Fixture(11);
    const y = f.node('Unsqueeze', [dense(f, f.input(['N', 5]), 5, 7)], { axes: ints([2]) });
    await check(f, f.batchNormalization(y, 7));
  });

  test('that turn samples into channels are refused, even if all sizes are equal', async () => {
    const f = new Fixture();
    const y = f.node('Unsqueeze', [dense(f, f.input([6, 6]), 6, 6), f.shape([0], 'axes')]);
    await check(f, f.batchNormalization(y, 6), 'makes its features along the last axis');
  });
});
