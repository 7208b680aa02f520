import { describe, expect, test } from 'vitest';
import { float, int, ints, type Attribute } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { float32 } from '../../../src/tensor.ts';
import { checkFold, type CheckOptions } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

const conv = (f: Fixture, x: Value, C: number, M: number) => f.node('Conv', [x, f.integers([M, C, 1, 2]), f.integers([M], 'b')]); // prettier-ignore
const image = (f: Fixture, name = 'x') => f.input([2, 3, 5, 4], name);
const scalar = (f: Fixture, value: number, name = 'bound') => f.graph.constant(name, float32([], [value]));
const zeros = (length: number) => new Array<number>(length).fill(0);
const noShift = (channels: number) => ({ beta: zeros(channels), mean: zeros(channels) });
const POSITIVE = [2, 4, 1, 8, 2, 4, 2];

/** The graph folds to so many nodes. */
async function checkFolds(f: Fixture, output: Value, nodes: number, options: CheckOptions = {}): Promise<void> {
  const report = await checkFold(f.done(output), undefined, options);
  expect(report.nodes.after).toBe(nodes);
  expect(report.changed).toBe(true);
}

async function checkStays(f: Fixture, output: Value, options: CheckOptions = {}): Promise<void> {
  const report = await checkFold(f.done(output), undefined, options);
  expect(report.changed).toBe(false);
}

async function checkRefused(f: Fixture, output: Value, reason: string, options: CheckOptions = {}): Promise<void> {
  const { batchNormalizations } = await checkFold(f.done(output), undefined, options);
  expect(batchNormalizations.kept[0]?.reason).toContain(reason);
}

describe('ReduceSum', () => {
  const reduced = (f: Fixture, x: Value, axes: readonly number[], keepdims = 0) =>
    f.node('ReduceSum', [x, f.shape(axes, 'axes')], { keepdims: int(keepdims) });

  test('lets a scale and a part of the shift pass back', async () => {
    const f = new Fixture();
    const y = reduced(f, conv(f, image(f), 3, 7), [-1, 2]);
    await checkFolds(f, f.batchNormalization(y, 7), 2, { tolerance: 'layer' });
  });

  test('lets a scale and a multiple of the shift pass forward', async () => {
    const f = new Fixture();
    const y = reduced(f, f.batchNormalization(image(f), 3), [2, 3]);
    await checkFolds(f, f.node('Gemm', [y, f.integers([3, 7])]), 2);
  });

  test('lets a scale pass over an unknown number of terms, but no shift', async () => {
    const f = new Fixture();
    const x = f.input([2, 3, 'H', 4]);
    await checkFolds(f, f.node('Gemm', [reduced(f, f.batchNormalization(x, 3, noShift(3)), [2, 3]), f.integers([3, 7])]), 2); // prettier-ignore
    const g = new Fixture();
    const y = reduced(g, g.node('Sub', [g.input([2, 3, 'H', 4]), g.integers([3, 1, 1], 'c')]), [2, 3]);
    await checkStays(g, g.node('Gemm', [y, g.integers([3, 7])]));
  });

  test('refuses an affine of an axis that it sums over, even if all sizes are equal', async () => {
    const f = new Fixture();
    const y = reduced(f, f.batchNormalization(f.input([4, 4, 4]), 4), [1]);
    await checkRefused(f, f.node('Gemm', [y, f.integers([4, 4])]), 'may reduce axis 1');
  });
});

describe('ReduceMax and ReduceMin', () => {
  for (const opType of ['ReduceMax', 'ReduceMin']) {
    test(`${opType} lets an affine without a negative scale pass both ways`, async () => {
      const f = new Fixture();
      const y = f.node(opType, [conv(f, image(f), 3, 7)], { axes: ints([2, 3]), keepdims: int(0) });
      await checkFolds(f, f.batchNormalization(y, 7, { gamma: POSITIVE }), 2);
      const g = new Fixture();
      const x = g.batchNormalization(image(g), 3, { gamma: [2, 0, 4] });
      await checkFolds(g, conv(g, g.node(opType, [x], { axes: ints([2]) }), 3, 7), 2);
    });

    test(`${opType} refuses a negative scale, and its own axis`, async () => {
      const f = new Fixture();
      const y = f.node(opType, [conv(f, image(f), 3, 7)], { axes: ints([2, 3]), keepdims: int(0) });
      await checkRefused(f, f.batchNormalization(y, 7, { gamma: [2, 4, -1, 8, 2, 4, 2] }), 'no negative scale');
      const g = new Fixture();
      const x = g.node(opType, [g.batchNormalization(g.input([4, 4, 4]), 4, { gamma: [2, 1, 4, 2] })], { axes: ints([1]), keepdims: int(0) }); // prettier-ignore
      await checkRefused(g, g.node('Gemm', [x, g.integers([4, 4])]), 'may reduce axis 1');
    });
  }
});

