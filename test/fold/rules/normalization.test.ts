import { describe, expect, test } from 'vitest';
import { int, type Attribute } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { checkFold } from '../check-fold.ts';
import { Fixture, type BatchNormalizationParts } from '../fixture.ts';

type Attributes = Readonly<Record<string, Attribute>>;

const zeros = (length: number) => new Array<number>(length).fill(0);
const noShift = (length: number) => ({ beta: zeros(length), mean: zeros(length) });

/** The node that normalises, its gamma and beta of these lengths; no beta for 0. */
function normalised(
  f: Fixture,
  opType: string,
  x: Value,
  lengths: readonly number[],
  attributes: Attributes = {},
): Value {
  const [gamma, beta = 0] = lengths;
  return f.node(opType, [x, f.integers([gamma!], 'gamma'), beta ? f.integers([beta], 'beta') : undefined], attributes, 'norm'); // prettier-ignore
}

/** Powers of two scale without rounding; a shift is added before or after a rounding. */
async function checkBoth(build: (f: Fixture, parts: BatchNormalizationParts) => Value, opset: number, length: number) {
  for (const [parts, tolerance] of [
    [noShift(length), 'exact'],
    [{}, 'layer'],
  ] as const) {
    const f = new Fixture(opset);
    const report = await checkFold(f.done(build(f, parts)), undefined, { tolerance });
    expect(report.batchNormalizations.kept).toEqual([]);
    expect(report.nodes.after).toBe(1);
  }
}

async function checkRefused(f: Fixture, output: Value, reason: string): Promise<void> {
  const { batchNormalizations } = await checkFold(f.done(output), undefined, { tolerance: 'layer' });
  expect(batchNormalizations.kept[0]!.reason).toContain(reason);
}

describe('LayerNormalization', () => {
  test('takes an affine of its last axis in', async () => {
    await checkBoth((f, parts) => f.batchNormalization(normalised(f, 'LayerNormalization', f.input([3, 7]), [7, 7]), 7, parts), 17, 7); // prettier-ignore
  });

  test('gets a beta if it has none', async () => {
    const f = new Fixture();
    const y = normalised(f, 'LayerNormalization', f.input([3, 7]), [7], { axis: int(1) });
    const lines = ['bn = LayerNormalization<axis=1>(x, gamma_1, gamma_bias)'];
    await checkFold(f.done(f.batchNormalization(y, 7)), lines, { tolerance: 'layer' });
  });

  test('refuses an affine of another axis, even if all sizes are equal', async () => {
    const f = new Fixture();
    const y = normalised(f, 'LayerNormalization', f.input([4, 4, 4]), [4, 4]);
    await checkRefused(f, f.batchNormalization(y, 4), 'has its own affine along axis 2, not along axis 1');
  });

  test('refuses with a gamma of several axes', async () => {
    const f = new Fixture();
    const y = f.node('LayerNormalization', [f.input([2, 4, 4]), f.integers([4, 4], 'gamma')], { axis: int(1) });
    await checkRefused(f, f.batchNormalization(y, 4), 'has no constant vector as its gamma');
  });

  test('refuses with a gamma or a beta that is computed at run time', async () => {
    const f = new Fixture();
    const y = f.node('LayerNormalization', [f.input([3, 7]), f.input([7], 'g')]);
    await checkRefused(f, f.batchNormalization(y, 7), 'has no constant vector as its gamma');
    const g = new Fixture();
    const z = g.node('LayerNormalization', [g.input([3, 7]), g.integers([7], 'gamma'), g.input([7], 'b')]);
    await checkRefused(g, g.batchNormalization(z, 7), 'has no constant vector as its beta');
  });

  test('lets nothing in from the front', async () => {
    const f = new Fixture();
    const y = normalised(f, 'LayerNormalization', f.batchNormalization(f.input([3, 7]), 7), [7, 7]);
    await checkRefused(f, y, 'lets no affine through');
  });
});

