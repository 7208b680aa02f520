/** `unproven`: no bound is known for an operator, or for some elements. `violated` is a defect, and no rounding. */
export type SiteVerdict = 'proven' | 'violated' | 'unproven';

/**
 * One part of the network that folding has changed, run both ways on the very same float values. y* is the exact result
 * of the unfolded part, y and y′ what the runtime gave unfolded and folded. Every number is finite.
 */
export interface SiteAudit {
  readonly verdict: SiteVerdict;
  /** Why it is not proven. */
  readonly reason?: string;
  /** The nodes that were folded here, as the fold report names them; empty where folding only rewrote something. */
  readonly folds: readonly string[];
  /** The values that both ways compute. */
  readonly outputs: readonly string[];
  /** Operators on either side, in order. */
  readonly operators: { readonly unfolded: readonly string[]; readonly folded: readonly string[] };
  /** Elements that were checked, over all samples. */
  readonly elements: number;
  /** Elements that broke a bound. */
  readonly violations: number;
  /** Elements for which no bound could be given: NaN or infinite in both runs, or too close to overflow. */
  readonly unbounded: number;
  /** max |y′ − y|, and the largest bound on it. */
  readonly maxDifference: number;
  readonly maxBound: number;
  /**
   * The largest share of a bound that was used: of |y − y*|, of |y′ − y*|, of |y′ − y|, or of what folding owes to
   * rounded parameters alone. Above 1 is a violation; `Number.MAX_VALUE` stands for a bound of 0 or an infinite value.
   */
  readonly worstShare: number;
  readonly worst: WorstElement | null;
  /** The largest share of what rounding the parameters may do over the reals; 1 is reached by products of one term. */
  readonly driftShare: number;
  /**
   * Root mean square of the errors against y*, and folded by unfolded; `null` where unfolded has none. `parameters` is
   * what rounding the folded parameters to ½ ulp does by itself, over the reals: no arithmetic can do without it.
   */
  readonly rms: {
    readonly unfolded: number;
    readonly folded: number;
    readonly parameters: number;
    readonly ratio: number | null;
  };
}

export interface WorstElement {
  /** Which bound: of the unfolded run, of the folded run, of their difference, or of the parameters. */
  readonly check: 'unfolded' | 'folded' | 'difference' | 'parameters';
  readonly output: string;
  readonly sample: number;
  readonly index: readonly number[];
  readonly unfolded: number;
  readonly folded: number;
  readonly exact: number;
  readonly bound: number;
}

export interface AuditTotals {
  readonly verdict: SiteVerdict | 'not-run';
  /** Why it is not proven, or was not run. */
  readonly reason?: string;
  /** Folds that were reported, and those of them that lie in a site. */
  readonly folds: number;
  readonly covered: number;
  /** Folds that lie in none: nothing vouches for them. */
  readonly uncovered: readonly string[];
  /** Names of values that hold something else in the candidate; only where names were not said to be kept. */
  readonly reused: readonly string[];
  readonly sites: number;
  readonly proven: number;
  readonly samples: number;
  readonly elements: number;
  readonly violations: number;
  readonly worstShare: number;
  /** Sites where the folded error is more than {@link NOTABLE_RATIO} times the unfolded one. */
  readonly farther: number;
  /** Those of them where the roundings of the parameters do not account for it. */
  readonly unexplained: number;
}

/** A folded run that is so many times as far from the truth as the unfolded one wants an explanation. */
export const NOTABLE_RATIO = 1.25;

export interface Audit {
  readonly totals: AuditTotals;
  readonly sites: readonly SiteAudit[];
}

/** Errors of one output against the truth, over all samples and elements. */
export interface TruthMetrics {
  readonly elements: number;
  readonly unfolded: { readonly rms: number; readonly max: number };
  readonly folded: { readonly rms: number; readonly max: number };
  /** Folded by unfolded, rms; `null` where unfolded has no error. Below 1, folding moved towards the truth. */
  readonly ratio: number | null;
  /** rms of the truth itself, to which the errors may be compared. */
  readonly scale: number;
}

/** Both models against the unfolded one evaluated in float64. */
export type TruthReport =
  | { readonly verdict: 'measured'; readonly samples: number; readonly outputs: Readonly<Record<string, TruthMetrics>> }
  | { readonly verdict: 'not-run'; readonly reason: string };
