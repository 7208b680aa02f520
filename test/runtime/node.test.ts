import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { Readable } from 'node:stream';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readOnnx } from '../../src/onnx/read.ts';
import { splitOnnx, writeOnnx } from '../../src/onnx/write.ts';
import { onnx } from '../../src/onnx/proto/onnx.js';
import { concatenated, decodeModel, edited, encodeModel } from '../../src/onnx/proto/wire.ts';
import { PROVIDERS, type Input, type LoadOptions, type LoadProgress } from '../../src/runtime/model.ts';
import { load } from '../../src/runtime/node.ts';
import type { DType } from '../../src/tensor.ts';
import { evaluatePerceptron, oneNode, perceptron, randomLayers } from '../support/runnable-models.ts';

const LAYERS = randomLayers([4, 5, 3], 1);
const MLP = perceptron(LAYERS);
const IDENTITY = (dtype: DType) => oneNode('Identity', { dtype, shape: ['n'] });
/** A provider that onnxruntime does not have on this platform. */
const ABSENT = process.platform === 'darwin' ? 'dml' : 'coreml';
const failure = (code: string, words: RegExp) => ({ code, message: expect.stringMatching(words) as string });

test('runs a model and gives its outputs by name', async () => {
  await using model = await load(MLP);
  const row = [0.5, -0.25, 1, -1];
  const { y, ...others } = await model.run({ x: Float32Array.from(row) });
  expect(y!.shape).toEqual([1, 3]);
  expect(others).toEqual({});
  evaluatePerceptron(LAYERS, row).forEach((value, i) => {
    expect(y!.data[i]).toBeCloseTo(value, 6);
  });
});

test('tells names, dtypes and shapes, symbolic dimensions by name', async () => {
  await using model = await load(MLP);
  expect(model.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: ['batch', 4] }]);
  expect(model.outputs).toEqual([{ name: 'y', dtype: 'float32', shape: ['batch', 3] }]);
});

test('calls a nameless free dimension the empty string', async () => {
  await using model = await load(oneNode('Identity', { shape: ['', 2] }));
  expect(model.inputs[0]!.shape).toEqual(['', 2]);
});

describe('passes every dtype through unchanged', () => {
  const cases: [DType, Exclude<Input, { shape: unknown }>][] = [
    ['float32', Float32Array.of(1.5, -0, NaN)],
    ['float64', Float64Array.of(Math.PI, 1e300, -1)],
    ['float16', Uint16Array.of(0x3c00, 0xfbff, 0x0001)],
    ['int8', Int8Array.of(-128, 127, 0)],
    ['uint8', Uint8Array.of(0, 255, 1)],
    ['int16', Int16Array.of(-32768, 32767, 0)],
    ['uint16', Uint16Array.of(0, 65535, 1)],
    ['int32', Int32Array.of(-(2 ** 31), 2 ** 31 - 1, 0)],
    ['uint32', Uint32Array.of(0, 2 ** 32 - 1, 1)],
    ['int64', BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, 0n)],
    ['uint64', BigUint64Array.of(0n, 2n ** 64n - 1n, 1n)],
    ['bool', Uint8Array.of(0, 1, 1)],
    ['string', ['', 'ü', 'three']],
  ];
  test.each(cases)('%s', async (dtype, data) => {
    await using model = await load(IDENTITY(dtype));
    expect(model.inputs[0]!.dtype).toBe(dtype);
    expect((await model.run({ x: data })).y).toEqual({ dtype, shape: [3], data });
  });
});

