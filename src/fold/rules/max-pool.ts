import type { Node, Value } from '../../onnx/graph.ts';
import { isNotNegative, isUniform, type Affine } from '../algebra/affine.ts';
import { refuse } from '../facts.ts';
import { push, type Rule, type Step } from './rule.ts';

/**
 * MaxPool and GlobalMaxPool: max(s · x + t) = s · max(x) + t for s ≥ 0 and any t, padding included, since it is −∞
 * and never the largest. A negative s would need a minimum. With indices asked for, a channel scaled by 0 would turn
 * all of its elements into the largest.
 *
 * Shapes: x `[N, C, …]`, pooled behind axis 1; the affine must act in front of that.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__MaxPool.html
 */
const largest = (opType: string): Rule => ({
  opType,
  back: (node, affine) => passed(node, affine, node.inputs[0]!),
  forward: (node, _, affine) => passed(node, affine, node.outputs[0]!),
});

export const maxPool = largest('MaxPool');
export const globalMaxPool = largest('GlobalMaxPool');

function passed(node: Node, affine: Affine, value: Value): Step {
  if (node.outputs[1]) return refuse(`${node.label} gives out indices`);
  if (!isUniform(affine) && affine.axis > 1) return refuse(`${node.label} pools along axis ${affine.axis}`);
  if (!affine.scale.every(isNotNegative)) return refuse(`${node.label} lets no negative scale through`);
  return push({ value, affine });
}
