/** Farther than this nothing is looked for; no network has so many nodes without weights in a row. */
export const LONGEST_PATH = 256;
/** How far is looked once patience is over: past what stands between a layer and the next. */
const SHORT_PATH = 8;

/** Numbers that may be computed for any graph. */
const FREE = 2 ** 20;
const PER_NODE = 64;
/** For each number of the affines that the graph has: it is carried to and fro some times, not far. */
const PER_NUMBER = 32;

/**
 * How long folding goes on looking for ways. Every affine may be carried as far as {@link LONGEST_PATH}, which costs
 * a thousand times what a layer does where each of them meets all the others and no weights. So all walks together
 * have an allowance that goes with the size of the graph; when it is used up, they are short.
 */
export class Patience {
  #left: number;

  constructor(nodes: number) {
    this.#left = FREE + PER_NODE * nodes;
  }

  /** For an affine that has been found. */
  gain(numbers: number): void {
    this.#left += PER_NUMBER * numbers;
  }

  /** @returns how long a path may be from now on. */
  spend(numbers: number): number {
    this.#left -= numbers + 1;
    return this.#left > 0 ? LONGEST_PATH : SHORT_PATH;
  }
}
