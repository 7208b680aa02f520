import type { Node, Value } from '../../onnx/graph.ts';
import { affine as affineOf, isUniform, MOST_ENTRIES, type Affine, type Vector } from '../algebra/affine.ts';
import { refuse } from '../facts.ts';
import { push, type Rule, type Step } from './rule.ts';

/**
 * DepthToSpace spreads b² neighbouring or interleaved channels over blocks of b × b pixels, SpaceToDepth gathers
 * them again. With C channels on the side of the larger image, its channel c is on the other side
 *
 *   DCR, and SpaceToDepth:  n · C + c       the vector over and over
 *   CRD:                    c · b² + n      each entry b² times         for every n < b²
 *
 * Towards the larger image, the b² entries that meet in one channel have to be the same.
 *
 * Shapes: `[N, C · b², H, W]` and `[N, C, H · b, W · b]`. The affine acts along axis 0 or 1.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__DepthToSpace.html, https://onnx.ai/onnx/operators/onnx__SpaceToDepth.html
 */
export const depthToSpace: Rule = {
  opType: 'DepthToSpace',
  back: (node, affine) => towardsDepth(node, affine, node.inputs[0]!),
  forward: (node, _, affine) => towardsSpace(node, affine, node.outputs[0]!),
};

export const spaceToDepth: Rule = {
  opType: 'SpaceToDepth',
  back: (node, affine) => towardsSpace(node, affine, node.inputs[0]!),
  forward: (node, _, affine) => towardsDepth(node, affine, node.outputs[0]!),
};

function towardsDepth(node: Node, affine: Affine, value: Value): Step {
  const passes = passedAsItIs(node, affine, value);
  if (passes) return passes;
  const { scale, shift } = affine;
  if (copiesOf(node) * scale.length > MOST_ENTRIES) return refuse(`${node.label} makes too many channels`);
  return push({ value, affine: affineOf(1, spread(node, scale), spread(node, shift)) });
}

function towardsSpace(node: Node, affine: Affine, value: Value): Step {
  const passes = passedAsItIs(node, affine, value);
  if (passes) return passes;
  const { scale, shift } = narrowed(node, affine);
  if (isSpread(node, scale, affine.scale) && isSpread(node, shift, affine.shift)) {
    return push({ value, affine: affineOf(1, scale, shift) });
  }
  return refuse(`${node.label} puts channels into one that the affine treats differently`);
}

/** The first entry of each b² that meet. */
function narrowed(node: Node, { axis, scale, shift }: Affine): Affine {
  const copies = copiesOf(node);
  const length = Math.floor(scale.length / copies);
  const isFirst = (index: number) => (isInterleaved(node) ? index % copies === 0 : index < length);
  const first = (vector: Vector) => vector.filter((_, index) => isFirst(index));
  return { axis, scale: first(scale), shift: first(shift) };
}

function isSpread(node: Node, narrow: Vector, wide: Vector): boolean {
  if (narrow.length * copiesOf(node) !== wide.length) return false;
  return spread(node, narrow).every(({ hi, lo }, index) => hi === wide[index]!.hi && lo === wide[index]!.lo);
}

function passedAsItIs(node: Node, affine: Affine, value: Value): Step | undefined {
  if (isUniform(affine) || affine.axis === 0) return push({ value, affine });
  return affine.axis > 1 ? refuse(`${node.label} moves the pixels along axis ${affine.axis}`) : undefined;
}

function spread(node: Node, vector: Vector): Vector {
  const copies = copiesOf(node);
  if (!isInterleaved(node)) return new Array<Vector>(copies).fill(vector).flat();
  return vector.flatMap((entry) => new Array<typeof entry>(copies).fill(entry));
}

const copiesOf = (node: Node) => node.int('blocksize', 1) ** 2;
const isInterleaved = (node: Node) => node.opType === 'DepthToSpace' && node.string('mode', 'DCR') === 'CRD';
