import type { Node, Value } from '../onnx/graph.ts';
import { bug } from '../errors.ts';
import { writeShift, type Leftover } from './lower.ts';
import type { Plan } from './plan.ts';
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
export function withoutVanishing({ edits, vanishing, site }: Plan, work: Workspace): Value {
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
