import type { Node } from '../../onnx/graph.ts';
import { refuse, type Facts, type Refusal } from '../facts.ts';
import { fits, type Linear } from '../algebra/linear.ts';
import { absorb, type Rule } from './rule.ts';

/**
 * LSTM, GRU and RNN multiply each element x of the sequence by W before anything else, so they take in an affine in
 * front of them. For direction d, gate row g and feature i:
 *
 *   W′[d, g, i] = W[d, g, i] · s[i]        Wb′[d, g] = Wb[d, g] + Σ_i W[d, g, i] · t[i]
 *
 * R and its biases Rb see the state only and stay; with `linear_before_reset` too, since only those are then inside
 * the reset. What comes out has gone through the activations, so nothing is taken in from behind.
 *
 * Shapes: x `[T, N, I]`, or `[N, T, I]` by `layout`; W `[directions, G · H, I]`; B `[directions, 2 · G · H]`, Wb then
 * Rb, where G is 4 gates, 3 or 1.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__LSTM.html, …GRU.html, …RNN.html
 */
const recurrent = (opType: string): Rule => ({
  opType,

  forward(node, index, affine, facts) {
    if (index !== 0) return refuse(`${node.label} reads it as a parameter or a state`);
    const linear = linearOf(node, facts);
    if (linear.kind === 'refuse') return linear;
    if (fits(affine, 2, linear.inputs)) return absorb(linear, affine);
    return refuse(`${node.label} reads its features along axis 2, and the affine acts along axis ${affine.axis}`);
  },

  write(node, { weight, bias }, graph) {
    const [x, W, R, B, ...others] = node.inputs;
    graph.replace(node, { inputs: [x, weight ?? W, R, bias ?? B, ...others] });
  },

  biasInput: 3,
  biasNodes: 0,
});

export const lstm = recurrent('LSTM');
export const gru = recurrent('GRU');
export const rnn = recurrent('RNN');

function linearOf(node: Node, facts: Facts): Linear | Refusal {
  const [weight, bias] = [facts.constant(node.inputs[1]), facts.constant(node.inputs[3])];
  if (weight?.shape.length !== 3) return refuse(`${node.label} has weights that are not constants`);
  if (node.inputs[3] && !bias) return refuse(`${node.label} has a bias that is not a constant`);
  const [directions, gates, features] = weight.shape as [number, number, number];
  const storedBias = [directions, 2 * gates];
  if (bias && bias.shape.join() !== storedBias.join()) return refuse(`${node.label} has a bias of another shape`);
  const outputs = directions * 2 * gates;
  return {
    kind: 'linear',
    weight,
    rows: directions * gates,
    columns: features,
    taps: 1,
    inputs: features,
    outputs,
    inputOf: (_, feature) => feature,
    outputOf: (row) => Math.floor(row / gates) * 2 * gates + (row % gates),
    alpha: 1,
    beta: 1,
    bias: bias && { ...bias, shape: [outputs] },
    storedBias,
  };
}
