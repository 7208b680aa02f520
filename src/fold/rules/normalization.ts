import type { Node } from '../../onnx/graph.ts';
import { normalAxis } from '../../onnx/shapes/dims.ts';
import { refuse, type Facts, type Refusal } from '../facts.ts';
import { fits, type Linear } from '../linear.ts';
import { absorb, writeInPlace, type Rule } from './rule.ts';

/**
 * LayerNormalization, InstanceNormalization and GroupNormalization end in an affine of their own,
 *
 *   y = gamma · norm(x) + beta        gamma′ = s · gamma        beta′ = s · beta + t
 *
 * and take in one behind them that acts along the same axis: for LayerNormalization the last one, where gamma and
 * beta have one axis themselves; else the channels, axis 1. Nothing passes norm(x) from the front.
 *
 * Shapes: x and y `[N, C, …]` or `[…, F]`; gamma and beta `[C]` or `[F]`. Until opset 20 GroupNormalization has one
 * number for each group, which a scale for each channel does not fit.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__LayerNormalization.html, …InstanceNormalization.html,
 *         …GroupNormalization.html
 */
const endsInAffine = (opType: string, axisOf: (node: Node, facts: Facts) => number | undefined): Rule => ({
  opType,

  back(node, affine, facts) {
    const linear = linearOf(node, facts);
    if (linear.kind === 'refuse') return linear;
    const axis = axisOf(node, facts);
    if (axis !== undefined && fits(affine, axis, linear.outputs)) return absorb(linear, affine);
    return refuse(`${node.label} has its own affine along axis ${axis ?? '?'}, not along axis ${affine.axis}`);
  },

  write: writeInPlace,
  biasNodes: 0,
});

export const layerNormalization = endsInAffine('LayerNormalization', lastAxis);
export const instanceNormalization = endsInAffine('InstanceNormalization', () => 1);
export const groupNormalization = endsInAffine('GroupNormalization', (_, { opset }) => (opset < 21 ? undefined : 1));

/** The last axis of x, if the node normalises at all where it says. */
function lastAxis(node: Node, facts: Facts): number | undefined {
  const rank = facts.rank(node.inputs[0]);
  return rank === undefined || normalAxis(node.int('axis', -1), rank) === undefined ? undefined : rank - 1;
}

function linearOf(node: Node, facts: Facts): Linear | Refusal {
  const [gamma, beta] = [facts.constant(node.inputs[1]), facts.constant(node.inputs[2])];
  if (gamma?.shape.length !== 1) return refuse(`${node.label} has no constant vector as its gamma`);
  if (node.inputs[2] && beta?.shape.length !== 1) return refuse(`${node.label} has no constant vector as its beta`);
  const features = gamma.shape[0]!;
  return {
    kind: 'linear',
    weight: gamma,
    rows: features,
    columns: 1,
    taps: 1,
    inputs: features,
    outputs: features,
    inputOf: (row) => row,
    outputOf: (row) => row,
    alpha: 1,
    beta: 1,
    bias: beta,
  };
}
