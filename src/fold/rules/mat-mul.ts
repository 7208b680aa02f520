import type { Node } from '../../onnx/graph.ts';
import { refuse, type Facts, type Refusal } from '../facts.ts';
import { fits, type Linear } from '../linear.ts';
import { absorb, type Rule } from './rule.ts';

/**
 * MatMul(x, W) with a constant matrix W. Behind it, along the last axis j of y, and in front of it, along the last
 * axis i of x:
 *
 *   s ⊙ (x W) + t = x (W diag(s)) + t           W′[i, j] = W[i, j] · s[j]                        b′ = t
 *   (s ⊙ x + t) W = x (diag(s) W) + tᵀ W        W′[i, j] = s[i] · W[i, j]                        b′ = tᵀ W
 *
 * Shapes: x `[…, K]`, W `[K, N]`, y `[…, N]`, b `[N]`.
 * The axis has to be the last one: a BatchNormalization right behind a MatMul of rank 3 acts along axis 1, which is
 * a row of x, whatever its size. A bias makes it a Gemm where x has rank 2, else an Add follows.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__MatMul.html
 */
export const matMul: Rule = {
  opType: 'MatMul',

  back(node, affine, facts) {
    const linear = linearOf(node, facts);
    if (linear.kind === 'refuse') return linear;
    if (fits(affine, facts.lastAxis(node.outputs[0]), linear.outputs)) return absorb(linear, affine);
    return refuse(
      `${node.label} makes its features along the last axis, and the affine acts along axis ${affine.axis}`,
    );
  },

  forward(node, index, affine, facts) {
    if (index !== 0) return refuse(`${node.label} reads it as its second factor`);
    const linear = linearOf(node, facts);
    if (linear.kind === 'refuse') return linear;
    if (fits(affine, facts.lastAxis(node.inputs[0]), linear.inputs)) return absorb(linear, affine);
    return refuse(`${node.label} multiplies along the last axis, and the affine acts along axis ${affine.axis}`);
  },

  write(node, { weight, bias }, graph) {
    const [x, old] = node.inputs;
    const W = weight ?? old;
    if (!bias) graph.replace(node, { inputs: [x, W] });
    else if (graph.rank(x) === 2) graph.replace(node, { opType: 'Gemm', inputs: [x, W, bias] });
    else graph.append(graph.replace(node, { inputs: [x, W] }), 'Add', bias);
  },

  biasNodes: 1,
};

function linearOf(node: Node, facts: Facts): Linear | Refusal {
  const weight = facts.constant(node.inputs[1]);
  if (facts.opset < 7) return refuse(`${node.label} is of an opset without broadcasting biases`);
  if (weight?.shape.length !== 2) return refuse(`${node.label} has no constant matrix as its second factor`);
  const [inputs, outputs] = [weight.shape[0]!, weight.shape[1]!];
  return {
    kind: 'linear',
    weight,
    rows: inputs,
    columns: outputs,
    taps: 1,
    inputs,
    outputs,
    inputOf: (row) => row,
    outputOf: (_, column) => column,
    alpha: 1,
    beta: 1,
    bias: undefined,
  };
}
