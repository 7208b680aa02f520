import { towardsOperand } from '../algebra/broadcast.ts';
import { refuse } from '../facts.ts';
import { push, type Rule } from './rule.ts';

/**
 * Where takes each element from the one or the other of two tensors, so an affine behind it is the same affine of both.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Where.html
 */
export const where: Rule = {
  opType: 'Where',

  back(node, affine, facts) {
    const targets = [1, 2].map((index) => towardsOperand(node, index, affine, facts));
    if (targets.every((target) => target !== undefined)) return push(...targets);
    return refuse(`${node.label} repeats one of its tensors along axis ${affine.axis}, along which the affine acts`);
  },

  forward: (node) => refuse(`${node.label} chooses between it and what the affine does not reach`),
};
