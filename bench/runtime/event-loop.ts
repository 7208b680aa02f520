import { existsSync, readFileSync } from 'node:fs';
import { buildRuntime } from '../../test/support/built-runtime.ts';
import type { Thread } from '../../src/runtime/model.ts';
import type * as Runtime from '../../src/runtime/node.ts';
import { asked, record, rounded } from './record.ts';
import { SEED_SHAPE, seedModel } from './seed.ts';

/**
 * For how long the event loop stands still during 1,000 runs that are asked for at once, wherever they run: by the
 * clock, and by the processor time of the main thread, which other processes do not lengthen (Linux):
 * `tsx bench/runtime/event-loop.ts [--quick]`.
 */
const RUNS = asked().quick ? 100 : 1000;

using built = buildRuntime();
const { load } = (await import(built.url)) as typeof Runtime;
const bytes = await seedModel();

/** Nanoseconds that the main thread has run, the first number of its statistics. */
const STATISTICS = `/proc/self/task/${process.pid}/schedstat`;
const threadMs = (): number => (existsSync(STATISTICS) ? parseInt(readFileSync(STATISTICS, 'utf8'), 10) / 1e6 : NaN);

/** Longest time between two turns of the event loop: by the clock, and by processor time. */
async function longestBlocks(work: () => Promise<unknown>): Promise<readonly [number, number]> {
  let [clock, thread, longest, busiest] = [performance.now(), threadMs(), 0, 0];
  const turn = () => {
    const [now, ran] = [performance.now(), threadMs()];
    longest = Math.max(longest, now - clock);
    busiest = Math.max(busiest, ran - thread);
    [clock, thread] = [now, ran];
  };
  const timer = setInterval(turn, 1);
  await work();
  clearInterval(timer);
  turn();
  return [longest, busiest];
}

for (const thread of ['here', 'worker', { pool: 2 }, 'process'] as const satisfies readonly Thread[]) {
  await using model = await load(bytes, { thread });
  const input = { data: new Float32Array(28 * 28), shape: SEED_SHAPE };
  const inputs = { [model.inputs[0]!.name]: input };
  await Promise.all(Array.from({ length: 100 }, () => model.run(inputs)));
  const start = performance.now();
  const [block, busy] = await longestBlocks(() => Promise.all(Array.from({ length: RUNS }, () => model.run(inputs))));
  const ms = performance.now() - start;
  console.log(
    `${JSON.stringify(thread).padEnd(12)} blocked at most ${block.toFixed(1)} ms, of them busy ${busy.toFixed(1)} ms; ${RUNS} runs in ${ms.toFixed(0)} ms`,
  );
  record('event-loop', {
    model: 'digits',
    thread,
    runs: RUNS,
    ...rounded({ blockedMs: block, busyMs: busy, totalMs: ms }),
  });
}
