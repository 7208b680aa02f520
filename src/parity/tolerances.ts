import type { DType } from '../tensor.ts';
import type { Tolerance } from './report.ts';

/**
 * How far two correct evaluations of one network lie apart.
 *
 * Every rounding is off by at most u, half a unit in the last place of 1. A sum of n products in any order is off by
 * at most n·u·Σ|w·x| (Jeannerod and Rump 2013), and since roundings go both ways, by about √n·u of that in practice
 * (Higham and Mary 2019: more than a few times √n·u is improbable). With d such sums one behind the other the
 * variances add: √(n·d)·u of the size of the values. The tiers take
 *
 *   n = 4096   a 3×3 kernel over 455 channels, or a Dense of 4096
 *   d = 64     layers with weights, one behind the other (MobileNetV2 and ResNet-50 have 53)
 *
 * so √(n·d) = 512 roundings. `range` is relative to the largest value of the output, because an element that is
 * small next to its neighbours was summed from terms of their size. `atol` is one rounding of a value of size 1: it
 * matters only where an output is all but 0 everywhere.
 *
 * Roundings that do not vary do not cancel: for a constant picture, and for networks that amplify what they are
 * given, correct evaluations can lie further apart, and such inputs want a tolerance of their own.
 *
 * This tells rounding from defect on ordinary networks; it is an expectation, not a proof. The certificate of a fold
 * carries the proven bound.
 */
const DOT_PRODUCT_LENGTH = 4096;
const DEPTH = 64;
const ROUNDINGS = Math.sqrt(DOT_PRODUCT_LENGTH * DEPTH);

const UNIT_ROUNDOFF = { float32: 2 ** -24, float16: 2 ** -11, bfloat16: 2 ** -8 } as const;

export const TOLERANCES = {
  /** Integers, booleans, strings, and models that should be bit-identical. */
  exact: { name: 'exact', atol: 0, rtol: 0, range: 0 },
  /** 2⁻¹⁵ ≈ 3.1e-5 of the output's largest value. */
  float32: {
    name: 'float32',
    atol: UNIT_ROUNDOFF.float32,
    rtol: 0,
    range: ROUNDINGS * UNIT_ROUNDOFF.float32,
  },
  /** Sums are kept in float32 and rounded once a layer, so only the depth counts: √64 · 2⁻¹¹ ≈ 0.4 %. */
  float16: {
    name: 'float16',
    atol: UNIT_ROUNDOFF.float16,
    rtol: 0,
    range: Math.sqrt(DEPTH) * UNIT_ROUNDOFF.float16,
  },
  /** As float16 with 8 bits: √64 · 2⁻⁸ ≈ 3 %. */
  bfloat16: {
    name: 'bfloat16',
    atol: UNIT_ROUNDOFF.bfloat16,
    rtol: 0,
    range: Math.sqrt(DEPTH) * UNIT_ROUNDOFF.bfloat16,
  },
} as const satisfies Readonly<Record<string, Tolerance>>;

/**
 * The tier of an output. A float64 output takes the float32 tier: it may be the cast of a float32 result. Whatever
 * is not a float takes `exact`, with or without `wanted`.
 */
export function toleranceFor(dtype: DType, wanted?: Tolerance): Tolerance {
  if (dtype === 'float64') return wanted ?? TOLERANCES.float32;
  return isTiered(dtype) ? (wanted ?? TOLERANCES[dtype]) : TOLERANCES.exact;
}

function isTiered(dtype: DType): dtype is keyof typeof UNIT_ROUNDOFF {
  return Object.hasOwn(UNIT_ROUNDOFF, dtype);
}
