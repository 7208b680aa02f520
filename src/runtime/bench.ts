import { usage, wordFor } from './faults.ts';
import type { Inputs, Model } from './model.ts';
import { readOptions } from './options.ts';

export interface BenchOptions {
  /** How long to measure; default 2. A slow model is run {@link FEWEST_RUNS} times all the same. */
  readonly seconds?: number;
  /** Processor time that this process has used, where the platform tells. */
  readonly cpuMs?: () => number;
}

/** Runs of one model, in milliseconds of wall clock. */
export interface Timing {
  readonly runs: number;
  readonly minMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Processor time of a run, on average; absent where nobody tells. */
  readonly cpuMs?: number;
}

const FEWEST_RUNS = 5;
const MOST_RUNS = 100_000;
const WARMING_SHARE = 0.1;

/**
 * Times several models on the same inputs, in turn and in changing order: whatever slows the machine down meets them
 * alike. The first tenth of the time is not counted.
 *
 * @param models by the names that the result has.
 * @param inputs that each of them takes.
 * @throws {EdgefoldError} USAGE for a time that makes no sense; whatever `run` finds.
 * @example
 * const { unfolded, folded } = await bench({ unfolded: a, folded: b }, inputs);
 */
export async function bench<K extends string>(
  models: Readonly<Record<K, Pick<Model, 'run'>>>,
  inputs: Inputs,
  options: BenchOptions = {},
): Promise<Readonly<Record<K, Timing>>> {
  const { seconds = 2, cpuMs } = readOptions(options, ['seconds', 'cpuMs']);
  if (!(typeof seconds === 'number' && seconds > 0 && seconds <= 3600))
    usage('seconds', 'more than 0, at most 3600', wordFor(seconds));
  if (cpuMs !== undefined && typeof cpuMs !== 'function') usage('cpuMs', 'a function', wordFor(cpuMs));
  checkModels(models);
  const contenders = Object.entries<Pick<Model, 'run'>>(models).map(([name, model]) => ({
    name,
    model,
    ms: [] as number[],
    cpu: 0,
  }));
  const start = performance.now();
  const [warm, end] = [start + 1000 * seconds * WARMING_SHARE, start + 1000 * seconds];
  for (let round = 0; round < MOST_RUNS; round++) {
    if (contenders[0]!.ms.length >= FEWEST_RUNS && performance.now() >= end) break;
    const counts = performance.now() >= warm;
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(round + turn) % contenders.length]!;
      const [began, used] = [performance.now(), cpuMs?.() ?? 0];
      await contender.model.run(inputs);
      if (!counts) continue;
      contender.ms.push(performance.now() - began);
      contender.cpu += (cpuMs?.() ?? 0) - used;
    }
  }
  return Object.fromEntries(
    contenders.map(({ name, ms, cpu }) => [name, { ...quantiles(ms), ...(cpuMs && { cpuMs: cpu / ms.length }) }]),
  ) as Record<K, Timing>;
}

function checkModels(models: unknown): void {
  const all = typeof models === 'object' && models !== null ? Object.values(models) : [];
  const areModels = all.every((model) => typeof (Object(model) as Partial<Model>).run === 'function');
  if (all.length === 0 || !areModels) usage('models', 'models by name', wordFor(models));
}

function quantiles(ms: readonly number[]): Timing {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { runs: sorted.length, minMs: at(0), p50Ms: at(0.5), p95Ms: at(0.95) };
}
