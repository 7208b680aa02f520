import type { DType } from '../../../tensor.ts';

/**
 * What one operator may be off by. Sums and products are rounded to nearest with unit roundoff `sum`, in any order
 * and with or without fused multiply-add, and what is stored is rounded once more by `store`. No overflow is assumed;
 * `tiny` is what a product that underflows loses at most.
 *
 * float16 and bfloat16 are computed in float32 and stored in 16 bits, as onnxruntime does on the CPU (x64); a machine
 * that also sums in 16 bits is not covered.
 */
export interface Unit {
  readonly sum: number;
  readonly store: number;
  readonly tiny: number;
}

/** Nothing is rounded: for what separates two sets of parameters over the reals. */
export const EXACT: Unit = { sum: 0, store: 0, tiny: 0 };

const UNITS: Partial<Record<DType, Unit>> = {
  float32: { sum: 2 ** -24, store: 0, tiny: 2 ** -149 },
  float16: { sum: 2 ** -24, store: 2 ** -11, tiny: 2 ** -24 },
  bfloat16: { sum: 2 ** -24, store: 2 ** -8, tiny: 2 ** -133 },
};

/** Undefined for float64, which float64 cannot judge, and for what is not a float. */
export function unitOf(dtype: DType): Unit | undefined {
  return UNITS[dtype];
}

/** γₖ = k·u / (1 − k·u) of Higham 2002, §3.1, and one rounding to what is stored: (1 + γₖ)(1 + store) − 1. */
export function growth({ sum, store }: Unit, k: number): number {
  const ku = k * sum;
  const gamma = ku < 1 ? ku / (1 - ku) : Infinity;
  return gamma + store + gamma * store;
}

/** Half a unit in the last place of a parameter that is rounded to nearest, relative to it. */
export function parameterRounding(dtype: DType): Unit | undefined {
  const unit = unitOf(dtype);
  return unit && { sum: Math.max(unit.sum, unit.store), store: 0, tiny: unit.tiny };
}
