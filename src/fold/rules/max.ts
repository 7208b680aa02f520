import { isNotNegative } from '../algebra/affine.ts';
import { refuse } from '../facts.ts';
import { towardsOperand } from '../algebra/broadcast.ts';
import { push, type Rule, type Step } from './rule.ts';

/**
 * Max and Min of what was computed: max(s · xᵢ + t) = s · max(xᵢ) + t for s ≥ 0 and any t, if all operands have the
 * same. A negative s would turn one into the other. Of a single tensor they are copies, which let any affine pass.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Max.html, https://onnx.ai/onnx/operators/onnx__Min.html
 */
const extreme = (opType: string): Rule => ({
  opType,

  back(node, affine, facts): Step {
    if (node.inputs.length > 1 && !affine.scale.every(isNotNegative))
      return refuse(`${node.label} lets no negative scale through`);
    const targets = node.inputs.map((_, index) => towardsOperand(node, index, affine, facts));
    if (targets.every((target) => target !== undefined)) return push(...targets);
    return refuse(`${node.label} repeats an operand along axis ${affine.axis}, along which the affine acts`);
  },

  forward(node, _, affine): Step {
    if (node.inputs.length === 1) return push({ value: node.outputs[0]!, affine });
    return refuse(`${node.label} compares it with what the affine does not reach`);
  },
});

export const max = extreme('Max');
export const min = extreme('Min');
