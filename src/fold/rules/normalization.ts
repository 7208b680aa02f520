import type { Node } from '../../onnx/graph.ts';
import { isPureScale, isPureShift, isUniform, pick, type Affine } from '../algebra/affine.ts';
import { refuse, type Facts, type Refusal } from '../facts.ts';
import { fits, type Linear } from '../algebra/linear.ts';
import { absorb, push, writeInPlace, type Rule, type Step } from './rule.ts';

/**
 * LayerNormalization, RMSNormalization (and SimplifiedLayerNormalization, its name in onnxruntime),
 * InstanceNormalization and GroupNormalization end in an affine of their own,
 *
 *   y = gamma · norm(x) + beta        gamma′ = s · gamma        beta′ = s · beta + t
 *
 * and take in one behind them that acts along the same axis: for LayerNormalization the last one, where gamma and
 * beta have one axis themselves; else the channels, axis 1. RMSNormalization has no beta, so it takes a scale only.
 *
 * In front, a shift of everything that is averaged together makes no difference, as norm(x) subtracts the mean: along
 * an axis that is not averaged, or a single one for all. A scale does, for epsilon stays what it is.
 *
 * Shapes: x and y `[N, C, …]` or `[…, F]`; gamma and beta `[C]` or `[F]`. Until opset 20 GroupNormalization has one
 * number for each group, so that what it takes in has to be the same for all channels of a group.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__LayerNormalization.html, …InstanceNormalization.html,
 *         …GroupNormalization.html, …RMSNormalization.html
 */
const endsInAffine = (opType: string): Rule => ({
  opType,

  back(node, affine, facts): Step {
    const own = ownAffineOf(node, facts);
    if (own.kind === 'refuse') return own;
    if (isRms(node) && !isPureScale(affine)) return refuse(`${node.label} has no bias to which a shift could be added`);
    const { linear, axis, copies } = own;
    const wide = linear.outputs * (copies ?? 1);
    const misfit = `${node.label} has its own affine along axis ${axis}, not along axis ${affine.axis}`;
    if (!fits(affine, axis, wide)) return refuse(misfit);
    if (isUniform(affine) || copies === 1) return absorb(linear, affine);
    const narrow = copies === undefined ? undefined : perGroup(affine, copies);
    return narrow ? absorb(linear, narrow) : refuse(`${node.label} has one number for all channels of a group`);
  },

  forward(node, index, affine, facts): Step {
    if (index !== 0) return refuse(`${node.label} reads it as its gamma or beta`);
    if (isPureShift(affine) && !isRms(node) && isSubtracted(node, affine, facts)) return push();
    return refuse(`${node.label} normalises what comes in, and lets no affine through`);
  },

  write: writeInPlace,
  biasNodes: 0,
});

export const layerNormalization = endsInAffine('LayerNormalization');
export const instanceNormalization = endsInAffine('InstanceNormalization');
export const groupNormalization = endsInAffine('GroupNormalization');
export const rmsNormalization = endsInAffine('RMSNormalization');
export const simplifiedLayerNormalization = endsInAffine('SimplifiedLayerNormalization');

/** The affine at the end of a node that normalises: one number for every `copies` entries along `axis` of y. */
export interface OwnAffine {
  readonly kind: 'own';
  readonly linear: Linear;
  readonly axis: number;
  /** Undefined if the number of channels is not known. */
  readonly copies: number | undefined;
}

export function ownAffineOf(node: Node, facts: Facts): OwnAffine | Refusal {
  const [gamma, beta] = [facts.constant(node.inputs[1]), facts.constant(node.inputs[2])];
  if (gamma?.shape.length !== 1) return refuse(`${node.label} has no constant vector as its gamma`);
  if (node.inputs[2] && beta?.shape.length !== 1) return refuse(`${node.label} has no constant vector as its beta`);
  const axis = isOverChannels(node) ? 1 : lastAxis(node, facts);
  if (axis === undefined) return refuse(`${node.label} normalises a tensor of unknown rank`);
  const entries = gamma.shape[0]!;
  const channels = facts.shape(node.inputs[0])?.[1];
  const isPerGroup = node.opType === 'GroupNormalization' && facts.opset < 21;
  const copies = typeof channels === 'number' && channels % entries === 0 ? channels / entries : undefined;
  return { kind: 'own', linear: linearOf(entries, gamma, beta), axis, copies: isPerGroup ? copies : 1 };
}

const isRms = ({ opType }: Node) => opType === 'RMSNormalization' || opType === 'SimplifiedLayerNormalization';
const isOverChannels = ({ opType }: Node) => opType === 'InstanceNormalization' || opType === 'GroupNormalization';

/** The last axis of x, if the node normalises at all where it says. */
function lastAxis(node: Node, facts: Facts): number | undefined {
  const first = firstAxis(node, facts);
  return first === undefined ? undefined : facts.lastAxis(node.inputs[0]);
}

/** LayerNormalization averages over this axis and all behind it. */
function firstAxis(node: Node, facts: Facts): number | undefined {
  return facts.axis(node.inputs[0], node.int('axis', -1));
}

/** Whether the node takes the shift away with the mean. */
function isSubtracted(node: Node, affine: Affine, facts: Facts): boolean {
  if (isUniform(affine)) return true;
  if (node.opType === 'InstanceNormalization') return affine.axis <= 1;
  return node.opType === 'LayerNormalization' && affine.axis < (firstAxis(node, facts) ?? 0);
}

/** One entry a group, if all channels of each have the same. */
function perGroup(affine: Affine, copies: number): Affine | undefined {
  const firsts = [...affine.scale.keys()].filter((channel) => channel % copies === 0);
  const isSame = (vector: Affine['scale']) =>
    vector.every((entry, channel) => {
      const first = vector[channel - (channel % copies)]!;
      return entry.hi === first.hi && entry.lo === first.lo;
    });
  return isSame(affine.scale) && isSame(affine.shift) ? pick(affine, firsts) : undefined;
}

/** Each of so many entries `copies` times. */
export function widened(affine: Affine, entries: number, copies: number): Affine {
  const indices = Array.from({ length: entries * copies }, (_, index) => Math.floor(index / copies));
  return isUniform(affine) ? affine : pick(affine, indices);
}

function linearOf(features: number, gamma: Linear['weight'], beta: Linear['bias']): Linear {
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
