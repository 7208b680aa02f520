import type { Node } from '../../onnx/graph.ts';
import { compose, isIdentity, isPureScale, isPureShift, scaleOf, shiftOf, type Affine } from '../algebra/affine.ts';
import { sizeOf, type Dim } from '../../tensor.ts';
import { borderMap, borderSize } from './border.ts';
import { certify, certifyMerge } from '../accuracy/certificate.ts';
import { costsAccuracy } from '../accuracy/centring.ts';
import { commitBorders, commitLeaving } from './commit.ts';
import { refuse, type Refusal } from '../facts.ts';
import {
  acceptable,
  foldsOf,
  inFrontOf,
  isBatchNormalization,
  nameOf,
  runOf,
  siteOf,
  type Outcome,
  type Run,
} from '../fold-site.ts';
import { channelsOf, writeBatchNormalization, type Leftover } from '../lift/lower.ts';
import { planBack, planBorders, planForward, type Plan, type Site } from './plan.ts';
import { materialise } from './materialise.ts';
import { fitsStorage } from '../algebra/range.ts';
import { centringOf } from './split.ts';
import type { Workspace } from '../workspace.ts';

/** A map may have this many elements, or as many as the weights that it belongs to. */
const MOST_MAP_ELEMENTS = 2 ** 16;

/**
 * Tries to leave less of an affine that cannot go whole: an Add, or one BatchNormalization instead of two affines.
 * What is left behind costs a node, and each of its elements in every run; so this is how ways are compared:
 *
 *   1. Nodes: a BatchNormalization becomes no more than one node, arithmetic has to save one.
 *   2. Elements that the node left has to touch: those of y for an Add in place of the affine, those of its outputs
 *      for a border map, one Add behind each convolution. Where the sizes are not known there is no map.
 *   3. On a par, the shift stays where it is: behind the scale that went back, or in front of the one that went
 *      forward. The latter, x + t / s, is the centring itself and so never worse conditioned than y was.
 *
 * A Pad with the value −t / s in front of a Conv without padding would do as well where that is one number for all
 * channels; but wherever it would, x + t / s does, which touches fewer elements and needs no size. A map computed in
 * the graph would take at least three nodes more than the affine.
 */
export function leaveLess(node: Node, work: Workspace): Outcome {
  // A map is made of weights as they are stored, and no plan outlives their writing.
  materialise(work);
  const site = siteOf(node, work);
  if (site.kind === 'refuse') return site;
  const run = runOf(site, work);
  const shift = leaveShift(run, work);
  const map = leaveMap(run, work, shift.kind === 'refuse');
  if (map.kind === 'folded') return map;
  if (shift.kind === 'plan') return carryOut(shift, run, work);
  return merge(site, work) ?? refuse(shift.reason);
}

/** Only the scale of an affine leaves the graph; its shift stays as an Add. */
export type ShiftLeft = Plan & { readonly left: Affine; readonly place: 'behind' | 'in front' };

/** An Add of the shift behind the scale that went back, or of the centring in front of the one that goes forward. */
function leaveShift(run: Run, work: Workspace): ShiftLeft | Refusal {
  const { affine, node, dtype } = run;
  if (work.facts.rank(run.input) === undefined) return refuse(`${node.label} has no known rank`);
  if (isPureScale(affine)) return refuse(`${node.label} has no shift that could stay`);
  const scaled = { ...run, affine: scaleOf(affine) };
  const back = isPureShift(affine)
    ? refuse('')
    : acceptable(planBack({ ...scaled, rest: shiftOf(affine) }, work), work, 1);
  if (back.kind === 'plan' && fitsStorage(affine, dtype)) return { ...back, left: shiftOf(affine), place: 'behind' };
  const centring = centringOf(affine);
  if (!centring || !fitsStorage(centring, dtype)) return refuse(`${node.label} scales by 0 where it shifts`);
  const forward = acceptable(planForward(scaled, work), work, 1);
  return forward.kind === 'plan' ? { ...forward, left: centring, place: 'in front' } : forward;
}

