import { ints } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import type { Draft, Fact } from './draft.ts';
import type { Tape } from './tape.ts';

/** One more node behind a value, or a few. */
export interface Operator {
  readonly name: string;
  readonly applies: (fact: Fact, draft: Draft) => boolean;
  /** Undefined where the tape asks for something that does not fit. */
  readonly grow: (draft: Draft, x: Value, tape: Tape) => Grown | undefined;
}

/** Where an axis of x ends up in y; undefined where an affine along it does not get through. */
export type AxisMap = (axis: number) => number | undefined;

/** What theory says of an operator, by which the fate of an affine near it is known beforehand. */
export interface Grown {
  readonly y: Value;
  /** Further outputs. */
  readonly others?: readonly Value[];
  /** Multiplies by constant weights: its features are along this axis of y. */
  readonly features?: number;
  /** Multiplies by constant weights and sums over this axis of x. */
  readonly sumsOver?: number;
  /** A bias for it is a node of its own. */
  readonly makesBiasNode?: true;
  /** Any affine of y along the mapped axis is one of x. */
  readonly back?: AxisMap;
  /** Any affine of x is one of y along the mapped axis. */
  readonly forward?: AxisMap;
  /** Only of an affine without negative scales. */
  readonly isMonotonic?: true;
  /** Only of an affine without a shift, such as one in front of padded zeros. */
  readonly keepsZero?: true;
}

export const sameAxis: AxisMap = (axis) => axis;

/** An affine gets through either way. */
export const both = (axes: AxisMap) => ({ back: axes, forward: axes });

/** Axes that come from an attribute or, in newer opsets, from an input. */
export function withAxes(draft: Draft, axes: readonly number[], inputSince: number) {
  if (draft.opset < inputSince) return { attributes: { axes: ints(axes) }, inputs: [] };
  return { attributes: {}, inputs: [draft.integers(axes, 'axes')] };
}
