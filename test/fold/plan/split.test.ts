import { describe, expect, test } from 'vitest';
import { int, ints } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { checkFold } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

const conv = (f: Fixture, x: Value, C: number, M: number, name = 'conv') =>
  f.node('Conv', [x, f.integers([M, C, 3, 3])], { pads: ints([1, 1, 1, 1]) }, name);
const pool = (f: Fixture, x: Value) => f.node('MaxPool', [x], { kernel_shape: ints([2, 2]) });

/** Scales of both signs pass no maximum, and shifts no zero padding. */
function between(f: Fixture, parts: Parameters<Fixture['batchNormalization']>[2] = {}): Value {
  const y = pool(f, conv(f, f.input([2, 3, 7, 5]), 3, 5));
  return f.batchNormalization(y, 5, { gamma: [2, -4, 8, 2, -2], ...parts });
}

describe('A BatchNormalization between weights that take in one half each', () => {
  test('sends its shift back and its scale forward', async () => {
    const f = new Fixture();
    const report = await checkFold(f.done(conv(f, between(f), 5, 7, 'next')), [
      'conv_1 = Conv<pads=[1, 1, 1, 1]>(x, W, W_bias)',
      'maxpool_1 = MaxPool<kernel_shape=[2, 2]>(conv_1)',
      'next = Conv<pads=[1, 1, 1, 1]>(maxpool_1, W_1_1)',
    ]);
    expect(report.folds).toMatchObject([{ way: 'split', into: ['conv (Conv)', 'next (Conv)'] }]);
    expect(report.folds[0]!.leaves).toBeUndefined();
  });

  test('takes its neighbours along', async () => {
    const f = new Fixture();
    const y = f.node('Sub', [f.node('Mul', [between(f), f.integers([5, 1, 1], 'c')]), f.integers([5, 1, 1], 'd')]);
    const report = await checkFold(f.done(conv(f, y, 5, 7, 'next')), undefined, { tolerance: 'layer' });
    expect(report.nodes.after).toBe(3);
    expect(report.folds.map(({ way }) => way)).toEqual(['split', 'split', 'split']);
  });

  test('sends its scale back and its shift forward, where a Relu is in front and a sum behind', async () => {
    const f = new Fixture();
    const y = f.node('Relu', [conv(f, f.input([2, 3, 7, 5]), 3, 5)]);
    const z = f.batchNormalization(y, 5, { gamma: [1, 2, 4, 8, 2] });
    const sum = f.node('Add', [z, f.input([2, 5, 7, 5], 'other')]);
    const report = await checkFold(f.done(f.node('Conv', [sum, f.integers([7, 5, 1, 1])], {}, 'next')), undefined);
    expect(report.folds).toMatchObject([{ way: 'split', into: ['conv (Conv)', 'next (Conv)'] }]);
    expect(report.nodes.after).toBe(4);
  });

  test('may scale by 0 what it does not shift', async () => {
    const f = new Fixture();
    const y = between(f, { gamma: [2, -4, 0, 2, -2], beta: [1, 2, 0, 3, 1], mean: [1, 0, 2, 0, 0] });
    const report = await checkFold(f.done(conv(f, y, 5, 7, 'next')), undefined);
    expect(report.folds[0]!.way).toBe('split');
  });

  test('does not scale by 0 what it shifts', async () => {
    const f = new Fixture();
    const y = between(f, { gamma: [2, -4, 0, 2, -2], beta: [1, 2, 1, 3, 1] });
    const report = await checkFold(f.done(conv(f, y, 5, 3, 'next')), undefined);
    expect(report.folds[0]!.way).toBe('border-map');
  });

  test('keeps to itself where somebody reads what is in front of it', async () => {
    const f = new Fixture();
    const y = pool(f, conv(f, f.input([2, 3, 7, 5]), 3, 5));
    const z = f.batchNormalization(y, 5, { gamma: [2, -4, 8, 2, -2] });
    const report = await checkFold(f.done(conv(f, z, 5, 7, 'next'), y), undefined);
    expect(report.folds).toMatchObject([{ way: 'scale', direction: 'forward', leaves: 'Add' }]);
  });

  test('acts along its own axis, even if all sizes are equal', async () => {
    const f = new Fixture();
    const y = f.node('Conv', [f.input([4, 4, 4, 4]), f.integers([4, 4, 1, 1])]);
    const turned = f.node('Transpose', [y], { perm: ints([0, 2, 1, 3]) });
    const z = f.batchNormalization(pool(f, turned), 4, { gamma: [2, -4, 8, 2] });
    const report = await checkFold(f.done(conv(f, z, 4, 5, 'next')), undefined);
    expect(report.folds).toMatchObject([{ way: 'scale', direction: 'forward' }]);
  });
});

