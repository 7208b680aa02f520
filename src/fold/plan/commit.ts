import type { Node, Value } from '../../onnx/graph.ts';
import { bug } from '../../errors.ts';
import type { Affine } from '../algebra/affine.ts';
import { borderShape } from './border.ts';
import { writeShift } from '../lift/lower.ts';
import { constantOf } from './materialise.ts';
import { writeOperands } from './operands.ts';
import type { Plan } from './plan.ts';
import type { RoundedArray } from '../algebra/rounding.ts';
import type { Workspace } from '../workspace.ts';

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

/**
 * As {@link commit}, but a shift stays as an Add: behind the scale that goes back, or in front of the one that goes
 * forward, where its output is no longer what the site wrote.
 */
export function commitLeaving(
  plan: Plan,
  left: Affine,
  work: Workspace,
  isInFront: boolean,
  opType: 'Add' | 'Sub' = 'Add',
): void {
  const { node, dtype, input, output } = plan.site;
  const rank = work.facts.rank(input) ?? bug(`${node.label} has no known rank`);
  const x = withoutVanishing(plan, work);
  writeShift({ affine: left, rank, node, name: node.name, x, dtype }, work, opType);
  if (isInFront) work.renew(output);
  renewCrossed(plan, work);
}

/** As {@link commit}, with one Add behind each convolution that cannot take the shift in as a bias. */
export function commitBorders(plan: Plan, maps: readonly RoundedArray[], work: Workspace): void {
  commit(plan, work);
  plan.borders.forEach(({ node, border }, index) => {
    const name = `${node.name || node.outputs[0]!.name}_border`;
    const place = { node, role: 'bias', name, shape: borderShape(border) } as const;
    work.append(node, 'Add', constantOf(maps[index]!, place, work));
  });
}

/** What the site reads once the affines in front of it are gone. */
export function withoutVanishing({ edits, vanishing, site, operands }: Plan, work: Workspace): Value {
  writeOperands(operands, work);
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

export function renewCrossed({ crossed }: Plan, work: Workspace): void {
  for (const value of crossed) if (value.producer && work.owns(value.producer)) work.renew(value);
}
