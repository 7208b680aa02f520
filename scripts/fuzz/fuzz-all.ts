import { spawnSync } from 'node:child_process';
import { lineOf } from './fuzz.ts';
import { totalsOf } from './results.ts';

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
      const rc = fuzzSome(target, seed, done, Math.min(FILES_A_PROCESS, each - done), results);
      if (rc !== 0) broken++;
      // A process that died has written no row, and would die again.
      if ((totalsOf(results, seed).get(target)?.cases ?? 0) === done) return report(targets, seed, results, broken);
    }
  }
  return report(targets, seed, results, broken);
}

function fuzzSome(target: string, seed: number, from: number, files: number, results: string): number | null {
  const numbers = ['--seed', seed, '--from', from, '--files', files].map(String);
  const script = [process.argv[1]!, '--reader', target, ...numbers, '--results', results];
  return spawnSync(process.execPath, [...NODE_OPTIONS, ...script], { stdio: 'inherit' }).status;
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
