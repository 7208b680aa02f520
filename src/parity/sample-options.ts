import { EdgefoldError } from '../errors.ts';

export type Range = readonly [low: number, high: number];

export interface SampleOptions {
  /** How many; 0 makes parity report `not-run`. */
  readonly samples?: number;
  readonly seed?: number;
  /** Bounds of float inputs, for models that expect something else than about [−1, 1], such as pixels to 255. */
  readonly floatRange?: Range;
  /** Bounds, inclusive, of int32 and int64 inputs: indices into an embedding must lie inside its vocabulary. */
  readonly integerRange?: Range;
  /** Sizes of symbolic dimensions by name; batch dimensions (symbolic axis 0) have 1 and 3 by turns otherwise. */
  readonly symbols?: Readonly<Record<string, number>>;
  /** What string inputs are filled with, by the name of the input; a word that none of them is comes with them. */
  readonly words?: Readonly<Record<string, readonly string[]>>;
}

/**
 * Four samples have each pattern once: uniform at both batch sizes, half zeros, and both ends of the range.
 * [0, 1] is inside every vocabulary and is what masks hold.
 */
export const SAMPLE_DEFAULTS = {
  samples: 4,
  seed: 0,
  floatRange: [-1, 1],
  integerRange: [0, 1],
  symbols: {},
  words: {},
} as const satisfies Required<SampleOptions>;

export type SampleSettings = Required<SampleOptions>;

/**
 * Fills in the defaults and checks what may come from a command line.
 * @throws {EdgefoldError} USAGE.
 */
export function sampleSettings(options: SampleOptions): SampleSettings {
  const settings: SampleSettings = { ...SAMPLE_DEFAULTS, ...options };
  const { samples, seed, floatRange, integerRange, symbols, words } = settings;
  demand('samples', Number.isSafeInteger(samples) && samples >= 0, 'a whole number, 0 or more', samples);
  demand('seed', Number.isSafeInteger(seed), 'a whole number', seed);
  demand('floatRange', isRange(floatRange), 'two finite numbers, the lower first', floatRange);
  const whole = integerRange.every((bound) => Number.isSafeInteger(bound));
  demand('integerRange', whole && isRange(integerRange), 'two whole numbers, the lower first', integerRange);
  const sizes = Object.values(symbols);
  demand(
    'symbols',
    sizes.every((size) => Number.isSafeInteger(size) && size >= 0),
    'whole sizes',
    sizes,
  );
  const lists: readonly unknown[] = Object.values(words);
  demand('words', lists.every(Array.isArray), 'a list of words for each input', lists);
  return settings;
}

function isRange([low, high]: Range): boolean {
  return Number.isFinite(low) && Number.isFinite(high) && low <= high;
}

function demand(option: string, holds: boolean, expected: string, received: unknown): void {
  if (holds) return;
  throw new EdgefoldError('USAGE', 'the option makes no sense', {
    where: option,
    expected,
    received: String(received),
  });
}
