/**
 * Gives every reader damaged files, and sees that each is read or refused with an error of ours, within a second.
 *
 *     npx tsx scripts/fuzz-read.ts --all 10000000 --seed 7               all readers together, so many files
 *     npx tsx scripts/fuzz-read.ts --files 1000 --seed 7                 all readers, so many files each
 *     npx tsx scripts/fuzz-read.ts --reader hdf5 --files 1000 --from 500
 *     npx tsx scripts/fuzz-read.ts --reader hdf5 --seed 7 --replay 123 --out folder
 *
 * `--all` adds a row to `bench/results/fuzz.jsonl` for every 100,000 files, and goes on where its rows with the same
 * seed end. What breaks a reader is printed with its number; `--replay` makes it again and writes its files. Exit 0 if
 * nothing did, else 1.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { hunt, mutantOf } from '../test/export/read/fuzz/hunt.ts';
import { targets, type Target } from '../test/export/read/fuzz/targets.ts';
import { appendRow } from './fuzz/results.ts';
import { fuzz, lineOf } from './fuzz/fuzz.ts';
import { fuzzAll } from './fuzz/fuzz-all.ts';

const { values } = parseArgs({
  options: {
    all: { type: 'string' },
    files: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    reader: { type: 'string' },
    replay: { type: 'string' },
    results: { type: 'string' },
    out: { type: 'string' },
  },
});
const seed = Number(values.seed);

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

async function fuzzOne(target: Target): Promise<number> {
  const total = await fuzz(target, seed, Number(values.from), Number(values.files));
  console.log(lineOf(total));
  if (values.results !== undefined) appendRow(values.results, total);
  return total.broken;
}

async function main(): Promise<number> {
  const known = await targets();
  if (values.all !== undefined) {
    const results = values.results ?? new URL('../bench/results/fuzz.jsonl', import.meta.url).pathname;
    return fuzzAll([...known.keys()], Number(values.all), seed, results);
  }
  let broken = 0;
  for (const target of known.values()) {
    if (values.reader !== undefined && values.reader !== target.name) continue;
    broken += await (values.replay === undefined ? fuzzOne(target) : replay(target, Number(values.replay)));
  }
  return broken;
}

process.exitCode = (await main()) > 0 ? 1 : 0;
