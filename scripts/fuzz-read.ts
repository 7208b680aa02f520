/**
 * Gives every reader damaged files, and sees that each is read or refused with an error of ours, within a second.
 *
 *     npx tsx scripts/fuzz-read.ts --files 1000000 --seed 7              all readers, so many files each
 *     npx tsx scripts/fuzz-read.ts --reader hdf5 --files 1000
 *     npx tsx scripts/fuzz-read.ts --reader hdf5 --seed 7 --replay 123 --out folder
 *
 * What breaks a reader is printed with its number; `--replay` makes it again and writes its files. Exit 0 if nothing
 * did, else 1.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { hunt, mutantOf, type Hunt } from '../test/export/read/fuzz/hunt.ts';
import { targets, type Target } from '../test/export/read/fuzz/targets.ts';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    reader: { type: 'string' },
    replay: { type: 'string' },
    out: { type: 'string' },
  },
});
const seed = Number(values.seed);

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

async function fuzz(target: Target, files: number): Promise<number> {
  const current = new Int32Array(new SharedArrayBuffer(4));
  const watchdog = new Worker(WATCHDOG, { eval: true, workerData: current });
  watchdog.unref();
  const total = { cases: 0, finds: 0, slowestMs: 0, outcomes: new Map<string, number>() };
  const start = process.cpuUsage();
  const from = Number(values.from);
  while (total.cases < files && total.finds < MOST_FINDS) {
    const count = Math.min(AT_ONCE, files - total.cases);
    const found = await hunt(target, seed, from + total.cases, count, (number) => Atomics.store(current, 0, number));
    add(total, found);
    for (const { number, complaint } of found.finds) console.log(`${target.name} ${number}: ${complaint}`);
    if (total.cases % 20_000 === 0) process.stderr.write(`${line(target, total, start)}\n`);
  }
  console.log(line(target, total, start));
  await watchdog.terminate();
  return total.finds;
}

function add(total: { cases: number; finds: number; slowestMs: number; outcomes: Map<string, number> }, found: Hunt) {
  total.cases += found.cases;
  total.finds += found.finds.length;
  total.slowestMs = Math.max(total.slowestMs, found.slowestMs);
  for (const [kind, count] of found.outcomes) total.outcomes.set(kind, (total.outcomes.get(kind) ?? 0) + count);
}

function line(
  { name }: Target,
  {
    cases,
    finds,
    slowestMs,
    outcomes,
  }: { cases: number; finds: number; slowestMs: number; outcomes: Map<string, number> },
  start: NodeJS.CpuUsage,
): string {
  const { user, system } = process.cpuUsage(start);
  const kinds = [...outcomes].map(([kind, count]) => `${count} ${kind}`).join(', ');
  return `${name}: ${cases} files, seed ${seed} (${kinds}), slowest ${slowestMs.toFixed(0)} ms, ${((user + system) / 1e6).toFixed(0)} s of CPU, ${finds} broken`; // prettier-ignore
}

async function replay(target: Target, number: number): Promise<number> {
  const { folder } = mutantOf(target, seed, number);
  for (const [name, bytes] of Object.entries(values.out === undefined ? {} : folder)) {
    const path = join(values.out!, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
  const { finds, outcomes } = await hunt(target, seed, number, 1);
  console.log(finds[0]?.complaint ?? [...outcomes.keys()].join());
  return finds.length;
}

let broken = 0;
for (const target of (await targets()).values()) {
  if (values.reader !== undefined && values.reader !== target.name) continue;
  broken += await (values.replay === undefined
    ? fuzz(target, Number(values.files))
    : replay(target, Number(values.replay)));
}
process.exitCode = broken > 0 ? 1 : 0;