/** What is left is told of the BatchNormalization, if there is one. */
function carryOut(plan: ShiftLeft, run: Run, work: Workspace): Outcome {
  const folds = foldsOf(plan, 'scale', certify(plan, work));
  const stays = Math.max(
    0,
    folds.findIndex(({ opType }) => opType === 'BatchNormalization'),
  );
  const leaves = plan.place === 'in front' && couldGoWhole(run, work) ? 'Sub' : 'Add';
  commitLeaving(plan, plan.left, work, plan.place === 'in front' && !isIdentity(plan.site.affine), leaves);
  return { kind: 'folded', folds: folds.map((fold, index) => (index === stays ? { ...fold, leaves } : fold)) };
}

/** Where only its accuracy speaks against folding a shift, it is left in the form that says so the next time. */
const couldGoWhole = (run: Run, work: Workspace): boolean => planForward(run, work).kind === 'plan';

function leaveMap(run: Run, work: Workspace, isLastResort: boolean): Outcome {
  const { label } = run.node;
  if (work.facts.opset < 7) return refuse(`${label} would need a map, which older opsets cannot add`);
  const plan = planBorders(run, work);
  const checked = plan.kind === 'plan' ? acceptable(plan, work, plan.borders.length) : plan;
  if (checked.kind === 'refuse' || checked.borders.length === 0) return refuse(`${label} has no use for a map`);
  const [touched, before] = [elementsOfMaps(checked), elementsOf(run, work)];
  if (!(isLastResort ? touched <= before : touched < before)) return refuse(`${label} touches fewer elements`);
  if (costsAccuracy(run, work)) return refuse(`${label} would cost accuracy as a map: its shift is large beside what is left of it`); // prettier-ignore
  if (!checked.borders.every(isSmall)) return refuse(`${label} has a map that is too large`);
  const maps = checked.borders.map(({ border, shift }) => borderMap(border, shift.shift, run.dtype));
  if (!isComplete(maps)) return refuse(`${label} has a map that ${run.dtype} cannot hold`);
  const folds = foldsOf(checked, 'border-map', certify(checked, work)).map((fold) => ({ ...fold, leaves: 'Add' }));
  commitBorders(checked, maps, work);
  return { kind: 'folded', folds };
}

const isComplete = <T>(list: readonly (T | undefined)[]): list is readonly T[] => !list.includes(undefined);

function isSmall({ border }: Plan['borders'][number]): boolean {
  const { data } = border.linear.weight;
  return borderSize(border) <= Math.max(MOST_MAP_ELEMENTS, data.length);
}

const elementsOfMaps = ({ borders }: Plan): number => borders.reduce((sum, { border }) => sum + borderSize(border), 0);

/** Of y, for one sample; NaN where its size is not known. */
function elementsOf({ input }: Site, { facts }: Workspace): number {
  const shape: readonly Dim[] = facts.shape(input) ?? [''];
  return sizeOf(shape.slice(1).map((dim) => (typeof dim === 'number' ? dim : NaN)));
}

/** Two affines in a row, one of them a BatchNormalization, become one. */
function merge(second: Site, work: Workspace): Outcome | undefined {
  const first = inFrontOf(second, work);
  const affine = first && compose(first.affine, second.affine);
  const rank = first && work.facts.rank(first.input);
  if (!affine || rank === undefined) return undefined;
  const [stays, gone] = isBatchNormalization(first.node) ? [first, second] : [second, first];
  if (!isBatchNormalization(stays.node) || !fitsStorage(affine, second.dtype)) return undefined;
  const { node, dtype } = second;
  const leftover: Leftover = { node, name: stays.node.name, x: first.input, affine, dtype, rank };
  if (channelsOf(leftover, work) === undefined) return undefined;
  const direction = gone === second ? 'back' : 'forward';
  const certificate = certifyMerge([first, second], affine, work);
  const fold = { name: nameOf(gone.node), opType: gone.node.opType, direction, way: 'merge', through: [], into: [stays.node.label], certificate } as const; // prettier-ignore
  work.remove(first.node);
  writeBatchNormalization(leftover, work);
  return { kind: 'folded', folds: [fold] };
}
