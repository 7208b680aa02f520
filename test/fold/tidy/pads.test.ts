import { describe, expect, test } from 'vitest';
import { float, int, ints, string, type Attribute } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { float32 } from '../../../src/tensor.ts';
import { checkFold } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

type Attributes = Readonly<Record<string, Attribute>>;

const padded = (f: Fixture, x: Value, pads: readonly number[], value?: number) =>
  f.node('Pad', [x, f.shape(pads, 'pads'), value === undefined ? undefined : f.graph.constant('value', float32([], [value]))]); // prettier-ignore

async function folded(f: Fixture, y: Value): Promise<readonly string[]> {
  const report = await checkFold(f.done(y), undefined);
  expect(report.folds.every(({ way }) => way === 'pad')).toBe(true);
  return report.folds.map(({ name }) => name);
}

describe('Zeros in front of a Conv', () => {
  test.each([
    { name: 'of rank 1', x: [2, 3, 11], W: [5, 3, 4], pads: [0, 0, 1, 0, 0, 2], given: {}, becomes: 'pads=[1, 2]' },
    { name: 'of rank 2', x: [2, 3, 'H', 'W'], W: [5, 3, 4, 2], pads: [0, 0, 1, 2, 0, 0, 3, 0], given: {}, becomes: 'pads=[1, 2, 3, 0]' }, // prettier-ignore
    { name: 'of rank 3', x: [2, 3, 5, 4, 3], W: [5, 3, 2, 1, 2], pads: [0, 0, 1, 0, 2, 0, 0, 0, 0, 3], given: {}, becomes: 'pads=[1, 0, 2, 0, 0, 3]' }, // prettier-ignore
    { name: 'that pads itself', x: [2, 3, 11, 7], W: [5, 3, 4, 2], pads: [0, 0, 1, 0, 0, 0, 0, 3], given: { pads: ints([1, 2, 3, 4]), strides: ints([2, 3]) }, becomes: 'pads=[2, 2, 3, 7], strides=[2, 3]' }, // prettier-ignore
    { name: 'with auto_pad VALID', x: [2, 3, 'H', 7], W: [5, 3, 4, 2], pads: [0, 0, 1, 0, 0, 0, 0, 3], given: { auto_pad: string('VALID') }, becomes: 'auto_pad="NOTSET", pads=[1, 0, 0, 3]' }, // prettier-ignore
    { name: 'with auto_pad SAME_UPPER', x: [2, 3, 11, 7], W: [5, 3, 4, 3], pads: [0, 0, 1, 0, 0, 0, 2, 1], given: { auto_pad: string('SAME_UPPER'), strides: ints([3, 2]) }, becomes: 'auto_pad="NOTSET", pads=[2, 0, 3, 2], strides=[3, 2]' }, // prettier-ignore
    { name: 'with auto_pad SAME_LOWER', x: [2, 3, 11, 7], W: [5, 3, 4, 2], pads: [0, 0, 1, 0, 0, 0, 2, 1], given: { auto_pad: string('SAME_LOWER') }, becomes: 'auto_pad="NOTSET", pads=[3, 1, 3, 1]' }, // prettier-ignore
    { name: 'with auto_pad and strides of one', x: [2, 3, 'H', 'W'], W: [5, 3, 4, 2], pads: [0, 0, 1, 0, 0, 0, 2, 1], given: { auto_pad: string('SAME_UPPER') }, becomes: 'auto_pad="NOTSET", pads=[2, 0, 4, 2]' }, // prettier-ignore
    { name: 'with dilations', x: [2, 3, 11, 7], W: [5, 3, 4, 2], pads: [0, 0, 3, 0, 0, 0, 2, 2], given: { dilations: ints([2, 3]) }, becomes: 'dilations=[2, 3], pads=[3, 0, 2, 2]' }, // prettier-ignore
    { name: 'with less reach than there is padding', x: [2, 3, 3, 2], W: [5, 3, 2, 2], pads: [0, 0, 5, 4, 0, 0, 3, 0], given: {}, becomes: 'pads=[5, 4, 3, 0]' }, // prettier-ignore
  ])('$name become its own', async ({ x, W, pads, given, becomes }) => {
    const f = new Fixture();
    const y = f.node('Conv', [padded(f, f.input(x), pads, 0), f.integers(W)], given);
    const report = await checkFold(f.done(y), [`conv = Conv<${becomes}>(x, W)`]);
    expect(report.folds).toMatchObject([
      { name: 'pad', opType: 'Pad', direction: 'forward', way: 'pad', through: [], into: ['conv (Conv)'] },
    ]);
  });

  test('become those of every reader, weights computed at run time included', async () => {
    const f = new Fixture();
    const y = padded(f, f.input([2, 6, 5, 7]), [0, 0, 1, 1, 0, 0, 1, 1]);
    const other = f.node('Conv', [y, f.input([4, 3, 2, 2], 'V')], { group: int(2) }, 'other');
    const sum = f.node('Sigmoid', [f.node('Conv', [y, f.integers([3, 6, 3, 3])])]);
    const report = await checkFold(f.done(sum, other), undefined);
    expect(report.folds[0]!.into).toEqual(['other (Conv)', 'conv (Conv)']);
  });

  test('take no part in folding what comes after them', async () => {
    const f = new Fixture();
    const x = f.node('Conv', [f.input([2, 3, 5, 7]), f.integers([6, 3, 1, 1])]);
    const y = padded(f, f.node('Relu', [f.batchNormalization(x, 6)]), [0, 0, 1, 1, 0, 0, 1, 1]);
    const report = await checkFold(f.done(f.batchNormalization(f.node('Conv', [y, f.integers([3, 6, 3, 3])]), 3, {}, 'bn2')), undefined); // prettier-ignore
    expect(report.nodes.after).toBe(3);
  });

  test('of opset 10, where the amounts are an attribute, become its own', async () => {
    const f = new Fixture(10);
    const y = f.node('Pad', [f.input([2, 3, 5, 7])], { pads: ints([0, 0, 1, 1, 0, 0, 1, 1]), value: float(0) });
    expect(await folded(f, f.node('Conv', [y, f.integers([5, 3, 3, 3])]))).toEqual(['pad']);
  });

  test.each([
    { name: 'that somebody else reads', other: true },
    { name: 'that are an output', shown: true },
    { name: 'that are a one', value: 1 },
    { name: 'in front of the channels', pads: [0, 1, 0, 0, 0, 0, 0, 0], C: 4 },
    { name: 'behind the samples', pads: [0, 0, 0, 0, 1, 0, 0, 0] },
    { name: 'less than none', pads: [0, 0, -1, 0, 0, 0, 0, 1] },
    { name: 'with auto_pad and an image of unknown size', auto: { auto_pad: string('SAME_UPPER'), strides: ints([2, 2]) } }, // prettier-ignore
    { name: 'that repeat the rim', mode: { mode: string('edge') } },
  ])('$name stay', async ({ other, shown, value, pads = [0, 0, 1, 1, 0, 0, 1, 1], C = 3, auto = {}, mode = {} }) => {
    const f = new Fixture();
    const constant = value === undefined ? undefined : f.graph.constant('value', float32([], [value]));
    const y = f.node('Pad', [f.input([2, 3, 'H', 5]), f.shape(pads, 'pads'), constant], mode);
    const outputs = [f.node('Conv', [y, f.integers([5, C, 3, 3])], auto)];
    if (other) outputs.push(f.node('Sigmoid', [y]));
    if (shown) outputs.push(y);
    const report = await checkFold(f.done(...outputs), undefined, { sizes: { H: 7 } });
    expect(report.changed).toBe(false);
  });

  test('by amounts that are computed at run time stay', async () => {
    const f = new Fixture();
    const amounts = f.graph.input('amounts', { dtype: 'int64', shape: [8] });
    const y = f.node('Conv', [f.node('Pad', [f.input([2, 3, 5, 7]), amounts]), f.integers([5, 3, 3, 3])]);
    const report = await checkFold(f.done(y), undefined, { runs: false });
    expect(report.changed).toBe(false);
  });

  test('around its weights stay', async () => {
    const f = new Fixture();
    const W = padded(f, f.input([5, 3, 2, 2], 'V'), [0, 0, 1, 0, 0, 0, 0, 0]);
    // onnxruntime cannot load this: its own fusion of pads takes them for those of the image.
    const report = await checkFold(f.done(f.node('Conv', [f.input([2, 3, 5, 7]), W])), undefined, { runs: false });
    expect(report.changed).toBe(false);
  });
});

