import { add, exact, multiply, ONE, ZERO, type DoubleDouble } from './double-double.ts';

/** One number for each index along an axis, or a single one for all. */
export type Vector = readonly DoubleDouble[];

/** y = scale · x + shift along one axis; vectors of length 1 are uniform, and then the axis does not matter. */
export interface Affine {
  readonly axis: number;
  readonly scale: Vector;
  readonly shift: Vector;
}

/** Both vectors get the length of the longer, or 1 if neither varies; none if one of them has no entries. */
export function affine(axis: number, scale: Vector, shift: Vector): Affine {
  const [s, t] = [shrink(scale), shrink(shift)];
  const length = s.length === 0 || t.length === 0 ? 0 : Math.max(s.length, t.length);
  return { axis, scale: stretch(s, length), shift: stretch(t, length) };
}

export const isUniform = ({ scale }: Affine): boolean => scale.length === 1;
export const isPureScale = ({ shift }: Affine): boolean => shift.every(isZero);
export const isPureShift = ({ scale }: Affine): boolean => scale.every(isOne);
/** The affine that changes nothing. */
export const isIdentity = (a: Affine): boolean => isPureScale(a) && isPureShift(a);
export const isZero = ({ hi }: DoubleDouble): boolean => hi === 0;
export const isNotNegative = ({ hi }: DoubleDouble): boolean => hi >= 0;
export const isOne = ({ hi, lo }: DoubleDouble): boolean => hi === 1 && lo === 0;

export function isFinite({ scale, shift }: Affine): boolean {
  const isNumber = ({ hi }: DoubleDouble) => Number.isFinite(hi);
  return scale.every(isNumber) && shift.every(isNumber);
}

/** Whether the affine acts along this axis; a uniform one acts along any. */
export const actsAlong = (a: Affine, axis: number): boolean => isUniform(a) || a.axis === axis;

/** The affine as one along `axis`, which must be allowed by {@link actsAlong}. */
export const along = (a: Affine, axis: number): Affine => ({ ...a, axis });

/** No vector is made longer than this, whatever size a shape asks for: no layer has so many features. */
export const MOST_ENTRIES = 2 ** 22;

/** Its entries at these indices, in this order, along its own axis. */
export function pick({ axis, scale, shift }: Affine, indices: readonly number[]): Affine {
  const picked = (vector: Vector) => indices.map((index) => at(vector, index));
  return affine(axis, picked(scale), picked(shift));
}

/** Its entries one after the other at these indices of an axis of this length, and nothing changed elsewhere. */
export function place({ axis, scale, shift }: Affine, indices: readonly number[], length: number): Affine {
  const placed = (vector: Vector, neutral: DoubleDouble) => {
    const whole = new Array<DoubleDouble>(length).fill(neutral);
    indices.forEach((index, entry) => (whole[index] = at(vector, entry)));
    return whole;
  };
  return affine(axis, placed(scale, ONE), placed(shift, ZERO));
}

/** second ∘ first: scale s₂s₁, shift s₂t₁ + t₂. Undefined if they act along different axes. */
export function compose(first: Affine, second: Affine): Affine | undefined {
  if (!isUniform(first) && !isUniform(second) && first.axis !== second.axis) return undefined;
  const axis = isUniform(first) ? second.axis : first.axis;
  return affine(
    axis,
    zip(second.scale, first.scale, multiply),
    zip(zip(second.scale, first.shift, multiply), second.shift, add),
  );
}

/** y = scale · x alone. */
export const scaleOf = ({ axis, scale }: Affine): Affine => affine(axis, scale, [ZERO]);
/** y = x + shift alone. */
export const shiftOf = ({ axis, shift }: Affine): Affine => affine(axis, [ONE], shift);

/** Elementwise; a single number meets every element. */
export function zip(a: Vector, b: Vector, operation: (a: DoubleDouble, b: DoubleDouble) => DoubleDouble): Vector {
  const length = a.length === 1 ? b.length : a.length;
  const result = new Array<DoubleDouble>(length);
  const isAlong = b.length === length;
  for (let index = 0; index < length; index++) result[index] = operation(at(a, index), b[isAlong ? index : 0]!);
  return result;
}

export function vectorOf(values: ArrayLike<number>): Vector {
  const vector = new Array<DoubleDouble>(values.length);
  for (let index = 0; index < vector.length; index++) vector[index] = exact(values[index]!);
  return vector;
}

/** Element `index`, wherever it comes from. */
export const at = (vector: Vector, index: number): DoubleDouble => vector[vector.length === 1 ? 0 : index]!;

/** A single number repeated to a length. */
export function stretch(vector: Vector, length: number): Vector {
  return vector.length === length ? vector : new Array<DoubleDouble>(length).fill(vector[0]!);
}

function shrink(vector: Vector): Vector {
  const [first] = vector;
  return first && vector.every(({ hi, lo }) => hi === first.hi && lo === first.lo) ? [first] : vector;
}
