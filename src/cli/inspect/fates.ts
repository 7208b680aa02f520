import type { FoldReport } from '../../fold/report.ts';
import type { FateJson } from '../json.ts';

/** What becomes of each BatchNormalization node, by its name in the unfolded graph. */
export function fatesOf({ folds, batchNormalizations }: FoldReport): ReadonlyMap<string, FateJson> {
  const fates = new Map<string, FateJson>();
  for (const { name, opType, direction, into, leaves } of folds) {
    const fate = { outcome: 'folded', direction, into, ...(leaves && { leaves }) } as const;
    if (opType === 'BatchNormalization') fates.set(name, fate);
  }
  for (const { name, reason } of batchNormalizations.kept) fates.set(name, { outcome: 'kept', name, reason });
  return fates;
}

export function unknownFate(reason: string): FateJson {
  return { outcome: 'unknown', reason };
}

/**
 * What becomes of a Keras layer at each of its calls; `paths` are those of all layers. The node of a layer bears its path; later calls of the layer, or of a model around it, add `_1`, `_2`, … to a name
 * of the path. On an axis that ONNX cannot normalise the layer is a Mul and an Add instead.
 */
export function fatesOfLayer(
  path: string,
  paths: ReadonlySet<string>,
  fates: ReadonlyMap<string, FateJson> | undefined,
): FateJson[] {
  if (!fates) return [unknownFate('the model cannot be exported')];
  const names = path.split('/').map((name) => `${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(_\\d+)?`);
  const pattern = new RegExp(`^${names.join('/')}$`);
  const found = [...fates].filter(([name]) => name === path || (pattern.test(name) && !paths.has(name)));
  if (found.length > 0) return found.map(([, fate]) => fate);
  return [unknownFate('it is written as a Mul and an Add, or the outputs do not depend on it')];
}
