import type { Node } from '../../onnx/graph.ts';
import { normalAxis, sliceOf } from '../../onnx/shapes/dims.ts';
import { isUniform, MOST_ENTRIES, pick, place, type Affine } from '../algebra/affine.ts';
import { refuse, type Facts, type Refusal } from '../facts.ts';
import { push, type Rule } from './rule.ts';

/**
 * Slice takes the elements start, start + step, … before end along each of its axes. In front of it, an affine along
 * a sliced axis is cut just so. Behind it, the affine is put back in its places, and the elements that nobody took
 * are left as they are. Along an axis that is not sliced, the affine passes as it is.
 *
 * All four lists have to be constants.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Slice.html (attributes until opset 9, inputs since 10)
 */
export const slice: Rule = {
  opType: 'Slice',

  back(node, affine, facts) {
    const value = node.inputs[0]!;
    const taken = takenAlong(node, affine, facts);
    if (taken.kind === 'refuse') return taken;
    if (taken.kind === 'all') return push({ value, affine });
    return push({ value, affine: place(affine, taken.indices, taken.size) });
  },

  forward(node, index, affine, facts) {
    if (index !== 0) return refuse(`${node.label} reads it as its bounds`);
    const value = node.outputs[0]!;
    const taken = takenAlong(node, affine, facts);
    if (taken.kind === 'refuse') return taken;
    return push({ value, affine: taken.kind === 'all' ? affine : pick(affine, taken.indices) });
  },
};

type Taken =
  | { readonly kind: 'all' }
  | { readonly kind: 'some'; readonly indices: readonly number[]; readonly size: number }
  | Refusal;

/** Which elements along the affine's axis are taken. */
function takenAlong(node: Node, affine: Affine, facts: Facts): Taken {
  if (isUniform(affine)) return { kind: 'all' };
  const shape = facts.shape(node.inputs[0]);
  const [starts, ends] = [listOf(node, 'starts', 1, facts), listOf(node, 'ends', 2, facts)];
  const axes = listOf(node, 'axes', 3, facts) ?? (node.inputs[3] ? undefined : starts?.map((_, axis) => axis));
  const steps = node.inputs[4] ? facts.numbers(node.inputs[4]) : starts?.map(() => 1);
  if (!shape || !starts || !ends || !axes || !steps) return refuse(`${node.label} cuts at places that are not known`);
  const at = axes.findIndex((axis) => normalAxis(axis, shape.length) === affine.axis);
  if (at < 0) return { kind: 'all' };
  const [size, step] = [shape[affine.axis], steps[at]!];
  if (typeof size !== 'number' || size > MOST_ENTRIES) return refuse(`${node.label} cuts an axis of unknown size`);
  if (step === 0) return refuse(`${node.label} takes steps of 0`);
  const { first, count } = sliceOf(size, starts[at]!, ends[at]!, step);
  return { kind: 'some', indices: Array.from({ length: count }, (_, n) => first + n * step), size };
}

/** "Until the end" is often written as the largest int64, so numbers beyond 2⁵³ are as good as they come. */
function listOf(node: Node, attribute: string, index: number, facts: Facts): readonly number[] | undefined {
  const given = node.attributes.get(attribute);
  return given?.kind === 'ints' ? given.value.map(Number) : facts.numbers(node.inputs[index]);
}
