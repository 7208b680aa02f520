import { describe, expect, test } from 'vitest';
import { int, ints } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { float32 } from '../../../src/tensor.ts';
import { checkFold } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

/** Every BatchNormalization is gone, or the first one that is left says this. */
async function check(f: Fixture, output: Value, reason?: string): Promise<void> {
  const { batchNormalizations } = await checkFold(f.done(output), undefined);
  if (reason === undefined) expect(batchNormalizations.kept).toEqual([]);
  else expect(batchNormalizations.kept[0]!.reason).toContain(reason);
}

describe('Gather from a constant table', () => {
  test('takes an affine of its last axis in', async () => {
    const f = new Fixture();
    const y = f.node('Gather', [f.integers([5, 7], 'E'), f.shape([4, 0, -1], 'ids')]);
    await checkFold(f.done(f.batchNormalization(y, 7)), ['bn = Gather(E_1, ids)']);
  });

  test('takes one in behind sequences of indices, whatever its axis is by then', async () => {
    const f = new Fixture();
    const ids = f.graph.constant('ids', { dtype: 'int64', shape: [2, 3], data: BigInt64Array.of(0n, 4n, 1n, 1n, 3n, 2n) }); // prettier-ignore
    const y = f.node('Gather', [f.integers([5, 7], 'E'), ids]);
    const z = f.node('Transpose', [y], { perm: ints([0, 2, 1]) });
    await check(f, f.batchNormalization(z, 7));
  });

  test('takes a uniform affine in, of any axis', async () => {
    const f = new Fixture();
    const y = f.node('Gather', [f.integers([5, 7], 'E'), f.shape([4, 0, 1], 'ids')], { axis: int(1) });
    await checkFold(f.done(f.node('Mul', [f.integers([], 'c'), y])), ['mul = Gather<axis=1>(E_1, ids)']);
  });

  test('leaves a table alone that others read, and takes a copy', async () => {
    const f = new Fixture();
    const table = f.integers([5, 7], 'E');
    const y = f.batchNormalization(f.node('Gather', [table, f.shape([4, 0, 1], 'ids')]), 7);
    const tied = f.node('MatMul', [f.input([2, 5]), table]);
    const report = await checkFold(f.done(y, tied), ['bn = Gather(E_1, ids)', 'matmul = MatMul(x, E)']);
    expect(report.nodes.after).toBe(2);
  });

  test('takes an affine of the axis where the slices go into their places', async () => {
    const f = new Fixture();
    const y = f.node('Gather', [f.integers([4, 4], 'E'), f.shape([3, 2, 1, 0], 'ids')], { axis: int(1) });
    await checkFold(f.done(f.batchNormalization(y, 4)), ['bn = Gather<axis=1>(E_1, ids)']);
  });

  test('refuses an affine of the axis where the slices go that is not its last, even if all sizes are equal', async () => {
    const f = new Fixture();
    const y = f.node('Gather', [f.integers([4, 4], 'E'), f.shape([3, 2, 1, 0], 'ids')]);
    await check(f, f.batchNormalization(f.node('Transpose', [y]), 4), 'has a table whose last axis is not the one');
  });

  test('refuses an affine of an axis of the table that is not its last', async () => {
    const f = new Fixture();
    const y = f.node('Gather', [f.integers([3, 4, 4], 'E'), f.shape([2, 0], 'ids')]);
    await check(f, f.batchNormalization(y, 4), 'has a table whose last axis is not the one');
  });
});

