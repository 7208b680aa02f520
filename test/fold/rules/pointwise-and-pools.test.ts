import { describe, expect, test } from 'vitest';
import { float, int, ints, string, type Attribute } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { checkFold } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

/** Every BatchNormalization is gone, or the first one that is left says this. */
async function check(f: Fixture, output: Value, reason?: string): Promise<void> {
  const { batchNormalizations } = await checkFold(f.done(output), undefined);
  if (reason === undefined) expect(batchNormalizations.kept).toEqual([]);
  else expect(batchNormalizations.kept[0]!.reason).toContain(reason);
}

const conv = (f: Fixture, x: Value, C: number, M: number) => f.node('Conv', [x, f.integers([M, C, 1, 2])]);
const noShift = (channels: number) => ({ beta: new Array<number>(channels).fill(0), mean: new Array<number>(channels).fill(0) }); // prettier-ignore
const positive = (channels: number) => Array.from({ length: channels }, (_, c) => [1, 0, 4, 2][c % 4]!);

describe.each(['Relu', 'LeakyRelu', 'PRelu'])('%s', (opType) => {
  const after = (f: Fixture, x: Value, C: number) =>
    opType === 'PRelu' ? f.node(opType, [x, f.integers([C, 1, 1], 'slope')]) : f.node(opType, [x], opType === 'LeakyRelu' ? { alpha: float(0.25) } : {}, 'act'); // prettier-ignore

  test('lets a scale that is not negative pass back', async () => {
    const f = new Fixture();
    const y = after(f, conv(f, f.input([2, 3, 5, 4]), 3, 7), 7);
    await check(f, f.batchNormalization(y, 7, { ...noShift(7), gamma: positive(7) }));
  });

  test('lets a scale that is not negative pass forward', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input([2, 3, 5, 4]), 3, { ...noShift(3), gamma: positive(3) });
    await check(f, conv(f, after(f, y, 3), 3, 7));
  });

  test('lets no negative scale through', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input([2, 3, 5, 4]), 3, { ...noShift(3), gamma: [1, -1, 1] });
    await check(f, conv(f, after(f, y, 3), 3, 7), 'lets no negative scale through');
  });

  test('lets no shift through, which stays as an Add in front of it or behind it when the scale is folded', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input([2, 3, 5, 4]), 3, { gamma: [1, 2, 4], beta: [1, 2, 3] });
    const report = await checkFold(f.done(conv(f, after(f, y, 3), 3, 7)), undefined);
    expect(report.folds[0]).toMatchObject({ direction: 'forward', way: 'scale', leaves: 'Add' });
    const h = new Fixture();
    const kept = h.batchNormalization(h.input([2, 3, 5, 4]), 3, { gamma: [1, 2, 4], beta: [1, 2, 3] });
    await check(h, after(h, kept, 3), 'lets no shift through');
    const g = new Fixture();
    const z = after(g, conv(g, g.input([2, 3, 5, 4]), 3, 7), 7);
    const { folds } = await checkFold(g.done(g.batchNormalization(z, 7, { gamma: positive(7) })), undefined);
    expect(folds[0]!.leaves).toBe('Add');
  });
});

test('PRelu lets nothing into its slope', async () => {
  const f = new Fixture();
  const slope = f.batchNormalization(f.input([1, 3], 's'), 3);
  await check(f, f.node('PRelu', [f.input([2, 3]), slope]), 'reads it as its slope');
});

describe.each([
  ['MaxPool', { kernel_shape: ints([2, 3]), pads: ints([1, 1, 0, 2]) }],
  ['GlobalMaxPool', {}],
] as const)('%s', (opType, attributes) => {
  test('lets an affine pass back, padding or not', async () => {
    const f = new Fixture();
    const y = f.node(opType, [conv(f, f.input([2, 3, 5, 6]), 3, 7)], attributes);
    await check(f, f.batchNormalization(y, 7, { gamma: positive(7) }));
  });

  test('lets an affine pass forward', async () => {
    const f = new Fixture();
    const y = f.node(opType, [f.batchNormalization(f.input([2, 3, 5, 6]), 3, { gamma: positive(3) })], attributes);
    await check(f, f.node('Conv', [y, f.integers([7, 3, 1, 1])]));
  });

  test('lets no negative scale through', async () => {
    const f = new Fixture();
    const y = f.node(opType, [conv(f, f.input([2, 3, 5, 6]), 3, 7)], attributes);
    await check(f, f.batchNormalization(y, 7, { gamma: [1, 1, 1, -1, 1, 1, 1] }), 'lets no negative scale through');
  });
});

describe('AveragePool', () => {
  const window = { kernel_shape: ints([2, 2]) };
  const behind = (attributes: Record<string, Attribute>, noShifts: boolean) => {
    const f = new Fixture();
    const y = f.node('AveragePool', [conv(f, f.input([2, 3, 5, 5]), 3, 7)], { ...window, ...attributes });
    return [f, f.batchNormalization(y, 7, noShifts ? noShift(7) : {})] as const;
  };

  test('lets an affine pass back where padding does not count', async () => {
    await check(...behind({}, false));
    await check(...behind({ pads: ints([1, 0, 0, 1]) }, false));
    await check(...behind({ auto_pad: string('SAME_UPPER'), ceil_mode: int(0) }, false));
    await check(...behind({ count_include_pad: int(1) }, false));
  });

  test('lets a scale pass back where padding counts', async () => {
    await check(...behind({ pads: ints([1, 0, 0, 1]), count_include_pad: int(1) }, true));
  });

  test('lets no shift through where padding counts', async () => {
    const [f, y] = behind({ pads: ints([1, 0, 0, 1]), count_include_pad: int(1) }, false);
    const { folds } = await checkFold(f.done(y), undefined);
    expect(folds[0]!.leaves).toBe('Add');
  });

  test('lets an affine pass forward', async () => {
    const f = new Fixture();
    const y = f.node('AveragePool', [f.batchNormalization(f.input([2, 3, 5, 6]), 3)], window);
    await check(f, conv(f, y, 3, 7));
  });
});

