import { isList, member } from './json.ts';
import type { LayerSpec, NamedWeight } from './spec.ts';

/** Rank of each variable of the classes whose kernels have one fixed rank. */
const KERNEL_RANKS: Readonly<Record<string, number>> = {
  Dense: 2,
  Embedding: 2,
  Conv1D: 3,
  Conv1DTranspose: 3,
  DepthwiseConv1D: 3,
  SeparableConv1D: 3,
  Conv2D: 4,
  Conv2DTranspose: 4,
  DepthwiseConv2D: 4,
  SeparableConv2D: 4,
  Conv3D: 5,
  Conv3DTranspose: 5,
};
const KERNELS: ReadonlySet<string> = new Set(['kernel', 'depthwise_kernel', 'pointwise_kernel', 'embeddings']);
const VECTORS: ReadonlySet<string> = new Set(['bias', 'moving_mean', 'moving_variance']);

/**
 * Whether a weight has the rank of its variable; true where the rank is not fixed. The statistics of several axes have
 * the rank of the input.
 */
export function hasRank(
  { className, config }: Pick<LayerSpec, 'className' | 'config'>,
  variable: string,
  rank: number,
): boolean {
  if (!Object.hasOwn(KERNEL_RANKS, className) && className !== 'BatchNormalization') return true;
  if (className === 'BatchNormalization' && isList(member(config, 'axis'))) return true;
  if (KERNELS.has(variable)) return rank === KERNEL_RANKS[className];
  return !VECTORS.has(variable) || rank === 1;
}

/**
 * Whether shapes agree with each other and with the config, as far as one layer alone can tell: units or filters as
 * the last axis (the last but one of a transposed kernel), equal lengths of all that a normalization holds.
 */
export function isPlausible(layer: LayerSpec, weights: readonly NamedWeight[]): boolean {
  if (weights.some(({ variable, stored }) => !hasRank(layer, variable, stored.shape.length))) return false;
  if (layer.className === 'BatchNormalization') {
    return new Set(weights.map(({ stored }) => stored.shape.join())).size <= 1;
  }
  const features = member(layer.config, 'units') ?? member(layer.config, 'filters');
  if (typeof features !== 'number' || !Object.hasOwn(KERNEL_RANKS, layer.className)) return true;
  const fromEnd = layer.className.endsWith('Transpose') ? 2 : 1;
  return weights.every(({ variable, stored }) => {
    if (variable === 'bias') return stored.shape[0] === features;
    const isLast = variable === 'kernel' || variable === 'pointwise_kernel';
    return !isLast || stored.shape.at(-fromEnd) === features;
  });
}
