import { describe, expect, test } from 'vitest';
import { float, int } from '../../../src/onnx/attribute.ts';
import { checkFold } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

const FORMS = [
  { transA: 0, transB: 0 },
  { transA: 1, transB: 0 },
  { transA: 0, transB: 1 },
  { transA: 1, transB: 1 },
];
const [M, K, N] = [3, 5, 7];

describe('Gemm', () => {
  for (const { transA, transB } of FORMS) {
    const attributes = { transA: int(transA), transB: int(transB), alpha: float(0.5), beta: float(2) };
    const shapeOfB = transB ? [N, K] : [K, N];

    test(`takes in a BatchNormalization behind it (transA ${transA}, transB ${transB}) and leaves beta 1`, async () => {
      const f = new Fixture();
      const x = f.input(transA ? [K, M] : [M, K]);
      const y = f.node('Gemm', [x, f.integers(shapeOfB, 'B'), f.integers([N], 'C')], attributes);
      await checkFold(f.done(f.batchNormalization(y, N)), [
        `bn = Gemm<alpha=0.5, beta=1, transA=${transA}, transB=${transB}>(x, B_1, C_1)`,
      ]);
    });

    test(`takes in a shift and a scale in front of it (transA ${transA}, transB ${transB})`, async () => {
      const f = new Fixture();
      const shape = transA ? [K, 1] : [K];
      const x = f.input(transA ? [K, M] : [M, K]);
      const scaled = f.node('Mul', [x, f.integers(shape, 's')]);
      const shifted = f.node('Sub', [scaled, f.integers(shape, 't')]);
      const y = f.node('Gemm', [shifted, f.integers(shapeOfB, 'B'), f.integers([N], 'C')], attributes);
      await checkFold(f.done(y), [`gemm = Gemm<alpha=0.5, beta=1, transA=${transA}, transB=${transB}>(x, B_1, C_1)`]);
    });
  }

  for (const shape of [[], [1], [N], [1, N], [M, 1], [M, N]]) {
    test(`broadcasts a bias of shape [${shape.join(', ')}] before it scales it`, async () => {
      const f = new Fixture();
      const y = f.node('Gemm', [f.input([M, K]), f.integers([K, N], 'B'), f.integers(shape, 'C')], { beta: float(2) });
      await checkFold(f.done(f.batchNormalization(y, N)), ['bn = Gemm<beta=1>(x, B_1, C_1)']);
    });
  }

  test('without a bias gets one', async () => {
    const f = new Fixture();
    const y = f.node('Gemm', [f.input(['N', K]), f.integers([K, N], 'B')]);
    await checkFold(f.done(f.batchNormalization(y, N)), ['bn = Gemm(x, B_1, B_bias)']);
  });

  test('takes in an Add', async () => {
    const f = new Fixture();
    const y = f.node('Gemm', [f.input(['N', K]), f.integers([K, N], 'B')]);
    await checkFold(f.done(f.node('Add', [y, f.integers([N], 'c')])), ['add = Gemm(x, B, B_bias)']);
  });

  test('refuses an affine of the samples, even if all sizes are equal', async () => {
    const f = new Fixture();
    const y = f.node('Gemm', [f.input([6, 6]), f.integers([6, 6], 'B')]);
    const lines = ['gemm = Gemm(x, B)', 'mul = Mul(gemm, c)'];
    const report = await checkFold(f.done(f.node('Mul', [y, f.integers([6, 1], 'c')])), lines);
    expect(report.changed).toBe(false);
  });

  test('refuses an affine of the wrong axis in front of it when x is transposed', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input([6, 6]), 6);
    const graph = f.done(f.node('Gemm', [y, f.integers([6, 6], 'B')], { transA: int(1) }));
    const { batchNormalizations } = await checkFold(graph, undefined);
    expect(batchNormalizations.kept[0]!.reason).toContain('multiplies along axis 0, and the affine acts along axis 1');
  });

  test('refuses where its bias is computed at run time', async () => {
    const f = new Fixture();
    const y = f.node('Gemm', [f.input([M, K]), f.integers([K, N], 'B'), f.input([N], 'c')]);
    const { batchNormalizations } = await checkFold(f.done(f.batchNormalization(y, N)), undefined);
    expect(batchNormalizations.kept[0]!.reason).toContain('has a bias that is not a constant');
  });

  test('refuses where its weights are computed at run time', async () => {
    const f = new Fixture();
    const y = f.node('Gemm', [f.input([6, 6]), f.input([6, 6], 'w')]);
    const { batchNormalizations } = await checkFold(f.done(f.batchNormalization(y, 6)), undefined);
    expect(batchNormalizations.kept[0]!.reason).toContain('has no constant matrix as its second factor');
  });

  test('refuses an affine of its bias', async () => {
    const f = new Fixture();
    const c = f.batchNormalization(f.input([6, 6]), 6);
    const graph = f.done(f.node('Gemm', [f.input([6, 6], 'a'), f.integers([6, 6], 'B'), c]));
    const { batchNormalizations } = await checkFold(graph, undefined);
    expect(batchNormalizations.kept[0]!.reason).toContain('reads it as its second factor or its bias');
  });
});
