import { describe, expect, test } from 'vitest';
import { ints } from '../../../src/onnx/attribute.ts';
import { checkFold } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

describe('MatMul', () => {
  test('of rank 2 takes in a BatchNormalization behind it and becomes a Gemm', async () => {
    const f = new Fixture();
    const y = f.node('MatMul', [f.input(['N', 5]), f.integers([5, 7])]);
    await checkFold(f.done(f.batchNormalization(y, 7)), ['bn = Gemm(x, W_1, W_bias)']);
  });

  test('takes in its own Add together with a BatchNormalization', async () => {
    const f = new Fixture();
    const y = f.node('MatMul', [f.input(['N', 5]), f.integers([5, 7])]);
    const z = f.node('Add', [f.integers([7], 'b'), y]);
    const report = await checkFold(f.done(f.batchNormalization(z, 7)), ['bn = Gemm(x, W_1, W_bias)']);
    expect(report.folds.map(({ opType }) => opType)).toEqual(['BatchNormalization', 'Add']);
  });

  test('with an Add and nothing else stays as it is', async () => {
    const f = new Fixture();
    const y = f.node('MatMul', [f.input(['N', 5]), f.integers([5, 7])]);
    await checkFold(f.done(f.node('Add', [y, f.integers([7], 'b')])), [
      'matmul = MatMul(x, W)',
      'add = Add(matmul, b)',
    ]);
  });

  test('without a bias stays a MatMul where only a scale is folded', async () => {
    const f = new Fixture();
    const y = f.node('MatMul', [f.input(['N', 5]), f.integers([5, 7])]);
    await checkFold(f.done(f.node('Mul', [y, f.integers([1], 'c')])), ['mul = MatMul(x, W_1)']);
  });

  test('of rank 3 takes in an affine of its last axis and keeps an Add for the shift', async () => {
    const f = new Fixture();
    const y = f.node('MatMul', [f.input(['N', 3, 5]), f.integers([5, 7])]);
    const t = f.node('Transpose', [y], { perm: ints([0, 2, 1]) });
    await checkFold(f.done(f.batchNormalization(t, 7)), [
      'matmul_1_1 = MatMul(x, W_1)',
      'matmul_1 = Add(matmul_1_1, W_bias)',
      'bn = Transpose<perm=[0, 2, 1]>(matmul_1)',
    ]);
  });

  test('takes in a BatchNormalization in front of it', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input(['N', 5]), 5);
    await checkFold(f.done(f.node('MatMul', [y, f.integers([5, 7])])), ['matmul = Gemm(x, W_1, W_bias)']);
  });

  test('takes in affines on both sides, whichever is folded first', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input(['N', 5]), 5);
    const z = f.node('Add', [f.node('MatMul', [y, f.integers([5, 7])]), f.integers([7], 'b')]);
    await checkFold(f.done(f.batchNormalization(z, 7, {}, 'bn2')), ['bn2 = Gemm(x, W_1, W_bias)']);
  });

  test('of rank 3 refuses a BatchNormalization right behind it, even if all sizes are equal', async () => {
    const f = new Fixture();
    const y = f.node('MatMul', [f.input([6, 6, 6]), f.integers([6, 6])]);
    const { batchNormalizations } = await checkFold(f.done(f.batchNormalization(y, 6)), undefined);
    expect(batchNormalizations.kept[0]!.reason).toContain('matmul (MatMul) makes its features along the last axis');
  });

  test('of rank 3 refuses a BatchNormalization right in front of it, even if all sizes are equal', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input([6, 6, 6]), 6);
    const { batchNormalizations } = await checkFold(f.done(f.node('MatMul', [y, f.integers([6, 6])])), undefined);
    expect(batchNormalizations.kept[0]!.reason).toContain('matmul (MatMul) multiplies along the last axis');
  });

  test('refuses where its second factor is no constant matrix', async () => {
    const f = new Fixture();
    const y = f.node('MatMul', [f.input([6, 6]), f.input([6, 6], 'w')]);
    const { batchNormalizations } = await checkFold(f.done(f.batchNormalization(y, 6)), undefined);
    expect(batchNormalizations.kept[0]!.reason).toContain('has no constant matrix as its second factor');
  });

  test('refuses an affine of its second factor', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input([6, 6]), 6);
    const { batchNormalizations } = await checkFold(f.done(f.node('MatMul', [f.integers([6, 6]), y])), undefined);
    expect(batchNormalizations.kept[0]!.reason).toContain('reads it as its second factor');
  });
});
