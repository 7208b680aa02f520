import type { Written } from '../plan/materialise.ts';
import type { Certificate, Fold, FoldWay } from '../report.ts';

/** Says in each certificate how the parameters of the nodes that took the fold in were rounded, now they are written. */
export function withParameters(
  folds: readonly Fold[],
  written: readonly Written[],
  relabelled: ReadonlyMap<string, string>,
): Fold[] {
  const byNode = new Map<string, Written[]>();
  for (const each of written) byNode.set(each.node, [...(byNode.get(each.node) ?? []), each]);
  return folds.map((fold) => certified(exactIfMoved(fold), fold.into.flatMap((label) => labelsOf(label, relabelled).flatMap((each) => byNode.get(each) ?? [])))); // prettier-ignore
}

/** A node without a name is called after its output, which changes when what was behind it goes into it. */
function labelsOf(label: string, relabelled: ReadonlyMap<string, string>): string[] {
  const labels = new Set<string>();
  for (let next: string | undefined = label; next !== undefined && !labels.has(next); next = relabelled.get(next)) {
    labels.add(next);
  }
  return [...labels];
}

/** Ways in which numbers only take other places. */
const MOVES: readonly FoldWay[] = ['transpose', 'pad'];

const NOTHING_ROUNDED: Certificate = {
  dtype: null,
  u: 0,
  n: 0,
  kappa: null,
  bound: { unfolded: { perUnit: 0, constant: 0 }, folded: { perUnit: 0, constant: 0 } },
  boundInRange: null,
  growth: null,
  uncounted: [],
  maxAbsScale: 1,
  minAbsScale: 1,
  bytesAdded: 0,
};

const exactIfMoved = (fold: Fold): Fold =>
  MOVES.includes(fold.way) && !fold.certificate ? { ...fold, certificate: NOTHING_ROUNDED } : fold;

function certified(fold: Fold, written: readonly Written[]): Fold {
  if (!fold.certificate || written.length === 0) return fold;
  const total = written.reduce((sum, each) => sum + each.total, 0);
  const correctlyRounded = written.reduce((sum, each) => sum + each.correctlyRounded, 0);
  return { ...fold, certificate: { ...fold.certificate, parameters: { total, correctlyRounded } } };
}
