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

  test('takes in what stands behind several, as long as each becomes a Gemm', async () => {
    const f = new Fixture();
    const x = f.input(['N', 5]);
    const y = f.node('Max', [
      f.node('MatMul', [x, f.integers([5, 7])]),
      f.node('MatMul', [x, f.integers([5, 7], 'V')]),
    ]);
    await checkFold(f.done(f.batchNormalization(y, 7, { gamma: [1, 2, 3, 4, 5, 6, 7] })), [
      'matmul_2 = Gemm(x, W_1, W_bias)',
      'matmul_1_1 = Gemm(x, V_1, V_bias)',
      'bn = Max(matmul_2, matmul_1_1)',
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

  test('refuses where no factor is a constant matrix', async () => {
    const f = new Fixture();
    const y = f.node('MatMul', [f.input([6, 6]), f.input([6, 6], 'w')]);
    const { batchNormalizations } = await checkFold(f.done(f.batchNormalization(y, 6)), undefined);
    expect(batchNormalizations.kept[0]!.reason).toContain('has no constant matrix as a factor');
  });

  test('of a stack of matrices takes in an affine behind all of them, and a scale in front', async () => {
    const f = new Fixture();
    const y = f.node('MatMul', [f.input([2, 3, 5]), f.integers([2, 5, 7])]);
    const z = f.node('Add', [f.node('Mul', [y, f.integers([7], 's')]), f.integers([7], 't')]);
    await checkFold(f.done(z), ['mul = MatMul(x, W_1)', 'add = Add(mul, t)']);
    const g = new Fixture();
    const x = g.node('Mul', [g.input([2, 3, 5]), g.integers([5], 's')]);
    await checkFold(g.done(g.node('MatMul', [x, g.integers([2, 5, 7])])), ['matmul = MatMul(x, W_1)']);
  });

  test('of a stack of matrices refuses a shift in front, and an affine of the stack, even if all sizes are equal', async () => {
    const f = new Fixture();
    const x = f.node('Add', [f.input([4, 4, 4]), f.integers([4], 't')]);
    const { changed } = await checkFold(f.done(f.node('MatMul', [x, f.integers([4, 4, 4])])), undefined);
    expect(changed).toBe(false);
    const g = new Fixture();
    const y = g.node('MatMul', [g.input([4, 4, 4]), g.integers([4, 4, 4])]);
    const report = await checkFold(g.done(g.node('Mul', [y, g.integers([4, 1, 1], 's')])), undefined);
    expect(report.changed).toBe(false);
  });
});

describe('MatMul with the constant on the left', () => {
  test('takes in a BatchNormalization of its rows behind it', async () => {
    const f = new Fixture();
    const y = f.node('MatMul', [f.integers([7, 5]), f.input([2, 5, 3])]);
    await checkFold(f.done(f.batchNormalization(y, 7)), ['bn_1 = MatMul(W_1, x)', 'bn = Add(bn_1, W_bias)']);
  });

  test('takes in a BatchNormalization of its sum in front of it', async () => {
    const f = new Fixture();
    const y = f.node('MatMul', [f.integers([7, 5]), f.batchNormalization(f.input([2, 5, 3]), 5)]);
    await checkFold(f.done(y), ['matmul_1 = MatMul(W_1, x)', 'matmul = Add(matmul_1, W_bias)']);
  });

  test('takes in both, and its own Add', async () => {
    const f = new Fixture();
    const y = f.node('MatMul', [f.integers([7, 5]), f.batchNormalization(f.input([2, 5, 3]), 5)]);
    const z = f.batchNormalization(f.node('Add', [y, f.integers([7, 1], 'b')]), 7, {}, 'bn2');
    const { nodes } = await checkFold(f.done(z), undefined);
    expect(nodes.after).toBe(2);
  });

  test('refuses an affine of its columns, even if all sizes are equal', async () => {
    const f = new Fixture();
    const y = f.node('MatMul', [f.integers([4, 4]), f.input([4, 4])]);
    const { batchNormalizations } = await checkFold(f.done(f.batchNormalization(y, 4)), undefined);
    expect(batchNormalizations.kept[0]!.reason).toContain('makes its features along the last axis but one');
    const g = new Fixture();
    const z = g.node('MatMul', [g.integers([4, 4]), g.batchNormalization(g.input([4, 4]), 4)]);
    const report = await checkFold(g.done(z), undefined);
    expect(report.batchNormalizations.kept[0]!.reason).toContain('multiplies along the last axis but one');
  });

  test('refuses a vector, which has no such axis', async () => {
    const f = new Fixture();
    const y = f.node('MatMul', [f.integers([4, 4]), f.batchNormalization(f.input([4, 4]), 4)]);
    const v = f.node('MatMul', [f.integers([4, 4], 'V'), f.node('Squeeze', [f.node('Mul', [f.input([4, 1], 'v'), f.integers([4, 1], 's')]), f.shape([1], 'axes')])]); // prettier-ignore
    const report = await checkFold(f.done(y, v), undefined);
    expect(report.folds).toEqual([]);
  });
});
