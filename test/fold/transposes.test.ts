import { expect, test } from 'vitest';
import { ints } from '../../src/onnx/attribute.ts';
import type { Value } from '../../src/onnx/graph.ts';
import { checkFold } from './check-fold.ts';
import { Fixture } from './fixture.ts';

const transpose = (f: Fixture, x: Value, perm: readonly number[] | undefined, name: string) =>
  f.node('Transpose', [x], perm ? { perm: ints(perm) } : {}, name);

test('two Transposes in a row become one', async () => {
  const f = new Fixture();
  const y = transpose(f, transpose(f, f.input([2, 3, 5]), [1, 2, 0], 'a'), [0, 2, 1], 'b');
  const report = await checkFold(f.done(y), ['b = Transpose<perm=[1, 0, 2]>(x)']);
  expect(report.folds).toMatchObject([{ name: 'b', opType: 'Transpose' }]);
});

test('two Transposes that undo each other vanish', async () => {
  const f = new Fixture();
  const y = transpose(f, transpose(f, f.input(['N', 3, 5]), [0, 2, 1], 'a'), [0, 2, 1], 'b');
  await checkFold(f.done(f.node('Relu', [y])), ['relu = Relu(x)']);
});

test('a Transpose without perm reverses the axes', async () => {
  const f = new Fixture();
  const y = transpose(f, transpose(f, f.input([2, 3, 5]), undefined, 'a'), [2, 1, 0], 'b');
  await checkFold(f.done(f.node('Relu', [y])), ['relu = Relu(x)']);
});

test('an output keeps its name when the Transposes in front of it vanish', async () => {
  const f = new Fixture();
  const x = f.node('MatMul', [f.input(['N', 3, 5]), f.integers([5, 7])]);
  const n = f.batchNormalization(transpose(f, x, [0, 2, 1], 'first'), 7);
  const report = await checkFold(f.done(transpose(f, n, [0, 2, 1], 'last')), [
    'matmul_1_1 = MatMul(x, W_1)',
    'last = Add(matmul_1_1, W_bias)',
  ]);
  expect(report.batchNormalizations).toEqual({ found: 1, folded: 1, kept: [] });
});

test('the first Transpose stays for its other readers', async () => {
  const f = new Fixture();
  const a = transpose(f, f.input([2, 3, 5]), [1, 2, 0], 'a');
  await checkFold(f.done(f.node('Relu', [transpose(f, a, [0, 2, 1], 'b')]), f.node('Neg', [a])), [
    'a = Transpose<perm=[1, 2, 0]>(x)',
    'b = Transpose<perm=[1, 0, 2]>(x)',
    'relu = Relu(b)',
    'neg = Neg(a)',
  ]);
});

test('an output that would be an input stays behind its Transposes', async () => {
  const f = new Fixture();
  const y = transpose(f, transpose(f, f.input([2, 3, 5]), [1, 2, 0], 'a'), [2, 0, 1], 'b');
  const report = await checkFold(f.done(y), undefined);
  expect(report.changed).toBe(false);
});
