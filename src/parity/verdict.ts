import type { OutputMetrics, ParityReport, ParityRun, Verdict } from './report.ts';

export interface RunJudgement {
  readonly verdict: Verdict;
  readonly reason?: string;
}

/** One run: a single difference fails it; an output that was never compared leaves it undecided. */
export function overall(outputs: ParityRun['outputs']): RunJudgement {
  const entries = Object.entries(outputs);
  const failed = entries.find(([, metrics]) => metrics.worstShare > 1);
  if (failed) return { verdict: 'fail', reason: describeOutput(...failed) };
  const empty = entries.find(([, { elements }]) => elements === 0);
  if (empty) return { verdict: 'not-run', reason: `output ${empty[0]} was empty for every sample` };
  return entries.length === 0 ? { verdict: 'not-run', reason: 'there are no outputs' } : { verdict: 'pass' };
}

/** All runs: the first that failed speaks for them, else the first that was not run. */
export function describeFailure(runs: readonly ParityRun[]): RunJudgement {
  const worst = runs.find(({ verdict }) => verdict === 'fail') ?? runs.find(({ verdict }) => verdict === 'not-run');
  if (worst) return { verdict: worst.verdict, reason: `${worst.label}: ${worst.reason ?? worst.verdict}` };
  return runs.length === 0 ? { verdict: 'not-run', reason: 'there are no runs' } : { verdict: 'pass' };
}

/** By output, the metrics of the run that came off worst for it. */
export function worstOutputs(runs: readonly ParityRun[]): ParityReport['outputs'] {
  const worst = new Map<string, OutputMetrics>();
  for (const [name, metrics] of runs.flatMap(({ outputs }) => Object.entries(outputs))) {
    const known = worst.get(name);
    if (!known || metrics.worstShare > known.worstShare) worst.set(name, metrics);
  }
  return Object.fromEntries(worst);
}

function describeOutput(name: string, { nonFinite, worst, worstShare, tolerance }: OutputMetrics): string {
  if (nonFinite > 0) {
    const own = worst && !Number.isFinite(worst.expected) ? ', and the reference gives such values itself' : '';
    return `output ${name} has ${nonFinite} elements that are NaN or infinite${own}`;
  }
  const place = worst
    ? `sample ${worst.sample} [${worst.index.join(', ')}]: ${worst.actual}, expected ${worst.expected}`
    : '';
  const times =
    worstShare < Number.MAX_VALUE
      ? `${worstShare.toPrecision(3)} times what ${tolerance.name} allows`
      : 'none is allowed';
  return `output ${name} differs at ${place} (${times})`;
}