describe('refuses wrong inputs before native code sees them', () => {
  const four = new Float32Array(4);
  const cases: [string, Record<string, unknown>, RegExp][] = [
    ['a missing input', {}, /input x: the input is missing; expected float32 \[batch, 4\]/],
    ['an unknown input', { x: four, X: four }, /input X: the model has no such input; expected x/],
    ['an inherited name', Object.create({ x: four }) as Record<string, unknown>, /input x: the input is missing/],
    ['an array of the wrong kind', { x: new Float64Array(4) }, /expected Float32Array for float32, found Float64Array/],
    ['plain numbers', { x: [1, 2, 3, 4] }, /expected Float32Array for float32, found Array/],
    [
      'a wrong dtype',
      { x: { dtype: 'int32', data: four, shape: [1, 4] } },
      /dtype differs; expected float32, found int32/,
    ],
    ['a wrong rank', { x: { data: four, shape: [4] } }, /expected \[batch, 4\], found \[4\]/],
    ['a wrong size', { x: { data: four, shape: [2, 2] } }, /expected \[batch, 4\], found \[2, 2\]/],
    ['a negative size', { x: { data: four, shape: [-1, 4] } }, /found \[-1, 4\]/],
    ['a fraction', { x: { data: four, shape: [0.5, 4] } }, /found \[0.5, 4\]/],
    ['too few elements', { x: { data: four, shape: [2, 4] } }, /expected 8 for \[2, 4\], found 4/],
    ['a count that fills no shape', { x: new Float32Array(5) }, /expected a multiple of 4 for \[batch, 4\], found 5/],
    ['a number', { x: 4 }, /this is no tensor; .* found 4/],
    ['null', { x: null }, /this is no tensor; .* found null/],
  ];
  test.each(cases)('%s', async (_, inputs, words) => {
    await using model = await load(MLP);
    await expect(model.run(inputs as Record<string, Input>)).rejects.toMatchObject(failure('INPUT', words));
  });

  test('an array without a shape where two dimensions are free', async () => {
    await using model = await load(oneNode('Identity', { shape: ['a', 'b'] }));
    await expect(model.run({ x: new Float32Array(6) })).rejects.toMatchObject(
      failure('INPUT', /more than one dimension/),
    );
    const { y } = await model.run({ x: { data: new Float32Array(6), shape: [2, 3] } });
    expect(y!.shape).toEqual([2, 3]);
  });

  test('a string list that holds something else', async () => {
    await using model = await load(IDENTITY('string'));
    await expect(model.run({ x: ['a', 1] as string[] })).rejects.toMatchObject({ code: 'INPUT' });
  });
});

test('takes an empty batch', async () => {
  await using model = await load(MLP);
  expect((await model.run({ x: { data: new Float32Array(0), shape: [0, 4] } })).y!.shape).toEqual([0, 3]);
});

test('keeps overlapping runs apart', async () => {
  await using model = await load(MLP);
  const rows = Array.from({ length: 32 }, (_, i) => Float32Array.of(i, -i, i / 2, 1));
  const alone = [];
  for (const row of rows) alone.push(await model.run({ x: row }));
  expect(await Promise.all(rows.map((row) => model.run({ x: row })))).toEqual(alone);
});

test('goes on after a run that failed', async () => {
  await using model = await load(
    oneNode('Reshape', { shape: ['n'] }, { shape: ['a', 2] }, [
      { dtype: 'int64', shape: [2], data: BigInt64Array.of(-1n, 2n) },
    ]),
  );
  await expect(model.run({ x: new Float32Array(3) })).rejects.toMatchObject(failure('RUNTIME', /Reshape/));
  expect((await model.run({ x: new Float32Array(4) })).y!.shape).toEqual([2, 2]);
});

describe('disposal', () => {
  test('finishes the runs already asked for, refuses later ones, and may be repeated', async () => {
    const model = await load(MLP);
    const pending = model.run({ x: new Float32Array(4) });
    await Promise.all([model.dispose(), model.dispose()]);
    expect((await pending).y!.shape).toEqual([1, 3]);
    await expect(model.run({ x: new Float32Array(4) })).rejects.toMatchObject({ code: 'DISPOSED' });
    await model.dispose();
  });

  test('happens at the end of an `await using` block', async () => {
    let kept;
    {
      await using model = await load(MLP);
      kept = model;
    }
    await expect(kept.run({ x: new Float32Array(4) })).rejects.toMatchObject({ code: 'DISPOSED' });
  });
});

