import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type * as Runtime from '../../src/runtime/node.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { splitOnnx } from '../../src/onnx/write.ts';
import type { LoadProgress } from '../../src/runtime/model.ts';
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

const integrityOf = (bytes: Uint8Array): string => `sha256-${createHash('sha256').update(bytes).digest('base64')}`;

/** Processes that run models for this one, as Linux tells. */
function hosts(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const isOurs = Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]) === process.pid;
        return isOurs && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('host.js');
      } catch {
        return false;
      }
    })
    .map(Number);
}

const onLinux = describe.skipIf(process.platform !== 'linux');

onLinux('with integrity', () => {
  const other = perceptron(randomLayers([4, 5, 3], 2));
  const x = Float32Array.of(1, 2, 3, 4);

  test('the bytes that were checked are loaded again after a death, whatever the file has become', async () => {
    const path = join(built.folder, 'swapped.onnx');
    writeFileSync(path, MLP);
    await using model = await load(path, { thread: 'process', integrity: integrityOf(MLP) });
    const before = await model.run({ x });
    writeFileSync(path, other);
    const [host] = hosts();
    process.kill(host!, 'SIGKILL');
    // The run that meets the death may fail; the one after it may not.
    await model.run({ x }).catch(() => undefined);
    expect(await model.run({ x })).toEqual(before);
    expect(hosts()).not.toContain(host);
  });

  test('a model whose weights lie beside it is not loaded, because they were not checked', async () => {
    const split = splitOnnx(readOnnx(MLP), { maxInlineBytes: 0, minTensorBytes: 0 });
    const bytes = Buffer.concat([...split.model('checked.bin')]);
    writeFileSync(join(built.folder, 'checked.bin'), Buffer.concat([...split.data()]));
    writeFileSync(join(built.folder, 'checked.onnx'), bytes);
    const path = join(built.folder, 'checked.onnx');
    await (await load(path)).dispose();
    for (const thread of ['here', 'process'] as const) {
      const loading = load(path, { thread, integrity: integrityOf(bytes) });
      await expect(loading).rejects.toMatchObject({ name: 'EdgefoldError', code: 'FILE' });
    }
  });
});

onLinux('a death while disposing', () => {
  test('is no error: what has died has released its models', async () => {
    for (let i = 0; i < 10; i++) {
      const model = await load(MLP, { thread: 'process' });
      const disposal = i % 2 === 0 ? model.dispose() : undefined;
      for (const host of hosts()) process.kill(host, 'SIGKILL');
      await (disposal ?? model.dispose());
      await expect(model.run({ x: new Float32Array(4) })).rejects.toMatchObject({ code: 'DISPOSED' });
    }
  });
});

test.each(['here', 'worker', 'process'] as const)(
  'what onProgress throws in any phase fails loading (%s)',
  async (thread) => {
    const phases = ['model', 'runtime', 'create', 'warmup'] as const satisfies readonly LoadProgress['phase'][];
    for (const wanted of phases) {
      const onProgress = ({ phase }: LoadProgress) => {
        if (phase === wanted) throw new RangeError(`mine, at ${phase}`);
      };
      const loading = load(new Blob([MLP as Uint8Array<ArrayBuffer>]), { thread, onProgress });
      await expect(loading).rejects.toThrow(new RangeError(`mine, at ${wanted}`));
    }
  },
);