describe('Zeros in front of an AveragePool', () => {
  const pool = (f: Fixture, given: Attributes, pads = [0, 0, 1, 0, 0, 0, 1, 2]) =>
    f.node('AveragePool', [padded(f, f.input([2, 3, 8, 6]), pads)], { kernel_shape: ints([2, 4]), ...given });

  test.each<[string, Attributes]>([
    ['without padding of its own', {}],
    ['that counts its own', { pads: ints([0, 1, 0, 0]), count_include_pad: int(1) }],
    ['with strides', { strides: ints([3, 2]) }],
  ])('%s count as elements there too', async (_, given) => {
    const f = new Fixture();
    const report = await checkFold(f.done(pool(f, given)), undefined);
    expect(report.folds[0]).toMatchObject({ way: 'pad', into: ['averagepool (AveragePool)'] });
  });

  test.each<[string, Attributes, number[]?]>([
    ['that does not count its own', { pads: ints([0, 1, 0, 0]) }],
    ['whose windows may hang over the end', { ceil_mode: int(1), strides: ints([3, 2]) }],
    ['whose kernel is no larger', {}, [0, 0, 0, 0, 0, 0, 2, 1]],
  ])('%s stay', async (_, given, pads) => {
    const f = new Fixture();
    const report = await checkFold(f.done(pool(f, given, pads)), undefined);
    expect(report.folds).toEqual([]);
  });
});

