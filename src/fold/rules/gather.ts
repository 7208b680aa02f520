import type { Node } from '../../onnx/graph.ts';
import { along, isUniform, MOST_ENTRIES, pick, place, type Affine } from '../algebra/affine.ts';
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
 *
 * Along the axis that is gathered, constant indices say which entries of an affine in front go where: channels in another
 * order. One behind is put back in its places where each slice is taken once, or every time with the same entry, and the
 * slices that nobody took are left as they are. Indices of two axes and more would make an affine of as many.
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
    if (affine.axis === gathered) {
      const taken = takenBy(node, gathered, facts);
      if (!taken) return refuse(`${node.label} takes slices along axis ${gathered} that are not known`);
      return push({ value, affine: pick(affine, taken.indices) });
    }
    if (gathered === undefined || indices === undefined) return refuse(`${node.label} has inputs of unknown ranks`);
    return push({ value, affine: along(affine, affine.axis < gathered ? affine.axis : affine.axis + indices - 1) });
  },

  write(node, { bias: table }, graph) {
    const [old, indices] = node.inputs;
    graph.replace(node, { inputs: [table ?? old, indices] });
  },

  biasInput: 0,
};

type Moved = { readonly kind: 'affine'; readonly affine: Affine } | Refusal;

/** The affine of y as one of x. */
function before(node: Node, affine: Affine, facts: Facts): Moved {
  if (isUniform(affine)) return { kind: 'affine', affine };
  const [gathered, indices] = axesOf(node, facts);
  if (gathered === undefined || indices === undefined) return refuse(`${node.label} has inputs of unknown ranks`);
  if (affine.axis < gathered) return { kind: 'affine', affine };
  if (affine.axis >= gathered + indices) return { kind: 'affine', affine: along(affine, affine.axis - indices + 1) };
  return putBack(node, affine, gathered, facts);
}

/** The affine along the one axis of the indices as one along the axis that is gathered. */
function putBack(node: Node, affine: Affine, gathered: number, facts: Facts): Moved {
  const taken = takenBy(node, gathered, facts);
  if (!taken) return refuse(`${node.label} puts slices along axis ${affine.axis} that are not known`);
  const { indices, size } = taken;
  const { scale, shift } = affine;
  const isSame = (a: number, b: number) => [scale, shift].every((v) => v[a]!.hi === v[b]!.hi && v[a]!.lo === v[b]!.lo);
  const takers = new Map<number, number>();
  for (const [entry, index] of indices.entries()) {
    const taker = takers.get(index) ?? entry;
    if (!isSame(taker, entry))
      return refuse(`${node.label} takes slice ${index} twice, and it acts on both in different ways`);
    takers.set(index, taker);
  }
  return { kind: 'affine', affine: place(affine, indices, size) };
}

/** More channels than any layer has. */
const MOST_INDICES = 2 ** 16;

interface Taken {
  readonly indices: readonly number[];
  readonly size: number;
}

/** Which of how many slices are taken; `undefined` too for indices of two axes and more. */
function takenBy(node: Node, axis: number, facts: Facts): Taken | undefined {
  const [size, given] = [facts.shape(node.inputs[0])?.[axis], facts.numbers(node.inputs[1], MOST_INDICES)];
  if (typeof size !== 'number' || size > MOST_ENTRIES || !given) return undefined;
  const indices = given.map((index) => (index < 0 ? index + size : index));
  return indices.every((index) => index >= 0 && index < size) ? { indices, size } : undefined;
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
