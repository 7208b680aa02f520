import type { Node, Value } from '../../onnx/graph.ts';
import { isPureScale, isUniform, type Affine } from '../affine.ts';
import { intsOf, refuse, type Facts } from '../facts.ts';
import { push, type Rule, type Step } from './rule.ts';

/**
 * Pad. With zeros around x, a scale passes, since s · 0 = 0, but a shift does not: behind the Pad it reaches the rim,
 * in front of it it does not. A rim made of elements of x (`edge`, `reflect`, `wrap`) lets every affine pass. The
 * axis of the affine must not be padded itself, or its vector would change its length; a uniform affine has none.
 *
 * Shapes: x `[d₀, …]`, y `[d₀ + pads[0] + pads[rank], …]`; since opset 18 possibly only some `axes` are padded.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Pad.html
 */
export const pad: Rule = {
  opType: 'Pad',
  back: (node, affine, facts) => passed(node, affine, node.inputs[0]!, facts),
  forward: (node, index, affine, facts) => {
    if (index !== 0) return refuse(`${node.label} reads it as its padding`);
    return passed(node, affine, node.outputs[0]!, facts);
  },
};

function passed(node: Node, affine: Affine, value: Value, facts: Facts): Step {
  const pads = node.ints('pads') ?? intsOf(node, 'paddings', 1, facts);
  const rank = facts.rank(node.inputs[0]) ?? NaN;
  if (pads?.length !== 2 * rank || node.inputs[3]) return refuse(`${node.label} pads by amounts that are not known`);
  if (!isUniform(affine) && (pads[affine.axis] !== 0 || pads[affine.axis + rank] !== 0)) {
    return refuse(`${node.label} pads axis ${affine.axis}, along which the affine acts`);
  }
  const addsConstant = node.string('mode', 'constant') === 'constant' && pads.some((amount) => amount > 0);
  if (!addsConstant) return push({ value, affine });
  if (padValue(node, facts) !== 0) return refuse(`${node.label} pads with a value that is not known to be 0`);
  if (isPureScale(affine)) return push({ value, affine });
  return refuse(`${node.label} pads with zeros, which a shift does not leave alone`);
}

/** The constant around x; 0 if nothing is said. */
function padValue(node: Node, facts: Facts): number | undefined {
  if (node.inputs[2]) return facts.numbers(node.inputs[2])?.[0];
  return node.float('value', 0);
}
