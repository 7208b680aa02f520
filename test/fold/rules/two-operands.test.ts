import { describe, expect, test } from 'vitest';
import { ints } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { checkFold, type CheckOptions } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

const conv = (f: Fixture, x: Value, C: number, M: number) => f.node('Conv', [x, f.integers([M, C, 1, 2]), f.integers([M], 'b')]); // prettier-ignore
const image = (f: Fixture, name = 'x') => f.input([2, 3, 5, 4], name);
const noShift = (channels: number) => ({ beta: zeros(channels), mean: zeros(channels) });
const noScale = (channels: number) => ({ gamma: new Array<number>(channels).fill(2) });
const zeros = (length: number) => new Array<number>(length).fill(0);

/** The graph folds to these operators, or the first BatchNormalization that is left says this. */
async function check(f: Fixture, output: Value, expected: readonly string[] | string, options: CheckOptions = {}) {
  const report = await checkFold(f.done(output), undefined, options);
  if (typeof expected === 'string') expect(report.batchNormalizations.kept[0]?.reason).toContain(expected);
  else expect(report.nodes.after).toBe(expected.length);
  return report;
}

describe('Add of what was computed', () => {
  for (const opType of ['Add', 'Sub', 'Sum']) {
    test(`${opType} of two convolutions sends scale and shift back into the weights`, async () => {
      const f = new Fixture();
      const y = f.node(opType, [conv(f, image(f), 3, 7), conv(f, image(f, 'z'), 3, 7)]);
      await check(f, f.batchNormalization(y, 7), ['Conv', 'Conv', opType]);
    });

    test(`${opType} lets the shift of its second operand pass forward`, async () => {
      const f = new Fixture();
      const z = f.batchNormalization(image(f, 'z'), 3, noScale(3));
      await check(f, conv(f, f.node(opType, [image(f), z]), 3, 7), [opType, 'Conv']);
    });
  }

  test('Mean of three sends n times the shift to one of them', async () => {
    const f = new Fixture();
    const parts = ['k', 'l', 'm'].map((name) => conv(f, image(f, name), 3, 7));
    await check(f, f.batchNormalization(f.node('Mean', parts), 7), ['Conv', 'Conv', 'Conv', 'Mean'], { tolerance: 'layer' }); // prettier-ignore
  });

  test('Mean of two lets half of the shift of one pass forward', async () => {
    const f = new Fixture();
    const y = f.node('Mean', [f.batchNormalization(image(f), 3, noScale(3)), image(f, 'z')]);
    await check(f, conv(f, y, 3, 7), ['Mean', 'Conv']);
  });

  test('sends the shift to the operand that can take it', async () => {
    const f = new Fixture();
    const gate = f.node('Relu', [conv(f, image(f), 3, 7)]);
    const y = f.node('Add', [gate, conv(f, image(f, 'z'), 3, 7)]);
    const parts = { gamma: [2, 4, 1, 8, 2, 4, 2] };
    await check(f, f.batchNormalization(y, 7, parts), ['Conv', 'Relu', 'Conv', 'Add']);
  });

  test('asks nothing of the other operand for a shift alone', async () => {
    const f = new Fixture();
    const y = f.node('Add', [f.node('Sigmoid', [f.input([2, 7, 5, 3], 's')]), conv(f, image(f), 3, 7)]);
    await check(f, f.batchNormalization(y, 7, noScale(7)), ['Sigmoid', 'Conv', 'Add'], { tolerance: 'layer' });
  });

  test('of a residual that others read is refused', async () => {
    const f = new Fixture();
    const x = conv(f, image(f), 3, 3);
    const y = f.node('Add', [x, f.node('Conv', [x, f.integers([3, 3, 1, 1])])]);
    await check(f, f.batchNormalization(y, 3), 'is read by');
  });

  test('of one value twice is refused behind it, and doubles a shift in front of it', async () => {
    const f = new Fixture();
    const x = conv(f, image(f), 3, 7);
    await check(f, f.batchNormalization(f.node('Add', [x, x]), 7), 'is read twice by');
    const g = new Fixture();
    const z = g.batchNormalization(image(g), 3);
    await check(g, conv(g, g.node('Add', [z, z]), 3, 7), ['Add', 'Conv']);
    const h = new Fixture();
    const zero = h.batchNormalization(image(h), 3);
    await check(h, conv(h, h.node('Sub', [zero, zero]), 3, 7), ['Sub', 'Conv']);
  });

  test('refuses a scale in front of one operand', async () => {
    const f = new Fixture();
    const y = f.node('Add', [f.batchNormalization(image(f), 3), image(f, 'z')]);
    await check(f, conv(f, y, 3, 7), 'adds what the scale does not reach');
  });

  test('that repeats an operand lets an affine pass along the other axes only', async () => {
    const f = new Fixture();
    const row = conv(f, f.input([2, 3, 1, 4], 'row'), 3, 7);
    await check(f, f.batchNormalization(f.node('Add', [row, conv(f, image(f), 3, 7)]), 7), ['Conv', 'Conv', 'Add']);
    const g = new Fixture();
    const one = conv(g, g.input([2, 3, 5, 4], 'one'), 3, 1);
    const other = g.node('Relu', [conv(g, image(g), 3, 7)]);
    await check(g, g.batchNormalization(g.node('Add', [one, other]), 7), 'repeats a term along axis 1', { tolerance: 'layer' }); // prettier-ignore
  });

  test('aligns operands of lower rank from the right, whatever their sizes', async () => {
    const f = new Fixture();
    const low = f.node('MatMul', [f.input([4, 4], 'low'), f.integers([4, 4])]);
    const y = f.node('Add', [low, conv(f, f.input([4, 4, 4, 5]), 4, 4)]);
    await check(f, f.batchNormalization(y, 4), 'repeats a term along axis 1');
    const g = new Fixture();
    const wide = g.node('Transpose', [g.batchNormalization(g.input([7, 5], 'low'), 5, noScale(5))], { perm: ints([1, 0]) }); // prettier-ignore
    const sum = g.node('Add', [wide, g.input([2, 3, 5, 7])]);
    const t = g.node('Transpose', [sum], { perm: ints([0, 1, 3, 2]) });
    await check(g, g.node('MatMul', [t, g.integers([5, 11])]), ['Transpose', 'Add', 'Transpose', 'MatMul', 'Add']);
  });
});

