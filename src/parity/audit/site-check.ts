import { stridesOf } from '../../tensor.ts';
import type { SiteAudit, WorstElement } from './report.ts';

/** One output of a site, element by element: what two runs gave, and what is known about it. */
export interface CheckedOutput {
  readonly name: string;
  readonly sample: number;
  readonly shape: readonly number[];
  readonly unfolded: Float64Array;
  readonly folded: Float64Array;
  /** Over the reals: with the original parameters, and with the folded ones. */
  readonly exact: Float64Array;
  readonly refolded: Float64Array;
  /** Bounds; absent where there may be no error at all. */
  readonly unfoldedBound: Float64Array | undefined;
  readonly foldedBound: Float64Array | undefined;
  readonly drift: Float64Array | undefined;
  /** Largest finite number of the dtype. */
  readonly largest: number;
}

/** Bounds are themselves computed in float64: n roundings of 2⁻⁵³ each are lost in this for any n up to 2³⁰. */
const SAFETY = 1 + 2 ** -16;
/** What float64 rounds is this share of what float32 may round, operation by operation, and a bit. */
const TRUTH_SHARE = 2 ** -27;

const CHECKS = ['unfolded', 'folded', 'difference', 'parameters'] as const;

/** Gathers what is found at one site over any number of outputs and samples. */
export class SiteCheck {
  #elements = 0;
  #violations = 0;
  #unbounded = 0;
  #maxDifference = 0;
  #maxBound = 0;
  #worstShare = 0;
  #worst: WorstElement | null = null;
  #driftShare = 0;
  #unfoldedSquares = 0;
  #foldedSquares = 0;
  #parameterSquares = 0;

  add(output: CheckedOutput): void {
    for (let i = 0; i < output.exact.length; i++) this.#addElement(output, i);
  }

  /** An output that has another shape or dtype when it is folded. */
  addMisfit(elements: number): void {
    this.#elements += elements;
    this.#violations += Math.max(1, elements);
    this.#worstShare = Number.MAX_VALUE;
  }

  /** Where the original has room to be finite, folding must not lose it; what has no bound otherwise is left out. */
  #addElement(output: CheckedOutput, i: number): void {
    const [y, z, exact] = [output.unfolded[i]!, output.folded[i]!, output.exact[i]!];
    const e = (output.unfoldedBound?.[i] ?? 0) * SAFETY;
    const f = (output.foldedBound?.[i] ?? 0) * SAFETY;
    const truth = TRUTH_SHARE * (e + f);
    const drift = (output.drift?.[i] ?? 0) * SAFETY + truth;
    this.#elements++;
    const isLost = !Number.isFinite(z) || !Number.isFinite(output.refolded[i]!);
    const room = output.largest - Math.abs(exact) - e;
    if (!(room > 0) || (!isLost && !(room > f + drift))) {
      this.#unbounded++;
      return;
    }
    const [unfolded, folded, difference] = [Math.abs(y - exact), Math.abs(z - exact), Math.abs(z - y)];
    const drifted = Math.abs(output.refolded[i]! - exact);
    const shares = [share(unfolded, e + truth), share(folded, f + truth), share(difference, e + f), share(drifted, drift)] as const; // prettier-ignore
    let worst = 0;
    for (let check = 1; check < 4; check++) if (shares[check]! > shares[worst]!) worst = check;
    if (shares[worst]! > 1) this.#violations++;
    if (Number.isFinite(difference)) this.#maxDifference = Math.max(this.#maxDifference, difference);
    if (Number.isFinite(f)) this.#maxBound = Math.max(this.#maxBound, e + f);
    this.#driftShare = Math.max(this.#driftShare, shares[3]);
    if (Number.isFinite(unfolded + folded)) {
      this.#unfoldedSquares += unfolded * unfolded;
      this.#foldedSquares += folded * folded;
      this.#parameterSquares += drifted * drifted;
    }
    if (shares[worst]! <= this.#worstShare) return;
    this.#worstShare = shares[worst]!;
    const bound = [e + truth, f + truth, e + f, drift][worst]!;
    this.#worst = worstElement(output, i, CHECKS[worst]!, bound);
  }

  /** Everything that is counted; the verdict follows from it unless `unproven` says why there is none. */
  result(): Pick<
    SiteAudit,
    | 'elements'
    | 'violations'
    | 'unbounded'
    | 'maxDifference'
    | 'maxBound'
    | 'worstShare'
    | 'worst'
    | 'driftShare'
    | 'rms'
  > {
    const checked = Math.max(1, this.#elements - this.#unbounded);
    const [unfolded, folded, parameters] = [this.#unfoldedSquares, this.#foldedSquares, this.#parameterSquares].map((sum) => Math.sqrt(sum / checked)) as [number, number, number]; // prettier-ignore
    return {
      elements: this.#elements,
      violations: this.#violations,
      unbounded: this.#unbounded,
      maxDifference: this.#maxDifference,
      maxBound: this.#maxBound,
      worstShare: this.#worstShare,
      worst: this.#worst,
      driftShare: this.#driftShare,
      rms: { unfolded, folded, parameters, ratio: unfolded === 0 ? null : folded / unfolded },
    };
  }
}

/** NaN and infinities are beyond any bound, and anything is beyond one that is NaN. */
function share(distance: number, bound: number): number {
  if (distance === 0) return 0;
  const used = Number.isFinite(distance) ? distance / bound : Infinity;
  return used < Number.MAX_VALUE ? used : Number.MAX_VALUE;
}

function worstElement(
  { name, sample, shape, unfolded, folded, exact }: CheckedOutput,
  i: number,
  check: WorstElement['check'],
  bound: number,
): WorstElement {
  const index = stridesOf(shape).map((stride, axis) => Math.floor(i / stride) % shape[axis]!);
  const finite = (x: number) => (Number.isFinite(x) ? x : Math.sign(x) * Number.MAX_VALUE || 0);
  return {
    check,
    output: name,
    sample,
    index,
    unfolded: finite(unfolded[i]!),
    folded: finite(folded[i]!),
    exact: finite(exact[i]!),
    bound: finite(bound),
  };
}