describe('Gather of what was computed', () => {
  const gathered = (f: Fixture, x: Value, axis: number, index: number | readonly number[]) => {
    const ids = typeof index === 'number' ? f.graph.constant('i', { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(index)) }) : f.shape(index, 'ids'); // prettier-ignore
    return f.node('Gather', [x, ids], { axis: int(axis) });
  };

  test('lets an affine of another axis pass back', async () => {
    const f = new Fixture();
    const y = f.node('MatMul', [f.input(['N', 4, 3]), f.integers([3, 7])]);
    await check(f, f.batchNormalization(gathered(f, y, 1, -1), 7));
    const g = new Fixture();
    const z = g.node('Conv', [g.input(['N', 2, 5]), g.integers([3, 2, 2])]);
    await check(g, g.batchNormalization(gathered(g, z, 2, [3, 0, 1]), 3));
  });

  test('lets an affine of another axis pass forward', async () => {
    const f = new Fixture();
    const y = gathered(f, f.batchNormalization(f.input(['N', 3, 5]), 3), 2, 4);
    await check(f, f.node('MatMul', [y, f.integers([3, 7])]));
    const g = new Fixture();
    const z = g.node('Transpose', [g.batchNormalization(g.input([2, 3, 5]), 3)], { perm: ints([0, 2, 1]) });
    await check(g, g.node('MatMul', [gathered(g, z, 1, [4, 0]), g.integers([3, 7])]));
  });

  test('lets an affine of the axis that it takes slices of pass, in their order', async () => {
    const f = new Fixture();
    const y = gathered(f, f.batchNormalization(f.input([4, 5, 4]), 5), 1, [3, -1, 1, 3]);
    await check(f, f.node('Conv', [y, f.integers([7, 4, 2])]));
    const g = new Fixture();
    const z = gathered(g, g.node('Conv', [g.input(['N', 2, 5]), g.integers([5, 2, 2])]), 1, [3, -1, 0]);
    await check(g, g.batchNormalization(z, 3));
  });

  test('lets a single slice have its own part of an affine', async () => {
    const f = new Fixture();
    const y = gathered(f, f.batchNormalization(f.input([2, 3, 5]), 3), 1, 2);
    await check(f, f.node('MatMul', [y, f.integers([5, 7])]));
  });

  test('takes back an affine behind slices that are taken twice where it treats both alike, and no other', async () => {
    const twice = (scales: readonly number[]) => {
      const f = new Fixture();
      const y = gathered(f, f.node('Conv', [f.input(['N', 2, 5]), f.integers([3, 2, 2])]), 1, [2, 0, 2]);
      return { f, y: f.node('Mul', [y, f.graph.constant('s', float32([3, 1], scales))]) };
    };
    const { f, y } = twice([3, 5, 3]);
    expect((await checkFold(f.done(y), undefined)).nodes.after).toBe(2);
    const other = twice([3, 5, 4]);
    expect((await checkFold(other.f.done(other.y), undefined)).nodes.after).toBe(3);
  });

  test('refuses an affine along indices of two axes, and along those that are computed', async () => {
    const square = (f: Fixture) => f.graph.constant('ids', { dtype: 'int64', shape: [2, 2], data: BigInt64Array.of(0n, 1n, 2n, 3n) }); // prettier-ignore
    const f = new Fixture();
    const y = f.node('MatMul', [f.input([2, 3]), f.integers([3, 4])]);
    const wide = f.node('Gather', [y, square(f)], { axis: int(1) });
    await check(f, f.batchNormalization(wide, 2), 'puts slices along axis 1 that are not known');
    const g = new Fixture();
    const z = g.node('Gather', [g.batchNormalization(g.input([3, 4]), 4), square(g)], { axis: int(1) });
    await check(g, g.node('MatMul', [z, g.integers([2, 5])]), 'takes slices along axis 1 that are not known');
    const h = new Fixture();
    const scores = h.node('MatMul', [h.input([2, 3]), h.integers([3, 4])]);
    const ids = h.node('ArgMax', [scores], { axis: int(0), keepdims: int(0) });
    const some = h.node('Gather', [scores, ids], { axis: int(1) });
    await check(h, h.batchNormalization(some, 4), 'puts slices along axis 1 that are not known');
  });

  test('keeps its table where the affines behind it undo each other', async () => {
    const f = new Fixture();
    const y = f.node('Neg', [gathered(f, f.integers([4, 3], 'E'), 0, [3, 1])]);
    await checkFold(f.done(f.node('Neg', [y])), undefined);
  });

  test('refuses an affine of its indices', async () => {
    const f = new Fixture();
    const index = f.node('Cast', [f.batchNormalization(f.input([2, 3]), 3)], { to: int(7) });
    await check(f, f.node('Gather', [f.integers([9, 2], 'E'), index]), 'Cast');
  });
});
