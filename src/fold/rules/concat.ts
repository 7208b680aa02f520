import type { Node } from '../../onnx/graph.ts';
import { affine as affineOf, isUniform, type Affine, type Vector } from '../algebra/affine.ts';
import { ONE, ZERO } from '../algebra/double-double.ts';
import { refuse, type Facts } from '../facts.ts';
import { push, type Rule, type Step } from './rule.ts';

/**
 * Concat. Behind it, an affine along the joined axis is cut into one for each part, and one along another axis goes
 * to every part as it is; all parts have to take theirs in. In front of it, the affine of one part is an affine of
 * the whole that leaves the other parts alone, if it acts along the joined axis.
 *
 * Shapes: parts `[…, nᵢ, …]`, y `[…, Σ nᵢ, …]`.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Concat.html
 */
export const concat: Rule = {
  opType: 'Concat',

  back(node, affine, facts): Step {
    const joined = joinedAxis(node, facts);
    if (joined.kind === 'refuse') return joined;
    const parts = node.inputs.map((value, part) => ({ value: value!, affine: partOf(affine, joined, part) }));
    return push(...parts);
  },

  forward(node, index, affine, facts): Step {
    const joined = joinedAxis(node, facts);
    if (joined.kind === 'refuse') return joined;
    const { axis, sizes } = joined;
    if (!isUniform(affine) && affine.axis !== axis) {
      return refuse(`${node.label} joins axis ${axis}, and the affine of one part acts along axis ${affine.axis}`);
    }
    const whole = (vector: Vector, neutral: Vector) =>
      sizes.flatMap((size, part) => spread(part === index ? vector : neutral, size));
    return push({
      value: node.outputs[0]!,
      affine: affineOf(axis, whole(affine.scale, [ONE]), whole(affine.shift, [ZERO])),
    });
  },
};

interface Joined {
  readonly kind: 'joined';
  readonly axis: number;
  readonly sizes: readonly number[];
}

function joinedAxis(node: Node, facts: Facts) {
  const axis = facts.axis(node.outputs[0], node.int('axis', 1));
  const sizes = node.inputs.map((input) => facts.shape(input)?.[axis ?? NaN]);
  if (axis !== undefined && sizes.every((size) => typeof size === 'number')) {
    return { kind: 'joined', axis, sizes } satisfies Joined;
  }
  return refuse(`${node.label} joins parts of unknown sizes`);
}

function partOf(whole: Affine, { axis, sizes }: Joined, part: number): Affine {
  if (isUniform(whole) || whole.axis !== axis) return whole;
  const start = sizes.slice(0, part).reduce((sum, size) => sum + size, 0);
  const cut = (vector: Vector) => vector.slice(start, start + sizes[part]!);
  return affineOf(axis, cut(whole.scale), cut(whole.shift));
}

const spread = (vector: Vector, size: number): Vector =>
  vector.length === size ? vector : new Array<Vector[number]>(size).fill(vector[0]!);
