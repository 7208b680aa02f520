import { expect, test } from 'vitest';
import { ints } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { checkFold } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

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

test('two Transposes that undo each other vanish around activations', async () => {
  const f = new Fixture();
  const a = transpose(f, f.input([2, 3, 5, 7]), [0, 2, 3, 1], 'a');
  const y = f.node('Abs', [f.node('Relu', [a])]);
  const report = await checkFold(f.done(transpose(f, y, [0, 3, 1, 2], 'b')), ['relu_1 = Relu(x)', 'b = Abs(relu_1)']);
  expect(report.folds).toMatchObject([{ name: 'b', through: ['relu (Relu)', 'abs (Abs)'], into: ['a (Transpose)'] }]);
});

test('two Transposes become one around an activation', async () => {
  const f = new Fixture();
  const a = transpose(f, f.input([2, 3, 5]), [1, 2, 0], 'a');
  await checkFold(f.done(transpose(f, f.node('Relu', [a]), [0, 2, 1], 'b')), [
    'relu_1 = Relu(x)',
    'b = Transpose<perm=[1, 0, 2]>(relu_1)',
  ]);
});

test('Transposes stay around an activation that others read, or around what is not elementwise', async () => {
  const f = new Fixture();
  const y = f.node('Relu', [transpose(f, f.input([2, 3, 5]), [0, 2, 1], 'a')]);
  expect((await checkFold(f.done(transpose(f, y, [0, 2, 1], 'b'), y), undefined)).changed).toBe(false);
  const g = new Fixture();
  const z = g.node('Softmax', [transpose(g, g.input([2, 3, 5]), [0, 2, 1], 'a')]);
  expect((await checkFold(g.done(transpose(g, z, [0, 2, 1], 'b')), undefined)).changed).toBe(false);
  const h = new Fixture();
  const a = transpose(h, h.input([2, 3, 5]), [0, 2, 1], 'a');
  const both = h.done(transpose(h, h.node('Relu', [a]), [0, 2, 1], 'b'), h.node('Neg', [a]));
  expect((await checkFold(both, undefined)).changed).toBe(false);
});
