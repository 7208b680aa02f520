import { describe, expect, test } from 'vitest';
import { float, ints, string, type Attribute } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { float32 } from '../../../src/tensor.ts';
import { checkFold } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

type Attributes = Readonly<Record<string, Attribute>>;

/** Every BatchNormalization is gone, or the first one that is left says this. */
async function check(f: Fixture, output: Value, reason?: string): Promise<void> {
  const { batchNormalizations } = await checkFold(f.done(output), undefined);
  if (reason === undefined) expect(batchNormalizations.kept).toEqual([]);
  else expect(batchNormalizations.kept[0]!.reason).toContain(reason);
}

const conv = (f: Fixture, x: Value, C: number, M: number) => f.node('Conv', [x, f.integers([M, C, 1, 2])]);
const scales = (f: Fixture, values: readonly number[]) => f.graph.constant('scales', float32([values.length], values));
const scaled = (f: Fixture, x: Value, by: readonly number[], attributes: Attributes = {}) =>
  f.node('Resize', [x, undefined, scales(f, by)], attributes);
const sized = (f: Fixture, x: Value, to: readonly number[], attributes: Attributes = {}) =>
  f.node('Resize', [x, undefined, undefined, f.shape(to, 'sizes')], attributes);

describe.each(['nearest', 'linear', 'cubic'])('Resize, %s,', (name) => {
  const mode = { mode: string(name) };

  test('lets an affine of the channels pass back', async () => {
    const f = new Fixture();
    const y = scaled(f, conv(f, f.input([2, 3, 5, 5]), 3, 7), [1, 1, 2, 2], mode);
    await check(f, f.batchNormalization(y, 7));
  });

  test('lets an affine of the channels pass forward', async () => {
    const f = new Fixture();
    const y = sized(f, f.batchNormalization(f.input([2, 3, 5, 4]), 3), [2, 3, 10, 8], mode);
    await check(f, conv(f, y, 3, 7));
  });
});

describe('Resize', () => {
  test('to sizes that are no multiples lets an affine pass', async () => {
    const f = new Fixture();
    const y = sized(f, conv(f, f.input([2, 3, 5, 4]), 3, 7), [2, 7, 11, 2], { mode: string('linear') });
    const { batchNormalizations } = await checkFold(f.done(f.batchNormalization(y, 7)), undefined, { tolerance: 'layer' }); // prettier-ignore
    expect(batchNormalizations.kept).toEqual([]);
  });

  test('of some axes only lets an affine of the others pass', async () => {
    const f = new Fixture(18);
    const y = scaled(f, conv(f, f.input([2, 3, 5, 4]), 3, 7), [2, 2], { axes: ints([-2, 3]) });
    await check(f, f.batchNormalization(y, 7));
  });

  test('of opset 10 has its scales as second input', async () => {
    const f = new Fixture(10);
    const y = f.node('Resize', [conv(f, f.input([2, 3, 5, 4]), 3, 7), scales(f, [1, 1, 2, 2])]);
    await check(f, f.batchNormalization(y, 7));
  });

  test('lets a uniform affine pass, whatever is resized', async () => {
    const f = new Fixture();
    const y = scaled(f, conv(f, f.input([2, 3, 5, 4]), 3, 7), [1, 2, 2, 1]);
    const { nodes } = await checkFold(f.done(f.node('Mul', [y, f.integers([1], 'c')])), undefined);
    expect(nodes.after).toBe(2);
  });

  test('of the channels is refused, even if it leaves their number as it is', async () => {
    const f = new Fixture();
    const y = scaled(f, conv(f, f.input([1, 4, 4, 5]), 4, 4), [1, 1.125, 1, 1]);
    await check(f, f.batchNormalization(y, 4), 'may resize axis 1');
    const g = new Fixture(18);
    const z = sized(g, conv(g, g.input([1, 3, 4, 5]), 3, 4), [6], { axes: ints([1]) });
    await check(g, g.batchNormalization(z, 6), 'may resize axis 1');
  });

  test('to sizes that only bound it is refused', async () => {
    const f = new Fixture(18);
    const policy = { keep_aspect_ratio_policy: string('not_larger') };
    const y = sized(f, f.batchNormalization(f.input([4, 4, 4, 4]), 4), [4, 4, 8, 8], policy);
    const { batchNormalizations } = await checkFold(f.done(conv(f, y, 4, 7)), undefined, { runs: false });
    expect(batchNormalizations.kept[0]!.reason).toContain('may resize axis 1');
  });

  test('by scales that are computed at run time is refused', async () => {
    const f = new Fixture();
    const y = f.node('Resize', [f.batchNormalization(f.input([4, 4, 4, 4]), 4), undefined, f.input([4], 's')]);
    const { batchNormalizations } = await checkFold(f.done(conv(f, y, 4, 7)), undefined, { runs: false });
    expect(batchNormalizations.kept[0]!.reason).toContain('may resize axis 1');
  });

  test('that crops is refused', async () => {
    const f = new Fixture();
    const roi = f.graph.constant('roi', float32([8], [0, 0, -0.5, 0, 1, 1, 1, 1]));
    const crop = { coordinate_transformation_mode: string('tf_crop_and_resize'), mode: string('linear'), extrapolation_value: float(5) }; // prettier-ignore
    const x = conv(f, f.input([4, 4, 4, 5]), 4, 4);
    const y = f.node('Resize', [x, roi, undefined, f.shape([4, 4, 5, 5], 'sizes')], crop);
    await check(f, f.batchNormalization(y, 4), 'crops, and fills in a value of its own');
  });

  test('lets nothing into its scales', async () => {
    const f = new Fixture();
    const s = f.node('Mul', [f.input([4], 's'), f.integers([1], 'c')]);
    const y = f.node('Resize', [f.input([4, 4, 4, 4]), undefined, s]);
    const { changed } = await checkFold(f.done(y), undefined, { runs: false });
    expect(changed).toBe(false);
  });
});

test.each([
  [7, { scales: { kind: 'floats', value: [1, 1, 2, 2] } }],
  [9, undefined],
] as const)('Upsample of opset %i lets an affine of the channels pass both ways', async (opset, attributes) => {
  const upsampled = (f: Fixture, x: Value) =>
    f.node('Upsample', attributes ? [x] : [x, scales(f, [1, 1, 2, 2])], { mode: string('nearest'), ...attributes });
  const f = new Fixture(opset);
  await check(f, f.batchNormalization(upsampled(f, conv(f, f.input([2, 3, 5, 4]), 3, 7)), 7));
  const g = new Fixture(opset);
  await check(g, conv(g, upsampled(g, g.batchNormalization(g.input([2, 3, 5, 4]), 3)), 3, 7));
});
