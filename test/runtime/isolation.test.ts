import { afterAll, describe, expect, test } from 'vitest';
import type * as Runtime from '../../src/runtime/node.ts';
import { buildRuntime } from '../support/built-runtime.ts';
import { perceptron, randomLayers } from '../support/runnable-models.ts';
import { checkHealth, FAULTS } from './faults.ts';
import { endlessLoop, loop } from './suite.ts';

const built = buildRuntime();
const { load, shareProcess } = (await import(/* @vite-ignore */ built.url)) as typeof Runtime;
const MLP = perceptron(randomLayers([4, 5, 3], 1));

afterAll(() => {
  built[Symbol.dispose]();
});

describe.skipIf(process.platform !== 'linux')('a fault is an error with a code, and the next job works', () => {
  test.each(FAULTS.map((fault) => [fault.name, fault] as const))('%s', async (_, { code, inject }) => {
    await expect(inject(load)).rejects.toMatchObject({ name: 'EdgefoldError', code });
    await checkHealth(load);
  });
});

test('says which signal ended the runtime', async () => {
  await expect(FAULTS[0]!.inject(load)).rejects.toMatchObject({ code: 'DIED', received: 'SIGFPE' });
});

test('a model whose process died is loaded again when it is next run', async () => {
  await using model = await load(endlessLoop(), { thread: 'process', warmup: 0 });
  for (let i = 0; i < 2; i++) {
    const run = model.run({ x: new Float32Array(1) }, { signal: AbortSignal.timeout(50) });
    await expect(run).rejects.toMatchObject({ code: 'ABORTED' });
  }
});

test('other models in a process that was ended go on in the next', async () => {
  const shared = shareProcess();
  const [endless, sound] = await Promise.all([shared.load(endlessLoop(), { warmup: 0 }), shared.load(MLP)]);
  const x = Float32Array.of(1, 2, 3, 4);
  const before = await sound.run({ x });
  const ended = endless.run({ x: new Float32Array(1) }, { signal: AbortSignal.timeout(50) });
  const waiting = sound.run({ x });
  await expect(ended).rejects.toMatchObject({ code: 'ABORTED' });
  expect(await waiting).toEqual(before);
  shared.close();
  await expect(sound.run({ x })).rejects.toMatchObject({ code: 'DISPOSED' });
});

test('refuses a signal where native code cannot be ended', async () => {
  const { signal } = new AbortController();
  for (const thread of ['here', 'worker', { pool: 2 }] as const) {
    await expect(load(MLP, { thread, signal })).rejects.toMatchObject({ code: 'USAGE', where: 'signal' });
  }
  await using model = await load(MLP);
  await expect(model.run({ x: new Float32Array(4) }, { signal })).rejects.toMatchObject({ code: 'USAGE' });
});

test('a signal alone asks for a process', async () => {
  await using model = await load(MLP, { signal: new AbortController().signal });
  expect(model.report.thread).toBe('process');
});

/** Longest time in which the event loop did not turn, in ms. */
async function longestBlock(work: () => Promise<unknown>): Promise<number> {
  let [last, longest, isOver] = [performance.now(), 0, false];
  const turn = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) setImmediate(turn);
  };
  turn();
  await work();
  isOver = true;
  return Math.max(longest, performance.now() - last);
}

test('a run in a worker leaves the event loop free, which a run here blocks', async () => {
  const long = loop(400_000n);
  const blockOf = async (thread: 'here' | 'worker') => {
    await using model = await load(long, { thread, warmup: 0 });
    const block = await longestBlock(() => model.run({ x: new Float32Array(1) }));
    return block;
  };
  expect(await blockOf('worker')).toBeLessThan((await blockOf('here')) / 2);
});
