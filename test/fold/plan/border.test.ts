import { describe, expect, test } from 'vitest';
import { foldGraph } from '../../../src/fold/fold-graph.ts';
import { int, ints, string, type Attribute } from '../../../src/onnx/attribute.ts';
import { float32, sizeOf, type Dim } from '../../../src/tensor.ts';
import { checkFold } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

interface Case {
  readonly name: string;
  readonly x: readonly Dim[];
  readonly W: readonly number[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

const pads = (...amounts: number[]) => ({ pads: ints(amounts) });
const group = (count: number) => ({ group: int(count) });
const auto = (how: string) => ({ auto_pad: string(how) });

/** Every second channel is scaled by 0 and shifted, so that no Add in front of the weights could do the same. */
function dead(C: number) {
  const gamma = Array.from({ length: C }, (_, c) => (c % 2 === 0 ? 0 : [2, -4, 8][c % 3]!));
  return { gamma, beta: gamma.map((_, c) => (c % 5) - 2 || 3), mean: gamma.map((_, c) => c % 3) };
}

function graphOf(opType: string, { x, W, attributes = {} }: Case, hasBias = false) {
  const f = new Fixture();
  const C = x[1] as number;
  const M = opType === 'Conv' ? W[0]! : W[1]! * ((attributes.group?.value as number | undefined) ?? 1);
  const y = f.batchNormalization(f.input(x), C, dead(C));
  return f.done(f.node(opType, [y, f.integers(W), hasBias ? f.integers([M], 'b') : undefined], attributes));
}

const CONVS: readonly Case[] = [
  { name: 'of rank 1', x: [2, 7, 11], W: [5, 7, 3], attributes: pads(1, 1) },
  { name: 'of rank 2', x: [2, 7, 11, 5], W: [5, 7, 3, 3], attributes: pads(1, 1, 1, 1) },
  { name: 'of rank 3', x: [2, 5, 3, 7, 4], W: [3, 5, 3, 1, 2], attributes: pads(1, 0, 0, 1, 0, 1) },
  { name: 'with more padding on one side', x: [1, 7, 11, 5], W: [3, 7, 3, 4], attributes: pads(0, 2, 3, 1) },
  { name: 'with strides', x: [1, 3, 11, 8], W: [5, 3, 3, 2], attributes: { ...pads(1, 1, 1, 0), strides: ints([2, 3]) } }, // prettier-ignore
  { name: 'with dilations', x: [1, 7, 11, 8], W: [5, 7, 3, 2], attributes: { ...pads(2, 3, 2, 3), dilations: ints([2, 3]) } }, // prettier-ignore
  { name: 'with strides that skip the rim', x: [1, 3, 7, 7], W: [3, 3, 2, 2], attributes: { ...pads(1, 1, 0, 0), strides: ints([3, 2]) } }, // prettier-ignore
  { name: 'with windows that lie on nothing but padding', x: [1, 11, 3, 2], W: [1, 11, 2, 2], attributes: pads(3, 2, 2, 3) }, // prettier-ignore
  { name: 'of 2 groups', x: [1, 6, 5, 7], W: [4, 3, 3, 3], attributes: { ...pads(1, 1, 1, 1), ...group(2) } },
  { name: 'of 3 groups with strides', x: [1, 6, 5, 7], W: [15, 2, 3, 3], attributes: { ...pads(1, 1, 1, 1), ...group(3), strides: ints([2, 2]) } }, // prettier-ignore
  { name: 'depthwise', x: [1, 5, 7, 11], W: [5, 1, 3, 3], attributes: { ...pads(1, 1, 1, 1), ...group(5) } },
  { name: 'depthwise with a multiplier', x: [1, 5, 7, 11], W: [10, 1, 3, 3], attributes: { ...pads(1, 0, 1, 0), ...group(5), strides: ints([2, 2]) } }, // prettier-ignore
  { name: 'with auto_pad SAME_UPPER', x: [1, 7, 11, 5], W: [5, 7, 4, 2], attributes: auto('SAME_UPPER') },
  { name: 'with auto_pad SAME_LOWER', x: [1, 7, 11, 5], W: [5, 7, 4, 2], attributes: auto('SAME_LOWER') },
  { name: 'with auto_pad SAME_UPPER and strides', x: [1, 3, 11, 7], W: [5, 3, 3, 4], attributes: { ...auto('SAME_UPPER'), strides: ints([2, 3]) } }, // prettier-ignore
  { name: 'of any number of samples', x: ['N', 7, 11, 5], W: [5, 7, 3, 3], attributes: pads(1, 1, 1, 1) },
];

test('an opset that cannot add a map gets none', () => {
  for (const [opset, ways] of [[6, false], [7, true]] as const) {
    const f = new Fixture(opset);
    const parts = { ...dead(7), ...(opset < 7 ? { attributes: { is_test: int(1) } } : {}) };
    const y = f.node('Conv', [f.batchNormalization(f.input([2, 7, 11]), 7, parts), f.integers([5, 7, 3])], pads(1, 1));
    const { folds } = foldGraph(f.done(y)).report;
    expect(folds.some(({ way }) => way === 'border-map')).toBe(ways);
  }
}); // prettier-ignore

const DECONVS: readonly Case[] = [
  { name: 'of rank 1', x: [2, 7, 5], W: [7, 2, 3] },
  { name: 'of rank 2', x: [2, 13, 5, 4], W: [13, 2, 3, 2] },
  { name: 'of rank 3', x: [1, 17, 3, 2, 4], W: [17, 1, 2, 3, 2] },
  { name: 'with strides as long as the kernel', x: [1, 13, 5, 4], W: [13, 3, 2, 2], attributes: { strides: ints([2, 2]) } }, // prettier-ignore
  { name: 'with strides that do not divide the kernel', x: [1, 23, 5, 4], W: [23, 2, 3, 5], attributes: { strides: ints([2, 3]) } }, // prettier-ignore
  { name: 'with strides longer than the kernel', x: [1, 29, 3, 4], W: [29, 2, 2, 1], attributes: { strides: ints([3, 2]) } }, // prettier-ignore
  { name: 'with pads', x: [1, 13, 5, 4], W: [13, 3, 3, 2], attributes: { ...pads(1, 0, 2, 1), strides: ints([2, 2]) } }, // prettier-ignore
  { name: 'with dilations', x: [1, 13, 5, 4], W: [13, 3, 2, 3], attributes: { dilations: ints([3, 2]) } },
  { name: 'with output padding', x: [1, 23, 5, 4], W: [23, 2, 3, 3], attributes: { strides: ints([2, 3]), output_padding: ints([1, 2]) } }, // prettier-ignore
  { name: 'with an output shape', x: [1, 23, 5, 4], W: [23, 2, 3, 3], attributes: { strides: ints([2, 3]), output_shape: ints([8, 11]) } }, // prettier-ignore
  { name: 'with an output shape and SAME_UPPER', x: [1, 23, 5, 4], W: [23, 2, 4, 4], attributes: { strides: ints([2, 3]), output_shape: ints([9, 8]), ...auto('SAME_UPPER') } }, // prettier-ignore
  { name: 'with auto_pad SAME_UPPER', x: [1, 23, 5, 4], W: [23, 2, 3, 4], attributes: { strides: ints([2, 2]), ...auto('SAME_UPPER') } }, // prettier-ignore
  { name: 'with auto_pad SAME_LOWER', x: [1, 23, 5, 4], W: [23, 2, 3, 4], attributes: { strides: ints([2, 2]), ...auto('SAME_LOWER') } }, // prettier-ignore
  { name: 'of 2 groups', x: [1, 22, 5, 4], W: [22, 2, 3, 2], attributes: { ...group(2), strides: ints([2, 1]) } },
  { name: 'depthwise', x: [1, 5, 5, 4], W: [5, 1, 3, 2], attributes: { ...group(5), ...pads(1, 1, 1, 0) } },
];

describe.each([
  ['Conv', CONVS],
  ['ConvTranspose', DECONVS],
] as const)('A border map behind %s', (opType, cases) => {
  test.each(cases)('$name takes the shift in at every position', async (given) => {
    const report = await checkFold(graphOf(opType, given), undefined);
    expect(report.folds).toMatchObject([{ way: 'border-map', direction: 'forward', leaves: 'Add' }]);
    expect(report.nodes.after).toBe(2);
  });

  test('leaves the bias where it is', async () => {
    const report = await checkFold(graphOf(opType, cases[1]!, true), undefined);
    expect(report.folds[0]!.way).toBe('border-map');
  });
});

describe('A border map', () => {
  const wide = (f: Fixture, M: number, size: readonly Dim[] = [5, 4]) => {
    const y = f.batchNormalization(f.input([2, 7, ...size]), 7);
    return f.done(f.node('Conv', [y, f.integers([M, 7, 3, 3])], pads(1, 1, 1, 1)));
  };

  test('is written where the output has fewer elements than the input', async () => {
    const report = await checkFold(wide(new Fixture(), 3), [
      'conv_1 = Conv<pads=[1, 1, 1, 1]>(x, W_1)',
      'conv = Add(conv_1, conv_border)',
    ]);
    expect(report.folds[0]).toMatchObject({ way: 'border-map', into: ['conv (Conv)'] });
  });

  test.each([7, 11])('is not written where it has as many or more (%i channels), but an Add in front', async (M) => {
    const report = await checkFold(wide(new Fixture(), M), [
      'bn_1 = Add(x, bn_shift)',
      'conv = Conv<pads=[1, 1, 1, 1]>(bn_1, W_1)',
    ]);
    expect(report.folds[0]).toMatchObject({ way: 'scale', direction: 'forward', leaves: 'Add' });
  });

  test('is not written for an image of unknown size, but an Add in front', async () => {
    const report = await checkFold(wide(new Fixture(), 3, ['H', 4]), undefined);
    expect(report.folds[0]!.way).toBe('scale');
  });

  test('is not written where it would touch more elements than the BatchNormalization, which stays', async () => {
    const given = { name: '', x: [1, 3, 5, 4], W: [7, 3, 3, 3], attributes: pads(1, 1, 1, 1) };
    const { batchNormalizations } = await checkFold(graphOf('Conv', given), undefined);
    expect(batchNormalizations.kept[0]!.reason).toContain('bn (BatchNormalization) scales by 0 where it shifts');
  });

  test('is not written where it would be larger than the weights and 65536 elements', async () => {
    const large = { name: '', x: [1, 2, 'H', 300], W: [2, 1, 3, 3], attributes: { ...pads(1, 1, 1, 1), ...group(2) } };
    const kept = await checkFold(graphOf('Conv', { ...large, x: [1, 2, 200, 300] }), undefined);
    expect(kept.batchNormalizations.kept).toHaveLength(1);
    const folded = await checkFold(graphOf('Conv', { ...large, x: [1, 2, 100, 300] }), undefined);
    expect(folded.folds[0]!.way).toBe('border-map');
  });

  test('is not computed where that would take for ever', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input([1, 2, 1000, 1000]), 2, dead(2));
    const zeros = f.graph.constant('W', float32([1, 2, 700, 700], new Float32Array(980_000)));
    const graph = f.done(f.node('Conv', [y, zeros], { pads: ints([350, 350, 300, 300]) }));
    const report = await checkFold(graph, undefined, { runs: false });
    expect(report.batchNormalizations.kept).toHaveLength(1);
  });

  test('stands behind each of several readers only if there are no more of them than nodes that vanish', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input([2, 7, 5, 4]), 7, dead(7));
    const reader = (name: string) => f.node('Conv', [y, f.integers([2, 7, 3, 3])], pads(1, 1, 1, 1), name);
    const report = await checkFold(f.done(reader('a'), reader('b')), undefined);
    expect(report.batchNormalizations.kept).toHaveLength(1);
  });

  test('stands beside biases, where other readers do not pad', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input([2, 7, 5, 4]), 7, dead(7));
    const report = await checkFold(
      f.done(
        f.node('Conv', [y, f.integers([2, 7, 3, 3])], pads(1, 1, 1, 1), 'padded'),
        f.node('Conv', [y, f.integers([3, 7, 1, 1])], {}, 'plain'),
      ),
      undefined,
    );
    expect(report.folds[0]).toMatchObject({ way: 'border-map', into: expect.arrayContaining(['padded (Conv)', 'plain (Conv)']) as unknown }); // prettier-ignore
    expect(report.nodes.after).toBe(3);
  });

  test('takes in a BatchNormalization behind it', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input([2, 7, 5, 4]), 7, dead(7));
    const z = f.node('Conv', [y, f.integers([3, 7, 3, 3])], pads(1, 1, 1, 1));
    const report = await checkFold(f.done(f.batchNormalization(z, 3, {}, 'bn2')), undefined);
    expect(report.batchNormalizations.folded).toBe(2);
    expect(report.nodes.after).toBe(2);
  });

  test('of another file takes in a BatchNormalization behind it', async () => {
    const f = new Fixture();
    const y = f.node('Conv', [f.input([2, 7, 5, 4]), f.integers([3, 7, 3, 3])], pads(1, 1, 1, 1));
    const z = f.batchNormalization(f.node('Add', [y, f.integers([1, 3, 5, 4], 'map')]), 3);
    const report = await checkFold(f.done(z), undefined);
    expect(report.folds[0]).toMatchObject({ way: 'back', direction: 'back' });
    expect(report.nodes.after).toBe(2);
  });

  test('of float64 weights is float64', async () => {
    const f = new Fixture();
    const numbers = (name: string, shape: readonly number[], of: (index: number) => number) => {
      const data = Float64Array.from({ length: sizeOf(shape) }, (_, index) => of(index));
      return f.graph.constant(name, { dtype: 'float64', shape, data });
    };
    const parameters = [
      numbers('gamma', [7], (c) => (c % 2 ? 3 : 0)),
      numbers('beta', [7], (c) => c - 2),
      numbers('mean', [7], (c) => 1 / (c + 1)),
      numbers('var', [7], () => 0.7),
    ];
    const y = f.node('BatchNormalization', [f.input([2, 7, 5, 4], 'x', 'float64'), ...parameters], {}, 'bn');
    const W = numbers('W', [3, 7, 3, 3], (index) => Math.sin(index));
    const graph = f.done(f.node('Conv', [y, W], pads(1, 1, 1, 1)));
    const report = await checkFold(graph, undefined, { runs: false });
    expect(report.folds[0]!.way).toBe('border-map');
    expect(foldGraph(graph).graph.initializers.map(({ dtype }) => dtype)).toEqual(['float64', 'float64']);
  });
});

