import type { Node } from '../../onnx/graph.ts';
import { isUniform, MOST_ENTRIES, pick, place } from '../algebra/affine.ts';
import { refuse, type Facts, type Refusal } from '../facts.ts';
import { push, type Rule } from './rule.ts';

/**
 * Split cuts x into parts along one axis. In front of it, an affine along that axis is cut with x, and one along
 * another axis goes to every part; all parts have to take theirs in. Behind one part, an affine along that axis is
 * an affine of x that leaves the other parts alone; along another axis it would change them too.
 *
 * Shapes: x `[…, Σ nᵢ, …]`, parts `[…, nᵢ, …]`.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Split.html
 */
export const split: Rule = {
  opType: 'Split',

  back(node, affine, facts, output) {
    const cut = cutOf(node, facts);
    if (cut.kind === 'refuse') return cut;
    if (!isUniform(affine) && affine.axis !== cut.axis) {
      return refuse(`${node.label} splits axis ${cut.axis}, and the affine of one part acts along axis ${affine.axis}`);
    }
    const whole = place({ ...affine, axis: cut.axis }, cut.parts[output]!, cut.parts.flat().length);
    return push({ value: node.inputs[0]!, affine: whole });
  },

  forward(node, index, affine, facts) {
    if (index !== 0) return refuse(`${node.label} reads it as its sizes`);
    const cut = cutOf(node, facts);
    if (cut.kind === 'refuse') return cut;
    const passes = isUniform(affine) || affine.axis !== cut.axis;
    const parts = node.outputs.map((value, part) => ({
      value: value!,
      affine: passes ? affine : pick(affine, cut.parts[part]!),
    }));
    return push(...parts);
  },

  hasParts: true,
};

interface Cut {
  readonly kind: 'cut';
  readonly axis: number;
  /** For each part, which elements of x it gets. */
  readonly parts: readonly (readonly number[])[];
}

function cutOf(node: Node, facts: Facts): Cut | Refusal {
  const axis = facts.axis(node.inputs[0], node.int('axis', 0));
  const sizes = node.outputs.map((output) => facts.shape(output)?.[axis ?? NaN]);
  if (axis === undefined || !sizes.every((size) => typeof size === 'number' && size >= 0)) {
    return refuse(`${node.label} makes parts of unknown sizes`);
  }
  const whole = (sizes as readonly number[]).reduce((sum, size) => sum + size, 0);
  if (whole > MOST_ENTRIES) return refuse(`${node.label} makes parts of unknown sizes`);
  let start = 0;
  const parts = (sizes as readonly number[]).map((size) => {
    start += size;
    return Array.from({ length: size }, (_, index) => start - size + index);
  });
  return { kind: 'cut', axis, parts };
}
