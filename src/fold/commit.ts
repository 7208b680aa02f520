import type { Tensor } from '../tensor.ts';
import type { Node, Value } from '../onnx/graph.ts';
import { bug } from '../errors.ts';
import { at, isOne } from './affine.ts';
import { multiply, ONE } from './double-double.ts';
import { writeShift, type Leftover } from './lower.ts';
import { biasOf, biasShape, changesBias, changesWeights, type Edit, type Linear } from './linear.ts';
import type { Plan } from './plan.ts';
import { emptyArray, roundAll, scaleInto, type Storage } from './rounding.ts';
import { RULES } from './rules/index.ts';
import type { Workspace } from './workspace.ts';

/**
 * Takes the plan's affines out of the graph and notes what its absorbers owe for it. A value keeps its name only if
 * it holds what it held before: what was crossed gets a new one, and what the site wrote lives on.
 */
export function commit(plan: Plan, work: Workspace): void {
  const { node, output } = plan.site;
  const x = withoutVanishing(plan, work);
  if (plan.direction === 'forward') {
    work.bypass(node, x);
  } else {
    work.remove(node);
    work.rename(x, output);
  }
  renewCrossed(plan, work);
}

/** As {@link commit}, but the part of the site's affine that was not planned away stays, as an Add. */
export function commitLeaving(plan: Plan, left: Pick<Leftover, 'affine' | 'rank'>, work: Workspace): void {
  const { node, dtype } = plan.site;
  const x = withoutVanishing(plan, work);
  writeShift({ ...left, node, name: node.name, x, dtype }, work);
  renewCrossed(plan, work);
}

/** What the site reads once the affines in front of it are gone. */
function withoutVanishing({ edits, vanishing, site }: Plan, work: Workspace): Value {
  edits.forEach((edit, node) => work.edits.set(node, edit));
  const index = inputOf(site.node, work);
  for (const node of vanishing) work.bypass(node, read(node, inputOf(node, work)));
  return read(site.node, index);
}

/** Which input is x; the node has been lifted, or it would not be in a plan. */
function inputOf(node: Node, work: Workspace): number {
  const lifted = work.lifted(node);
  return lifted.kind === 'affine' ? lifted.input : bug(`${node.label} is no affine`);
}

const read = (node: Node, input: number): Value => node.inputs[input] ?? bug(`${node.label} reads nothing`);

function renewCrossed({ crossed }: Plan, work: Workspace): void {
  for (const value of crossed) if (value.producer && work.owns(value.producer)) work.renew(value);
}

/** Writes every weight and bias that has changed: computed in about 106 bits, rounded once, under a fresh name. */
export function materialise(work: Workspace): void {
  for (const [node, { linear, edit }] of [...work.edits]) {
    work.edits.delete(node);
    const weight = changesWeights(edit) ? constantLike(node, 1, scaledWeights(linear, edit), work) : undefined;
    const bias = changesBias(edit, linear) ? constantLike(node, 2, newBias(linear, edit), work) : undefined;
    RULES.get(node.opType)?.write?.(node, { weight, bias }, work);
  }
}

/** Named after the constant whose place it takes, or after the weights where there was no bias. */
function constantLike(node: Node, input: 1 | 2, tensor: Tensor, work: Workspace): Value {
  return work.constant(node.inputs[input]?.name ?? `${node.inputs[1]!.name}_bias`, tensor);
}

function scaledWeights(linear: Linear, edit: Edit): Tensor {
  const { weight, rows, columns, taps } = linear;
  const storage = weight.dtype as Storage;
  const data = emptyArray(storage, weight.data.length);
  const factorOf = factors(linear, edit);
  let [start, factor] = [0, ONE];
  for (let row = 0, index = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, index += taps) {
      const next = factorOf(row, column);
      if (next === factor) continue;
      scaleInto(data, weight.data, factor, start, index);
      [start, factor] = [index, next];
    }
  }
  scaleInto(data, weight.data, factor, start, data.length);
  return { dtype: storage, shape: weight.shape, data };
}

function factors({ inputOf, outputOf }: Linear, { inScale, outScale }: Edit) {
  const [inOnes, outOnes] = [inScale.every(isOne), outScale.every(isOne)];
  return (row: number, column: number) => {
    const inFactor = inOnes ? ONE : at(inScale, inputOf(row, column));
    const outFactor = outOnes ? ONE : at(outScale, outputOf(row, column));
    if (inOnes) return outFactor;
    return outOnes ? inFactor : multiply(inFactor, outFactor);
  };
}

function newBias(linear: Linear, edit: Edit): Tensor {
  const storage = linear.weight.dtype as Storage;
  return { dtype: storage, shape: biasShape(linear, edit), data: roundAll(storage, biasOf(linear, edit)) };
}