describe('loading', () => {
  test('takes weights in external files from beside the path', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'edgefold-'));
    const split = splitOnnx(readOnnx(MLP), { maxInlineBytes: 0, minTensorBytes: 0 });
    writeFileSync(join(folder, 'weights.bin'), Buffer.concat([...split.data()]));
    writeFileSync(join(folder, 'model.onnx'), Buffer.concat([...split.model('weights.bin')]));
    expect(split.dataBytes).toBeGreaterThan(0);
    await using external = await load(join(folder, 'model.onnx'));
    await using whole = await load(MLP);
    const inputs = { x: Float32Array.of(1, 2, 3, 4) };
    expect(await external.run(inputs)).toEqual(await whole.run(inputs));
    const refusal = failure('FILE', /weights of the model lie in another file.*edgefold fold/);
    const bytes = Buffer.concat([...split.model('weights.bin')]);
    for (const provider of ['cpu', 'wasm'] as const) {
      await expect(load(bytes, { provider })).rejects.toMatchObject(refusal);
    }
    await expect(load(join(folder, 'model.onnx'), { provider: 'wasm' })).rejects.toMatchObject(refusal);
    // The folder of the process is not beside the model: a file of it would be taken for weights.
    const here = Buffer.concat([...split.model('package-lock.json')]);
    expect(statSync('package-lock.json').size).toBeGreaterThan(split.dataBytes);
    for (const optimization of ['disabled', 'all'] as const) {
      await expect(load(here, { optimization })).rejects.toMatchObject(refusal);
    }
    rmSync(folder, { recursive: true });
  });

  test('writes sizes into a model whose weights lie beside it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'edgefold-'));
    const split = splitOnnx(readOnnx(MLP), { maxInlineBytes: 0, minTensorBytes: 0 });
    writeFileSync(join(folder, 'weights.bin'), Buffer.concat([...split.data()]));
    writeFileSync(join(folder, 'model.onnx'), Buffer.concat([...split.model('weights.bin')]));
    await using fixed = await load(join(folder, 'model.onnx'), { fixed: { batch: 2 } });
    await using whole = await load(MLP);
    const inputs = { x: { data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), shape: [2, 4] } };
    expect(await fixed.run(inputs)).toEqual(await whole.run(inputs));
    expect(fixed.inputs[0]!.shape).toEqual([2, 4]);
    rmSync(folder, { recursive: true });
  });

  test('takes a file by its URL, and fetches what the caller named', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'edgefold-'));
    writeFileSync(join(folder, 'model.onnx'), MLP);
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/model.onnx' ? 200 : 404).end(MLP);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const web = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const file = pathToFileURL(join(folder, 'model.onnx'));
    const steps: LoadProgress[] = [];
    for (const source of [file, file.href, `${web}/model.onnx`, new URL(`${web}/model.onnx`)]) {
      await using model = await load(source, { onProgress: (step) => steps.push(step) });
      expect((await model.run({ x: new Float32Array(4) })).y!.shape).toEqual([1, 3]);
    }
    expect(steps).toContainEqual({ phase: 'model', loadedBytes: MLP.length });
    await expect(load(`${web}/other?key=secret`)).rejects.toMatchObject(
      failure('FILE', /^http:\/\/127.0.0.1:\d+\/other: the server did not give the model; found 404 Not Found$/),
    );
    server.close();
    await expect(load(`${web}/model.onnx`)).rejects.toMatchObject(failure('FILE', /cannot be fetched/));
    rmSync(folder, { recursive: true });
  });

  test('tells the metadata of a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'edgefold-'));
    const graph = readOnnx(MLP);
    graph.model.metadata.set('labels', 'a,b,c');
    writeFileSync(join(folder, 'model.onnx'), writeOnnx(graph));
    await using model = await load(join(folder, 'model.onnx'));
    expect(model.metadata).toEqual(new Map([['labels', 'a,b,c']]));
    rmSync(folder, { recursive: true });
  });

  test('names a file that is not there, and a folder that is no file', async () => {
    await expect(load('/no/such/model.onnx')).rejects.toMatchObject(
      failure('FILE', /\/no\/such\/model.onnx: .*ENOENT/),
    );
    await expect(load(tmpdir())).rejects.toMatchObject(failure('FILE', /expected a file/));
  });

  test.each([
    ['a text', new TextEncoder().encode('no model at all'), /protobuf parsing failed/],
    ['half a model', MLP.subarray(0, MLP.length / 2), /onnxruntime refused the model: ./],
    ['an unknown operator', oneNode('NoSuchOperator', { shape: [1] }), /NoSuchOperator/],
  ])('refuses %s in the words of onnxruntime', async (_, bytes, words) => {
    await expect(load(bytes)).rejects.toMatchObject(failure('RUNTIME', words));
  });

  test.each([
    ['an HTML page', '<!doctype html>', /found an HTML page/],
    ['a .keras file', 'PK\x03\x04', /found a zip archive .*edgefold export/],
    ['a SavedModel', '\x08\x01\x12\x02\n\x00', /found a TensorFlow SavedModel.*edgefold export/],
  ])('says of %s what it is, from bytes and from a file', async (_, text, words) => {
    const bytes = Buffer.from(text, 'latin1');
    const folder = mkdtempSync(join(tmpdir(), 'edgefold-test-'));
    const path = join(folder, 'other.onnx');
    writeFileSync(path, bytes);
    for (const source of [bytes, path]) await expect(load(source)).rejects.toMatchObject(failure('FORMAT', words));
    rmSync(folder, { recursive: true });
  });

  test('refuses an input whose memory has been transferred', async () => {
    await using model = await load(MLP);
    const x = new Float32Array(784);
    structuredClone(x.buffer, { transfer: [x.buffer] });
    const inputs = { [model.inputs[0]!.name]: x };
    await expect(model.run(inputs)).rejects.toMatchObject(failure('INPUT', /memory of the array has been transferred/));
  });

  test('refuses an output that is no tensor', async () => {
    const model = decodeModel(oneNode('SequenceConstruct', { shape: [1] }), 'test');
    const [output] = model.graph!.output;
    const type = new onnx.TypeProto({ sequence_type: new onnx.TypeProto.Sequence({ elem_type: output!.type }) });
    const graph = edited(model.graph!, { output: [edited(output!, { type })] });
    await expect(load(concatenated(encodeModel(edited(model, { graph }))))).rejects.toMatchObject(
      failure('UNSUPPORTED', /output y: only tensors/),
    );
  });

  test.each<[string, object]>([
    ['provider', { provider: 'gpu' }],
    ['provider', { provider: [] }],
    ['provider', { provider: ['cpu', 'npu'] }],
    ['allow', { allow: 'all' }],
    ['optimization', { optimization: 'max' }],
    ['threads', { threads: 0 }],
    ['threads', { threads: 1.5 }],
  ])('refuses a senseless option: %s %j', async (where, options) => {
    await expect(load(MLP, options as LoadOptions)).rejects.toMatchObject({ code: 'USAGE', where });
  });
});