describe('What is left of an affine', () => {
  test('is the centring in front of the scale, through whatever lets that pass', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input([2, 3, 7, 5]), 3, { gamma: [2, 4, 8], beta: [1, 2, 4], mean: [3, 2, 1] });
    const report = await checkFold(f.done(conv(f, f.node('Relu', [y]), 3, 7)), [
      'bn_1 = Add(x, bn_shift)',
      'relu_1 = Relu(bn_1)',
      'conv = Conv<pads=[1, 1, 1, 1]>(relu_1, W_1)',
    ]);
    expect(report.folds).toMatchObject([{ way: 'scale', direction: 'forward', leaves: 'Add' }]);
  });

  test('is one Add of two nodes of arithmetic', async () => {
    const f = new Fixture();
    const y = f.node('Mul', [f.input([2, 3, 7, 5]), f.graph.constant('c', { dtype: 'float32', shape: [], data: Float32Array.of(0.5) })]); // prettier-ignore
    const z = f.node('Add', [y, f.integers([3, 1, 1], 'd')]);
    const report = await checkFold(f.done(conv(f, z, 3, 7)), [
      'add_1 = Add(x, add_shift)',
      'conv = Conv<pads=[1, 1, 1, 1]>(add_1, W_1)',
    ]);
    expect(report.folds.map(({ opType, leaves }) => [opType, leaves])).toEqual([['Add', 'Add'], ['Mul', undefined]]); // prettier-ignore
  });

  test('is told of the BatchNormalization, whatever stood behind it', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input([2, 3, 7, 5]), 3);
    const z = f.node('Mul', [y, f.integers([], 'c')]);
    const report = await checkFold(f.done(conv(f, z, 3, 7)), undefined, { tolerance: 'layer' });
    expect(report.folds.find(({ leaves }) => leaves)?.opType).toBe('BatchNormalization');
    expect(report.nodes.after).toBe(2);
  });

  test('is one Add for several readers', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input([2, 3, 7, 5]), 3);
    const outputs = [conv(f, y, 3, 7, 'a'), conv(f, y, 3, 5, 'b'), f.node('Conv', [y, f.integers([2, 3, 1, 1])], {}, 'c')]; // prettier-ignore
    const report = await checkFold(f.done(...outputs), undefined);
    expect(report.folds).toMatchObject([{ into: ['a (Conv)', 'b (Conv)', 'c (Conv)'], leaves: 'Add' }]);
    expect(report.nodes.after).toBe(4);
  });

  test('is a single Add in front of matrices that have no bias to take the shift in', async () => {
    const f = new Fixture();
    const y = f.node('Transpose', [f.batchNormalization(f.input([2, 3, 5]), 3)], { perm: ints([0, 2, 1]) });
    const report = await checkFold(
      f.done(...['q', 'k', 'v'].map((name) => f.node('MatMul', [y, f.integers([3, 7])], {}, name))),
      undefined,
    );
    expect(report.batchNormalizations.folded).toBe(1);
    expect(report.nodes.after).toBe(5);
  });

  test('is nothing but an Add of a BatchNormalization that only shifts', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input([2, 3, 7, 5]), 3, { gamma: [2, 2, 2] });
    await checkFold(f.done(conv(f, y, 3, 7)), ['bn = Add(x, bn_shift)', 'conv = Conv<pads=[1, 1, 1, 1]>(bn, W)']);
  });

  test('is the node itself, in front of an output', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input([2, 3, 7, 5]), 3);
    const report = await checkFold(f.done(conv(f, y, 3, 7), y), undefined);
    expect(report.batchNormalizations.kept[0]!.reason).toBe(
      'backward, x is an input; forward, bn is an output of the graph; its scale alone, bn is an output of the graph',
    );
  });

  test('is the node itself, where nobody knows its rank', async () => {
    const f = new Fixture();
    const x = f.graph.input('x', { dtype: 'float32' });
    const y = f.batchNormalization(x, 3);
    const report = await checkFold(f.done(conv(f, y, 3, 7)), undefined, { runs: false });
    expect(report.batchNormalizations.kept[0]!.reason).toContain('bn (BatchNormalization) has no known rank');
  });
});

