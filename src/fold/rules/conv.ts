import type { Node } from '../../onnx/graph.ts';
import { windowsOf } from '../../onnx/shapes/window.ts';
import { isPureScale } from '../affine.ts';
import { refuse, type Facts, type Refusal } from '../facts.ts';
import { fits, type Linear } from '../linear.ts';
import { absorb, type Rule } from './rule.ts';

/**
 * Conv(x, W, b) of any rank and group. For output channel m, its group's input channels i and kernel positions k:
 *
 *   behind:    W′[m, i, k] = s[m] · W[m, i, k]                     b′[m] = s[m] · b[m] + t[m]
 *   in front:  W′[m, i, k] = W[m, i, k] · s[c]                     b′[m] = b[m] + Σ_i,k W[m, i, k] · t[c]
 *
 * where c = ⌊m / (M / group)⌋ · C / group + i. Shapes: x `[N, C, …]`, W `[M, C/group, …kernel]`, b `[M]`.
 *
 * Behind, s multiplies the finished sum, so every stride, dilation and padding holds. In front, a scale passes any
 * padding, since 0 stays 0; but a shift is missing from the padded zeros, so with t ≠ 0 the windows of the rim see
 * less of it than the others, and no constant bias is right for both: that needs a Conv without padding.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Conv.html
 */
export const conv: Rule = {
  opType: 'Conv',

  back(node, affine, facts) {
    const linear = linearOf(node, facts);
    if (linear.kind === 'refuse') return linear;
    if (fits(affine, 1, linear.outputs)) return absorb(linear, affine);
    return refuse(`${node.label} makes its channels along axis 1, and the affine acts along axis ${affine.axis}`);
  },

  forward(node, index, affine, facts) {
    if (index !== 0) return refuse(`${node.label} reads it as its weights or its bias`);
    const linear = linearOf(node, facts);
    if (linear.kind === 'refuse') return linear;
    if (!fits(affine, 1, linear.inputs)) {
      return refuse(`${node.label} sums over axis 1, and the affine acts along axis ${affine.axis}`);
    }
    if (isPureScale(affine) || hasNoPadding(node, linear, facts)) return absorb(linear, affine);
    return refuse(`${node.label} pads with zeros, which the shift would not reach`);
  },

  write(node, { weight, bias }, graph) {
    const [x, W, b] = node.inputs;
    graph.replace(node, { inputs: [x, weight ?? W, bias ?? b] });
  },

  biasNodes: 0,
};

function hasNoPadding(node: Node, { weight }: Linear, facts: Facts): boolean {
  const windows = windowsOf(node, weight.shape.slice(2), facts.shape(node.inputs[0])?.slice(2));
  return windows.every(({ pads }) => pads?.[0] === 0 && pads[1] === 0);
}

function linearOf(node: Node, facts: Facts): Linear | Refusal {
  const weight = facts.constant(node.inputs[1]);
  const bias = facts.constant(node.inputs[2]);
  const group = node.int('group', 1);
  if (!weight || weight.shape.length < 3) return refuse(`${node.label} has weights that are not constants`);
  if (node.inputs[2] && !bias) return refuse(`${node.label} has a bias that is not a constant`);
  const [M, perGroup, ...kernel] = weight.shape as [number, number, ...number[]];
  if (group < 1 || M % group !== 0) return refuse(`${node.label} has ${M} channels in ${group} groups`);
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== M))
    return refuse(`${node.label} has a bias of another length`);
  return {
    kind: 'linear',
    weight,
    rows: M,
    columns: perGroup,
    taps: kernel.reduce((product, size) => product * size, 1),
    inputs: perGroup * group,
    outputs: M,
    inputOf: (m, i) => Math.floor(m / (M / group)) * perGroup + i,
    outputOf: (m) => m,
    alpha: 1,
    beta: 1,
    bias,
  };
}