describe('Mul of what was computed', () => {
  for (const opType of ['Mul', 'Div']) {
    test(`${opType} sends a scale back into one factor`, async () => {
      const f = new Fixture();
      const gate = f.node('Sigmoid', [f.input([2, 7, 1, 1], 'gate')]);
      const y = f.node(opType, [conv(f, image(f), 3, 7), gate]);
      await check(f, f.batchNormalization(y, 7, noShift(7)), ['Conv', 'Sigmoid', opType], { tolerance: 'layer' });
    });

    test(`${opType} sends a scale back into its second factor, if the first cannot take it`, async () => {
      const f = new Fixture();
      const second = conv(f, image(f), 3, 7);
      const y = f.node(opType, [f.node('Exp', [f.input([2, 7, 5, 3], 'e')]), second]);
      // A convolution of integers may well be 0, by which nothing can be divided.
      const options = { tolerance: 'layer', runs: opType === 'Mul' } as const;
      await check(f, f.batchNormalization(y, 7, noShift(7)), ['Exp', 'Conv', opType], options);
    });

    test(`${opType} lets the scale of either factor pass forward`, async () => {
      for (const index of [0, 1]) {
        const f = new Fixture();
        const positive = f.node('Exp', [image(f, 'e')]);
        const scaled = f.batchNormalization(positive, 3, { ...noShift(3), gamma: [2, 4, -1] });
        const other = f.node('Exp', [image(f)]);
        const y = conv(f, f.node(opType, index === 0 ? [scaled, other] : [other, scaled]), 3, 7);
        const report = await checkFold(f.done(y), undefined, { tolerance: 'layer' });
        expect(report.batchNormalizations.kept).toEqual([]);
      }
    });
  }

  test('squares the scale of a value multiplied by itself', async () => {
    const f = new Fixture();
    const z = f.batchNormalization(image(f), 3, noShift(3));
    await check(f, conv(f, f.node('Mul', [z, z]), 3, 7), ['Mul', 'Conv']);
  });

  test('leaves the shift of a BatchNormalization as an Add', async () => {
    const f = new Fixture();
    const y = f.node('Mul', [conv(f, image(f), 3, 7), f.node('Sigmoid', [f.input([2, 7, 1, 1], 'gate')])]);
    const report = await checkFold(f.done(f.batchNormalization(y, 7)), undefined, { tolerance: 'layer' });
    expect(report.folds[0]).toMatchObject({ opType: 'BatchNormalization', leaves: 'Add' });
  });

  test('refuses a shift in front of a factor', async () => {
    const f = new Fixture();
    const y = f.node('Mul', [f.batchNormalization(image(f), 3), image(f, 'z')]);
    await check(f, f.node('Sigmoid', [y]), 'multiplies the shift by its other factor');
  });

  test('refuses to divide by a channel scaled by 0', async () => {
    const f = new Fixture();
    const z = f.batchNormalization(image(f, 'z'), 3, { ...noShift(3), gamma: [2, 0, 4] });
    const y = conv(f, f.node('Div', [image(f), z]), 3, 7);
    await check(f, y, 'divides by a scale of 0', { runs: false });
  });
});

describe('Max and Min of what was computed', () => {
  for (const opType of ['Max', 'Min']) {
    test(`${opType} sends an affine without a negative scale to every operand`, async () => {
      const f = new Fixture();
      const y = f.node(opType, [conv(f, image(f), 3, 7), conv(f, image(f, 'z'), 3, 7)]);
      const gamma = [2, 4, 0, 8, 1, 2, 4];
      await check(f, f.batchNormalization(y, 7, { gamma }), ['Conv', 'Conv', opType]);
    });

    test(`${opType} refuses a negative scale`, async () => {
      const f = new Fixture();
      const y = f.node(opType, [conv(f, image(f), 3, 7), conv(f, image(f, 'z'), 3, 7)]);
      await check(f, f.batchNormalization(y, 7, { gamma: [2, 4, -2, 8, 1, 2, 4] }), 'lets no negative scale through');
    });

    test(`${opType} refuses an affine in front of one operand`, async () => {
      const f = new Fixture();
      const y = f.node(opType, [f.batchNormalization(image(f), 3), image(f, 'z')]);
      await check(f, conv(f, y, 3, 7), 'compares it with what the affine does not reach');
    });
  }

  test('of a single tensor lets every affine pass', async () => {
    const f = new Fixture();
    await check(f, f.batchNormalization(f.node('Max', [conv(f, image(f), 3, 7)]), 7), ['Conv', 'Max']);
    const g = new Fixture();
    await check(g, conv(g, g.node('Min', [g.batchNormalization(image(g), 3)]), 3, 7), ['Min', 'Conv']);
  });
});
