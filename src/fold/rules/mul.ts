import type { Node } from '../../onnx/graph.ts';
import { affine as affineOf, isPureScale, isZero, type Affine, type Vector } from '../algebra/affine.ts';
import { divide, multiply, ONE, ZERO } from '../algebra/double-double.ts';
import { refuse } from '../facts.ts';
import { towardsOperand, towardsResult } from '../algebra/broadcast.ts';
import { either, push, type Rule, type Step } from './rule.ts';

/**
 * Mul and Div of what was computed: a scale of one factor is a scale of the product, both ways,
 *
 *   s · (x · z) = (s · x) · z = x · (s · z)        s · (x / z) = (s · x) / z = x / (z / s), if no s is 0
 *
 * so behind the node any one of the two may take it in. A shift would be multiplied by the other factor. Where both
 * are the same value, its scale counts twice.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Mul.html, https://onnx.ai/onnx/operators/onnx__Div.html
 */
const product = (opType: string): Rule => ({
  opType,

  back(node, affine, facts): Step {
    if (!isPureScale(affine)) return refuse(`${node.label} lets no shift through`);
    const targets = [0, 1].flatMap((index) => {
      const own = asScaleOf(node, index, affine);
      return (own && towardsOperand(node, index, own, facts)) ?? [];
    });
    if (targets.length > 0) return either(targets.map((target) => push(target)));
    return refuse(`${node.label} repeats its factors along axis ${affine.axis}, along which the affine acts`);
  },

  forward(node, index, affine, facts): Step {
    if (!isPureScale(affine)) return refuse(`${node.label} multiplies the shift by its other factor`);
    const isSquare = node.inputs[0] === node.inputs[1];
    if (isSquare && index > 0) return push();
    const own = isSquare ? twice(node, affine) : asScaleOf(node, index, affine);
    const target = own && towardsResult(node, index, own, facts);
    return target ? push(target) : refuse(`${node.label} divides by a scale of 0, or has factors of unknown ranks`);
  },
});

export const mul = product('Mul');
export const div = product('Div');

/** The scale of the whole as one of a factor, or the other way round; undefined if it were 1 / 0. */
function asScaleOf({ opType }: Node, index: number, affine: Affine): Affine | undefined {
  if (opType === 'Mul' || index === 0) return affine;
  return affine.scale.some(isZero) ? undefined : scaleBy(affine, affine.scale.map((s) => divide(ONE, s))); // prettier-ignore
}

function twice({ opType }: Node, affine: Affine): Affine | undefined {
  if (opType === 'Mul') return scaleBy(affine, affine.scale.map((s) => multiply(s, s))); // prettier-ignore
  return affine.scale.some(isZero) ? undefined : scaleBy(affine, [ONE]);
}

const scaleBy = ({ axis }: Affine, scale: Vector): Affine => affineOf(axis, scale, [ZERO]);
