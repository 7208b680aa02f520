import type { Dim } from '../../tensor.ts';
import type { Node, Value } from '../../onnx/graph.ts';
import { normalAxis } from '../../onnx/shapes/dims.ts';
import { isNormalisation } from './statistics.ts';
import { intsOf, type Facts } from '../facts.ts';
import type { Storage } from '../algebra/rounding.ts';

/** Half the distance of 1 to the next number: the largest relative error of one rounding to nearest. */
const UNIT_ROUNDOFFS: Readonly<Record<Storage, number>> = {
  bfloat16: 2 ** -8,
  float16: 2 ** -11,
  float32: 2 ** -24,
  float64: 2 ** -53,
};

export const unitRoundoff = (storage: Storage): number => UNIT_ROUNDOFFS[storage];

/**
 * g(k) = k · u / (1 − k · u): a product of k factors 1 + δ with |δ| ≤ u lies within 1 ± g(k). Beyond 1 / u roundings
 * nothing is known.
 *
 * Source: N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., lemma 3.1.
 */
export function gamma(k: number, u: number): number {
  return k * u < 1 ? (k * u) / (1 - k * u) : Infinity;
}

/** variance + epsilon, its root, gamma over it (two by a reciprocal), − mean, · scale, + beta. */
export const BATCH_NORMALIZATION_ROUNDINGS = 7;

/** · gamma, + beta. */
const NORMALISATION_ROUNDINGS = 2;

/** The most roundings that a term goes through in a node that is an affine of input `input`; undefined if unknown. */
export function affineRoundings(node: Node, input: number, facts: Facts): number | undefined {
  if (node.opType === 'BatchNormalization') return BATCH_NORMALIZATION_ROUNDINGS;
  if (isNormalisation(node)) return NORMALISATION_ROUNDINGS;
  if (node.opType === 'Neg') return 0;
  const inConstant = computedRoundings(node.inputs[1 - input], facts);
  return inConstant === undefined ? undefined : 1 + inConstant;
}

/** No constant is computed in more steps, or it would not have been taken for one. */
const DEEPEST = 16;

/** Roundings of a constant that the runtime computes, in relation to its own size: sums must not cancel. */
function computedRoundings(value: Value | undefined, facts: Facts, depth = 0): number | undefined {
  const producer = value?.producer;
  if (!producer) return 0;
  if (depth > DEEPEST || (SUMS.has(producer.opType) && !areAllPositive(producer, facts))) return undefined;
  let sum = EXACT.has(producer.opType) ? 0 : 1;
  for (const input of producer.inputs) {
    const roundings = computedRoundings(input, facts, depth + 1);
    if (roundings === undefined) return undefined;
    sum += roundings;
  }
  return sum;
}

function areAllPositive({ opType, inputs }: Node, facts: Facts): boolean {
  if (opType !== 'Add') return false;
  return inputs.every((input) => {
    const numbers = facts.constant(input);
    return numbers !== undefined && Array.from(numbers.data).every((element) => element >= 0);
  });
}

/** Operators that add two values up. */
export const SUMS: ReadonlySet<string> = new Set(['Add', 'Mean', 'Sub', 'Sum']);

/** Operators that only move, choose or repeat numbers. */
const EXACT: ReadonlySet<string> = new Set([
  'Concat', 'Constant', 'ConstantOfShape', 'DepthToSpace', 'Dropout', 'Expand', 'Flatten', 'Gather', 'GlobalMaxPool',
  'Identity', 'Max', 'MaxPool', 'Min', 'Neg', 'Pad', 'ReduceMax', 'ReduceMin', 'Relu', 'Reshape', 'Shape', 'Size',
  'Slice', 'SpaceToDepth', 'Split', 'Squeeze', 'Tile', 'Transpose', 'Unsqueeze',
]); // prettier-ignore

/**
 * The most roundings that a number goes through in a node that an affine has crossed, if the node makes no error
 * larger; undefined where that depends on sizes or numbers that are not known.
 */
export function crossingRoundings(node: Node, facts: Facts): number | undefined {
  if (EXACT.has(node.opType)) return 0;
  return ROUNDINGS[node.opType]?.(node, facts);
}

/** A mean of m numbers: m − 1 sums and a quotient. */
const ROUNDINGS: Readonly<Record<string, (node: Node, facts: Facts) => number | undefined>> = {
  Add: () => 1,
  AveragePool: (node) => productOf(node.ints('kernel_shape')),
  GlobalAveragePool: (node, facts) => productOf(facts.shape(node.inputs[0])?.slice(2)),
  LeakyRelu: (node) => (Math.abs(node.float('alpha', 0.01)) <= 1 ? 1 : undefined),
  Mean: ({ inputs }) => inputs.length,
  PRelu: (node, facts) => {
    const slope = facts.constant(node.inputs[1]);
    return slope && Array.from(slope.data).every((element) => Math.abs(element) <= 1) ? 1 : undefined;
  },
  ReduceMean: (node, facts) => productOf(reducedDims(node, facts)),
  Resize: (node) => (node.string('mode', 'nearest') === 'nearest' ? 0 : undefined),
  Sub: () => 1,
  Sum: ({ inputs }) => inputs.length - 1,
  Upsample: (node) => (node.string('mode', 'nearest') === 'nearest' ? 0 : undefined),
};

/** All of them where no axes are given. */
function reducedDims(node: Node, facts: Facts): readonly Dim[] | undefined {
  const shape = facts.shape(node.inputs[0]);
  const axes = intsOf(node, 'axes', 1, facts);
  if (!shape || (!axes && node.inputs[1])) return undefined;
  const reduced = axes?.map((axis) => normalAxis(axis, shape.length));
  return shape.filter((_, axis) => !reduced || reduced.includes(axis));
}

function productOf(dims: readonly Dim[] | undefined): number | undefined {
  const product = dims?.reduce<number>((sizes, dim) => sizes * (typeof dim === 'number' ? dim : NaN), 1);
  return product !== undefined && Number.isSafeInteger(product) ? product : undefined;
}
