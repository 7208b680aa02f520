import type { Node } from '../../onnx/graph.ts';
import { isPermutation } from '../../onnx/shapes/dims.ts';
import { along, isUniform, type Affine } from '../algebra/affine.ts';
import { refuse, type Facts } from '../facts.ts';
import { push, type Rule } from './rule.ts';

/**
 * Transpose: axis a of y is axis `perm[a]` of x, and the vector stays as it is. Without `perm` the axes are reversed.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Transpose.html
 */
export const transpose: Rule = {
  opType: 'Transpose',

  back(node, affine, facts) {
    return moved(node, affine, permutationOf(node, facts)?.[affine.axis], 'inputs');
  },

  forward(node, _, affine, facts) {
    return moved(node, affine, permutationOf(node, facts)?.indexOf(affine.axis), 'outputs');
  },
};

function moved(node: Node, affine: Affine, axis: number | undefined, side: 'inputs' | 'outputs') {
  const value = node[side][0]!;
  if (isUniform(affine)) return push({ value, affine });
  if (axis === undefined || axis < 0) return refuse(`${node.label} permutes the axes in an unknown order`);
  return push({ value, affine: along(affine, axis) });
}

/** `undefined` if it is left out and the rank is not known, or if it is none of these axes. */
export function permutationOf(node: Node, facts: Facts): readonly number[] | undefined {
  const rank = facts.rank(node.inputs[0]) ?? facts.rank(node.outputs[0]);
  const given = node.ints('perm');
  if (given) return isPermutation(given, rank) ? given : undefined;
  return rank === undefined ? undefined : Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
}
