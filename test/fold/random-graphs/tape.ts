/** Decisions that have been made beforehand, read one after the other; where they end, every decision is 0. */
export class Tape {
  readonly #numbers: readonly number[];
  #at = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  /** A number below `range`. */
  next(range: number): number {
    return (this.#numbers[this.#at++] ?? 0) % range;
  }

  /** True once in `times`; an empty tape says no. */
  flag(times = 2): boolean {
    return this.next(times) === times - 1;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.next(list.length)]!;
  }

  /** A source of many numbers for one decision; `turn` tells apart those that go back to the same one. */
  random(turn = 0): Random {
    return new Random(this.next(65_536) + turn * 65_537);
  }
}

/** Numerical Recipes' linear congruential generator: the same numbers for the same seed, everywhere. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x5bd1e995) >>> 0;
    this.real();
  }

  /** At least 0 and less than 1. */
  real(): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return this.#state / 2 ** 32;
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.real() * list.length)]!;
  }
}
