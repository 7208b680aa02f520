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

  test('of opset 18, whose gamma is one number for each group, is refused', async () => {
    const f = new Fixture(18);
    const y = normalised(f, 'GroupNormalization', f.input([2, 4, 5]), [4, 4], { num_groups: int(4) });
    await checkRefused(f, f.batchNormalization(y, 4), 'has its own affine along axis');
  });
});
