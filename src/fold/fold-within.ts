import type { Graph, Node } from '../onnx/graph.ts';
import { isStandard } from '../onnx/shapes/infer.ts';
import { materialise } from './materialise.ts';
import { foldSite, isBatchNormalization, nameOf } from './fold-site.ts';
import { foldNormalisations } from './normalisations.ts';
import { disarmMatMuls } from './onnxruntime-trap.ts';
import type { Fold, KeptNode } from './report.ts';
import { mergeTransposes } from './transposes.ts';
import type { Workspace } from './workspace.ts';

/** What folding one graph has come to. */
export interface Result {
  readonly folds: readonly Fold[];
  readonly kept: readonly KeptNode[];
  /** MatMuls that are Gemms now for onnxruntime's sake. */
  readonly rewritten: readonly string[];
}

/**
 * Folds one graph until nothing moves any more. Writing the weights may put Adds behind MatMuls, for which there may
 * be a place further on, so it is followed by another round.
 */
export function foldWithin(work: Workspace): Result {
  const folds: Fold[] = [];
  const rewritten: string[] = [];
  for (let moved = 0; ; moved = 0) {
    let { count, reasons } = foldSites(work, folds);
    for (let own; (own = foldNormalisations(work)).length > 0; { count, reasons } = foldSites(work, folds)) {
      moved += own.length + count;
      folds.push(...own);
    }
    materialise(work);
    const merged = mergeTransposes(work);
    folds.push(...merged);
    const disarmed = disarmMatMuls(work);
    rewritten.push(...disarmed);
    if (moved + count + merged.length + disarmed.length === 0) return { folds, kept: keptIn(work, reasons), rewritten };
  }
}

/** Each fold may clear the way for another, so sites are tried again until none of them moves. */
function foldSites(work: Workspace, folds: Fold[]) {
  const reasons = new Map<Node, string>();
  let count = 0;
  for (let before = -1; before !== count;) {
    before = count;
    for (const node of work.graph.nodes.filter((candidate) => isCandidate(candidate, work))) {
      if (!work.owns(node)) continue;
      const outcome = foldSite(node, work);
      if (outcome.kind === 'refuse') {
        reasons.set(node, outcome.reason);
      } else {
        count++;
        folds.push(...outcome.folds.filter(({ name }) => !work.added.has(name)));
      }
    }
  }
  return { count, reasons };
}

const isCandidate = (node: Node, work: Workspace) =>
  work.lifted(node).kind === 'affine' || isStandardBatchNormalization(node, work.graph);

const isStandardBatchNormalization = (node: Node, graph: Graph) =>
  isBatchNormalization(node) && isStandard(node, graph);

function keptIn({ graph }: Workspace, reasons: ReadonlyMap<Node, string>): KeptNode[] {
  const left = graph.nodes.filter((node) => isStandardBatchNormalization(node, graph));
  return left.map((node) => ({ name: nameOf(node), reason: reasons.get(node) ?? 'it was not looked at' }));
}
