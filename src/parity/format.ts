import type { TruthMetrics } from './audit/report.ts';
import type { OutputMetrics, ParityReport } from './report.ts';

/**
 * A report as lines for people: the verdict with what it rests on, then one line an output, worst run of each.
 *
 * @example
 * parity: pass (4 samples, 4 runs, seed 0)
 *   probabilities  max |Δ| 5.96e-8, 0.196 % of allowed, ulp p99 1 max 2, SQNR 141 dB, top-1 8/8
 *   proof: 3 of 3 sites within their bounds (12345 elements, at most 34.5 % of a bound), 3 of 3 folds covered
 *   truth: error folded/unfolded 0.93 (probabilities)
 */
export function formatParity(report: ParityReport): string[] {
  const { verdict, reason, note, samples, seed, runs, outputs } = report;
  const basis = `${count(samples, 'sample')}, ${count(runs.length, 'run')}, seed ${seed}`;
  const width = Math.max(0, ...Object.keys(outputs).map((name) => printable(name).length));
  return [
    `parity: ${verdict} (${basis})`,
    ...[reason, note].flatMap((text) => (text === undefined ? [] : [`  ${printable(text)}`])),
    ...Object.entries(outputs).map(
      ([name, metrics]) => `  ${printable(name).padEnd(width)}  ${formatMetrics(metrics)}`,
    ),
    ...originalLines(report, width),
    ...proofLines(report),
  ];
}

function originalLines({ original }: ParityReport, width: number): string[] {
  if (!original) return [];
  const { verdict } = original;
  if (verdict === 'not-run') return [`  original: not run (${printable(original.reason)})`];
  return [
    `  original: ${verdict} (${printable(original.label)})`,
    ...(original.note === undefined ? [] : [`    ${printable(original.note)}`]),
    ...Object.entries(original.outputs).map(
      ([name, metrics]) => `    ${printable(name).padEnd(width)}  ${formatMetrics(metrics)}`,
    ),
  ];
}

function proofLines({ audit, truth }: ParityReport): string[] {
  if (audit.verdict === 'not-run') return [`  proof: not run (${printable(audit.reason ?? '')})`];
  const { sites, proven, elements, worstShare, violations, folds, covered, reused, reason } = audit;
  const share = worstShare < Number.MAX_VALUE ? `${(100 * worstShare).toPrecision(3)} %` : 'more than all';
  const found = `${count(elements, 'element')}, at most ${share} of a bound, ${count(violations, 'violation')}`;
  return [
    sites === 0 ? '  proof: both are the same, node by node' : `  proof: ${proven} of ${count(sites, 'site')} within their bounds (${found})${folds === 0 ? '' : `, ${covered} of ${count(folds, 'fold')} covered`}`, // prettier-ignore
    ...fartherLines(audit),
    ...(reused.length > 0 ? [`  names of other values: ${reused.map(printable).join(', ')}`] : []),
    ...(audit.verdict === 'unproven' && reason !== undefined ? [`  not proven: ${printable(reason)}`] : []),
    truth.verdict === 'measured' ? `  truth: error folded/unfolded ${ratios(truth.outputs)}` : `  truth: not run (${printable(truth.reason)})`, // prettier-ignore
  ];
}

/** Where folding has cost accuracy, and whether that is what half a unit in the last place of a parameter costs. */
function fartherLines({ farther, unexplained }: ParityReport['audit']): string[] {
  if (farther === 0) return [];
  const rest = unexplained === 0 ? 'by the rounding of their parameters' : `${unexplained} of them by more than the rounding of their parameters explains`; // prettier-ignore
  return [`  farther from the truth by a quarter or more: ${count(farther, 'site')}, ${rest}`];
}

function ratios(outputs: Readonly<Record<string, TruthMetrics>>): string {
  const texts = Object.entries(outputs).map(([name, { ratio }]) => {
    return `${ratio === null ? 'none in unfolded' : ratio.toPrecision(3)} (${printable(name)})`;
  });
  return texts.join(', ') || 'of no float output';
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