describe('Expand and Tile', () => {
  test('let an affine pass along an axis that they do not repeat', async () => {
    const f = new Fixture();
    const y = f.node('Expand', [conv(f, f.input([2, 3, 1, 2]), 3, 7), f.shape([5, 1])]);
    await checkFolds(f, f.batchNormalization(y, 7), 2);
    const g = new Fixture();
    const x = g.node('Expand', [g.batchNormalization(g.input([2, 3, 1, 4]), 3), g.shape([2, 3, 5, 4])]);
    await checkFolds(g, conv(g, x, 3, 7), 2);
    const h = new Fixture();
    const z = h.node('Tile', [conv(h, image(h), 3, 7), h.shape([1, 1, 2, 3])]);
    await checkFolds(h, h.batchNormalization(z, 7), 2);
  });

  test('repeat the vector of an affine in front of a Tile', async () => {
    const f = new Fixture();
    const y = f.node('Tile', [f.batchNormalization(image(f), 3), f.shape([1, 2, 1, 1])]);
    await checkFolds(f, conv(f, y, 6, 7), 2);
  });

  test('refuse an affine of an axis that they repeat', async () => {
    const f = new Fixture();
    const y = f.node('Expand', [conv(f, image(f), 3, 1), f.shape([1, 7, 1, 1])]);
    await checkRefused(f, f.batchNormalization(y, 7), 'repeats x along axis 1');
    const g = new Fixture();
    const z = g.node('Tile', [conv(g, f.input([2, 3, 5, 4]), 3, 4), g.shape([1, 2, 1, 1])]);
    z.producer!.inputs[0]!.producer!.setInput(0, image(g));
    await checkRefused(g, g.batchNormalization(z, 8), 'may repeat x along axis 1');
  });
});

describe('Where', () => {
  const chosen = (f: Fixture, a: Value, b: Value) =>
    f.node('Where', [f.node('Greater', [f.input([2, 1, 5, 1], 'c'), scalar(f, 0)]), a, b]);

  test('sends an affine back to both', async () => {
    const f = new Fixture();
    const y = chosen(f, conv(f, image(f), 3, 7), conv(f, image(f, 'z'), 3, 7));
    await checkFolds(f, f.batchNormalization(y, 7), 4, { sizes: {} });
  });

  test('refuses if one of them is repeated, or an affine in front', async () => {
    const f = new Fixture();
    const y = chosen(f, conv(f, image(f), 3, 7), conv(f, image(f, 'z'), 3, 1));
    await checkRefused(f, f.batchNormalization(y, 7), 'repeats one of its tensors along axis 1');
    const g = new Fixture();
    const z = chosen(g, g.batchNormalization(g.input([2, 3, 5, 1]), 3), g.input([2, 3, 5, 1], 'z'));
    await checkRefused(g, g.node('Conv', [z, g.integers([7, 3, 1, 1])]), 'chooses between it and what');
  });
});

describe('Clip', () => {
  const clipped = (f: Fixture, x: Value, lo: number | undefined, hi: number | undefined) =>
    f.node('Clip', [x, lo === undefined ? undefined : scalar(f, lo), hi === undefined ? undefined : scalar(f, hi)]);
  /** The gamma that makes this scale; the fixture divides by 2. */
  const alike = (scale: number, shift = 0) => ({ gamma: POSITIVE.map(() => 2 * scale), beta: POSITIVE.map(() => shift), mean: zeros(7) }); // prettier-ignore

  test.each([[0, undefined], [undefined, 0], [undefined, undefined]] as const)('at %s and %s lets a scale of each channel pass', async (lo, hi) => {
      const f = new Fixture();
      await checkFolds(f, f.batchNormalization(clipped(f, conv(f, image(f), 3, 7), lo, hi), 7, { gamma: POSITIVE, ...noShift(7) }), 2); // prettier-ignore
      const g = new Fixture();
      const x = g.batchNormalization(image(g), 3, { gamma: [2, 4, 8], ...noShift(3) });
      await checkFolds(g, conv(g, clipped(g, x, lo, hi), 3, 7), 2);
    }); // prettier-ignore

  test('of an older opset, whose bounds are attributes, too', async () => {
    const f = new Fixture(9);
    const y = f.node('Clip', [conv(f, image(f), 3, 7)], { min: float(0) });
    await checkFolds(f, f.batchNormalization(y, 7, { gamma: POSITIVE, ...noShift(7) }), 2);
    const g = new Fixture(9);
    const z = g.node('Clip', [conv(g, image(g), 3, 7)], { min: float(0), max: float(6) });
    await checkRefused(g, g.batchNormalization(z, 7, alike(2)), 'has bounds that do not move to floats');
  });

  test('at other bounds lets one number for all pass back, and moves the bounds', async () => {
    const f = new Fixture();
    const y = clipped(f, conv(f, image(f), 3, 7), 0, 6);
    await checkFolds(f, f.batchNormalization(y, 7, alike(0.5, 1)), 2);
  });

  test.each([
    ['a scale of each channel', { gamma: POSITIVE, beta: zeros(7), mean: zeros(7) }, 'do not move to floats'],
    ['a negative scale', alike(-1), 'no negative scale'],
    ['bounds that would have to be rounded', alike(0.1, 0.3), 'do not move to floats'],
  ] as const)('at other bounds refuses %s', async (_, parts, reason) => {
    const f = new Fixture();
    const y = clipped(f, conv(f, image(f), 3, 7), 0, 6);
    await checkRefused(f, f.batchNormalization(y, 7, parts), reason, { tolerance: 'layer' });
  });

  test('refuses an affine in front of other bounds', async () => {
    const f = new Fixture();
    const y = clipped(f, f.batchNormalization(image(f), 3, { gamma: [4, 2, 8] }), 0, 6);
    await checkRefused(f, conv(f, y, 3, 7), 'has bounds that an affine in front would move');
  });
});

