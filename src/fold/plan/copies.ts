import { sizeOf } from '../../tensor.ts';
import type { Value } from '../../onnx/graph.ts';
import { changesBias, changesWeights, NO_EDIT } from '../algebra/linear.ts';
import type { Plan } from './plan.ts';
import { ruleOf } from '../rules/index.ts';
import type { Workspace } from '../workspace.ts';

/** Copies of fewer elements are worth a node. */
const SMALL = 2 ** 16;

/** A large constant that others read too, and of which the plan is the first to need a copy. */
export function copiedBy({ edits }: Plan, work: Workspace): Value | undefined {
  for (const [node, { linear, edit }] of edits) {
    const before = work.edit(node)?.edit ?? NO_EDIT;
    const bias = linear.bias && ruleOf(node, work.graph)?.biasInput;
    const written = [
      ...(changesWeights(edit, linear) && !changesWeights(before, linear)
        ? [node.inputs[linear.weightInput ?? 1]]
        : []),
      ...(changesBias(edit, linear) && !changesBias(before, linear) ? [node.inputs[bias ?? 2]] : []),
    ];
    const copied = written.find((value) => value && isShared(value, work));
    if (copied) return copied;
  }
  return undefined;
}

function isShared(value: Value, work: Workspace): boolean {
  const shape = work.facts.constant(value)?.shape;
  return shape !== undefined && sizeOf(shape) > SMALL && (value.uses.size > 1 || work.graph.isOutput(value));
}
