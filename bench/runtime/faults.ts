import { buildRuntime } from '../../test/support/built-runtime.ts';
import type * as Runtime from '../../src/runtime/node.ts';
import { checkHealth, FAULTS } from '../../test/runtime/faults.ts';
import { endlessLoop } from '../../test/runtime/suite.ts';
import { asked, record, rounded } from './record.ts';

/**
 * Injects faults into processes that run models, and ends endless runs: `tsx bench/runtime/faults.ts [--quick] [COUNT]`,
 * each COUNT times (100). Every fault has to become an error of the right code, the next job has to work, and a run has to
 * be given up at most 100 ms after its signal.
 */
const { quick, words } = asked();
const count = Number(words[0] ?? (quick ? 5 : 100));
const LATE_MS = 100;

using built = buildRuntime();
const { load } = (await import(built.url)) as typeof Runtime;

async function faultOnce(index: number): Promise<boolean> {
  const { name, code, inject } = FAULTS[index % FAULTS.length]!;
  const found = await inject(load).then(
    () => 'no error',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );
  if (found !== code) console.log(`${name}: ${found}, expected ${code}`);
  await checkHealth(load);
  return found === code;
}

/** How long after the signal the promise was settled, in ms. */
async function abortOnce(whileLoading: boolean): Promise<number> {
  const abort = new AbortController();
  let abortedAt = 0;
  const abortAfter = (ms: number) =>
    setTimeout(() => {
      abortedAt = performance.now();
      abort.abort();
    }, ms);
  const late = () => performance.now() - abortedAt;
  const x = new Float32Array(1);
  if (whileLoading) {
    abortAfter(300);
    return load(endlessLoop(), { thread: 'process', warmup: 1, signal: abort.signal }).then(() => NaN, late);
  }
  await using model = await load(endlessLoop(), { thread: 'process', warmup: 0 });
  abortAfter(100);
  return await model.run({ x }, { signal: abort.signal }).then(() => NaN, late);
}

let right = 0;
for (let i = 0; i < count; i++) right += Number(await faultOnce(i));
console.log(`faults: ${right} of ${count} became the right error, and the next job worked`);

const lates: number[] = [];
for (let i = 0; i < count; i++) lates.push(await abortOnce(i % 4 === 0));
const inTime = lates.filter((ms) => ms <= LATE_MS).length;
console.log(`aborts: ${inTime} of ${count} within ${LATE_MS} ms, the latest after ${Math.max(...lates).toFixed(1)} ms`);
process.exitCode = right === count && inTime === count ? 0 : 1;
record('faults', { count, right, aborts: inTime, ...rounded({ latestAbortMs: Math.max(...lates) }) });
