import type { Node } from '../../onnx/graph.ts';
import { refuse, type Facts } from '../facts.ts';
import type { Rule } from './rule.ts';

/**
 * Cast rounds to another type, and an affine on its other side would be rounded otherwise. It is refused in both
 * directions, by the types that it stands between.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Cast.html
 */
const refusal = (node: Node, facts: Facts) =>
  refuse(
    `${node.label} rounds ${facts.dtype(node.inputs[0]) ?? 'an unknown dtype'} to ${facts.dtype(node.outputs[0]) ?? 'another'}`,
  );

export const cast: Rule = {
  opType: 'Cast',
  back: (node, _, facts) => refusal(node, facts),
  forward: (node, _, __, facts) => refusal(node, facts),
};
