import { describe, expect, test } from 'vitest';
import { inferTypes } from '../../src/onnx/shapes/infer.ts';
import { SHAPE_RULES } from '../../src/onnx/shapes/rules.ts';
import { graphOf, outcomesOf } from './evaluate/against-onnxruntime.ts';
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
    const { graph } = graphOf(each, true);
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
