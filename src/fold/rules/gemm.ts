import { float, int } from '../../onnx/attribute.ts';
import type { Node } from '../../onnx/graph.ts';
import { refuse, type Facts, type Refusal } from '../facts.ts';
import { fits, type Linear } from '../algebra/linear.ts';
import type { Numbers } from '../lift/constants.ts';
import { absorb, type Rule } from './rule.ts';

/**
 * Gemm(x, B, C) = alpha · x B + beta · C with constant B and C, x and B transposed if `transA`, `transB` say so.
 * Behind it, along axis 1 of y, and in front of it, along the axis of x that is summed over:
 *
 *   s ⊙ y + t:  B′[i, j] = B[i, j] · s[j]       C′ = s ⊙ beta · C + t
 *   s ⊙ x + t:  B′[i, j] = s[i] · B[i, j]       C′ = beta · C + alpha · tᵀ B
 *
 * with alpha untouched and beta 1 afterwards. Shapes: x `[M, K]`, B `[K, N]`, y `[M, N]`; C is a scalar, `[N]`,
 * `[1, N]`, `[M, 1]` or `[M, N]`, which until opset 6 is broadcast only on request.
 * Axis 0 of y is a sample each, and is refused whatever its size.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Gemm.html
 */
export const gemm: Rule = {
  opType: 'Gemm',

  back(node, affine, facts) {
    const linear = linearOf(node, facts);
    if (linear.kind === 'refuse') return linear;
    if (fits(affine, 1, linear.outputs)) return absorb(linear, affine);
    return refuse(`${node.label} makes its features along axis 1, and the affine acts along axis ${affine.axis}`);
  },

  forward(node, index, affine, facts) {
    if (index !== 0) return refuse(`${node.label} reads it as its second factor or its bias`);
    const linear = linearOf(node, facts);
    if (linear.kind === 'refuse') return linear;
    const axis = node.int('transA', 0) ? 0 : 1;
    if (fits(affine, axis, linear.inputs)) return absorb(linear, affine);
    return refuse(`${node.label} multiplies along axis ${axis}, and the affine acts along axis ${affine.axis}`);
  },

  write(node, { weight, bias }, graph) {
    const [x, B, C] = node.inputs;
    const attributes = new Map(node.attributes);
    if (bias && attributes.has('beta')) attributes.set('beta', float(1));
    if (bias && graph.opset < 7) attributes.set('broadcast', int(1));
    graph.replace(node, { inputs: [x, weight ?? B, bias ?? C], attributes });
  },

  biasNodes: 0,
};

function linearOf(node: Node, facts: Facts): Linear | Refusal {
  const weight = facts.constant(node.inputs[1]);
  const bias = facts.constant(node.inputs[2]);
  if (weight?.shape.length !== 2) return refuse(`${node.label} has no constant matrix as its second factor`);
  if (node.inputs[2] && !bias) return refuse(`${node.label} has a bias that is not a constant`);
  if (bias && bias.shape.length > 2) return refuse(`${node.label} has a bias of rank ${bias.shape.length}`);
  return matrix(node, weight, { beta: node.float('beta', 1), bias });
}

/** alpha · x B of a constant matrix B `[rows, columns]`, transposed if `transB` says so; for Gemm and its kin. */
export function matrix(node: Node, weight: Numbers, { beta, bias }: Pick<Linear, 'beta' | 'bias'>): Linear {
  const transposed = node.int('transB', 0) !== 0;
  const [rows, columns] = [weight.shape[0]!, weight.shape[1]!];
  const first = (row: number) => row;
  const second = (_: number, column: number) => column;
  return {
    kind: 'linear',
    weight,
    rows,
    columns,
    taps: 1,
    inputs: transposed ? columns : rows,
    outputs: transposed ? rows : columns,
    inputOf: transposed ? second : first,
    outputOf: transposed ? first : second,
    alpha: node.float('alpha', 1),
    beta,
    bias,
  };
}