describe('A constant beside what was computed', () => {
  const image = (f: Fixture) => f.node('Conv', [f.input([2, 3, 5, 4]), f.integers([7, 3, 1, 1])]);

  test('that varies along several axes takes in its part of a BatchNormalization behind their sum', async () => {
    const f = new Fixture();
    const y = f.node('Add', [image(f), f.integers([7, 5, 4], 'embedding')]);
    const report = await checkFold(f.done(f.batchNormalization(y, 7)), ['conv_1 = Conv(x, W_1, W_bias)', 'bn = Add(conv_1, embedding_1)']); // prettier-ignore
    expect(report.folds[0]!.into).toEqual(['conv (Conv)', 'add (Add)']);
  });

  test('takes in all of the shift, where the other way lets only a scale pass', async () => {
    const f = new Fixture();
    const y = f.node('Add', [f.node('Relu', [image(f)]), f.integers([7, 5, 4], 'embedding')]);
    const report = await checkFold(f.done(f.batchNormalization(y, 7, { gamma: [1, 2, 4, 8, 2, 4, 1] })), undefined);
    expect(report.folds[0]!.leaves).toBeUndefined();
    expect(report.nodes.after).toBe(3);
  });

  test('is divided by the scale of a BatchNormalization in front of the sum', async () => {
    const f = new Fixture();
    const y = f.node('Add', [f.integers([3, 5, 4], 'embedding'), f.batchNormalization(f.input([2, 3, 5, 4]), 3)]);
    const report = await checkFold(f.done(f.node('Conv', [y, f.integers([7, 3, 2, 2])])), undefined);
    expect(report.folds[0]).toMatchObject({ way: 'forward', into: ['conv (Conv)', 'add (Add)'] });
    expect(report.nodes.after).toBe(2);
  });

  test('is not divided by a scale of 0', async () => {
    const f = new Fixture();
    const x = f.batchNormalization(f.input([2, 3, 5, 4]), 3, { gamma: [2, 0, 4] });
    const y = f.node('Add', [x, f.integers([3, 5, 4], 'embedding')]);
    const report = await checkFold(f.done(f.node('Conv', [y, f.integers([7, 3, 2, 2])])), undefined);
    expect(report.batchNormalizations.kept[0]!.reason).toContain('adds what the scale does not reach');
  });

  test('is not divided where it has no room for the channels', async () => {
    const f = new Fixture();
    const y = f.node('Add', [f.batchNormalization(f.input([4, 4, 4, 4]), 4), f.integers([4, 4], 'table')]);
    const report = await checkFold(f.done(f.node('Conv', [y, f.integers([7, 4, 2, 2])])), undefined);
    expect(report.batchNormalizations.kept[0]!.reason).toContain('adds what the scale does not reach');
  });

  test('takes in its part where it is joined to the channels', async () => {
    const f = new Fixture();
    const y = f.node('Concat', [image(f), f.integers([2, 2, 5, 4], 'token')], { axis: int(1) });
    const report = await checkFold(f.done(f.batchNormalization(y, 9)), ['conv_1 = Conv(x, W_1, W_bias)', 'bn = Concat<axis=1>(conv_1, token_1)']); // prettier-ignore
    expect(report.batchNormalizations.folded).toBe(1);
  });

  test('is changed for the one who asks, not for others', async () => {
    const f = new Fixture();
    const shared = f.integers([7, 5, 4], 'embedding');
    const y = f.batchNormalization(f.node('Add', [image(f), shared]), 7);
    await checkFold(f.done(f.node('Sigmoid', [y]), f.node('Mul', [y, shared])), undefined);
  });

  test('that has no room for the channels is left alone, even if all sizes are equal', async () => {
    const f = new Fixture();
    const y = f.node('Conv', [f.input([4, 4, 4, 4]), f.integers([4, 4, 1, 1])]);
    const z = f.node('Mul', [f.node('Add', [y, f.integers([4, 4], 'table')]), f.integers([4, 4], 'factor')]);
    const report = await checkFold(f.done(f.batchNormalization(z, 4)), undefined);
    expect(report.folds.every(({ leaves }) => leaves === 'Add')).toBe(true);
  });
});
