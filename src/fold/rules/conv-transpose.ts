import type { Node } from '../../onnx/graph.ts';
import { isPureScale } from '../algebra/affine.ts';
import { windowsOf } from '../../onnx/shapes/window.ts';
import type { Border } from '../plan/border.ts';
import { refuse, type Facts, type Refusal } from '../facts.ts';
import { fits, type Linear } from '../algebra/linear.ts';
import { absorbOutputs, borderOf, evenOf, kernelsOf } from '../plan/convolution.ts';
import { convTransposeReaches } from '../plan/reach.ts';
import { absorb, writeInPlace, type Rule } from './rule.ts';

/**
 * ConvTranspose(x, W, b) of any rank and group. For input channel c, output channel j of its group, position k:
 *
 *   behind:    W′[c, j, k] = W[c, j, k] · s[m]        b′[m] = s[m] · b[m] + t[m]
 *   in front:  W′[c, j, k] = s[c] · W[c, j, k]        only without a shift
 *
 * where m = ⌊c / (C / group)⌋ · M / group + j. Shapes: x `[N, C, …]`, W `[C, M/group, …kernel]`, b `[M]`: the output
 * channel is spread over both axes of W.
 * A shift in front never becomes a bias, not even without padding: at the rim, and inside too where the stride does
 * not divide the kernel, outputs are sums over different numbers of inputs.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__ConvTranspose.html
 */
export const convTranspose: Rule = {
  opType: 'ConvTranspose',

  back: (node, affine, facts) => absorbOutputs(node, affine, linearOf(node, facts)),

  forward(node, index, affine, facts) {
    if (index !== 0) return refuse(`${node.label} reads it as its weights or its bias`);
    const linear = linearOf(node, facts);
    if (linear.kind === 'refuse') return linear;
    if (!fits(affine, 1, linear.inputs)) {
      return refuse(`${node.label} sums over axis 1, and the affine acts along axis ${affine.axis}`);
    }
    if (isPureScale(affine) || isPointwise(node, linear)) return absorb(linear, affine);
    const even = evenOf(border(node, facts));
    if (even) return absorb(even, affine);
    return refuse(`${node.label} spreads a shift unevenly over its outputs`);
  },

  border,

  write: writeInPlace,
  biasNodes: 0,
};

function border(node: Node, facts: Facts): Border | Refusal {
  return borderOf(linearOf(node, facts), (kernel) => convTransposeReaches(node, kernel, facts));
}

/** Whether each element of x makes one of y, whatever its size. */
function isPointwise(node: Node, { weight }: Linear): boolean {
  const grows = node.ints('output_padding')?.some((amount) => amount !== 0) === true || node.ints('output_shape');
  const windows = windowsOf(node, weight.shape.slice(2), undefined);
  return !grows && windows.every(({ kernel, stride, pads }) => kernel * stride === 1 && pads?.join() === '0,0');
}

function linearOf(node: Node, facts: Facts): Linear | Refusal {
  const kernels = kernelsOf(node, facts, (_, perGroup, group) => perGroup * group);
  if (kernels.kind === 'refuse') return kernels;
  const { weight, bias, first: C, second: perGroup, group, taps } = kernels;
  const outputs = perGroup * group;
  return {
    kind: 'linear',
    weight,
    rows: C,
    columns: perGroup,
    taps,
    inputs: C,
    outputs,
    inputOf: (c) => c,
    outputOf: (c, j) => Math.floor(c / (C / group)) * perGroup + j,
    alpha: 1,
    beta: 1,
    bias,
  };
}
