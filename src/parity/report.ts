import type { AuditTotals, SiteAudit, TruthReport } from './audit/report.ts';
import type { ProviderReport } from '../runtime/model.ts';
import type { UlpSummary } from './ulp-histogram.ts';

/** `not-run` is no pass: nothing was compared, `reason` says why. */
export type Verdict = 'pass' | 'fail' | 'not-run';

/**
 * Differences of one output, candidate against reference, over every sample of a run. d is the difference of an
 * element, e the expected and a the actual value; sums and extremes leave out elements that are not finite.
 * Strings differ by 1 or 0.
 */
export interface OutputMetrics {
  readonly elements: number;
  /** max |d| */
  readonly maxAbs: number;
  /** Σ|d| / finite elements */
  readonly meanAbs: number;
  /** max |d| / |e| where e is not 0; 0 where there is no such element. */
  readonly maxRel: number;
  /**
   * Distance in units in the last place: median, 99th percentile, largest. Of float32 for float32 and float64, of
   * their own type for float16 and bfloat16, plain difference for integers. Percentiles are exact up to 4096, above
   * that rounded up to a power of two. `bins` is the whole distribution.
   */
  readonly ulp: UlpSummary;
  /** Signal to quantisation noise, 10·log₁₀(Σe² / Σd²) dB; `null` when nothing differs, or all of e is 0. */
  readonly sqnrDb: number | null;
  /** Σea / √(Σe²·Σa²); 1 when both are all 0. */
  readonly cosine: number;
  /** Elements that are NaN or infinite in either run. They never pass. */
  readonly nonFinite: number;
  /** Rows (along the last axis) whose largest element is at the same place in both; `null` where rows have one. */
  readonly top1: { readonly agree: number; readonly total: number } | null;
  /** What was allowed for this output. */
  readonly tolerance: Tolerance;
  /** max |d| / allowed; at most 1 passes. `Number.MAX_VALUE` where nothing is allowed or an element is not finite. */
  readonly worstShare: number;
  /** The element of `worstShare`; `null` when nothing differs. JSON turns a NaN or infinity in it into null. */
  readonly worst: {
    readonly sample: number;
    readonly index: readonly number[];
    readonly expected: number;
    readonly actual: number;
  } | null;
  /** There are elements, and `worstShare` is at most 1. */
  readonly pass: boolean;
}

export interface ParityReport {
  readonly verdict: Verdict;
  /** Why not `pass`; absent on pass. */
  readonly reason?: string;
  /** Why `pass` although a run is beyond its tolerance, or although a bound is broken between unrelated models. */
  readonly note?: string;
  readonly seed: number;
  readonly samples: number;
  /** For float outputs; the ones of each output are in its metrics (integers, booleans and strings: exact). */
  readonly tolerance: Tolerance;
  /** By output name, the metrics of the run that came off worst for it (largest `worstShare`). */
  readonly outputs: Readonly<Record<string, OutputMetrics>>;
  readonly runs: readonly ParityRun[];
  readonly reference: { readonly label: string; readonly provider: ProviderReport } | null;
  /** Both models against the unfolded one in float64. */
  readonly truth: TruthReport;
  /** Every part of the network that was changed, held against proven bounds, and what that comes to. */
  readonly audit: AuditTotals;
  readonly sites: readonly SiteAudit[];
  /** The model in the framework that it comes from, where one was given. */
  readonly original?: OriginalReport;
}

/** The candidate, run as it is written, against the original. `not-run` says why: nothing was compared with it. */
export type OriginalReport =
  | { readonly verdict: 'not-run'; readonly label?: string; readonly reason: string }
  | {
      readonly verdict: 'pass' | 'fail';
      /** Framework, version and backend. */
      readonly label: string;
      readonly reason?: string;
      /** Why `pass` although an output is beyond its tolerance. */
      readonly note?: string;
      readonly outputs: Readonly<Record<string, OutputMetrics>>;
    };

/** One way the candidate was run, such as one of onnxruntime's optimisation levels. */
export interface ParityRun {
  readonly label: string;
  /** `null` when the candidate did not load. */
  readonly provider: ProviderReport | null;
  readonly verdict: Verdict;
  readonly reason?: string;
  readonly outputs: Readonly<Record<string, OutputMetrics>>;
}

/** |actual − expected| ≤ atol + rtol·|expected| + range·max|expected|, at every element; the maximum is that output's. */
export interface Tolerance {
  readonly name: string;
  /** In the output's own unit. */
  readonly atol: number;
  readonly rtol: number;
  readonly range: number;
}