describe('InstanceNormalization', () => {
  test('takes an affine of its channels in', async () => {
    await checkBoth((f, parts) => f.batchNormalization(normalised(f, 'InstanceNormalization', f.input([2, 3, 5, 7]), [3, 3]), 3, parts), 17, 3); // prettier-ignore
  });

  test('refuses an affine of another axis, even if all sizes are equal', async () => {
    const f = new Fixture();
    const y = normalised(f, 'InstanceNormalization', f.input([4, 4, 4]), [4, 4]);
    const z = f.node('Mul', [y, f.integers([4], 'c')]);
    const { changed } = await checkFold(f.done(z), undefined, { tolerance: 'layer' });
    expect(changed).toBe(false);
  });
});

describe('GroupNormalization', () => {
  test('takes an affine of its channels in', async () => {
    const groups = { num_groups: int(2) };
    await checkBoth((f, parts) => f.batchNormalization(normalised(f, 'GroupNormalization', f.input([2, 6, 5, 3]), [6, 6], groups), 6, parts), 21, 6); // prettier-ignore
  });

  test('of opset 18 takes in what is the same for all channels of a group', async () => {
    const f = new Fixture(18);
    const y = normalised(f, 'GroupNormalization', f.input([2, 6, 5]), [2, 2], { num_groups: int(2) });
    const parts = { gamma: [2, 2, 2, -4, -4, -4], beta: [1, 1, 1, 0, 0, 0], mean: zeros(6) };
    const lines = ['bn = GroupNormalization<num_groups=2>(x, gamma_1, beta_1)'];
    await checkFold(f.done(f.batchNormalization(y, 6, parts)), lines, { tolerance: 'layer' });
  });

  test('of opset 18 refuses what differs within a group', async () => {
    const f = new Fixture(18);
    const y = normalised(f, 'GroupNormalization', f.input([2, 4, 5]), [2, 2], { num_groups: int(2) });
    await checkRefused(f, f.batchNormalization(y, 4), 'has one number for all channels of a group');
  });
});

describe('RMSNormalization', () => {
  test('takes a scale in, and refuses a shift for want of a bias', async () => {
    const f = new Fixture(23);
    const y = normalised(f, 'RMSNormalization', f.input([3, 7]), [7]);
    await checkFold(f.done(f.batchNormalization(y, 7, noShift(7))), ['bn = RMSNormalization(x, gamma_1)']);
    const g = new Fixture(23);
    const z = normalised(g, 'RMSNormalization', g.input([3, 7]), [7]);
    const { folds } = await checkFold(g.done(g.batchNormalization(z, 7)), undefined, { tolerance: 'layer' });
    expect(folds[0]).toMatchObject({ opType: 'BatchNormalization', leaves: 'Add' });
  });
});