describe('A shift that reaches every position alike is a bias', () => {
  test.each([
    { name: 'Conv whose image has one pixel', opType: 'Conv', x: [2, 3, 1, 1], W: [5, 3, 3, 3], attributes: pads(1, 1, 1, 1) }, // prettier-ignore
    { name: 'Conv with two different rims that no other position sees', opType: 'Conv', x: [2, 3, 1, 2], W: [5, 3, 3, 2], attributes: { ...pads(1, 0, 1, 0), strides: ints([1, 2]) } }, // prettier-ignore
    { name: 'ConvTranspose with a kernel of one element', opType: 'ConvTranspose', x: [2, 3, 'H', 'W'], W: [3, 5, 1, 1], attributes: {} }, // prettier-ignore
    { name: 'ConvTranspose of one pixel to one', opType: 'ConvTranspose', x: [2, 3, 1, 1], W: [3, 5, 3, 3], attributes: pads(1, 1, 1, 1) }, // prettier-ignore
  ])('$name', async ({ opType, x, W, attributes }) => {
    const report = await checkFold(graphOf(opType, { name: '', x, W, attributes }), undefined);
    expect(report.folds[0]).toMatchObject({ way: 'forward' });
    expect(report.nodes.after).toBe(1);
  });

  test.each([
    { output_padding: ints([1, 1]), strides: ints([2, 2]) },
    { strides: ints([2, 2]), output_shape: ints([6, 4]) },
  ])('but not where a ConvTranspose makes elements of nothing: %o', async (attributes) => {
    const report = await checkFold(graphOf('ConvTranspose', { name: '', x: [2, 31, 3, 2], W: [31, 1, 1, 1], attributes }), undefined); // prettier-ignore
    expect(report.folds[0]!.way).toBe('border-map');
  });
});

