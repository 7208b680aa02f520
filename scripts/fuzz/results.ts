import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { describeMachine, describeVersions } from '../../bench/machine.ts';
import type { Total } from './fuzz.ts';

/** One line of JSON a row, so that runs that are cut off lose nothing of what came before. */
export function appendRow(path: string, total: Total): void {
  const { edgefold, node } = describeVersions();
  const row = { date: new Date().toISOString(), ...total, edgefold, node, machine: describeMachine() };
  appendFileSync(path, `${JSON.stringify(row)}\n`);
}

/** Everything that has been done with a seed, one total a target. */
export function totalsOf(path: string, seed: number): ReadonlyMap<string, Total> {
  const totals = new Map<string, Total>();
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
  for (const row of lines.map((line) => JSON.parse(line) as Total)) {
    if (row.seed === seed) totals.set(row.target, merged(totals.get(row.target), row));
  }
  return totals;
}

function merged(
  before: Total | undefined,
  { target, seed, from, cases, broken, slowestMs, cpuS, outcomes }: Total,
): Total {
  if (!before) return { target, seed, from, cases, broken, slowestMs, cpuS, outcomes: { ...outcomes } };
  for (const [kind, count] of Object.entries(outcomes)) before.outcomes[kind] = (before.outcomes[kind] ?? 0) + count;
  return {
    ...before,
    cases: before.cases + cases,
    broken: before.broken + broken,
    slowestMs: Math.max(before.slowestMs, slowestMs),
    cpuS: before.cpuS + cpuS,
  };
}
