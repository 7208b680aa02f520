import { bug, EdgefoldError } from '../errors.ts';
import { stridesOf, type Tensor } from '../tensor.ts';
import { elementPairs, type ElementPairs } from './elements.ts';
import type { OutputMetrics, Tolerance } from './report.ts';
import { UlpHistogram } from './ulp-histogram.ts';

/**
 * Compares one output of two runs, element by element.
 *
 * Passes when |actual − expected| ≤ atol + rtol·|expected| + range·max|expected| at every element. NaN and ±∞ never
 * pass, not even where both have them, and neither does a tensor without elements.
 *
 * @param actual any dtype and shape; the same as `expected`.
 * @param expected the reference run.
 * @param tolerance see `TOLERANCES` for the tiers; integers, booleans and strings want `TOLERANCES.exact`.
 * @throws {EdgefoldError} PARITY if dtypes or shapes differ; values are not looked at.
 * @example
 * compareTensors(folded, original, TOLERANCES.float32).pass;
 */
export function compareTensors(actual: Tensor, expected: Tensor, tolerance: Tolerance): OutputMetrics {
  const metrics = new MetricsBuilder(tolerance, largest(expected));
  metrics.add(0, actual, expected);
  return metrics.result();
}

/** max |x| over the finite elements; 0 where there is none. */
export function largest(tensor: Tensor): number {
  const { expected, length } = elementPairs(tensor, tensor);
  let max = 0;
  for (let i = 0; i < length; i++) {
    const size = Math.abs(expected[i]!);
    if (size > max && size < Infinity) max = size;
  }
  return max;
}

/** Gathers the metrics of one output over any number of samples, each in one pass. */
export class MetricsBuilder {
  readonly #tolerance: Tolerance;
  /** atol + range·max|expected| */
  readonly #floor: number;
  readonly #ulps = new UlpHistogram();
  #elements = 0;
  #nonFinite = 0;
  #maxAbs = 0;
  #sumAbs = 0;
  #maxRel = 0;
  /** Σe², Σa², Σea, Σd² */
  #ee = 0;
  #aa = 0;
  #ea = 0;
  #dd = 0;
  #top1: { agree: number; total: number } | null = null;
  #worstShare = 0;
  #worst: OutputMetrics['worst'] = null;

  /** `scale` is max|expected| of the output, over all samples. */
  constructor(tolerance: Tolerance, scale: number) {
    this.#tolerance = tolerance;
    this.#floor = tolerance.atol + tolerance.range * scale;
  }

  /** @throws {EdgefoldError} PARITY if dtypes or shapes differ. */
  add(sample: number, actual: Tensor, expected: Tensor): void {
    requireSameForm(actual, expected);
    const pairs = elementPairs(actual, expected);
    for (let i = 0; i < pairs.length; i++) {
      const share = this.#addElement(pairs, i);
      if (share > this.#worstShare) this.#noteWorst(share, sample, pairs, i, expected.shape);
    }
    this.#elements += pairs.length;
    this.#addRows(pairs, expected);
  }

  /** Returns |d| / allowed. */
  #addElement(pairs: ElementPairs, i: number): number {
    const e = pairs.expected[i]!;
    const a = pairs.actual[i]!;
    if (!Number.isFinite(e) || !Number.isFinite(a)) {
      this.#nonFinite++;
      return Number.MAX_VALUE;
    }
    const d = pairs.distance(i);
    this.#ulps.add(pairs.ulp(i));
    this.#sumAbs += d;
    this.#ee += e * e;
    this.#aa += a * a;
    this.#ea += e * a;
    this.#dd += d * d;
    if (d > this.#maxAbs) this.#maxAbs = d;
    if (e !== 0 && d / Math.abs(e) > this.#maxRel) this.#maxRel = d / Math.abs(e);
    return d === 0 ? 0 : Math.min(d / (this.#floor + this.#tolerance.rtol * Math.abs(e)), Number.MAX_VALUE);
  }

  #noteWorst(share: number, sample: number, pairs: ElementPairs, i: number, shape: readonly number[]): void {
    const index = stridesOf(shape).map((stride, axis) => Math.floor(i / stride) % shape[axis]!);
    this.#worstShare = share;
    this.#worst = { sample, index, expected: pairs.expected[i]!, actual: pairs.actual[i]! };
  }

  #addRows({ actual, expected, length }: ElementPairs, { shape }: Tensor): void {
    const columns = shape.at(-1) ?? 1;
    if (columns < 2) return;
    this.#top1 ??= { agree: 0, total: 0 };
    for (let start = 0; start < length; start += columns) {
      this.#top1.total++;
      const best = argmax(expected, start, columns);
      if (best >= 0 && best === argmax(actual, start, columns)) this.#top1.agree++;
    }
  }

  result(): OutputMetrics {
    const finite = this.#elements - this.#nonFinite;
    return {
      elements: this.#elements,
      maxAbs: this.#maxAbs,
      meanAbs: finite === 0 ? 0 : this.#sumAbs / finite,
      maxRel: this.#maxRel,
      ulp: this.#ulps.summary(),
      sqnrDb: this.#dd === 0 || this.#ee === 0 ? null : 10 * Math.log10(this.#ee / this.#dd),
      cosine: cosine(this.#ea, this.#ee, this.#aa),
      nonFinite: this.#nonFinite,
      top1: this.#top1,
      tolerance: this.#tolerance,
      worstShare: this.#worstShare,
      worst: this.#worst,
      pass: this.#elements > 0 && this.#worstShare <= 1,
    };
  }
}

function requireSameForm(actual: Tensor, expected: Tensor): void {
  const form = ({ dtype, shape }: Tensor) => `${dtype} [${shape.join(', ')}]`;
  if (form(actual) !== form(expected)) {
    throw new EdgefoldError('PARITY', 'dtype or shape differ', { expected: form(expected), received: form(actual) });
  }
  if (actual.data.length !== expected.data.length) bug('two tensors of one form and different lengths');
}

/** Column of the first largest element; −1 for a row of NaN. */
function argmax(values: ArrayLike<number>, start: number, columns: number): number {
  let best = -Infinity;
  let at = -1;
  for (let column = 0; column < columns; column++) {
    const value = values[start + column]!;
    if (value > best || (at < 0 && value === best)) {
      best = value;
      at = column;
    }
  }
  return at;
}

function cosine(ea: number, ee: number, aa: number): number {
  if (ee === 0 && aa === 0) return 1;
  if (ee === 0 || aa === 0) return 0;
  return Math.min(1, Math.max(-1, ea / Math.sqrt(ee) / Math.sqrt(aa)));
}
