import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/tensor.ts';
import { inferTypes } from '../../src/onnx/shapes/infer.ts';
import { multiplicationsOf } from '../../src/onnx/shapes/cost.ts';
import { SHAPE_RULES } from '../../src/onnx/shapes/rules.ts';
import { graphOf, outcomesOf, type Known } from './evaluate/against-onnxruntime.ts';
import { OPTIONS } from './evaluate/options.ts';

/** A part of their shape stays unknown. */
const PARTLY_UNKNOWN: readonly string[] = [
  'a ConstantOfShape of integers',
  'a Pad of some axes, cutting',
  'a Resize to sizes, stretch',
  'a Resize to sizes, not_larger',
  'a Resize to sizes, not_smaller',
  'a Resize by linear to a part',
  'a Resize by cubic to a part',
];

const ruled = OPTIONS.filter(([, { opType, domain = '' }]) => domain === '' && SHAPE_RULES.has(opType));

describe('the shapes and types that are inferred are those that onnxruntime gives', () => {
  test.each(ruled)('%s', async (says, given) => {
    const each = { attributes: {}, ...given };
    const { graph } = graphOf(each, ({ shape }, i) => (i > 0 ? 'constant' : shape));
    graph.model.opsets.set('', given.opset ?? 17);
    const types = inferTypes(graph);
    for (const [i, { expected }] of (await outcomesOf(each))!.entries()) {
      // Statistics of a LayerNormalization are for training.
      if (i > 0 && given.opType === 'LayerNormalization') return;
      const [shape, dtype] = [types.shape(graph.outputs[i]), types.dtype(graph.outputs[i])];
      if (PARTLY_UNKNOWN.includes(says)) expect(shape?.every((dim) => dim !== '') ?? false).toBe(false);
      else expect({ shape, dtype }).toEqual({ shape: expected.shape, dtype: expected.dtype });
    }
  });
});

/** `x1_2` is axis 2 of input 1. */
const symbols = ({ shape }: Tensor, i: number): Known => shape.map((_, axis) => `x${String(i)}_${String(axis)}`);
const LESS: readonly (readonly [says: string, known: (tensor: Tensor, i: number) => Known])[] = [
  ['no shape', () => undefined],
  ['names for all sizes', symbols],
  ['names for all sizes, and constants', (tensor, i) => (i > 0 ? 'constant' : symbols(tensor, i))],
  ['constants, and nothing of the first', (_, i) => (i > 0 ? 'constant' : undefined)],
  ['nothing but the first', ({ shape }, i) => (i > 0 ? undefined : shape)],
  ['sizes, and no constants', ({ shape }) => shape],
  ['a name for the first size', ({ shape }, i) => (i > 0 ? 'constant' : shape.map((size, axis) => (axis === 0 ? 'x0_0' : size)))],
]; // prettier-ignore

describe('what is inferred from less is not another shape', () => {
  test.each(ruled)('%s', async (_, given) => {
    const each = { attributes: {}, ...given };
    const outcomes = (await outcomesOf(each))!;
    for (const [says, known] of LESS) {
      const { graph } = graphOf(each, known);
      graph.model.opsets.set('', given.opset ?? 17);
      const types = inferTypes(graph);
      const sizeOf = (name: string) => {
        const place = /^x(\d+)_(\d+)$/.exec(name);
        return place ? given.inputs[Number(place[1])]!.shape[Number(place[2])] : undefined;
      };
      for (const [i, { expected }] of outcomes.entries()) {
        const shape = types.shape(graph.outputs[i]);
        if (!shape) continue;
        const found = shape.map((dim, axis) => (typeof dim === 'number' ? dim : (sizeOf(dim) ?? expected.shape[axis])));
        expect(found, says).toEqual(expected.shape);
      }
      expect(multiplicationsOf(graph) ?? 0).toBeGreaterThanOrEqual(0);
    }
  });
});
