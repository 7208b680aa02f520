/** Distances up to here are counted one by one, larger ones by their power of two. */
const EXACT = 4096;
const EXACT_BITS = Math.log2(EXACT);
/** The largest distance is between the two infinities of float32, under 2³²; int64 goes to 2⁶⁴. */
const LARGEST_BITS = 64;

/** Elements whose distance is at most `upTo` and larger than that of the bin before. */
export interface UlpBin {
  readonly upTo: number;
  readonly count: number;
}

export interface UlpSummary {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** 0, 1, 2, 4, 8, … as far as the largest distance. */
  readonly bins: readonly UlpBin[];
}

/** Counts distances in fixed space, for percentiles in one pass. */
export class UlpHistogram {
  readonly #small = new Float64Array(EXACT + 1);
  readonly #large = new Float64Array(LARGEST_BITS + 1);
  #count = 0;
  #max = 0;

  add(distance: number): void {
    this.#count++;
    if (distance > this.#max) this.#max = distance;
    if (distance <= EXACT) this.#small[distance]! += 1;
    else this.#large[Math.min(Math.ceil(Math.log2(distance)), LARGEST_BITS)]! += 1;
  }

  summary(): UlpSummary {
    return { p50: this.#percentile(0.5), p99: this.#percentile(0.99), max: this.#max, bins: this.#bins() };
  }

  /** Up to the largest distance; a bin begins where the one before it ends. */
  #bins(): UlpBin[] {
    if (this.#count === 0) return [];
    const bins: UlpBin[] = [{ upTo: 0, count: this.#small[0]! }];
    for (let bits = 0; bins.at(-1)!.upTo < this.#max && bits <= LARGEST_BITS; bits++) {
      const upTo = 2 ** bits;
      const exact = this.#small.subarray(Math.floor(upTo / 2) + 1, upTo + 1).reduce((sum, count) => sum + count, 0);
      bins.push({ upTo, count: upTo <= EXACT ? exact : this.#large[bits]! });
    }
    return bins;
  }

  /** The smallest distance that at least this share of the elements does not exceed. */
  #percentile(share: number): number {
    let left = Math.ceil(share * this.#count);
    for (let distance = 0; distance <= EXACT; distance++) {
      left -= this.#small[distance]!;
      if (left <= 0) return distance;
    }
    for (let bits = EXACT_BITS; bits < LARGEST_BITS; bits++) {
      left -= this.#large[bits]!;
      if (left <= 0) return Math.min(2 ** bits, this.#max);
    }
    return this.#max;
  }
}

/** How a chart calls a bin; large ones are powers of two. */
export const binLabel = ({ upTo }: UlpBin): string => (upTo < 10_000 ? String(upTo) : `2^${Math.log2(upTo)}`);