describe('in front of a node that normalises', () => {
  const conv = (f: Fixture, x: Value) => f.node('Conv', [x, f.integers([5, 3, 1, 1])]);

  test('a shift of each channel is dropped where each is averaged by itself', async () => {
    const f = new Fixture();
    const x = f.node('Add', [f.input([2, 3, 5, 7]), f.integers([3, 1, 1], 'c')]);
    const lines = ['norm = InstanceNormalization(x, gamma, beta)'];
    await checkFold(f.done(normalised(f, 'InstanceNormalization', x, [3, 3])), lines, { tolerance: 'layer' });
  });

  test('a shift along an axis that is not averaged is dropped', async () => {
    const f = new Fixture();
    const x = f.node('Sub', [f.input([2, 3, 7]), f.integers([3, 1], 'c')]);
    await checkFold(f.done(normalised(f, 'LayerNormalization', x, [7, 7])), ['norm = LayerNormalization(x, gamma, beta)'], { tolerance: 'layer' }); // prettier-ignore
  });

  test.each([
    ['a shift along the axis that is averaged', 'LayerNormalization', 'Add', [4]],
    ['a scale', 'InstanceNormalization', 'Mul', [4, 1]],
    ['a shift in front of what subtracts no mean', 'RMSNormalization', 'Add', [4]],
    ['a shift of each channel of a group', 'GroupNormalization', 'Add', [4, 1]],
  ] as const)('%s stays', async (_, opType, arithmetic, shape) => {
    const f = new Fixture(23);
    const x = f.node(arithmetic, [f.input([4, 4, 4]), f.integers(shape, 'c')]);
    const groups = opType === 'GroupNormalization' ? { num_groups: int(2) } : {};
    const y = normalised(f, opType, x, opType === 'RMSNormalization' ? [4] : [4, 4], groups);
    const { changed } = await checkFold(f.done(y), undefined, { tolerance: 'layer' });
    expect(changed).toBe(false);
  });

  test('its own affine goes into the weights behind it', async () => {
    const f = new Fixture();
    const y = normalised(f, 'InstanceNormalization', f.input([2, 3, 5, 7]), [3, 3]);
    const report = await checkFold(f.done(conv(f, y)), ['norm_1 = InstanceNormalization(x, gamma_one, beta_zero)', 'conv = Conv(norm_1, W_1, W_bias)'], { tolerance: 'layer' }); // prettier-ignore
    expect(report.folds).toMatchObject([{ opType: 'InstanceNormalization', direction: 'forward' }]);
  });

  test('its own affine takes along what is folded into it, and is rounded once with it', async () => {
    const f = new Fixture(18);
    const y = normalised(f, 'GroupNormalization', f.input([2, 3, 5, 7]), [1, 1], { num_groups: int(1) });
    const { batchNormalizations } = await checkFold(f.done(conv(f, f.batchNormalization(y, 3))), undefined, {
      tolerance: 'layer',
    });
    expect(batchNormalizations.kept).toEqual([]);
  });

  test('its own affine goes to all readers, into the Adds of those that have some', async () => {
    const f = new Fixture();
    const y = normalised(f, 'LayerNormalization', f.input([2, 3, 7]), [7, 7]);
    const dense = (n: number) => f.node('Add', [f.node('MatMul', [y, f.integers([7, n])]), f.integers([n], 'b')]);
    await checkFold(f.done(dense(5), dense(11)), [
      'norm_1 = LayerNormalization(x, gamma_one)',
      'add_2 = MatMul(norm_1, W_2)',
      'add = Add(add_2, W_bias)',
      'add_1_1 = MatMul(norm_1, W_1_1)',
      'add_1 = Add(add_1_1, W_1_bias)',
    ], { tolerance: 'layer' }); // prettier-ignore
  });

  test('its own affine stays where a reader would need another node', async () => {
    const f = new Fixture();
    const y = normalised(f, 'LayerNormalization', f.input([2, 3, 7]), [7, 7]);
    const { changed } = await checkFold(f.done(f.node('MatMul', [y, f.integers([7, 5])])), undefined, { tolerance: 'layer' }); // prettier-ignore
    expect(changed).toBe(false);
  });

  test('its own affine stays where others read it, or the weights behind it', async () => {
    const f = new Fixture();
    const y = normalised(f, 'LayerNormalization', f.input([3, 7]), [7, 7]);
    expect((await checkFold(f.done(f.node('Gemm', [y, f.integers([7, 5])]), y), undefined, { tolerance: 'layer' })).changed).toBe(false); // prettier-ignore
    const g = new Fixture();
    const W = g.integers([7, 5]);
    const z = g.node('Gemm', [normalised(g, 'LayerNormalization', g.input([3, 7]), [7, 7]), W]);
    expect((await checkFold(g.done(z, g.node('Gemm', [g.input([2, 7], 'w'), W])), undefined, { tolerance: 'layer' })).changed).toBe(false); // prettier-ignore
  });
});
