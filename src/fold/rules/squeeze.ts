import type { Node, Value } from '../../onnx/graph.ts';
import { normalAxis } from '../../onnx/shapes/dims.ts';
import { along, isUniform, type Affine } from '../algebra/affine.ts';
import { intsOf, refuse, type Facts } from '../facts.ts';
import { push, type Rule } from './rule.ts';

/**
 * Squeeze takes axes of size 1 out, Unsqueeze puts some in. The other axes keep their order, so the affine's axis
 * moves by the number of those in front of it. The axes count in the longer shape; Squeeze without axes takes all of
 * size 1.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Squeeze.html, https://onnx.ai/onnx/operators/onnx__Unsqueeze.html
 */
export const squeeze: Rule = {
  opType: 'Squeeze',
  back: (node, affine, facts) => moved(node, affine, node.inputs[0]!, keptBySqueeze(node, facts)?.[affine.axis]),
  forward: (node, _, affine, facts) =>
    moved(node, affine, node.outputs[0]!, keptBySqueeze(node, facts)?.indexOf(affine.axis)),
};

export const unsqueeze: Rule = {
  opType: 'Unsqueeze',
  back: (node, affine, facts) =>
    moved(node, affine, node.inputs[0]!, keptByUnsqueeze(node, facts)?.indexOf(affine.axis)),
  forward: (node, _, affine, facts) =>
    moved(node, affine, node.outputs[0]!, keptByUnsqueeze(node, facts)?.[affine.axis]),
};

function moved(node: Node, affine: Affine, value: Value, axis: number | undefined) {
  if (isUniform(affine)) return push({ value, affine });
  if (axis === undefined || axis < 0) return refuse(`${node.label} moves axis ${affine.axis} to an unknown place`);
  return push({ value, affine: along(affine, axis) });
}

/** The axes of the longer shape that the shorter one has, in order. */
function keptBySqueeze(node: Node, facts: Facts): readonly number[] | undefined {
  const shape = facts.shape(node.inputs[0]);
  const axes = intsOf(node, 'axes', 1, facts);
  if (!shape || (!axes && (node.inputs[1] ?? shape.find((dim) => typeof dim === 'string')) !== undefined)) return;
  const gone = axes?.map((axis) => normalAxis(axis, shape.length));
  return [...shape.keys()].filter((axis) => (gone ? !gone.includes(axis) : shape[axis] !== 1));
}

function keptByUnsqueeze(node: Node, facts: Facts): readonly number[] | undefined {
  const shape = facts.shape(node.inputs[0]);
  const axes = intsOf(node, 'axes', 1, facts);
  if (!shape || !axes) return undefined;
  const rank = shape.length + axes.length;
  const fresh = axes.map((axis) => normalAxis(axis, rank));
  return Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !fresh.includes(axis));
}
