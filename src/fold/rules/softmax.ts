import type { Node } from '../../onnx/graph.ts';
import { isPureShift, isUniform, type Affine } from '../algebra/affine.ts';
import { refuse, type Facts } from '../facts.ts';
import { push, type Rule } from './rule.ts';

/**
 * Softmax and LogSoftmax: exp(x + t) / Σ exp(x + t) = exp(x) / Σ exp(x), so a shift of everything that is summed makes
 * no difference: one number for all, or one along an axis that is not summed. Until opset 12 all axes from `axis` on
 * are summed.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Softmax.html, https://onnx.ai/onnx/operators/onnx__LogSoftmax.html
 */
const normalised = (opType: string): Rule => ({
  opType,
  forward(node, _, affine, facts) {
    if (isPureShift(affine) && isCancelled(node, affine, facts)) return push();
    return refuse(`${node.label} lets no affine through`);
  },
});

export const softmax = normalised('Softmax');
export const logSoftmax = normalised('LogSoftmax');

function isCancelled(node: Node, affine: Affine, facts: Facts): boolean {
  if (isUniform(affine)) return true;
  const first = facts.axis(node.inputs[0], node.int('axis', facts.opset < 13 ? 1 : -1));
  if (first === undefined) return false;
  return facts.opset < 13 ? affine.axis < first : affine.axis !== first;
}
