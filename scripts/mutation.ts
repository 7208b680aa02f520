/**
 * Mutation testing: makes small changes all over a room, one at a time, and counts how many of them a test notices.
 * A change that none notices is a hole in the tests, or code that nothing needs.
 *
 *     npx tsx scripts/mutation.ts --room fold|onnx|export/read [--sample 550] [--seed 1] [--longest 3] [--processes 2] [--write]
 *
 * The sample is drawn by lot; --sample Infinity takes all. A mutant survives that all tests let through that reach it,
 * but for those that take more than --longest seconds, so that the score is, if anything, too low. Those of the
 * survivors that mutation/equivalent.json says change nothing are counted apart, neither as killed nor as survivors.
 * --write keeps the result in bench/results.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { instrument } from './mutation/instrument.ts';
import { ROOMS } from './mutation/rooms.ts';
import { summary } from './mutation/summary.ts';
import { tryAll, writeTests } from './mutation/worker.ts';
import { copyEngine, ROOT } from './planted-defects/copy.ts';

const { values } = parseArgs({
  options: {
    room: { type: 'string', default: 'fold' },
    sample: { type: 'string', default: '550' },
    seed: { type: 'string', default: '1' },
    longest: { type: 'string', default: '3' },
    processes: { type: 'string', default: '2' },
    write: { type: 'boolean', default: false },
  },
});
const { room, seed } = values;
const tests = ROOMS[room];
if (!tests) throw new Error(`--room is one of ${Object.keys(ROOMS).join(', ')}`);

const folder = await copyEngine();
try {
  const mutants = await instrument(folder, room, seed);
  await writeTests(folder, tests);
  console.log(`${mutants.length} mutants in src/${room}, tried in ${folder}`);
  const longest = Number(values.longest);
  const trials = await tryAll(folder, mutants, Number(values.sample), longest, Number(values.processes));
  const result = { room, seed, longest, ...summary(mutants, trials) };
  const { files, survivors, ...total } = result;
  console.log(total, `${Object.keys(files).length} files`);
  for (const { at, mutator, was, replacement } of survivors)
    console.log(`${at}  ${mutator}  ${was}  ->  ${replacement}`);
  const path = join(ROOT, `bench/results/mutation-${room.replace('/', '-')}.json`);
  if (values.write) await writeFile(path, `${JSON.stringify(result, null, 1)}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
