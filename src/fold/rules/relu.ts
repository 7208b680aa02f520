import type { Node, Value } from '../../onnx/graph.ts';
import { isNotNegative, isPureScale, type Affine } from '../algebra/affine.ts';
import { refuse } from '../facts.ts';
import { push, type Rule, type Step } from './rule.ts';

/**
 * Relu, LeakyRelu and PRelu are lines through 0 on either side of it: f(s · x) = s · f(x) for s ≥ 0, whatever the
 * slopes, which stay as they are. A negative s would swap the sides, and a shift would move the kink.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Relu.html, …LeakyRelu.html, …PRelu.html
 */
const kinkedAtZero = (opType: string): Rule => ({
  opType,
  back: (node, affine) => passed(node, affine, node.inputs[0]!),
  forward: (node, index, affine) => {
    if (index !== 0) return refuse(`${node.label} reads it as its slope`);
    return passed(node, affine, node.outputs[0]!);
  },
});

export const relu = kinkedAtZero('Relu');
export const leakyRelu = kinkedAtZero('LeakyRelu');
export const pRelu = kinkedAtZero('PRelu');

function passed(node: Node, affine: Affine, value: Value): Step {
  if (!isPureScale(affine)) return refuse(`${node.label} lets no shift through`);
  if (!affine.scale.every(isNotNegative)) return refuse(`${node.label} lets no negative scale through`);
  return push({ value, affine });
}
