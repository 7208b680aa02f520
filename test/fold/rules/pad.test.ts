import { describe, expect, test } from 'vitest';
import { float, ints, string } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { float32, int64 } from '../../../src/tensor.ts';
import { checkFold } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

/** Every BatchNormalization is gone, or the first one that is left says this. */
async function check(f: Fixture, output: Value, reason?: string) {
  const report = await checkFold(f.done(output), undefined);
  if (reason === undefined) expect(report.batchNormalizations.kept).toEqual([]);
  else expect(report.batchNormalizations.kept[0]!.reason).toContain(reason);
  return report;
}

const RIM = [0, 0, 1, 2, 0, 0, 3, 0];
const noShift = { beta: [0, 0, 0], mean: [0, 0, 0] };
/** s = 1, 2, −4 and t = 2, 3, −3, so that t = 1 + s: it takes −1 to 1. */
const minusOneToOne = { gamma: [2, 4, -8], beta: [2, 3, -3], mean: [0, 0, 0] };
/** The same s, and t = −s: it takes 1 to 0. */
const oneToZero = { gamma: [2, 4, -8], beta: [-1, -2, 4], mean: [0, 0, 0] };

function padded(f: Fixture, x: Value, pads: readonly number[], value?: number): Value {
  const constant = value === undefined ? undefined : f.graph.constant('value', float32([], [value]));
  return f.node('Pad', [x, f.shape(pads, 'pads'), constant]);
}

const convolved = (f: Fixture) => f.node('Conv', [f.input(['N', 2, 5, 4]), f.integers([3, 2, 2, 2])]);
/** Takes in any affine, and no zeros. */
const turned = (f: Fixture, x: Value) =>
  f.node('Conv', [f.node('Transpose', [x], { perm: ints([0, 1, 3, 2]) }), f.integers([2, 3, 2, 2])]);

