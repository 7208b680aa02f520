import type { Graph, Node } from '../onnx/graph.ts';
import { isStandard } from '../onnx/shapes/infer.ts';
import { reorderRows } from './tidy/dense-rows.ts';
import { materialise } from './plan/materialise.ts';
import { leaveLess } from './plan/fold-leaving.ts';
import { foldSite, isBatchNormalization, nameOf, type Outcome } from './fold-site.ts';
import { foldNormalisations } from './tidy/normalisations.ts';
import { disarmMatMuls, keepPadsApart } from './tidy/onnxruntime-trap.ts';
import { mergePads } from './tidy/pads.ts';
import type { Fold, KeptNode } from './report.ts';
import { mergeTransposes } from './tidy/transposes.ts';
import type { Workspace } from './workspace.ts';

/** What folding one graph has come to. */
export interface Result {
  readonly folds: readonly Fold[];
  readonly kept: readonly KeptNode[];
  /** What was written otherwise for onnxruntime's sake. */
  readonly rewritten: readonly string[];
}

interface Progress {
  readonly folds: Fold[];
  readonly rewritten: string[];
  /** Why sites stay, as they were last tried. */
  readonly reasons: Map<Node, string>;
}

/** One kind of change, made wherever it can be. @returns how many were made. */
type Step = (work: Workspace, progress: Progress) => number;

/**
 * Each step begins when the ones before have nothing left to do; what it moves may give them something again. What
 * leaves a node behind comes late, so that whatever can go whole does.
 */
const STEPS: readonly Step[] = [
  foldSites,
  (work, { folds }) => note(folds, foldNormalisations(work)),
  writeWeights,
  (work, { folds }) => note(folds, mergeTransposes(work)),
  (work, { folds }) => note(folds, reorderRows(work)),
  (work, { folds }) => note(folds, mergePads(work)),
  leaveLessAtSites,
  (work, { rewritten }) => note(rewritten, disarmMatMuls(work)),
  (work, { rewritten }) => note(rewritten, keepPadsApart(work)),
  foldAsStored,
];

/** Folds one graph until nothing moves any more. */
export function foldWithin(work: Workspace): Result {
  const progress: Progress = { folds: [], rewritten: [], reasons: new Map() };
  for (let step = 0; step < STEPS.length;) {
    const moved = STEPS[step]!(work, progress) > 0;
    step = moved && step > 0 ? 0 : step + 1;
  }
  return { ...progress, kept: keptIn(work, progress.reasons) };
}

function note<T>(all: T[], made: readonly T[]): number {
  all.push(...made);
  return made.length;
}

/**
 * Each fold may clear the way for another, so sites are tried again until none of them moves: once in order, then
 * from the end, as a row of affines in front of weights goes into these one after the other, the last one first.
 */
function foldSites(work: Workspace, progress: Progress): number {
  let count = 0;
  for (let before = -1; before !== count;) {
    const sites = before < 0 ? candidates(work) : candidates(work).reverse();
    before = count;
    for (const node of sites) count += fold(node, foldSite, work, progress);
  }
  return count;
}

/**
 * The last of several affines in a row stands for all of them, so it comes first. What one leaves may clear the way
 * for another to go whole.
 */
function leaveLessAtSites(work: Workspace, progress: Progress): number {
  let count = 0;
  for (const node of candidates(work).reverse()) {
    const whole = progress.reasons.get(node);
    const isClear = count > 0 && fold(node, foldSite, work, progress) > 0;
    count += isClear ? 1 : fold(node, leaveLess, work, progress);
    const alone = progress.reasons.get(node);
    if (whole && alone && alone !== whole) progress.reasons.set(node, `${whole}; its scale alone, ${alone}`);
  }
  return count;
}

/**
 * The constant of an affine that is left is a float from now on, and as that float it may go where the number before
 * rounding could not, such as past bounds that have to stay floats: the next run would find it so.
 */
function foldAsStored(work: Workspace, progress: Progress): number {
  let count = 0;
  for (const node of candidates(work)) if (work.takeAsStored(node)) count += fold(node, foldSite, work, progress);
  return count;
}

type Way = (node: Node, work: Workspace) => Outcome;

function fold(node: Node, way: Way, work: Workspace, { folds, reasons }: Progress): number {
  if (!work.owns(node)) return 0;
  const outcome = way(node, work);
  if (outcome.kind === 'refuse') {
    reasons.set(node, outcome.reason);
    return 0;
  }
  folds.push(...outcome.folds.filter(({ name }) => !work.added.has(name)));
  return 1;
}

/** New weights may put Adds behind MatMuls, for which there may be a place further on. */
function writeWeights(work: Workspace): number {
  const count = work.edits.size;
  materialise(work);
  return count;
}

const candidates = (work: Workspace) =>
  work.graph.nodes.filter(
    (node) => work.lifted(node).kind === 'affine' || isStandardBatchNormalization(node, work.graph),
  );

const isStandardBatchNormalization = (node: Node, graph: Graph) =>
  isBatchNormalization(node) && isStandard(node, graph);

function keptIn({ graph }: Workspace, reasons: ReadonlyMap<Node, string>): KeptNode[] {
  const left = graph.nodes.filter((node) => isStandardBatchNormalization(node, graph));
  return left.map((node) => ({ name: nameOf(node), reason: reasons.get(node) ?? 'it was not looked at' }));
}