describe('warm-up', () => {
  const picky = oneNode('Reshape', { shape: ['n'] }, { shape: ['a', 2] }, [
    { dtype: 'int64', shape: [2], data: BigInt64Array.of(-1n, 2n) },
  ]);

  test('that a model does not take is told, and no reason to fail', async () => {
    await using model = await load(picky);
    expect(model.report.warmup).toEqual({ runs: 0, failure: expect.stringMatching(/Reshape/) as string });
  });

  test('that was asked for has to work', async () => {
    await expect(load(picky, { warmup: 1 })).rejects.toMatchObject(failure('RUNTIME', /warm-up/));
    await using model = await load(MLP, { warmup: 3 });
    expect(model.report.warmup).toEqual({ runs: 3 });
  });
});

describe('provider report', () => {
  test('counts the nodes that ran, on request', async () => {
    await using model = await load(MLP, { placement: true, optimization: 'disabled' });
    expect(model.report.placement).toEqual({ total: 6, byProvider: { cpu: 6 }, elsewhere: [], copies: 0 });
  });

  test('tells what ran the model and how', async () => {
    await using model = await load(MLP, { optimization: 'disabled', threads: 2 });
    const { ms, ...report } = model.report;
    expect(report).toEqual({
      requested: ['cpu'],
      used: 'cpu',
      refused: [],
      evidence: 'single-provider',
      runtime: { package: 'onnxruntime-node', version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string },
      optimization: 'disabled',
      threads: 2,
      thread: 'here',
      telemetry: false,
      warmup: { runs: 1 },
    });
    expect(ms.create).toBeGreaterThan(0);
  });

  test('records each refusal on the way down a list', async () => {
    await using model = await load(MLP, { provider: ['webnn', ABSENT, 'cpu'] });
    expect(model.report).toMatchObject({ used: 'cpu', requested: ['webnn', ABSENT, 'cpu'] });
    expect(model.report.refused).toEqual([
      { provider: 'webnn', reason: 'it exists in browsers only' },
      { provider: ABSENT, reason: expect.stringMatching(/has .*cpu/) as string },
    ]);
  });

  test('fails with the reason where no provider that was asked for is there, and never falls back', async () => {
    await expect(load(MLP, { provider: 'webnn' })).rejects.toMatchObject(
      failure('PROVIDER', /webnn: it exists in browsers only/),
    );
    await expect(load(MLP, { provider: ABSENT })).rejects.toMatchObject(
      failure('PROVIDER', new RegExp(`${ABSENT}: .* has .*cpu`)),
    );
  });

  const everyWay = PROVIDERS.flatMap((provider) => (['none', 'partial'] as const).map((allow) => [provider, allow] as const)); // prettier-ignore

  test.each(everyWay)(
    'either runs the model on %s (allow: %s) or says why not: never silently elsewhere',
    async (provider, allow) => {
      const outcome = await load(MLP, { provider, allow }).catch((error: unknown) => error as Error);
      if (outcome instanceof Error) {
        expect(outcome).toMatchObject(failure('PROVIDER', new RegExp(`${provider}: .{10,}`)));
        return;
      }
      await using model = outcome;
      expect(model.report).toMatchObject({ requested: [provider], used: provider, refused: [] });
      expect(model.report.evidence).not.toBe('unproven');
    },
  );
});

