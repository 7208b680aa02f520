import type { Node } from '../../onnx/graph.ts';
import { affine, at, vectorOf, type Affine, type Vector } from '../algebra/affine.ts';
import { opposite, ZERO, type DoubleDouble } from '../algebra/double-double.ts';
import type { Facts } from '../facts.ts';
import type { Lifted } from '../lift/lift.ts';
import type { Site } from '../plan/plan.ts';

/** What a BatchNormalization knows of its input x: z = (x − mean) / √(variance + epsilon) has mean 0, deviation 1. */
export interface Statistics {
  readonly mean: () => Vector;
  /** y = gamma · z + beta. */
  readonly standard: Affine;
}

/**
 * Undefined for other nodes, and for mean 0 and variance 1 throughout: nobody has measured that. What ends a
 * LayerNormalization and its kin reads numbers of mean 0 and deviation 1 by definition.
 */
export function statisticsOf(
  { node, affine: own }: Pick<Site, 'node' | 'affine'>,
  facts: Facts,
): Statistics | undefined {
  if (node.opType !== 'BatchNormalization')
    return isNormalisation(node) ? { mean: () => [ZERO], standard: own } : undefined;
  const [gamma, beta, mean, variance] = node.inputs.slice(1, 5).map((input) => facts.constant(input)?.data);
  if (!gamma || !beta || !mean || !variance || isUnmeasured(mean, variance)) return undefined;
  return { mean: () => vectorOf(mean), standard: affine(1, vectorOf(gamma), vectorOf(beta)) };
}

export const isNormalisation = ({ opType }: Node): boolean =>
  opType.endsWith('Normalization') && opType !== 'BatchNormalization';

const isUnmeasured = (mean: ArrayLike<number>, variance: ArrayLike<number>): boolean =>
  isFull(mean, 0) && isFull(variance, 1);

function isFull(numbers: ArrayLike<number>, value: number): boolean {
  let same = 0;
  while (same < numbers.length && numbers[same] === value) same++;
  return same === numbers.length;
}

/**
 * |scale|, and as shift the magnitudes that a runtime adds up for it: |beta| + |mean · scale| of a
 * BatchNormalization, however small their difference, else |shift|.
 */
export function magnitudesOf(node: Node, lifted: Lifted, facts: Facts): Affine {
  const { affine: own } = lifted;
  const parameters = node.opType === 'BatchNormalization' ? [2, 3] : [];
  const [beta, mean] = parameters.map((input) => facts.constant(node.inputs[input])?.data);
  if (!beta || !mean) return absolute(own);
  const shift = new Float64Array(mean.length);
  for (let channel = 0; channel < mean.length; channel++) {
    shift[channel] = sumBound(beta[channel]!, mean[channel]! * at(own.scale, channel).hi);
  }
  return affine(own.axis, own.scale.map(magnitude), vectorOf(shift));
}

/** No less than |a| + |b|, for a b that has been rounded twice. */
const sumBound = (a: number, b: number): number => (Math.abs(a) + Math.abs(b)) * (1 + 2 ** -50);

/** |scale| and |shift|. */
export const absolute = ({ axis, scale, shift }: Affine): Affine =>
  affine(axis, scale.map(magnitude), shift.map(magnitude));

/** Nobody rounds it, so it need not remember what it is made of. */
const magnitude = (x: DoubleDouble): DoubleDouble => (x.hi < 0 ? opposite(x) : x);