describe('Zeros in front of a MaxPool', () => {
  const pool = (f: Fixture, x: Value, given: Attributes = {}, pads = [0, 0, 1, 1, 0, 0, 2, 1]) =>
    f.node('MaxPool', [padded(f, x, pads)], { kernel_shape: ints([3, 3]), strides: ints([2, 2]), ...given });

  test.each(['Relu', 'Sigmoid'])('behind a %s are as good as its own padding', async (opType) => {
    const f = new Fixture();
    const report = await checkFold(f.done(pool(f, f.node(opType, [f.input([2, 3, 8, 5])]))), undefined);
    expect(report.folds[0]).toMatchObject({ way: 'pad', into: ['maxpool (MaxPool)'] });
  });

  test.each([
    [0, true],
    [-1, false],
  ])('behind a Clip at %i are so only if that is not negative', async (least, isFolded) => {
    const f = new Fixture();
    const x = f.node('Clip', [f.input([2, 3, 8, 5]), f.graph.constant('min', float32([], [least]))]);
    const report = await checkFold(f.done(pool(f, x)), undefined);
    expect(report.folds).toHaveLength(isFolded ? 1 : 0);
  });

  test.each<[string, Attributes, number[]?]>([
    ['behind what may be negative', {}],
    ['with dilations, which may see no element at all', { dilations: ints([2, 2]) }],
    ['whose windows may hang over the end', { ceil_mode: int(1) }],
    ['whose kernel is no larger', {}, [0, 0, 3, 0, 0, 0, 0, 0]],
  ])('%s stay', async (name, given, pads) => {
    const f = new Fixture();
    const x = f.input([2, 3, 8, 5]);
    const y = pool(f, name.startsWith('behind') ? f.node('Tanh', [x]) : f.node('Relu', [x]), given, pads);
    const report = await checkFold(f.done(y), undefined);
    expect(report.folds).toEqual([]);
  });
});
