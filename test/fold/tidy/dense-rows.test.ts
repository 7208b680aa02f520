import { describe, expect, test } from 'vitest';
import { int, ints } from '../../../src/onnx/attribute.ts';
import type { Dim } from '../../../src/tensor.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { checkFold, nodeLines } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

const toLast = (f: Fixture, x: Value) => f.node('Transpose', [x], { perm: ints([0, 2, 3, 1]) });

/** The Transpose is gone, and the numbers are the same to the bit. */
async function checkGone(f: Fixture, ...outputs: readonly Value[]): Promise<void> {
  const graph = f.done(...outputs);
  const expected = nodeLines(graph).filter((line) => !line.includes('Transpose')).length;
  const { nodes, folds } = await checkFold(graph, undefined);
  expect(nodes.after).toBe(expected);
  expect(folds).toMatchObject([{ opType: 'Transpose', direction: 'forward', way: 'transpose' }]);
}

async function checkStays(f: Fixture, ...outputs: readonly Value[]): Promise<void> {
  const { changed } = await checkFold(f.done(...outputs), undefined);
  expect(changed).toBe(false);
}

describe('a Transpose in front of a kernel goes into the order of its rows', () => {
  test.each([
    ['Flatten', (f: Fixture, x: Value) => f.node('Flatten', [x])],
    ['a Reshape to [0, −1]', (f: Fixture, x: Value) => f.node('Reshape', [x, f.shape([0, -1])])],
    ['a Reshape to [−1, F]', (f: Fixture, x: Value) => f.node('Reshape', [x, f.shape([-1, 30])])],
    ['a Reshape to [N, F]', (f: Fixture, x: Value) => f.node('Reshape', [x, f.shape([7, 30])])],
  ] as const)('past %s', async (_, flatten) => {
    const f = new Fixture();
    const y = flatten(f, toLast(f, f.input([7, 2, 3, 5])));
    await checkGone(f, f.node('Gemm', [y, f.integers([30, 11]), f.integers([11], 'b')]));
  });

  test('stored transposed', async () => {
    const f = new Fixture();
    const y = f.node('Flatten', [toLast(f, f.input([7, 2, 3, 5]))]);
    await checkGone(f, f.node('Gemm', [y, f.integers([11, 30])], { transB: int(1) }));
  });

  test('of a MatMul, for any number of samples', async () => {
    const f = new Fixture();
    const y = f.node('Reshape', [toLast(f, f.input(['N', 2, 3, 5])), f.shape([-1, 30])]);
    await checkGone(f, f.node('MatMul', [y, f.integers([30, 11])]));
  });

  test('past activations on either side of the Flatten', async () => {
    const f = new Fixture();
    const y = f.node('Flatten', [f.node('Relu', [toLast(f, f.input([7, 2, 3, 5]))])]);
    await checkGone(f, f.node('Gemm', [f.node('Abs', [y]), f.integers([30, 11])]));
  });

  test('of several kernels', async () => {
    const f = new Fixture();
    const y = f.node('Flatten', [toLast(f, f.input([7, 2, 3, 5]))]);
    await checkGone(f, f.node('Gemm', [y, f.integers([30, 11])]), f.node('MatMul', [y, f.integers([30, 13])]));
  });

  test('of the last axes of a sequence', async () => {
    const f = new Fixture();
    const x = f.node('Transpose', [f.input([2, 3, 5, 7])], { perm: ints([0, 1, 3, 2]) });
    await checkGone(f, f.node('MatMul', [f.node('Reshape', [x, f.shape([0, 0, -1])]), f.integers([35, 11])]));
  });

  test('together with a BatchNormalization in front of it', async () => {
    const f = new Fixture();
    const x = f.batchNormalization(f.input([7, 2, 3, 5]), 2);
    const y = f.node('Flatten', [toLast(f, x)]);
    const lines = ['flatten_1 = Flatten(x)', 'gemm = Gemm(flatten_1, W_1, W_bias)'];
    await checkFold(f.done(f.node('Gemm', [y, f.integers([30, 11])])), lines);
  });
});

describe('a Transpose in front of a kernel stays', () => {
  const flat = (f: Fixture, x: Value) => f.node('Flatten', [toLast(f, x)]);

  test('where something else reads its features', async () => {
    const f = new Fixture();
    const y = flat(f, f.input([4, 4, 4, 4]));
    await checkStays(f, f.node('Gemm', [y, f.integers([64, 4])]), f.node('Softmax', [y]));
  });

  test('where its features, or itself, are an output', async () => {
    const f = new Fixture();
    const y = flat(f, f.input([4, 4, 4, 4]));
    await checkStays(f, f.node('Gemm', [y, f.integers([64, 4])]), y);
    const g = new Fixture();
    const x = toLast(g, g.input([4, 4, 4, 4]));
    await checkStays(g, g.node('Gemm', [g.node('Flatten', [x]), g.integers([64, 4])]), x);
  });

  test('where others read the kernel', async () => {
    const f = new Fixture();
    const W = f.integers([64, 4]);
    const y = f.node('Gemm', [flat(f, f.input([4, 4, 4, 4])), W]);
    await checkStays(f, y, f.node('MatMul', [f.input([4, 64], 'z'), W]));
  });

  test('where the kernel is computed at run time', async () => {
    const f = new Fixture();
    await checkStays(f, f.node('MatMul', [flat(f, f.input([4, 4, 4, 4])), f.input([64, 4], 'w')]));
  });

  test.each([
    ['moves the samples', [4, 4, 4, 4], [1, 0, 2, 3], [0, -1]],
    ['is flattened otherwise', [4, 4, 4, 4], [0, 2, 3, 1], [-1, 16]],
    ['is flattened to a shape that copies what it moves', [2, 1, 4, 1], [0, 2, 3, 1], [0, 0]],
    ['is of unknown size', ['N', 'C', 4, 4], [0, 2, 3, 1], [0, -1]],
  ] as [string, Dim[], number[], number[]][])('where it %s', async (_, shape, perm, target) => {
    const f = new Fixture();
    const x = f.node('Transpose', [f.input(shape)], { perm: ints(perm) });
    const y = f.node('Reshape', [x, f.shape(target)]);
    const rows = target[1] === 16 ? 16 : target[1] === 0 ? 4 : 64;
    const report = await checkFold(f.done(f.node('MatMul', [y, f.integers([rows, 4])])), undefined, { sizes: { C: 4 } }); // prettier-ignore
    expect(report.changed).toBe(false);
  });
});
