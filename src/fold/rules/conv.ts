import type { Node } from '../../onnx/graph.ts';
import { windowsOf } from '../../onnx/shapes/window.ts';
import { isPureScale } from '../algebra/affine.ts';
import type { Border } from '../plan/border.ts';
import { refuse, type Facts, type Refusal } from '../facts.ts';
import { fits, type Linear } from '../algebra/linear.ts';
import { absorbOutputs, borderOf, evenOf, kernelsOf } from '../plan/convolution.ts';
import { convReaches } from '../plan/reach.ts';
import { absorb, writeInPlace, type Rule } from './rule.ts';

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

  back: (node, affine, facts) => absorbOutputs(node, affine, linearOf(node, facts)),

  forward(node, index, affine, facts) {
    if (index !== 0) return refuse(`${node.label} reads it as its weights or its bias`);
    const linear = linearOf(node, facts);
    if (linear.kind === 'refuse') return linear;
    if (!fits(affine, 1, linear.inputs)) {
      return refuse(`${node.label} sums over axis 1, and the affine acts along axis ${affine.axis}`);
    }
    if (isPureScale(affine) || hasNoPadding(node, linear, facts)) return absorb(linear, affine);
    const even = evenOf(border(node, facts));
    if (even) return absorb(even, affine);
    return refuse(`${node.label} pads with zeros, which the shift would not reach`);
  },

  border,

  write: writeInPlace,
  biasNodes: 0,
};

function border(node: Node, facts: Facts): Border | Refusal {
  return borderOf(linearOf(node, facts), (kernel) => convReaches(node, kernel, facts));
}

function hasNoPadding(node: Node, { weight }: Linear, facts: Facts): boolean {
  const windows = windowsOf(node, weight.shape.slice(2), facts.shape(node.inputs[0])?.slice(2));
  return windows.every(({ pads }) => pads?.[0] === 0 && pads[1] === 0);
}

function linearOf(node: Node, facts: Facts): Linear | Refusal {
  const kernels = kernelsOf(node, facts, (M) => M);
  if (kernels.kind === 'refuse') return kernels;
  const { weight, bias, first: M, second: perGroup, group, taps } = kernels;
  return {
    kind: 'linear',
    weight,
    rows: M,
    columns: perGroup,
    taps,
    inputs: perGroup * group,
    outputs: M,
    inputOf: (m, i) => Math.floor(m / (M / group)) * perGroup + i,
    outputOf: (m) => m,
    alpha: 1,
    beta: 1,
    bias,
  };
}
