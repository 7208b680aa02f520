import type { Node } from '../onnx/graph.ts';
import { compose } from './algebra/affine.ts';
import { certify } from './accuracy/certificate.ts';
import { judge, leaveCentred, type Centred } from './accuracy/centring.ts';
import { commit } from './plan/commit.ts';
import { copiedBy } from './plan/copies.ts';
import { refuse, type Refusal } from './facts.ts';
import { nodesSaved, planBack, planForward, type Plan, type Site } from './plan/plan.ts';
import type { Certificate, Fold, FoldWay } from './report.ts';
import { planSplit } from './plan/split.ts';
import type { Workspace } from './workspace.ts';

/** The folds that were made of one site, or why it stays. */
export type Outcome = { readonly kind: 'folded'; readonly folds: readonly Fold[] } | Refusal;

/** A site with all the affines right in front of it that it can be composed with. */
export type Run = Site & { readonly others: readonly Node[] };

/**
 * Tries to get rid of one affine whole, best way first: into the weights in front of it, into all the weights behind
 * it, or its shift into the one and its scale into the other. Behind it, only as far as that costs no accuracy.
 */
export function foldSite(node: Node, work: Workspace): Outcome {
  const site = siteOf(node, work);
  if (site.kind === 'refuse') return site;
  const back = acceptable(planBack(site, work), work);
  if (back.kind === 'plan') return foldWhole(back, work);
  const planned = acceptable(planForward(site, work), work);
  const forward = planned.kind === 'plan' ? judge(planned, work) : planned;
  if (forward.kind === 'harmless') return foldWhole(forward.plan, work, forward.certificate);
  if (forward.kind === 'centred') return foldCentred(forward, work);
  const split = acceptable(planSplit(runOf(site, work), work), work);
  if (split.kind === 'plan') return foldWhole(split, work);
  return refuse(`backward, ${back.reason}; forward, ${forward.reason}`);
}

/** The node as an affine that may be folded. */
export function siteOf(node: Node, work: Workspace): Site | Refusal {
  const lifted = work.lifted(node);
  if (lifted.kind === 'refuse') return lifted;
  const [output] = node.outputs;
  if (!output) return refuse(`${node.label} has no output`);
  return { kind: 'site', node, affine: lifted.affine, dtype: lifted.dtype, input: node.inputs[lifted.input]!, output };
}

/** No exporter writes more arithmetic in a row for one layer. */
const LONGEST_RUN = 16;

/** The site and the affines in front of it, as one. */
export function runOf(site: Site, work: Workspace, longest = LONGEST_RUN): Run {
  const run: Run = { ...site, others: [] };
  const first = longest > 1 ? inFrontOf(site, work) : undefined;
  const rest = first && runOf(first, work, longest - 1);
  const affine = rest && compose(rest.affine, site.affine);
  return affine ? { ...run, affine, input: rest.input, others: [rest.node, ...rest.others] } : run;
}

/** The affine right in front, if nobody else reads what it makes. */
export function inFrontOf({ input, dtype }: Site, work: Workspace): Site | undefined {
  const { producer } = input;
  if (!producer || !work.owns(producer) || input.uses.size !== 1 || work.graph.isOutput(input)) return undefined;
  const site = siteOf(producer, work);
  return site.kind === 'site' && site.dtype === dtype && site.output === input ? site : undefined;
}

export const isBatchNormalization = (node: Node): boolean => node.opType === 'BatchNormalization';

/**
 * Every plan passes here before it is carried out. A BatchNormalization is always worth folding if no more nodes are
 * left behind than vanish; arithmetic only if it saves a node, so that a MatMul keeps its Add, and not if
 * that takes a copy of large weights, such as those of an embedding that a classifier reads too.
 */
export function acceptable(plan: Plan | Refusal, work: Workspace, leaves = 0): Plan | Refusal {
  if (plan.kind === 'refuse') return plan;
  const isWorthIt = [plan.site.node, ...plan.vanishing].some(isBatchNormalization);
  const saved = nodesSaved(plan, work, isWorthIt) - leaves;
  if (saved < 0) return refuse(`${plan.site.node.label} would leave more nodes behind than it takes away`);
  if (isWorthIt) return plan;
  if (saved === 0) return refuse(`${plan.site.node.label} would only move`);
  const copied = copiedBy(plan, work);
  return copied ? refuse(`${plan.site.node.label} would need a copy of ${copied.name}, which others read too`) : plan;
}

export function foldWhole(plan: Plan, work: Workspace, certificate = certify(plan, work)): Outcome {
  const folds = foldsOf(plan, wayOf(plan), certificate);
  commit(plan, work);
  return { kind: 'folded', folds };
}

function foldCentred(centred: Centred, work: Workspace): Outcome {
  const [site, ...others] = foldsOf(centred.plan, 'centre', centred.certificate);
  leaveCentred(centred, work);
  return { kind: 'folded', folds: [{ ...site!, leaves: 'Sub' }, ...others] };
}

/** One for the site, and one for each affine that vanishes with it. */
export const foldsOf = (plan: Plan, way: FoldWay, certificate: Certificate): Fold[] =>
  [plan.site.node, ...plan.vanishing].map((node) => ({ ...foldOf(node, plan, way), certificate }));

function foldOf(node: Node, { direction, through, edits, operands }: Plan, way: FoldWay): Fold {
  return {
    name: nameOf(node),
    opType: node.opType,
    direction,
    way,
    through: through.map(({ label }) => label),
    into: [...new Set([...edits.keys(), ...operands.map((operand) => operand.node)])].map(({ label }) => label),
  };
}

function wayOf({ direction, operands, borders, isSplit }: Plan): FoldWay {
  if (isSplit) return 'split';
  if (borders.length > 0) return 'border-map';
  return operands.some(({ node }) => node.opType === 'Pad') ? 'pad-value' : direction;
}

/** How reports call a node. */
export const nameOf = ({ name, outputs }: Node): string => name || (outputs.find(Boolean)?.name ?? '');
