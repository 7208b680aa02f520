import type { Node, Value } from '../../onnx/graph.ts';
import { affine as affineOf, along, isNotNegative, isPureScale, isUniform, type Affine } from '../algebra/affine.ts';
import { divide, exact, multiply, type DoubleDouble } from '../algebra/double-double.ts';
import { refuse, type Facts } from '../facts.ts';
import { keptAxes } from './reduce-mean.ts';
import { push, type Rule, type Step } from './rule.ts';

/**
 * ReduceMax and ReduceMin let s · x + t pass for s ≥ 0, as Max and Min do; ReduceSum for any s, with the n numbers that
 * it adds up making n · t of the shift:
 *
 *   Σ (s · x + t) = s · Σ x + n · t
 *
 * if the affine's own axis is not among those reduced. Without `keepdims` the axes in front of it that vanish move it.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__ReduceMax.html, …ReduceMin.html, …ReduceSum.html
 */
const extreme = (opType: string): Rule => ({
  opType,
  back: (node, affine, facts) => withoutNegative(node, affine) ?? moved(node, affine, 'back', facts),
  forward: (node, index, affine, facts) => {
    if (index !== 0) return refuse(`${node.label} reads it as its axes`);
    return withoutNegative(node, affine) ?? moved(node, affine, 'forward', facts);
  },
});

export const reduceMax = extreme('ReduceMax');
export const reduceMin = extreme('ReduceMin');

export const reduceSum: Rule = {
  opType: 'ReduceSum',
  back: (node, affine, facts) => summed(node, affine, 'back', facts),
  forward: (node, index, affine, facts) => {
    if (index !== 0) return refuse(`${node.label} reads it as its axes`);
    return summed(node, affine, 'forward', facts);
  },
};

type Direction = 'back' | 'forward';

function withoutNegative(node: Node, { scale }: Affine): Step | undefined {
  return scale.every(isNotNegative) ? undefined : refuse(`${node.label} lets no negative scale through`);
}

function moved(node: Node, affine: Affine, direction: Direction, facts: Facts): Step {
  const value: Value = direction === 'back' ? node.inputs[0]! : node.outputs[0]!;
  if (isUniform(affine)) return push({ value, affine });
  const kept = keptAxes(node, facts);
  const axis = direction === 'back' ? kept?.[affine.axis] : kept?.indexOf(affine.axis);
  if (axis === undefined || axis < 0) return refuse(`${node.label} may reduce axis ${affine.axis}`);
  return push({ value, affine: along(affine, axis) });
}

function summed(node: Node, affine: Affine, direction: Direction, facts: Facts): Step {
  if (isPureScale(affine)) return moved(node, affine, direction, facts);
  const count = termsOf(node, facts);
  if (!count) return refuse(`${node.label} adds up an unknown number of shifts`);
  const change = (t: DoubleDouble) => (direction === 'back' ? divide(t, exact(count)) : multiply(t, exact(count)));
  return moved(node, affineOf(affine.axis, affine.scale, affine.shift.map(change)), direction, facts);
}

/** How many elements make one of y. */
function termsOf(node: Node, facts: Facts): number | undefined {
  const [shape, kept] = [facts.shape(node.inputs[0]), keptAxes(node, facts)];
  const gone = kept && shape?.filter((_, axis) => !kept.includes(axis));
  if (!gone?.every((size) => typeof size === 'number')) return undefined;
  return gone.reduce((product, size) => product * size, 1);
}
