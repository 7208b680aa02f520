import type { FoldReport } from '../../fold/report.ts';
import type { FateJson } from '../json.ts';

/** What becomes of each BatchNormalization node, by its name in the unfolded graph. */
export function fatesOf({ folds, batchNormalizations }: FoldReport): ReadonlyMap<string, FateJson> {
  const fates = new Map<string, FateJson>();
  for (const { name, opType, direction, into } of folds) {
    if (opType === 'BatchNormalization') fates.set(name, { outcome: 'folded', direction, into });
  }
  for (const { name, reason } of batchNormalizations.kept) fates.set(name, { outcome: 'kept', name, reason });
  return fates;
}

export function unknownFate(reason: string): FateJson {
  return { outcome: 'unknown', reason };
}
