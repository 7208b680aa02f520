import { Worker } from 'node:worker_threads';
import { hunt, type Hunt } from '../../test/export/read/fuzz/hunt.ts';
import type { Target } from '../../test/export/read/fuzz/targets.ts';

/** What became of many files. */
export interface Total {
  readonly target: string;
  readonly seed: number;
  readonly from: number;
  cases: number;
  broken: number;
  slowestMs: number;
  cpuS: number;
  readonly outcomes: Record<string, number>;
}

const AT_ONCE = 2000;
/** One defect is found again and again. */
const MOST_FINDS = 10;

/** Ends the process when one file has been read for a minute: a thread that hangs cannot say so itself. */
const WATCHDOG = `
const { workerData } = require('node:worker_threads');
let last = -1;
setInterval(() => {
  const now = Atomics.load(workerData, 0);
  if (now === last) { process._rawDebug('hangs: file number ' + now); process.kill(process.pid, 'SIGKILL'); }
  last = now;
}, 60000).unref();
setInterval(() => {}, 1000);
`;

/** Reads so many files of one target, from a number on; prints what breaks. */
export async function fuzz(target: Target, seed: number, from: number, files: number): Promise<Total> {
  const current = new Int32Array(new SharedArrayBuffer(4));
  const watchdog = new Worker(WATCHDOG, { eval: true, workerData: current });
  watchdog.unref();
  const total: Total = { target: target.name, seed, from, cases: 0, broken: 0, slowestMs: 0, cpuS: 0, outcomes: {} };
  while (total.cases < files && total.broken < MOST_FINDS) {
    const count = Math.min(AT_ONCE, files - total.cases);
    const found = await hunt(target, seed, from + total.cases, count, (number) => Atomics.store(current, 0, number));
    add(total, found);
    for (const { number, complaint } of found.finds) console.log(`${target.name} ${number}: ${complaint}`);
  }
  const { user, system } = process.cpuUsage();
  total.cpuS = Math.round((user + system) / 1e5) / 10;
  await watchdog.terminate();
  return total;
}

function add(total: Total, found: Hunt): void {
  total.cases += found.cases;
  total.broken += found.finds.length;
  total.slowestMs = Math.max(total.slowestMs, Math.round(found.slowestMs));
  for (const [kind, count] of found.outcomes) total.outcomes[kind] = (total.outcomes[kind] ?? 0) + count;
}

export function lineOf({ target, seed, from, cases, outcomes, slowestMs, cpuS, broken }: Total): string {
  const kinds = Object.entries(outcomes).map(([kind, count]) => `${count} ${kind}`);
  const start = from === 0 ? '' : ` from ${from}`;
  return `${target}: ${cases} files${start}, seed ${seed} (${kinds.join(', ')}), slowest ${slowestMs} ms, ${cpuS} s of CPU, ${broken} broken`;
}
