import type { Node, Value } from '../../onnx/graph.ts';
import { normalAxis } from '../../onnx/shapes/dims.ts';
import { along, isUniform, type Affine } from '../algebra/affine.ts';
import { intsOf, refuse, type Facts } from '../facts.ts';
import { push, type Rule, type Step } from './rule.ts';

/**
 * ReduceMean: the mean of s · x + t is s · mean(x) + t for any s and t, if the affine's own axis is not among those
 * averaged. Without `keepdims` the axes in front of it that vanish move it.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__ReduceMean.html (`axes` is an input since opset 18)
 */
export const reduceMean: Rule = {
  opType: 'ReduceMean',
  back: (node, affine, facts) => moved(node, affine, node.inputs[0]!, keptAxes(node, facts)?.[affine.axis]),
  forward: (node, index, affine, facts) => {
    if (index !== 0) return refuse(`${node.label} reads it as its axes`);
    return moved(node, affine, node.outputs[0]!, keptAxes(node, facts)?.indexOf(affine.axis));
  },
};

function moved(node: Node, affine: Affine, value: Value, axis: number | undefined): Step {
  if (isUniform(affine)) return push({ value, affine });
  if (axis === undefined || axis < 0) return refuse(`${node.label} may average axis ${affine.axis}`);
  return push({ value, affine: along(affine, axis) });
}

/** For each axis of y the one of x that it is, or −1 if it was averaged. */
export function keptAxes(node: Node, facts: Facts): readonly number[] | undefined {
  const rank = facts.rank(node.inputs[0]);
  const axes = intsOf(node, 'axes', 1, facts);
  if (rank === undefined || !axes?.length) return undefined;
  const gone = axes.map((axis) => normalAxis(axis, rank));
  const all = Array.from({ length: rank }, (_, axis) => (gone.includes(axis) ? -1 : axis));
  return node.int('keepdims', 1) === 1 ? all : all.filter((axis) => axis >= 0);
}
