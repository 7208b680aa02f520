import type { Node } from '../onnx/graph.ts';
import { affine, vectorOf, zip, type Affine, type Vector } from './affine.ts';
import { add, multiply, negate, ZERO, type DoubleDouble } from './double-double.ts';
import type { Facts } from './facts.ts';
import type { Lifted } from './lift.ts';
import type { Site } from './plan.ts';

/** What a BatchNormalization knows of its input x: z = (x − mean) / √(variance + epsilon) has mean 0, deviation 1. */
export interface Statistics {
  readonly mean: Vector;
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
  if (node.opType !== 'BatchNormalization') return isNormalisation(node) ? { mean: [ZERO], standard: own } : undefined;
  const [gamma, beta, mean, variance] = node.inputs.slice(1, 5).map((input) => facts.constant(input)?.data);
  if (!gamma || !beta || !mean || !variance || isUnmeasured(mean, variance)) return undefined;
  return { mean: vectorOf(mean), standard: affine(1, vectorOf(gamma), vectorOf(beta)) };
}

export const isNormalisation = ({ opType }: Node): boolean =>
  opType.endsWith('Normalization') && opType !== 'BatchNormalization';

const isUnmeasured = (mean: ArrayLike<number>, variance: ArrayLike<number>): boolean =>
  Array.from(mean).every((m) => m === 0) && Array.from(variance).every((v) => v === 1);

/**
 * |scale|, and as shift the magnitudes that a runtime adds up for it: |beta| + |mean · scale| of a
 * BatchNormalization, however small their difference, else |shift|.
 */
export function magnitudesOf(node: Node, lifted: Lifted, facts: Facts): Affine {
  const { affine: own } = lifted;
  const parameters = node.opType === 'BatchNormalization' ? [2, 3] : [];
  const [beta, mean] = parameters.map((input) => facts.constant(node.inputs[input])?.data);
  if (!beta || !mean) return absolute(own);
  const moved = zip(vectorOf(mean), own.scale, multiply).map(magnitude);
  return affine(own.axis, own.scale.map(magnitude), zip(vectorOf(beta).map(magnitude), moved, add));
}

/** |scale| and |shift|. */
export const absolute = ({ axis, scale, shift }: Affine): Affine =>
  affine(axis, scale.map(magnitude), shift.map(magnitude));

const magnitude = (x: DoubleDouble): DoubleDouble => (x.hi < 0 ? negate(x) : x);
