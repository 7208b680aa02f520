import type { Node, Value } from '../../onnx/graph.ts';
import { isNotNegative, isPureScale, isUniform, type Affine } from '../algebra/affine.ts';
import { add, exact, multiply } from '../algebra/double-double.ts';
import { refuse, type Facts } from '../facts.ts';
import { push, type Rule, type Step, type Target } from './rule.ts';

/**
 * Clip(x, lo, hi): where both bounds are 0, infinite or left out, it has its kinks at 0 only, and a scale ≥ 0 passes as
 * it does Relu. Behind other bounds, such as those of Relu6, one number for all can be taken apart,
 *
 *   s · Clip(x, lo, hi) + t = Clip(s · x + t, s · lo + t, s · hi + t)        s ≥ 0
 *
 * if the new bounds are floats: a bound that had to be rounded would show in every element that meets it.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Clip.html (bounds are attributes until opset 10, inputs since 11)
 */
export const clip: Rule = {
  opType: 'Clip',

  back(node, affine, facts): Step {
    const x = { value: node.inputs[0]!, affine };
    const blocked = scaleBlocked(node, affine);
    if (blocked) return blocked;
    if (isPureScale(affine) && isKinkedAtZero(node, facts)) return push(x);
    const bounds = boundsOf(node, affine, facts);
    return bounds ? push(x, ...bounds) : refuse(`${node.label} has bounds that do not move to floats`);
  },

  forward(node, index, affine, facts): Step {
    if (index !== 0) return refuse(`${node.label} reads it as a bound`);
    const blocked = scaleBlocked(node, affine);
    if (blocked) return blocked;
    if (isPureScale(affine) && isKinkedAtZero(node, facts)) return push({ value: node.outputs[0]!, affine });
    return refuse(`${node.label} has bounds that an affine in front would move`);
  },
};

function scaleBlocked(node: Node, { scale }: Affine): Step | undefined {
  return scale.every(isNotNegative) ? undefined : refuse(`${node.label} lets no negative scale through`);
}

/** Bounds beyond the largest float32 are as good as none; they are the default of older opsets. */
const LARGEST = 3.4028234663852886e38;

function isKinkedAtZero(node: Node, facts: Facts): boolean {
  const bounds =
    facts.opset < 11 ? [node.float('min', -LARGEST), node.float('max', LARGEST)] : node.inputs.slice(1).map((bound) => (bound ? facts.constant(bound)?.data[0] : Infinity)); // prettier-ignore
  return bounds.every((bound) => bound === 0 || (bound !== undefined && Math.abs(bound) >= LARGEST));
}

/** The bounds as constants that take the affine in, if they stay floats. */
function boundsOf(node: Node, affine: Affine, facts: Facts): Target[] | undefined {
  if (!isUniform(affine) || facts.opset < 11) return undefined;
  const bounds = node.inputs.slice(1, 3).filter((bound) => bound !== undefined);
  return bounds.every((bound) => staysFloat(bound, affine, facts)) ? bounds.map((value) => ({ value, affine })) : undefined; // prettier-ignore
}

function staysFloat(bound: Value, { scale, shift }: Affine, facts: Facts): boolean {
  const constant = facts.constant(bound);
  if (constant?.data.length !== 1 || constant.dtype !== 'float32') return false;
  const { hi, lo, error } = add(multiply(scale[0]!, exact(constant.data[0]!)), shift[0]!);
  return lo === 0 && error === 0 && Math.fround(hi) === hi;
}
