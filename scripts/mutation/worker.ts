import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../planted-defects/copy.ts';
import type { Mutant } from './instrument.ts';
import type { ROOMS } from './rooms.ts';
import type { Errand, Trial } from './runner.ts';

/** A process that says nothing for so long hangs in a loop that it cannot end itself. */
const SILENCE_MS = 120_000;
/** Before the first mutant, all tests run twice. */
const START_MS = 900_000;

/** One file that loads all others, so that all of them share one set of modules. */
export async function writeTests(folder: string, room: (typeof ROOMS)[string]): Promise<void> {
  const files = (room.also ?? []).map((name) => `../${name}`);
  for (const tests of room.tests) {
    for (const name of await readdir(join(folder, 'test', tests), { recursive: true })) {
      if (name.endsWith('.test.ts') && !room.without.some((end) => name.endsWith(end)))
        files.push(`./${tests}/${name}`);
    }
  }
  const entry = files.sort().map((name) => `import '${name}';\n`);
  await writeFile(join(folder, 'test/mutation.test.ts'), entry.join(''));
  await writeFile(
    join(folder, 'vitest.config.ts'),
    `export default { test: { include: ['test/mutation.test.ts'], pool: 'forks', maxWorkers: 1, isolate: false,
      runner: './scripts/mutation/runner.ts', testTimeout: 1_000_000, hookTimeout: 1_000_000, teardownTimeout: 1_000 } };`,
  );
}

/** Tries the mutants in several processes at once, of which each has every so many-th. */
export async function tryAll(
  folder: string,
  mutants: readonly Mutant[],
  sample: number,
  longest: number,
  processes: number,
): Promise<Trial[]> {
  const highest = Math.max(...mutants.map(({ id }) => Number(id)));
  const shares = Array.from({ length: processes }, (_, share) => {
    const own = mutants.filter((__, index) => index % processes === share);
    const results = join(folder, `results-${share}.jsonl`);
    return tryShare(folder, own, { mutants: highest + 1, sample: Math.ceil(sample / processes), longest, results });
  });
  return (await Promise.all(shares)).flat();
}

/** Tries some of them, in as many processes after one another as it takes. */
async function tryShare(
  folder: string,
  own: readonly Mutant[],
  errand: Omit<Errand, 'ids' | 'files'>,
): Promise<Trial[]> {
  const { results, sample } = errand;
  writeFileSync(results, '');
  for (let attempts = 0; attempts < 100; attempts++) {
    const done = trialsOf(results);
    const tried = new Set(done.map(({ id }) => id));
    const left = sample - done.filter(({ status }) => status !== 'static').length;
    const open = own.filter(({ id }) => !tried.has(id));
    if (left <= 0 || open.length === 0) return done;
    await once(folder, { ...errand, ids: open.map(({ id }) => id), files: open.map(({ file }) => file), sample: left });
    if (readFileSync(results, 'utf8').endsWith('{"type":"end"}\n')) return trialsOf(results);
  }
  throw new Error('the tests do not get through: look at the output of vitest');
}

/** A mutant that was begun and has no result has taken its process with it: endless, or out of memory. */
function trialsOf(results: string): Trial[] {
  const trials = new Map<string, Trial>();
  for (const line of readFileSync(results, 'utf8').split('\n')) {
    const trial = line === '' ? {} : (JSON.parse(line) as Partial<Trial>);
    if (trial.id !== undefined) trials.set(trial.id, trial as Trial);
  }
  return [...trials.values()].map((trial) => (trial.status === 'begun' ? { ...trial, status: 'timeout' } : trial));
}

async function once(folder: string, errand: Errand): Promise<void> {
  const path = errand.results.replace('.jsonl', '.errand.json');
  writeFileSync(path, JSON.stringify(errand));
  const started = Date.now();
  const child = spawn(process.execPath, [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
    env: {
      ...process.env,
      MUTATION_ERRAND: path,
      EDGEFOLD_ONE_RUN_IN: '15',
      NODE_NO_WARNINGS: '1',
      EDGEFOLD_SHARED: process.env.EDGEFOLD_SHARED ?? join(ROOT, '../shared'),
    },
  });
  const before = readFileSync(errand.results, 'utf8').length;
  const watch = setInterval(() => {
    const { mtimeMs, size } = statSync(errand.results);
    const limit = size === before ? START_MS : SILENCE_MS;
    if (Date.now() - Math.max(mtimeMs, started) > limit) end(child);
  }, 1000);
  await new Promise((ended) => child.on('exit', ended));
  clearInterval(watch);
  end(child);
}

function end({ pid }: ChildProcess): void {
  try {
    process.kill(-pid!, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}
