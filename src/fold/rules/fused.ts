import type { Node } from '../../onnx/graph.ts';
import { isNotNegative, isPureScale, type Affine } from '../algebra/affine.ts';
import { refuse, type Facts, type Refusal } from '../facts.ts';
import { fits, type Linear } from '../algebra/linear.ts';
import { conv } from './conv.ts';
import { gemm, matrix } from './gemm.ts';
import { absorb, type Rule } from './rule.ts';

/**
 * What onnxruntime's own optimiser writes into a model that it saves, in the domain com.microsoft:
 *
 *   FusedConv(x, W, b, z) = f(Conv(x, W, b) + z)        f by `activation`, none if that is absent; z is optional
 *   FusedGemm(x, B, C)    = f(Gemm(x, B, C))
 *   FusedMatMul(x, W)     = alpha · x W                 x and W transposed if `transA`, `transB` say so
 *
 * An affine in front of them goes into the weights, before f and apart from z. One behind them has to pass f first:
 * Relu and LeakyRelu let a scale ≥ 0 pass, f(s · u) = s · f(u), and other activations nothing. Past z only a shift
 * goes, which the bias takes; a scale would have to reach z too.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Conv.html, …Gemm.html, …MatMul.html; for what is fused to them
 *         https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
 */
const pastActivation = (plain: Rule): NonNullable<Rule['back']> => {
  return (node, affine, facts, output) => inTheWay(node, affine) ?? plain.back!(node, affine, facts, output);
};

export const fusedConv: Rule = {
  opType: 'FusedConv',
  domain: 'com.microsoft',
  back: pastActivation(conv),
  forward: conv.forward!,
  write(node, { weight, bias }, graph) {
    const [x, W, b, ...others] = node.inputs;
    graph.replace(node, { inputs: [x, weight ?? W, bias ?? b, ...others] });
  },
  biasNodes: 0,
};

export const fusedGemm: Rule = { ...gemm, opType: 'FusedGemm', domain: 'com.microsoft', back: pastActivation(gemm) };

export const fusedMatMul: Rule = {
  opType: 'FusedMatMul',
  domain: 'com.microsoft',

  back(node, affine, facts) {
    const linear = linearOf(node, facts);
    if (linear.kind === 'refuse') return linear;
    if (fits(affine, facts.lastAxis(node.inputs[0]), linear.outputs)) return absorb(linear, affine);
    return refuse(`${node.label} makes its features along the last axis, not along axis ${affine.axis}`);
  },

  forward(node, index, affine, facts) {
    if (index !== 0) return refuse(`${node.label} reads it as its second factor`);
    const linear = linearOf(node, facts);
    if (linear.kind === 'refuse') return linear;
    const axis = facts.rank(node.inputs[0])! - (node.int('transA', 0) ? 2 : 1);
    if (fits(affine, axis, linear.inputs)) return absorb(linear, affine);
    return refuse(`${node.label} multiplies along axis ${axis}, and the affine acts along axis ${affine.axis}`);
  },

  write(node, { weight, bias }, graph) {
    const [x, W] = node.inputs;
    const made = graph.replace(node, { inputs: [x, weight ?? W] });
    if (bias) graph.append(made, 'Add', bias);
  },

  biasNodes: 1,
};

function inTheWay(node: Node, affine: Affine): Refusal | undefined {
  if (node.inputs[3] && affine.scale.some(({ hi, lo }) => hi !== 1 || lo !== 0))
    return refuse(`${node.label} adds ${node.inputs[3].name}, which the scale would not reach`);
  const activation = node.string('activation', '');
  if (activation === '' || activation === 'Identity') return undefined;
  if (activation !== 'Relu' && activation !== 'LeakyRelu')
    return refuse(`${node.label} ends in ${activation}, which lets no affine through`);
  if (!isPureScale(affine)) return refuse(`${node.label} ends in ${activation}, which lets no shift through`);
  if (affine.scale.every(isNotNegative)) return undefined;
  return refuse(`${node.label} ends in ${activation}, which lets no negative scale through`);
}

function linearOf(node: Node, facts: Facts): Linear | Refusal {
  const weight = facts.constant(node.inputs[1]);
  const rank = facts.rank(node.inputs[0]);
  if (weight?.shape.length !== 2) return refuse(`${node.label} has no constant matrix as its second factor`);
  if (rank === undefined || rank < 2) return refuse(`${node.label} has a first factor of unknown rank`);
  if (node.int('transBatchA', 0) || node.int('transBatchB', 0)) return refuse(`${node.label} moves its batch axis`);
  return matrix(node, weight, { beta: 1, bias: undefined });
}
