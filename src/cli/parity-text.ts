import { formatParity } from '../parity/format.ts';
import type { ParityJson } from './json.ts';
import { columns } from './table.ts';
import { safe, safeLines, styles } from './terminal.ts';

/** Parity for a person: the verdict and each output; every run where the runs do not agree. */
export function parityText(parity: ParityJson): string {
  const { green, red, yellow } = styles(process.stdout, process.env);
  const colour = { pass: green, fail: red, 'not-run': yellow }[parity.verdict];
  if (!('runs' in parity)) return colour(`parity: not run (${safe(parity.reason)})`);
  const [verdict = '', ...outputs] = formatParity(parity).map(safeLines);
  const agree = new Set(parity.runs.map((run) => run.verdict)).size < 2;
  const runs = agree ? [] : parity.runs.map((run) => [safe(run.label), run.verdict]);
  return [colour(verdict), ...outputs, ...(runs.length > 0 ? [columns(runs, { indent: 2 })] : [])].join('\n');
}
