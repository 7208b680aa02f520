import { spawnSync } from 'node:child_process';
import { lineOf } from './fuzz.ts';
import { appendRow, totalsOf } from './results.ts';

const FILES_A_PROCESS = 100_000;
/** Most of what reading leaves behind is young. */
const NODE_OPTIONS = ['--max-semi-space-size=64', '--import', 'tsx'];

/**
 * So many files over all targets, in processes of their own, in turn, so that a run that is cut off has been everywhere;
 * prints a line a target, and gives how many processes found something or ended before their time.
 */
export function fuzzAll(targets: readonly string[], files: number, seed: number, results: string): number {
  const each = Math.ceil(files / targets.length);
  let broken = 0;
  for (let left = true; left;) {
    left = false;
    for (const target of targets) {
      const done = totalsOf(results, seed).get(target)?.cases ?? 0;
      if (done >= each) continue;
      left = true;
      broken += fuzzSome(target, seed, done, Math.min(FILES_A_PROCESS, each - done), results);
    }
  }
  return report(targets, seed, results, broken);
}

/** A process that dies has written no row: its files are given to smaller ones, down to the one that ends it. */
function fuzzSome(target: string, seed: number, from: number, files: number, results: string): number {
  const numbers = ['--seed', seed, '--from', from, '--files', files].map(String);
  const script = [process.argv[1]!, '--reader', target, ...numbers, '--results', results];
  const { status } = spawnSync(process.execPath, [...NODE_OPTIONS, ...script], { stdio: 'inherit' });
  const done = (totalsOf(results, seed).get(target)?.cases ?? 0) - from;
  if (done > 0) return status === 0 ? 0 : 1;
  if (files === 1) {
    appendRow(results, { target, seed, from, cases: 1, broken: 1, slowestMs: 0, cpuS: 0, outcomes: { died: 1 } });
    return 1;
  }
  const part = Math.ceil(files / 10);
  let broken = 0;
  for (let at = 0; at < files; at += part) broken += fuzzSome(target, seed, from + at, Math.min(part, files - at), results); // prettier-ignore
  return broken;
}

function report(targets: readonly string[], seed: number, results: string, broken: number): number {
  const totals = totalsOf(results, seed);
  console.log('in all:');
  for (const target of targets) {
    const total = totals.get(target);
    if (total) console.log(lineOf(total));
  }
  return broken;
}
