import type { Node } from '../../onnx/graph.ts';
import type { Affine } from '../algebra/affine.ts';
import { seenEverywhere, type Border } from './border.ts';
import { refuse, type Facts, type Refusal } from '../facts.ts';
import type { Numbers } from '../lift/constants.ts';
import { fits, type Linear } from '../algebra/linear.ts';
import type { Reaches } from './reach.ts';
import { absorb, type Step } from '../rules/rule.ts';

/** The constant weights of a Conv or ConvTranspose: W `[first, second, …kernel]`, b `[outputs]`. */
export interface Kernels {
  readonly kind: 'kernels';
  readonly weight: Numbers;
  readonly bias: Numbers | undefined;
  readonly first: number;
  readonly second: number;
  readonly group: number;
  readonly taps: number;
}

/** @param outputsOf number of output channels, which both operators lay out differently. */
export function kernelsOf(
  node: Node,
  facts: Facts,
  outputsOf: (first: number, second: number, group: number) => number,
): Kernels | Refusal {
  const weight = facts.constant(node.inputs[1]);
  const bias = facts.constant(node.inputs[2]);
  const group = node.int('group', 1);
  if (!weight || weight.shape.length < 3) return refuse(`${node.label} has weights that are not constants`);
  if (node.inputs[2] && !bias) return refuse(`${node.label} has a bias that is not a constant`);
  const [first, second, ...kernel] = weight.shape as [number, number, ...number[]];
  if (group < 1 || first % group !== 0) return refuse(`${node.label} has ${first} channels in ${group} groups`);
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== outputsOf(first, second, group)))
    return refuse(`${node.label} has a bias of another length`);
  const taps = kernel.reduce((product, size) => product * size, 1);
  return { kind: 'kernels', weight, bias, first, second, group, taps };
}

/** An affine behind the node, which makes its channels along axis 1. */
export function absorbOutputs(node: Node, affine: Affine, linear: Linear | Refusal): Step {
  if (linear.kind === 'refuse') return linear;
  if (fits(affine, 1, linear.outputs)) return absorb(linear, affine);
  return refuse(`${node.label} makes its channels along axis 1, and the affine acts along axis ${affine.axis}`);
}

/** As a node that sees a shift everywhere alike, although it pads: the zeros stay beyond the reach of any window. */
export function evenOf(border: Border | Refusal): Linear | undefined {
  const seen = border.kind === 'border' ? seenEverywhere(border) : undefined;
  return border.kind === 'border' && seen ? { ...border.linear, seen } : undefined;
}

/** What a shift of the input adds to each position of the output, if the sizes are known. */
export function borderOf(linear: Linear | Refusal, reachesOf: (kernel: readonly number[]) => Reaches | Refusal) {
  if (linear.kind === 'refuse') return linear;
  const reaches = reachesOf(linear.weight.shape.slice(2));
  return reaches.kind === 'refuse' ? reaches : ({ kind: 'border', linear, axes: reaches.axes } satisfies Border);
}
