/**
 * Prints what became of the whole corpus: `npx tsx test/hostile/figures.ts`, with `--strace` every call of the system
 * watched, with `--json` as JSON.
 */
import { KINDS } from './kinds.ts';
import { runCorpus } from './run-corpus.ts';
import type { Result } from './worker.ts';

const MIB = 2 ** 20;
const label = ({ kind, format, name }: Result) => `${kind} ${format}: ${name}`;
const excess = ({ grownBytes, sizeBytes }: Result) => Math.max(0, grownBytes - sizeBytes);
const largest = (results: readonly Result[], size: (result: Result) => number) => results.reduce((most, each) => (size(each) > size(most) ? each : most)); // prettier-ignore

/** One row for each value of `by`: how many files, how many of them refused and read, and the worst of them. */
function rows(results: readonly Result[], by: (result: Result) => string) {
  return [...new Set(results.map(by))].map((name) => {
    const some = results.filter((result) => by(result) === name);
    const read = some.filter(({ ending }) => ending === 'read').length;
    const worst = { ms: Math.round(largest(some, ({ ms }) => ms).ms), MiB: Math.round(excess(largest(some, excess)) / MIB) }; // prettier-ignore
    return { name, files: some.length, refused: some.length - read, read, ...worst };
  });
}

const isTraced = process.argv.includes('--strace');
const { results, deaths, strays } = await runCorpus({ isTraced });
const [slowest, hungriest] = [largest(results, ({ ms }) => ms), largest(results, excess)];
const figures = {
  files: results.length,
  wrong: results.filter(({ complaint }) => complaint !== null).map(label),
  deaths,
  slowest: `${Math.round(slowest.ms)} ms, ${label(slowest)}`,
  hungriest: `${Math.round(excess(hungriest) / MIB)} MiB beyond its size, ${label(hungriest)}`,
  opensOutside: results.flatMap(({ trespasses }) => trespasses).length,
  opensOutsideSeenByStrace: isTraced ? strays.length : 'not watched',
  changedFolders: results.filter(({ isChanged }) => isChanged).length,
  formats: rows(results, ({ format }) => format),
  endings: rows(results, ({ ending }) => ending),
  kinds: rows(results, ({ kind }) => `${kind} ${KINDS.get(kind) ?? 'good models'}`).sort((a, b) => parseInt(a.name) - parseInt(b.name)), // prettier-ignore
};
if (process.argv.includes('--json')) console.log(JSON.stringify(figures, null, 2));
else {
  const { formats, endings, kinds, ...totals } = figures;
  console.log(totals);
  for (const table of [formats, endings, kinds]) console.table(table);
}