test('an option that there is not is refused, so that a slip of the pen chooses no other provider', async () => {
  const slips = [{ provder: 'webgpu' }, { cache: 'opfs' }, null, { provider: 5 }];
  for (const options of slips) {
    await expect(load(MLP, options as unknown as LoadOptions)).rejects.toMatchObject({ code: 'USAGE' });
  }
});

test('a stream of text is no model, and no path either', async () => {
  const stream = new ReadableStream({ start: (controller) => { controller.enqueue('package.json'); controller.close(); } }); // prettier-ignore
  await expect(load(stream as ReadableStream<Uint8Array>)).rejects.toMatchObject({ code: 'USAGE', received: 'string' });
});

test("a stream of Node's own kind is refused with the way to make one that is taken", async () => {
  const stream = Readable.from([MLP]);
  await expect(load(stream as never)).rejects.toMatchObject({ code: 'USAGE', hint: /Readable\.toWeb/ });
  const model = await load(Readable.toWeb(stream) as ReadableStream<Uint8Array>);
  expect(model.inputs).toHaveLength(1);
  await model.dispose();
});

test.runIf(process.platform === 'linux')(
  'providers of a machine that this is not are refused with the reason',
  async () => {
    const reasons = {
      coreml: /coreml: onnxruntime-node has .*cpu.* on linux/,
      dml: /dml: onnxruntime-node has .*cpu.* on linux/,
    };
    for (const [provider, words] of Object.entries(reasons)) {
      await expect(load(MLP, { provider: provider as 'dml' })).rejects.toMatchObject(failure('PROVIDER', words));
    }
    for (const provider of ['cuda', 'tensorrt'] as const) {
      const outcome = await load(MLP, { provider }).catch((error: unknown) => error as Error);
      if (outcome instanceof Error)
        expect(outcome).toMatchObject(failure('PROVIDER', new RegExp(`${provider}: .*(shared library|onnxruntime-node has)`))); // prettier-ignore
      else {
        expect(outcome.report.used).toBe(provider);
        await outcome.dispose();
      }
    }
  },
);
