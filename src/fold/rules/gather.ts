import type { Node } from '../../onnx/graph.ts';
import { along, isUniform, type Affine } from '../algebra/affine.ts';
import type { Numbers } from '../lift/constants.ts';
import { refuse, type Facts, type Refusal } from '../facts.ts';
import { fits, type Linear } from '../algebra/linear.ts';
import { absorb, push, type Rule } from './rule.ts';

/**
 * Gather takes slices of x along one axis, which becomes the axes of the indices. An affine along one of the other
 * axes treats every slice alike, and passes both ways. A constant x, such as the table E of an embedding, takes an
 * affine behind it in:
 *
 *   E′[…, f] = s[f] · E[…, f] + t[f]
 *
 * Shapes: x or E `[…, n, …]`, y `[…, …indices, …]`; the affine of a table has to act along its last axis.
 * Along the axes of the indices, an affine depends on where a slice goes, not on which it is.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Gather.html
 */
export const gather: Rule = {
  opType: 'Gather',

  back(node, affine, facts) {
    const moved = before(node, affine, facts);
    if (moved.kind === 'refuse') return moved;
    const table = facts.constant(node.inputs[0]);
    if (!table) return push({ value: node.inputs[0]!, affine: moved.affine });
    const linear = linearOf(table);
    if (fits(moved.affine, table.shape.length - 1, linear.outputs)) return absorb(linear, moved.affine);
    return refuse(`${node.label} has a table whose last axis is not the one along which the affine acts`);
  },

  forward(node, index, affine, facts) {
    if (index !== 0) return refuse(`${node.label} reads it as its indices`);
    const value = node.outputs[0]!;
    if (isUniform(affine)) return push({ value, affine });
    const [gathered, indices] = axesOf(node, facts);
    if (affine.axis === gathered) return refuse(`${node.label} takes slices along axis ${gathered}`);
    if (gathered === undefined || indices === undefined) return refuse(`${node.label} has inputs of unknown ranks`);
    return push({ value, affine: along(affine, affine.axis < gathered ? affine.axis : affine.axis + indices - 1) });
  },

  write(node, { bias: table }, graph) {
    const [old, indices] = node.inputs;
    graph.replace(node, { inputs: [table ?? old, indices] });
  },

  biasInput: 0,
};

/** The affine of y as one of x. */
function before(node: Node, affine: Affine, facts: Facts): { kind: 'affine'; affine: Affine } | Refusal {
  if (isUniform(affine)) return { kind: 'affine', affine };
  const [gathered, indices] = axesOf(node, facts);
  if (gathered === undefined || indices === undefined) return refuse(`${node.label} has inputs of unknown ranks`);
  if (affine.axis < gathered) return { kind: 'affine', affine };
  if (affine.axis >= gathered + indices) return { kind: 'affine', affine: along(affine, affine.axis - indices + 1) };
  return refuse(`${node.label} puts its slices along axis ${affine.axis}, along which the affine acts`);
}

/** The axis of x that is gathered, and how many axes the indices put in its place. */
function axesOf(node: Node, facts: Facts): readonly [number | undefined, number | undefined] {
  return [facts.axis(node.inputs[0], node.int('axis', 0)), facts.rank(node.inputs[1])];
}

/** A slice is a sum without terms, to which a part of the table is added. */
function linearOf(table: Numbers): Linear {
  const outputs = table.shape.at(-1) ?? 1;
  return {
    kind: 'linear',
    weight: { dtype: table.dtype, shape: [0], data: [] },
    rows: 0,
    columns: 0,
    taps: 0,
    inputs: 0,
    outputs,
    inputOf: () => 0,
    outputOf: () => 0,
    alpha: 1,
    beta: 1,
    bias: table,
  };
}