describe('GlobalAveragePool and ReduceMean', () => {
  test('let an affine pass back', async () => {
    const f = new Fixture();
    const y = f.node('GlobalAveragePool', [conv(f, f.input([2, 3, 4, 5]), 3, 7)]);
    await check(f, f.batchNormalization(y, 7));
    const g = new Fixture();
    const z = g.node('ReduceMean', [conv(g, g.input([2, 3, 4, 5]), 3, 7)], { axes: ints([-1, 2]), keepdims: int(0) });
    await check(g, g.batchNormalization(z, 7));
  });

  test('let an affine pass forward, whose axis moves', async () => {
    const f = new Fixture();
    const x = f.node('Transpose', [f.batchNormalization(f.input([2, 3, 4]), 3)], { perm: ints([0, 2, 1]) });
    const y = f.node('ReduceMean', [x], { axes: ints([1]), keepdims: int(0) });
    await check(f, f.node('MatMul', [y, f.integers([3, 7])]));
  });

  test('let nothing through along an axis that is averaged', async () => {
    const f = new Fixture();
    const y = f.node('ReduceMean', [f.batchNormalization(f.input([2, 4, 4]), 4)], { axes: ints([1]) });
    await check(f, f.node('MatMul', [y, f.integers([4, 7])]), 'may average axis 1');
  });
});

describe('Concat', () => {
  const joined = (f: Fixture, axis: number, ...parts: Value[]) => f.node('Concat', parts, { axis: int(axis) });

  test('cuts an affine of the joined axis into one for each part', async () => {
    const f = new Fixture();
    const x = f.input([2, 3, 5, 4]);
    await check(f, f.batchNormalization(joined(f, 1, conv(f, x, 3, 2), conv(f, x, 3, 5)), 7));
  });

  test('passes an affine of another axis to every part', async () => {
    const f = new Fixture();
    const x = f.input([2, 3, 5, 4]);
    await check(f, f.batchNormalization(joined(f, 2, conv(f, x, 3, 7), conv(f, x, 3, 7)), 7));
  });

  test('spreads the affine of one part over the whole', async () => {
    const f = new Fixture();
    const [x, other] = [f.input([2, 3, 5, 4]), f.input([2, 2, 5, 4], 'other')];
    await check(f, conv(f, joined(f, -3, other, f.batchNormalization(x, 3)), 5, 7));
  });

  test('takes the affine of a value that is joined to itself', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input([2, 3, 5, 4]), 3);
    await check(f, conv(f, joined(f, 1, y, y), 6, 7));
  });

  test('takes the affine of a value that is joined to itself, and then multiplied', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input([2, 3, 5, 4]), 3);
    const z = f.node('Mul', [joined(f, 1, y, y), f.integers([6, 1, 1], 'c')]);
    await check(f, conv(f, z, 6, 7));
  });

  test('asks nothing of a part on which the affine has no effect', async () => {
    const f = new Fixture();
    const [x, other] = [f.input([2, 3, 5, 4]), f.input([2, 1, 5, 3], 'other')];
    const parts = { gamma: [2, 4, 8], beta: [0, 1, 2], mean: [0, 0, 1] };
    await check(f, f.batchNormalization(joined(f, 1, other, conv(f, x, 3, 2)), 3, parts));
  });

  test('refuses if one part does', async () => {
    const f = new Fixture();
    const [x, other] = [f.input([2, 3, 5, 4]), f.input([2, 5, 5, 3], 'other')];
    await check(f, f.batchNormalization(joined(f, 1, conv(f, x, 3, 2), other), 7), 'other is an input');
  });

  test('refuses the affine of one part along another axis, even if all sizes are equal', async () => {
    const f = new Fixture();
    const y = joined(f, 2, f.batchNormalization(f.input([4, 4, 4, 4]), 4), f.input([4, 4, 4, 4], 'other'));
    await check(f, conv(f, y, 4, 7), 'joins axis 2, and the affine of one part acts along axis 1');
  });

  test('refuses parts of unknown sizes', async () => {
    const f = new Fixture();
    const y = joined(f, 1, f.batchNormalization(f.input(['N', 3, 4]), 3), f.input(['N', 'C', 4], 'other'));
    const z = f.node('Conv', [y, f.integers([7, 6, 1])]);
    await check(f, z, 'joins parts of unknown sizes');
  });
});

describe('MaxPool with indices', () => {
  test('is refused', async () => {
    const f = new Fixture();
    const y = f.node('MaxPool', [conv(f, f.input([2, 3, 5, 6]), 3, 7)], { kernel_shape: ints([2, 2]) });
    const indices = f.graph.uniqueName('indices');
    const { Value } = await import('../../../src/onnx/graph.ts');
    (y.producer!.outputs as unknown as (typeof y)[]).push(new Value(indices, { dtype: 'int64' }));
    await check(f, f.batchNormalization(y, 7, { gamma: positive(7) }), 'gives out indices');
  });
});