describe('Softmax', () => {
  const shifted = (f: Fixture, shape: readonly number[], opType: string, opset: Record<string, Attribute>) =>
    f.node(opType, [f.node('Add', [f.input([4, 4, 4]), f.integers(shape, 'c')])], opset);

  test.each([
    ['Softmax', [4, 1], { axis: int(2) }, 17],
    ['LogSoftmax', [4, 1, 1], { axis: int(-1) }, 17],
    ['Softmax', [1], {}, 17],
    ['Softmax', [4, 1, 1], {}, 11],
  ] as [string, number[], Record<string, Attribute>, number][])('%s drops a shift of %s that it cancels', async (opType, shape, axis, opset) => {
      const f = new Fixture(opset);
      const report = await checkFold(f.done(shifted(f, shape, opType, axis)), undefined, { tolerance: 'layer' });
      expect(report.nodes.after).toBe(1);
    }); // prettier-ignore

  test.each([
    ['along its own axis', [4], {}, 17],
    ['along an axis that opset 11 sums over too', [4, 1], {}, 11],
  ] as [string, number[], Record<string, Attribute>, number][])('keeps a shift %s', async (_, shape, axis, opset) => {
    const f = new Fixture(opset);
    await checkStays(f, shifted(f, shape, 'Softmax', axis), { tolerance: 'layer' });
  });

  test('keeps a scale', async () => {
    const f = new Fixture();
    const x = f.node('Mul', [f.input([2, 3]), scalar(f, 2)]);
    await checkStays(f, f.node('Softmax', [x]), { tolerance: 'layer' });
  });
});

describe('Cast', () => {
  test('is refused by the dtypes that it stands between', async () => {
    const f = new Fixture();
    const y = f.node('Cast', [conv(f, image(f), 3, 7)], { to: int(11) });
    const double = (name: string, value: number) => f.graph.constant(name, { dtype: 'float64', shape: [7], data: new Float64Array(7).fill(value) }); // prettier-ignore
    const z = f.node('BatchNormalization', [y, double('g', 2), double('b', 1), double('m', 0), double('v', 1)]);
    await checkRefused(f, z, 'rounds float32 to float64', { runs: false });
  });
});

describe('a table of an embedding that is tied to something else', () => {
  /** A table of more than 2¹⁶ elements, which a classifier reads too. */
  function tied(behind: (f: Fixture, y: Value) => Value) {
    const f = new Fixture();
    const table = f.integers([2 ** 14, 5], 'E');
    const y = behind(f, f.node('Gather', [table, f.shape([3, 1], 'ids')]));
    return f.done(y, f.node('Gemm', [f.input([2, 5]), table], { transB: int(1) }));
  }

  test('is not copied to save a multiplication', async () => {
    const report = await checkFold(
      tied((f, y) => f.node('Mul', [y, f.integers([5], 's')])),
      undefined,
    );
    expect(report.changed).toBe(false);
  });

  test('is copied to fold a BatchNormalization', async () => {
    const report = await checkFold(
      tied((f, y) => f.batchNormalization(y, 5)),
      undefined,
    );
    expect(report.batchNormalizations.kept).toEqual([]);
  });
});