test('weights that take in an affine by a map and another from behind are rounded once, from what they were', () => {
  const f = new Fixture();
  const [first, second] = [[0, 0.3, 0.7, -1.1], [0.9, 1.3, -0.6]].map((gammas) => gammas.map(Math.fround)) as [number[], number[]]; // prettier-ignore
  const W = f.integers([3, 4, 3, 3]);
  const x = f.batchNormalization(f.input([1, 4, 5, 5]), 4, { gamma: first, beta: [1, 1, 1, 1] }, 'front');
  const graph = f.done(f.batchNormalization(f.node('Conv', [x, W], pads(1, 1, 1, 1)), 3, { gamma: second }, 'behind'));
  const { graph: folded, report } = foldGraph(graph);
  expect(report.folds.map(({ way }) => way).toSorted()).toEqual(['back', 'border-map']);
  // Both roots are 2; three bits of W and twice 24 of the gammas are exact in float64.
  const wanted = Float32Array.from(W.constant!.tensor().data as Float32Array, (w, i) => {
    return (w * first[Math.floor(i / 9) % 4]! * second[Math.floor(i / 36)]!) / 4;
  });
  const written = folded.nodes.find(({ opType }) => opType === 'Conv')!.inputs[1]!.constant!.tensor().data;
  expect((written as Float32Array).map((w) => w + 0)).toEqual(wanted.map((w) => w + 0));
});

test('a shift that is large beside what is left of it stays where it is, however small the map would be', () => {
  const f = new Fixture();
  const normalised = f.batchNormalization(f.input([1, 5, 8, 8]), 5, { gamma: [2, 2, 2, 2, 2], mean: new Array<number>(5).fill(1e5) }); // prettier-ignore
  const graph = f.done(f.node('Conv', [normalised, f.integers([1, 5, 3, 3])], pads(1, 1, 1, 1)));
  const { folds } = foldGraph(graph).report;
  expect(folds.map(({ way, leaves }) => [way, leaves])).toEqual([['scale', 'Add']]);
});
