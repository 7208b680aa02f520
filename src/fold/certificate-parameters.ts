import type { Written } from './materialise.ts';
import type { Certificate, Fold, FoldWay } from './report.ts';

/** Says in each certificate how the parameters of the nodes that took the fold in were rounded, now they are written. */
export function withParameters(folds: readonly Fold[], written: readonly Written[]): Fold[] {
  const byNode = new Map<string, Written[]>();
  for (const each of written) byNode.set(each.node, [...(byNode.get(each.node) ?? []), each]);
  return folds.map((fold) => certified(exactIfMoved(fold), fold.into.flatMap((label) => byNode.get(label) ?? []))); // prettier-ignore
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
