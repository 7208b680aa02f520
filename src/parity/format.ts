import type { OutputMetrics, ParityReport } from './report.ts';

/**
 * A report as lines for people: the verdict with what it rests on, then one line an output, worst run of each.
 *
 * @example
 * parity: pass (4 samples, 4 runs, seed 0)
 *   probabilities  max |Δ| 5.96e-8, 0.196 % of allowed, ulp p99 1 max 2, SQNR 141 dB, top-1 8/8
 */
export function formatParity(report: ParityReport): string[] {
  const { verdict, reason, samples, seed, runs, outputs } = report;
  const basis = `${count(samples, 'sample')}, ${count(runs.length, 'run')}, seed ${seed}`;
  const width = Math.max(0, ...Object.keys(outputs).map((name) => printable(name).length));
  return [
    `parity: ${verdict} (${basis})`,
    ...(reason === undefined ? [] : [`  ${printable(reason)}`]),
    ...Object.entries(outputs).map(
      ([name, metrics]) => `  ${printable(name).padEnd(width)}  ${formatMetrics(metrics)}`,
    ),
  ];
}

/** One output on one line. */
export function formatMetrics({ maxAbs, worstShare, ulp, sqnrDb, top1, nonFinite, elements }: OutputMetrics): string {
  if (elements === 0) return 'empty: nothing was compared';
  if (maxAbs === 0 && nonFinite === 0) return `identical (${count(elements, 'element')})`;
  return [
    `max |Δ| ${maxAbs > 0 && maxAbs < 1e-3 ? maxAbs.toExponential(2) : maxAbs.toPrecision(3)}`,
    worstShare < Number.MAX_VALUE ? `${(100 * worstShare).toPrecision(3)} % of allowed` : 'not allowed',
    `ulp p99 ${ulp.p99} max ${ulp.max}`,
    ...(sqnrDb === null ? [] : [`SQNR ${sqnrDb.toFixed(0)} dB`]),
    ...(top1 ? [`top-1 ${top1.agree}/${top1.total}`] : []),
    ...(nonFinite === 0 ? [] : [`${nonFinite} NaN or infinite`]),
  ].join(', ');
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

/** Names come from files: control characters, which could steer a terminal, are shown as escapes. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
