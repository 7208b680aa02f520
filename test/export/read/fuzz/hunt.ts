import { EdgefoldError } from '../../../../src/errors.ts';
import { Random } from './random.ts';
import type { Mutant, Target } from './targets.ts';

/** A file that broke its reader; with target, seed and number it can be made again. */
export interface Find {
  readonly number: number;
  readonly complaint: string;
  readonly mutant: Mutant;
}

export interface Hunt {
  readonly cases: number;
  /** How many were read in spite of all, and how many were refused, by error code. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly finds: readonly Find[];
  readonly slowestMs: number;
}

/** No file may take longer, in time of the processor. */
const MAX_MS = 1000;

/**
 * The processor's time for one file once more. Asking for that time costs as much as many files do, and the clock on
 * the wall, which costs nothing, is never ahead of it where one thread works.
 */
async function processorMs(target: Target, mutant: Mutant): Promise<number> {
  const before = process.cpuUsage();
  await outcomeOf(target, mutant);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Gives one reader so many damaged files: each must be read, or refused with an error of ours, in time. */
export async function hunt(
  target: Target,
  seed: number,
  from: number,
  count: number,
  onCase: (number: number) => void = () => undefined,
): Promise<Hunt> {
  const outcomes = new Map<string, number>();
  const finds: Find[] = [];
  let slowestMs = 0;
  for (let number = from; number < from + count; number++) {
    onCase(number);
    const mutant = mutantOf(target, seed, number);
    const before = performance.now();
    const outcome = await outcomeOf(target, mutant);
    const wall = performance.now() - before;
    const ms = wall > MAX_MS ? await processorMs(target, mutant) : wall;
    slowestMs = Math.max(slowestMs, ms);
    outcomes.set(outcome.kind, (outcomes.get(outcome.kind) ?? 0) + 1);
    const complaint = outcome.complaint ?? (ms > MAX_MS ? `it took ${ms.toFixed(0)} ms (${outcome.kind})` : undefined);
    if (complaint !== undefined) finds.push({ number, complaint, mutant });
  }
  return { cases: count, outcomes, finds, slowestMs };
}

export function mutantOf(target: Target, seed: number, number: number): Mutant {
  return target.mutant(new Random(seed, number));
}

async function outcomeOf(target: Target, mutant: Mutant): Promise<{ kind: string; complaint?: string }> {
  try {
    await target.read(mutant);
    return { kind: 'read' };
  } catch (error) {
    if (error instanceof EdgefoldError) return { kind: error.code };
    return { kind: 'broken', complaint: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
