import { Graph } from '../../src/onnx/graph.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import type { Load, LoadOptions, LoadProgress, Outputs } from '../../src/runtime/model.ts';
import { float32, type Tensor } from '../../src/tensor.ts';
import { evaluatePerceptron, noise, oneNode, perceptron, randomLayers } from '../support/runnable-models.ts';

/**
 * What `load` owes on every platform, provider and thread: cases without a test runner, so that a browser can run
 * them too. Expected values come from float64 arithmetic on the weights.
 */
export interface Case {
  readonly name: string;
  /** @throws where the promise is broken. */
  readonly run: (load: Load, options: LoadOptions) => Promise<void>;
}

const LAYERS = randomLayers([4, 5, 3], 1);
const MLP = perceptron(LAYERS);
const TOLERANCE = 1e-5;

export const SUITE: readonly Case[] = [
  {
    name: 'computes what float64 arithmetic on the weights gives, at batch 1 and 7',
    async run(load, options) {
      await using model = await load(MLP, options);
      for (const count of [1, 7]) {
        const rows = rowsOf(count, count);
        isClose((await model.run({ x: flat(rows) })).y, rows);
      }
    },
  },
  {
    name: 'tells names, dtypes and shapes, and who runs it',
    async run(load, options) {
      await using model = await load(MLP, options);
      same(model.inputs, [{ name: 'x', dtype: 'float32', shape: ['batch', 4] }]);
      same(model.outputs, [{ name: 'y', dtype: 'float32', shape: ['batch', 3] }]);
      const { report } = model;
      same(report.requested, [options.provider]);
      same(report.used, options.provider);
      same(report.refused, []);
      same(report.telemetry, false);
      same(report.warmup, { runs: 1 });
      if (!/^\d+\.\d+\.\d+/.test(report.runtime.version)) throw new Error(`version ${report.runtime.version}`);
      for (const [part, ms] of Object.entries(report.ms)) if (!(ms >= 0)) throw new Error(`${part} took ${ms} ms`);
    },
  },
  {
    name: 'keeps 40 overlapping runs apart',
    async run(load, options) {
      await using model = await load(MLP, options);
      const rows = rowsOf(40, 3);
      const results = await Promise.all(rows.map((row) => model.run({ x: Float32Array.from(row) })));
      results.forEach((result, i) => {
        isClose(result.y, [rows[i]!]);
      });
    },
  },
  {
    name: 'keeps overlapping runs of two models apart',
    async run(load, options) {
      const others = randomLayers([4, 6, 3], 9);
      const [first, second] = await Promise.all([load(MLP, options), load(perceptron(others), options)]);
      const rows = rowsOf(10, 4);
      const pairs = await Promise.all(
        rows.map((row) => Promise.all([first, second].map((model) => model.run({ x: Float32Array.from(row) })))),
      );
      pairs.forEach(([a, b], i) => {
        isClose(a!.y, [rows[i]!]);
        isClose(b!.y, [rows[i]!], others);
      });
      await Promise.all([first.dispose(), second.dispose()]);
    },
  },
  {
    name: 'leaves the memory of its inputs to the caller',
    async run(load, options) {
      await using model = await load(MLP, options);
      const x = Float32Array.of(1, 2, 3, 4);
      await model.run({ x });
      same([...x], [1, 2, 3, 4]);
    },
  },
  {
    name: 'refuses a wrong input, and goes on',
    async run(load, options) {
      await using model = await load(MLP, options);
      await fails('INPUT', model.run({ x: new Float32Array(5) }));
      await fails('INPUT', model.run({ z: new Float32Array(4) }));
      isClose((await model.run({ x: Float32Array.of(1, 2, 3, 4) })).y, [[1, 2, 3, 4]]);
    },
  },
  {
    name: 'takes a shape that cannot be cloned, and refuses such data for that run alone',
    async run(load, options) {
      await using model = await load(MLP, options);
      const data = Float32Array.of(1, 2, 3, 4);
      isClose((await model.run({ x: { data, shape: new Proxy([1, 4], {}) } })).y, [[1, 2, 3, 4]]);
      await using texts = await load(oneNode('Identity', { dtype: 'string', shape: [1] }), {
        ...options,
        allow: 'partial',
      });
      const strange = new Proxy(['a'], {});
      if (options.thread !== 'here') await fails('INPUT', texts.run({ x: { data: strange, shape: [1] } }));
      same((await texts.run({ x: ['b'] })).y!.data, ['b']);
    },
  },
  {
    name: 'gives outputs that have memory of their own',
    async run(load, options) {
      await using model = await load(MLP, options);
      const rows = rowsOf(20, 7);
      for (const { y } of await Promise.all(rows.map((row) => model.run({ x: Float32Array.from(row) })))) {
        same((y!.data as Float32Array).buffer.byteLength, 12);
      }
    },
  },
  {
    name: 'fails with what onProgress throws, and loads the next model',
    async run(load, options) {
      const onProgress = () => {
        throw new Error('no more paint');
      };
      for (const source of [MLP, new Blob([new Uint8Array(MLP)])]) {
        await fails('Error: no more paint', load(source, { ...options, onProgress }));
      }
      await (await load(MLP, options)).dispose();
    },
  },
  {
    name: 'binds memory that is used again and again',
    async run(load, options) {
      await using model = await load(MLP, options);
      const bound = await model.bind({ x: [2, 4] });
      const { data } = bound.outputs.y!;
      for (const seed of [1, 2, 3]) {
        const rows = rowsOf(2, seed);
        (bound.inputs.x!.data as Float32Array).set(flat(rows));
        await bound.run();
        isClose(bound.outputs.y, rows);
      }
      same(bound.outputs.y!.data === data, true);
      await fails('INPUT', model.bind());
    },
  },
  {
    name: 'streams items in order, and as they come',
    async run(load, options) {
      await using model = await load(MLP, options);
      const rows = rowsOf(50, 5);
      let count = 0;
      for await (const { y } of model.stream(
        rows.map((row) => ({ x: Float32Array.from(row) })),
        { batch: 8 },
      )) {
        isClose(y, [rows[count++]!]);
      }
      same(count, 50);
    },
  },
  {
    name: 'hands on what the source of a stream throws',
    async run(load, options) {
      await using model = await load(MLP, options);
      async function* broken() {
        yield { x: new Float32Array(4) };
        await Promise.resolve();
        throw new Error('no more light');
      }
      let count = 0;
      const reading = (async () => {
        for await (const { y } of model.stream(broken())) count += y!.shape[0]!;
      })();
      await reading.then(
        () => {
          throw new Error('the stream ended well');
        },
        (error: unknown) => {
          same((error as Error).message, 'no more light');
        },
      );
      same(count, 1);
    },
  },
  {
    name: 'finishes the runs already asked for when it is disposed of, refuses later ones, and may be disposed of twice',
    async run(load, options) {
      const model = await load(MLP, options);
      const pending = model.run({ x: Float32Array.of(1, 2, 3, 4) });
      await Promise.all([model.dispose(), model.dispose()]);
      isClose((await pending).y, [[1, 2, 3, 4]]);
      await fails('DISPOSED', model.run({ x: new Float32Array(4) }));
      await fails('DISPOSED', model.bind({ x: [1, 4] }));
    },
  },
  {
    name: 'writes sizes of symbolic dimensions into the graph',
    async run(load, options) {
      await using model = await load(MLP, { ...options, fixed: { batch: 3 } });
      same(model.inputs[0]!.shape, [3, 4]);
      same(model.outputs[0]!.shape, [3, 3]);
      const rows = rowsOf(3, 6);
      isClose((await model.run({ x: flat(rows) })).y, rows);
      await fails('INPUT', model.run({ x: new Float32Array(4) }));
      await fails('USAGE', load(MLP, { ...options, fixed: { time: 3 } }));
    },
  },
  {
    name: 'tells the metadata of the file',
    async run(load, options) {
      const graph = new Graph('labelled');
      const x = graph.input('x', { dtype: 'float32', shape: [2] });
      graph.outputs.push(graph.node('Relu', { inputs: [x], output: { name: 'y', dtype: 'float32', shape: [2] } }));
      graph.model.metadata.set('labels', 'cat\nçop');
      graph.model.metadata.set('__proto__', 'just a key');
      await using model = await load(writeOnnx(graph), options);
      same([...model.metadata], [['labels', 'cat\nçop'], ['__proto__', 'just a key']]); // prettier-ignore
    },
  },
  {
    name: 'takes an ArrayBuffer, a Blob, a Response and a stream, and tells how far it is',
    async run(load, options) {
      const bytes = new Uint8Array(MLP);
      const sources = [bytes.buffer, new Blob([bytes]), new Response(bytes), new Blob([bytes]).stream()];
      for (const source of sources) {
        const steps: LoadProgress[] = [];
        await using model = await load(source, { ...options, onProgress: (step) => steps.push(step) });
        isClose((await model.run({ x: Float32Array.of(1, 2, 3, 4) })).y, [[1, 2, 3, 4]]);
        same([...new Set(steps.map(({ phase }) => phase))].slice(-3), ['runtime', 'create', 'warmup']);
        if (!(source instanceof ArrayBuffer))
          same(
            steps.some(({ loadedBytes }) => loadedBytes === bytes.length),
            true,
          );
      }
    },
  },
  {
    name: 'says what the server said instead of giving the model',
    async run(load, options) {
      await fails('FILE', load(new Response('gone', { status: 404, statusText: 'Not Found' }), options));
    },
  },
  {
    name: 'loads only what has the digest that was asked for',
    async run(load, options) {
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(MLP)));
      const integrity = `sha256-${btoa(String.fromCharCode(...digest))}`;
      await (await load(MLP, { ...options, integrity })).dispose();
      await fails('INTEGRITY', load(perceptron(randomLayers([4, 5, 3], 2)), { ...options, integrity }));
      await fails('USAGE', load(MLP, { ...options, integrity: 'md5-1234' }));
    },
  },
  {
    name: 'loads the next model after one that is none',
    async run(load, options) {
      await fails('RUNTIME', load(new TextEncoder().encode('no model at all'), options), 'PROVIDER');
      await fails('FORMAT', load(new TextEncoder().encode('<!doctype html>'), options));
      await fails('RUNTIME', load(oneNode('NoSuchOperator', { shape: [1] }), options), 'PROVIDER');
      await (await load(MLP, options)).dispose();
    },
  },
  {
    name: 'refuses senseless options',
    async run(load, options) {
      for (const wrong of [
        { allow: 'all' },
        { threads: 0 },
        { warmup: -1 },
        { thread: 'moon' },
        { fixed: { batch: 0.5 } },
        { spin: 'false' },
        { placement: () => true },
      ]) {
        await fails('USAGE', load(MLP, { ...options, ...(wrong as LoadOptions) }));
      }
    },
  },
];

