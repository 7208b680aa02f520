import type { Node } from '../onnx/graph.ts';
import { compose, isPureScale, isPureShift, scaleOf, shiftOf } from './affine.ts';
import { commit, commitLeaving } from './commit.ts';
import { refuse, type Refusal } from './facts.ts';
import { channelsOf, writeBatchNormalization, type Leftover } from './lower.ts';
import { nodesSaved, planBack, planForward, type Plan, type Site } from './plan.ts';
import { fitsStorage } from './range.ts';
import type { Fold } from './report.ts';
import type { Workspace } from './workspace.ts';

/** The folds that were made of one site, or why it stays. */
export type Outcome = { readonly kind: 'folded'; readonly folds: readonly Fold[] } | Refusal;

/**
 * Tries to get rid of one affine, best way first: into the weights in front of it, into all the weights behind it,
 * its scale alone into those in front of it, or into an affine right in front of it.
 */
export function foldSite(node: Node, work: Workspace): Outcome {
  const site = siteOf(node, work);
  if (site.kind === 'refuse') return site;
  const back = worthwhile(planBack(site, work), work);
  if (back.kind === 'plan') return foldWhole(back, work);
  const forward = worthwhile(planForward(site, work), work);
  if (forward.kind === 'plan') return foldWhole(forward, work);
  return foldScale(site, work) ?? merge(site, work) ?? refuse(`backward, ${back.reason}; forward, ${forward.reason}`);
}

function siteOf(node: Node, work: Workspace): Site | Refusal {
  const lifted = work.lifted(node);
  if (lifted.kind === 'refuse') return lifted;
  const [input, output] = [node.inputs[lifted.input], node.outputs[0]];
  if (!input || !output) return refuse(`${node.label} has no input or no output`);
  return { kind: 'site', node, affine: lifted.affine, dtype: lifted.dtype, input, output };
}

export const isBatchNormalization = (node: Node): boolean => node.opType === 'BatchNormalization';

/** A BatchNormalization is always worth folding; arithmetic only if it saves a node, so a MatMul keeps its Add. */
function worthwhile(plan: Plan | Refusal, work: Workspace): Plan | Refusal {
  if (plan.kind === 'refuse' || nodesSaved(plan, work) > 0) return plan;
  if ([plan.site.node, ...plan.vanishing].some(isBatchNormalization)) return plan;
  return refuse(`${plan.site.node.label} would only move`);
}

function foldWhole(plan: Plan, work: Workspace): Outcome {
  const folds = [plan.site.node, ...plan.vanishing].map((node) => foldOf(node, plan));
  commit(plan, work);
  return { kind: 'folded', folds };
}

function foldOf(node: Node, { direction, through, edits }: Plan): Fold {
  return {
    name: nameOf(node),
    opType: node.opType,
    direction,
    way: direction,
    through: through.map(({ label }) => label),
    into: [...edits.keys()].map(({ label }) => label),
  };
}

/** How reports call a node. */
export const nameOf = ({ name, outputs }: Node): string => name || (outputs.find(Boolean)?.name ?? '');

/** A BatchNormalization whose shift is in the way becomes an Add. */
function foldScale(site: Site, work: Workspace): Outcome | undefined {
  const { node, affine } = site;
  const rank = work.facts.rank(site.input);
  if (!isBatchNormalization(node) || rank === undefined || work.facts.opset < 7) return undefined;
  if (isPureScale(affine) || isPureShift(affine) || !fitsStorage(affine, site.dtype)) return undefined;
  const plan = planBack({ ...site, affine: scaleOf(affine) }, work);
  if (plan.kind === 'refuse') return undefined;
  const folds: Fold[] = [
    { ...foldOf(node, plan), way: 'scale', leaves: 'Add' },
    ...plan.vanishing.map((other) => foldOf(other, plan)),
  ];
  commitLeaving(plan, { affine: shiftOf(affine), rank }, work);
  return { kind: 'folded', folds };
}

/** Two affines in a row, one of them a BatchNormalization, become one. */
function merge(second: Site, work: Workspace): Outcome | undefined {
  const first = inFrontOf(second, work);
  const affine = first && compose(first.affine, second.affine);
  const rank = first && work.facts.rank(first.input);
  if (!affine || rank === undefined || work.facts.opset < 7) return undefined;
  const [stays, gone] = isBatchNormalization(first.node) ? [first, second] : [second, first];
  if (!isBatchNormalization(stays.node) || !fitsStorage(affine, second.dtype)) return undefined;
  const { node, dtype } = second;
  const leftover: Leftover = { node, name: stays.node.name, x: first.input, affine, dtype, rank };
  if (channelsOf(leftover, work) === undefined) return undefined;
  const direction = gone === second ? 'back' : 'forward';
  const fold = { name: nameOf(gone.node), opType: gone.node.opType, direction, way: 'merge', through: [], into: [stays.node.label] } as const; // prettier-ignore
  work.remove(first.node);
  writeBatchNormalization(leftover, work);
  return { kind: 'folded', folds: [fold] };
}

/** The affine right in front, if nobody else reads what it makes. */
function inFrontOf({ input, dtype }: Site, work: Workspace): Site | undefined {
  const { producer } = input;
  if (!producer || !work.owns(producer) || input.uses.size !== 1 || work.graph.isOutput(input)) return undefined;
  const site = siteOf(producer, work);
  return site.kind === 'site' && site.dtype === dtype && site.output === input ? site : undefined;
}
