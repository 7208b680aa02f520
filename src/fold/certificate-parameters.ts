import type { Written } from './materialise.ts';
import type { Fold } from './report.ts';

/** Says in each certificate how the parameters of the nodes that took the fold in were rounded, now they are written. */
export function withParameters(folds: readonly Fold[], written: readonly Written[]): Fold[] {
  const byNode = new Map<string, Written[]>();
  for (const each of written) byNode.set(each.node, [...(byNode.get(each.node) ?? []), each]);
  return folds.map((fold) => certified(fold, fold.into.flatMap((label) => byNode.get(label) ?? []))); // prettier-ignore
}

function certified(fold: Fold, written: readonly Written[]): Fold {
  if (!fold.certificate || written.length === 0) return fold;
  const total = written.reduce((sum, each) => sum + each.total, 0);
  const correctlyRounded = written.reduce((sum, each) => sum + each.correctlyRounded, 0);
  return { ...fold, certificate: { ...fold.certificate, parameters: { total, correctlyRounded } } };
}