/** What can be ended; `options` have to say where. */
export const ABORT_SUITE: readonly Case[] = [
  {
    name: 'ends a load that was given up before it began',
    async run(load, options) {
      await fails('ABORTED', load(MLP, { ...options, signal: AbortSignal.abort() }));
    },
  },
  {
    name: 'ends an endless run, and works again',
    async run(load, options) {
      await using model = await load(endlessLoop(), { ...options, warmup: 0 });
      const start = performance.now();
      await fails('ABORTED', model.run({ x: new Float32Array(1) }, { signal: AbortSignal.timeout(100) }));
      const lateMs = performance.now() - start - 100;
      if (lateMs > 100) throw new Error(`ended ${lateMs} ms late`);
      await using next = await load(MLP, options);
      isClose((await next.run({ x: Float32Array.of(1, 2, 3, 4) })).y, [[1, 2, 3, 4]]);
    },
  },
  {
    name: 'ends an endless load',
    async run(load, options) {
      const start = performance.now();
      await fails('ABORTED', load(endlessLoop(), { ...options, warmup: 1, signal: AbortSignal.timeout(1000) }));
      const lateMs = performance.now() - start - 1000;
      if (lateMs > 100) throw new Error(`ended ${lateMs} ms late`);
    },
  },
  {
    name: 'ends one run, and none of those that wait behind it',
    async run(load, options) {
      await using model = await load(MLP, options);
      const giveUp = new AbortController();
      const rows = rowsOf(20, 8);
      const runs = rows.map((row, i) =>
        model.run({ x: Float32Array.from(row) }, i % 2 ? { signal: giveUp.signal } : {}),
      );
      giveUp.abort();
      const settled = await Promise.allSettled(runs);
      settled.forEach((result, i) => {
        if (i % 2 === 0) isClose((result as PromiseFulfilledResult<Outputs>).value.y, [rows[i]!]);
        else same(result.status, 'rejected');
      });
    },
  },
];

