import type { ProviderReport } from '../runtime/model.ts';

/** `not-run` is no pass: nothing was compared, `reason` says why. */
export type Verdict = 'pass' | 'fail' | 'not-run';

/** Differences of one output, candidate against reference, over every sample and run. */
export interface OutputMetrics {
  readonly elements: number;
  readonly maxAbs: number;
  readonly meanAbs: number;
  /** Largest |difference| / |expected| where the expected value is not 0. */
  readonly maxRel: number;
  /** Distance in units in the last place of float32: median, 99th percentile, largest. */
  readonly ulp: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Signal to quantisation noise, 10·log₁₀(Σ expected² / Σ difference²) dB; `null` when nothing differs. */
  readonly sqnrDb: number | null;
  readonly cosine: number;
  /** Elements that are NaN or infinite in either run. They never pass. */
  readonly nonFinite: number;
  /** Rows (along the last axis) whose largest element is at the same place in both. */
  readonly top1: { readonly agree: number; readonly total: number } | null;
  /** Largest |difference| / allowed difference; at most 1 passes. */
  readonly worstShare: number;
  readonly worst: {
    readonly sample: number;
    readonly index: readonly number[];
    readonly expected: number;
    readonly actual: number;
  } | null;
  readonly pass: boolean;
}

export interface ParityReport {
  readonly verdict: Verdict;
  /** Why not `pass`; absent on pass. */
  readonly reason?: string;
  readonly seed: number;
  readonly samples: number;
  readonly tolerance: Tolerance;
  /** Worst over all candidate runs, by output name. */
  readonly outputs: Readonly<Record<string, OutputMetrics>>;
  /** One entry for each way the candidate was run, the optimisation levels of onnxruntime among them. */
  readonly runs: readonly {
    readonly label: string;
    readonly provider: ProviderReport;
    readonly verdict: Verdict;
    readonly outputs: Readonly<Record<string, OutputMetrics>>;
  }[];
  readonly reference: { readonly label: string; readonly provider: ProviderReport } | null;
}

/** |actual − expected| ≤ atol + rtol·|expected| + range·max|expected over the tensor|, at every element. */
export interface Tolerance {
  readonly name: string;
  readonly atol: number;
  readonly rtol: number;
  readonly range: number;
}
