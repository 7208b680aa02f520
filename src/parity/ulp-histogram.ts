/** Distances up to here are counted one by one, larger ones by their power of two. */
const EXACT = 4096;
const EXACT_BITS = Math.log2(EXACT);
/** The largest distance is between the two infinities of float32, under 2³²; int64 goes to 2⁶⁴. */
const LARGEST_BITS = 64;

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

  summary(): { readonly p50: number; readonly p99: number; readonly max: number } {
    return { p50: this.#percentile(0.5), p99: this.#percentile(0.99), max: this.#max };
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