/** x, and 1 added to it 2^62 times over. */
export const endlessLoop = (): Uint8Array => loop(2n ** 62n);

/** x, and 1 added to it this often. */
export function loop(rounds: bigint): Uint8Array {
  const graph = new Graph('loop');
  const scalar = { dtype: 'bool', shape: [] } as const;
  const vector = { dtype: 'float32', shape: [1] } as const;
  const x = graph.input('x', vector);
  const body = new Graph('body', graph.model, graph);
  body.input('iteration', { dtype: 'int64', shape: [] });
  const going = body.input('going', scalar);
  const sum = body.input('sum', vector);
  const one = body.constant('one', float32([1], [1]));
  body.outputs.push(
    body.node('Identity', { inputs: [going], output: { name: 'goes_on', ...scalar } }),
    body.node('Add', { inputs: [sum, one], output: { name: 'next', ...vector } }),
  );
  const trips = graph.constant('trips', { dtype: 'int64', shape: [], data: BigInt64Array.of(rounds) });
  const start = graph.constant('start', { dtype: 'bool', shape: [], data: Uint8Array.of(1) });
  const attributes = { body: { kind: 'graph', value: body } } as const;
  graph.outputs.push(graph.node('Loop', { inputs: [trips, start, x], attributes, output: { name: 'y', ...vector } }));
  return writeOnnx(graph);
}

function rowsOf(count: number, seed: number): number[][] {
  const random = noise(seed);
  return Array.from({ length: count }, () => Array.from({ length: 4 }, () => Math.fround(random())));
}

const flat = (rows: readonly (readonly number[])[]): Float32Array => Float32Array.from(rows.flat());

function isClose(actual: Tensor | undefined, rows: readonly (readonly number[])[], layers = LAYERS): void {
  same(actual?.shape, [rows.length, 3]);
  rows
    .flatMap((row) => evaluatePerceptron(layers, row))
    .forEach((expected, i) => {
      const value = actual!.data[i] as number;
      if (!(Math.abs(value - expected) <= TOLERANCE)) throw new Error(`element ${i}: ${value}, expected ${expected}`);
    });
}

function same(actual: unknown, expected: unknown): void {
  const [a, b] = [actual, expected].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`${a ?? 'undefined'}, expected ${b ?? 'undefined'}`);
}

/** A provider of its own refuses what `RUNTIME` says of a CPU: so some cases allow a second code. */
async function fails(code: string, promise: Promise<unknown>, orElse = code): Promise<void> {
  const outcome = await promise.then(
    () => 'success',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );
  if (outcome !== orElse) same(outcome, code);
}