describe('Pad', () => {
  test('with zeros lets a scale pass back', async () => {
    const f = new Fixture();
    await check(f, f.batchNormalization(padded(f, convolved(f), RIM, 0), 3, noShift));
  });

  test('with zeros lets a scale pass forward', async () => {
    const f = new Fixture();
    const y = padded(f, f.batchNormalization(f.input(['N', 3, 5, 4]), 3, noShift), RIM);
    await check(f, f.node('Conv', [y, f.integers([2, 3, 2, 2])]));
  });

  test('with zeros turns a BatchNormalization behind it into an Add, its scale folded', async () => {
    const f = new Fixture();
    const report = await checkFold(f.done(f.batchNormalization(padded(f, convolved(f), RIM), 3)), [
      'conv_1 = Conv(x, W_1)',
      'pad_1 = Pad(conv_1, pads)',
      'bn = Add(pad_1, bn_shift)',
    ]);
    expect(report.folds).toMatchObject([
      { name: 'bn', direction: 'back', way: 'scale', through: ['pad (Pad)'], into: ['conv (Conv)'], leaves: 'Add' },
    ]);
  });

  test.each(['edge', 'reflect', 'wrap'])('with copies of the rim (%s) lets every affine pass', async (mode) => {
    const f = new Fixture(19);
    const y = f.node('Pad', [convolved(f), f.shape([0, 0, 1, 1, 0, 0, 1, 1], 'pads')], { mode: string(mode) });
    await check(f, f.batchNormalization(y, 3));
  });

  test('takes in a shift behind it that makes one number of its value', async () => {
    const f = new Fixture();
    const report = await checkFold(f.done(f.batchNormalization(padded(f, convolved(f), RIM, -1), 3, minusOneToOne)), [
      'conv_1 = Conv(x, W_1, W_bias)',
      'bn = Pad(conv_1, pads, value_1)',
    ]);
    expect(report.folds[0]).toMatchObject({ way: 'pad-value', into: ['conv (Conv)', 'pad (Pad)'] });
  });

  test('takes in a shift in front of it that makes one number of its value', async () => {
    const f = new Fixture();
    const y = padded(f, f.batchNormalization(f.input(['N', 3, 5, 4]), 3, oneToZero), RIM);
    const report = await check(f, turned(f, y));
    expect(report.folds[0]).toMatchObject({ way: 'pad-value', direction: 'forward' });
    expect(report.folds[0]!.leaves).toBeUndefined();
    expect(report.nodes.after).toBe(3);
  });

  test('takes in any shift of a single channel', async () => {
    const f = new Fixture();
    const y = padded(f, f.batchNormalization(f.input(['N', 1, 5, 4]), 1, { gamma: [8], beta: [3], mean: [1] }), RIM, 5);
    const report = await check(f, f.node('Conv', [y, f.integers([2, 1, 2, 2])]));
    expect(report.nodes.after).toBe(2);
  });

  test('takes in two affines one after the other', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(padded(f, convolved(f), RIM, -1), 3, minusOneToOne);
    const z = f.batchNormalization(y, 3, { gamma: [2, 4, -8], beta: [2, 3, -3], mean: [2, 2, 2] }, 'bn2');
    const report = await check(f, z);
    expect(report.nodes.after).toBe(2);
  });

  test('of opset 10 takes it into its attribute', async () => {
    const f = new Fixture(10);
    const y = f.node('Pad', [convolved(f)], { pads: ints(RIM), value: float(-1) });
    await checkFold(f.done(f.batchNormalization(y, 3, minusOneToOne)), [
      'conv_1 = Conv(x, W_1, W_bias)',
      'bn = Pad<pads=[0, 0, 1, 2, 0, 0, 3, 0], value=1>(conv_1)',
    ]);
  });

  test('leaves the value alone that others read too', async () => {
    const f = new Fixture();
    const value = f.graph.constant('value', float32([], [-1]));
    const y = f.node('Pad', [convolved(f), f.shape(RIM, 'pads'), value]);
    await check(f, f.node('Mul', [f.batchNormalization(y, 3, minusOneToOne), f.node('Sigmoid', [value])]));
  });

  test('with a value refuses what would make another one of it for each channel, even where all sizes are equal', async () => {
    const f = new Fixture();
    const y = f.node('Conv', [f.input([3, 3, 3, 3]), f.integers([3, 3, 1, 1])]);
    const z = f.node('Relu', [padded(f, y, [0, 0, 1, 1, 0, 0, 1, 1], 1)]);
    await check(f, f.batchNormalization(z, 3, noShift), 'pads with 1, and would need a value for each channel instead');
  });

  test('with zeros refuses a shift in front of it', async () => {
    const f = new Fixture();
    const y = padded(f, f.batchNormalization(f.input(['N', 3, 5, 4]), 3), RIM);
    await check(f, f.node('Relu', [y]), 'pads with 0, and would need a value for each channel instead');
  });

  test('refuses to divide by a channel scaled by 0', async () => {
    const f = new Fixture();
    const dead = { gamma: [2, 0, 4], beta: [1, 1, 2], mean: [0, 0, 0] };
    const y = padded(f, f.batchNormalization(f.input(['N', 3, 'H', 4]), 3, dead), RIM);
    await check(f, turned(f, y), 'would need a value for each channel instead');
  });

  test('lets a channel that vanishes have any value if its shift is what is padded with', async () => {
    const f = new Fixture();
    const dead = { gamma: [2, 0, 4], beta: [2, 3, 1], mean: [0, 0, 0] };
    const y = padded(f, f.batchNormalization(f.input(['N', 3, 5, 4]), 3, dead), RIM, 3);
    const report = await check(f, turned(f, y));
    expect(report.folds[0]!.way).toBe('pad-value');
  });

  test('does not put zeros in front of a MaxPool, which onnxruntime would take for −∞', async () => {
    const f = new Fixture();
    const shifted = { gamma: [2, 4, 8], beta: [-1, -1, -1], mean: [0, 0, 0] };
    const y = padded(f, f.batchNormalization(f.input(['N', 3, 5, 4]), 3, shifted), RIM, -1);
    const z = f.node('MaxPool', [y], { kernel_shape: ints([5, 5]) });
    await check(f, f.node('Conv', [z, f.integers([2, 3, 2, 1])]), 'would pad a MaxPool with zeros');
  });

  test('of the channels is refused', async () => {
    const f = new Fixture();
    const y = padded(f, convolved(f), [0, 1, 0, 0, 0, 0, 0, 0]);
    await check(f, f.batchNormalization(y, 4), 'pads axis 1, along which the affine acts');
  });

  test('of some axes is known by those', async () => {
    const f = new Fixture(18);
    const axes = f.graph.constant('axes', int64([-1, 2]));
    const y = f.node('Pad', [convolved(f), f.shape([1, 2, 0, 3], 'pads'), undefined, axes]);
    await check(f, f.batchNormalization(y, 3, noShift));
  });

  test('of some axes that are the channels is refused', async () => {
    const f = new Fixture(18);
    const axes = f.graph.constant('axes', int64([1]));
    const y = f.node('Pad', [convolved(f), f.shape([1, 0], 'pads'), undefined, axes]);
    await check(f, f.batchNormalization(y, 4, {}), 'pads axis 1, along which the affine acts');
  });

  test('with a value that is computed at run time is refused', async () => {
    const f = new Fixture();
    const value = f.input([], 'value');
    const y = f.node('Pad', [convolved(f), f.shape(RIM, 'pads'), value]);
    await check(f, f.batchNormalization(y, 3), 'pads with a value that is not known');
  });

  test('by amounts that are computed at run time is refused', async () => {
    const f = new Fixture();
    const pads = f.graph.input('pads', { dtype: 'int64', shape: [8] });
    const y = f.node('Pad', [f.batchNormalization(f.input(['N', 3, 5, 4]), 3), pads]);
    const report = await checkFold(f.done(f.node('Conv', [y, f.integers([2, 3, 1, 1])])), undefined, { runs: false });
    expect(report.batchNormalizations.kept[0]!.reason).toContain('pads by amounts that are not known');
  });

  test('refuses an affine of its value', async () => {
    const f = new Fixture();
    const value = f.node('Mul', [f.input([], 'value'), f.integers([], 'c')]);
    const report = await checkFold(f.done(f.node('Pad', [f.input(['N', 3, 5, 4]), f.shape(RIM, 'pads'), value])), undefined); // prettier-ignore
    expect(report.changed).toBe(false);
  });
});
