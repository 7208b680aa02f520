import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Inputs, Model, TensorSpec } from '../../src/runtime/model.ts';
import { poolOf } from '../../src/runtime/pool.ts';
import type { Remote } from '../../src/runtime/remote.ts';
import type { Runner } from '../../src/runtime/runner.ts';
import { stream } from '../../src/runtime/stream.ts';
import type { Tensor } from '../../src/tensor.ts';

/** y = x, and the batch of every run. */
function recording(spec: Partial<TensorSpec> = {}): {
  model: Pick<Model, 'inputs' | 'outputs' | 'run'>;
  batches: number[];
} {
  const batches: number[] = [];
  const value: TensorSpec = { name: 'x', dtype: 'float32', shape: ['n', 'width'], ...spec };
  const run = (inputs: Inputs) => {
    const x = inputs.x as Tensor;
    batches.push(x.shape[0]!);
    return Promise.resolve({ y: x });
  };
  return { model: { inputs: [value], outputs: [{ ...value, name: 'y' }], run }, batches };
}

const row = (value: number, width = 2, rows = 1): Inputs => ({
  x: { dtype: 'float32', shape: [rows, width], data: new Float32Array(rows * width).fill(value) },
});

async function collect(outputs: AsyncIterable<Record<string, Tensor>>): Promise<Tensor[]> {
  const all: Tensor[] = [];
  for await (const { y } of outputs) all.push(y!);
  return all;
}

test('puts what is there into one run, and hands it back in order', async () => {
  const { model, batches } = recording();
  const outputs = await collect(
    stream(
      model,
      Array.from({ length: 50 }, (_, i) => row(i)),
      { batch: 8 },
    ),
  );
  expect(outputs.map(({ data }) => data[0])).toEqual(Array.from({ length: 50 }, (_, i) => i));
  expect(outputs.every(({ shape }) => shape.join() === '1,2')).toBe(true);
  expect(batches.reduce((sum, size) => sum + size, 0)).toBe(50);
  expect(batches).toHaveLength(7);
});

test('keeps items of several rows whole, and those of another shape apart', async () => {
  const { model, batches } = recording();
  const outputs = await collect(stream(model, [row(1, 2, 3), row(2), row(3, 5), row(4, 5)], { batch: 32 }));
  expect(outputs.map(({ shape }) => shape)).toEqual([[3, 2], [1, 2], [1, 5], [1, 5]]); // prettier-ignore
  expect(batches).toEqual([4, 2]);
});

test('runs items one by one where the first dimension is fixed or nameless', async () => {
  for (const first of [1, '']) {
    const { model, batches } = recording({ shape: [first, 2] });
    await collect(stream(model, [row(1), row(2), row(3)], { batch: 8 }));
    expect(batches).toEqual([1, 1, 1]);
  }
});

test('runs items one by one where symbols differ', async () => {
  const { model, batches } = recording();
  const other = { ...model, outputs: [{ ...model.outputs[0]!, shape: ['m', 'width'] }] };
  await collect(stream(other, [row(1), row(2), row(3)], { batch: 8 }));
  expect(batches).toEqual([1, 1, 1]);
});

test('puts nothing together unasked', async () => {
  const { model, batches } = recording();
  await collect(stream(model, [row(1), row(2), row(3)], {}));
  expect(batches).toEqual([1, 1, 1]);
});

test('does not hold a result back until the next item comes', async () => {
  const { model } = recording();
  let given = 0;
  async function* slow() {
    for (; given < 3; given++) {
      yield row(given);
      await sleep(100);
    }
  }
  const givenAtResult: number[] = [];
  for await (const { y } of stream(model, slow(), { maxDelayMs: 5 })) {
    givenAtResult.push(given);
    expect(y!.data[0]).toBe(given);
  }
  expect(givenAtResult).toEqual([0, 1, 2]);
});

test('reads ahead by one group and no further, and ends its source when nobody listens any more', async () => {
  const { model } = recording();
  let [given, isEnded] = [0, false];
  function* endless() {
    try {
      for (;;) yield row(given++);
    } finally {
      isEnded = true;
    }
  }
  for await (const { y } of stream(model, endless(), { batch: 4 })) if (y!.data[0] === 9) break;
  expect(given).toBeLessThanOrEqual(10 + 2 * 4);
  expect(isEnded).toBe(true);
});

test('ends when it is given up', async () => {
  const { model } = recording();
  async function* never() {
    yield row(1);
    await new Promise(() => undefined);
  }
  const outputs = stream(model, never(), { signal: AbortSignal.timeout(50) });
  await expect(collect(outputs)).rejects.toMatchObject({ code: 'ABORTED' });
});

test('says so when an output is no batch', async () => {
  const { model } = recording();
  const summing = { ...model, run: async () => Promise.resolve({ y: row(0).x as Tensor }) };
  await expect(collect(stream(summing, [row(1), row(2)], { batch: 2 }))).rejects.toMatchObject({ code: 'UNSUPPORTED' });
});

test.each([NaN, -1, Infinity, 3e9])('refuses to wait %d ms', async (maxDelayMs) => {
  const { model } = recording();
  await expect(collect(stream(model, [row(1)], { maxDelayMs }))).rejects.toMatchObject({ code: 'USAGE' });
});

test('a pool gives each run to the worker that has least to do', async () => {
  const remotes = [3, 1, 2].map((load) => ({ load }));
  const taken: number[] = [];
  const runnerOf = (index: number) =>
    ({ run: () => Promise.resolve(taken.push(index)), dispose: () => Promise.resolve() }) as unknown as Runner;
  const pool = poolOf(
    remotes.map((_, index) => runnerOf(index)),
    remotes as unknown as Remote[],
  );
  await pool.run([]);
  remotes[1]!.load = 9;
  await pool.run([]);
  expect(taken).toEqual([1, 2]);
});

test('gives what came before a bad item, and then its error', async () => {
  const { model } = recording({ shape: ['n', 2] });
  const given: number[] = [];
  const read = async () => {
    for await (const { y } of stream(model, [row(1), row(2), { x: 5 } as unknown as Inputs, row(4)], { batch: 8 })) given.push(y!.data[0] as number); // prettier-ignore
  };
  await expect(read()).rejects.toMatchObject({ code: 'INPUT', where: 'input x' });
  expect(given).toEqual([1, 2]);
});

test('a source whose end fails does so in silence, whether at once or later', async () => {
  const { model } = recording();
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  const sources: Iterable<Inputs>[] = [
    { [Symbol.iterator]: () => ({ next: () => ({ done: false, value: row(1) }), return: () => { throw new Error('at once'); } }) },
    (function* () { try { for (;;) yield row(1); } finally { throw new Error('in finally'); } })(), // eslint-disable-line no-unsafe-finally
  ]; // prettier-ignore
  for (const source of sources) {
    let count = 0;
    for await (const { y } of stream(model, source, {})) {
      expect(y!.data[0]).toBe(1);
      if (++count === 2) break;
    }
  }
  await sleep(5);
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

test('takes promises of items from a list, as `for await` does', async () => {
  const { model } = recording();
  const items = [row(1), row(2)].map((item) => Promise.resolve(item)) as unknown as Inputs[];
  expect((await collect(stream(model, items, {}))).map(({ data }) => data[0])).toEqual([1, 2]);
});
