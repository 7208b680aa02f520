import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EdgefoldError } from '../../src/errors.ts';
import { bench } from '../../src/runtime/bench.ts';
import type { Inputs, LoadOptions, LoadSource, Model } from '../../src/runtime/model.ts';
import { load } from '../../src/runtime/node.ts';
import { perceptron, randomLayers } from '../support/runnable-models.ts';

/** What plain JavaScript may pass where TypeScript promises something else. */
const MLP = perceptron(randomLayers([4, 5, 3], 1));
const ROW: Inputs = { x: new Float32Array(4) };

const thrower = (name: string) =>
  Object.defineProperty({}, name, {
    enumerable: true,
    get: () => {
      throw new TypeError('mine');
    },
  });
const revoked = (() => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
})();
const ODD: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['a number', 5],
  ['NaN', NaN],
  ['a bigint', 5n],
  ['a string', 'x'],
  ['a boolean', true],
  ['a list', [1]],
  ['a symbol', Symbol('x')],
  ['a function', () => 1],
  ['an object without a prototype', Object.create(null)],
  ['an object that is written as an error', { toString: () => { throw new Error('mine'); } }],
]; // prettier-ignore

/** Fails with an error of ours that says where or what was expected; tells of what was accepted. */
async function failureOf(work: () => unknown): Promise<EdgefoldError> {
  const outcome: unknown = await Promise.resolve()
    .then(work)
    .then(
      () => 'accepted',
      (error: unknown) => error,
    );
  expect(outcome).toBeInstanceOf(EdgefoldError);
  const error = outcome as EdgefoldError;
  expect(['USAGE', 'INPUT', 'FILE', 'FORMAT']).toContain(error.code);
  expect(error.where ?? error.expected).toBeTruthy();
  return error;
}

const OPTIONS = ['provider', 'allow', 'optimization', 'fixed', 'threads', 'spin', 'thread', 'warmup', 'placement', 'integrity', 'onProgress', 'signal'] as const; // prettier-ignore

/** What an option takes of the odd values. */
const TAKEN: Readonly<Record<string, readonly string[]>> = {
  warmup: ['a number'],
  threads: ['a number'],
  spin: ['a boolean'],
  placement: ['a boolean'],
  onProgress: ['a function'],
  // An object without names fixes nothing.
  fixed: ['an object without a prototype', 'an object that is written as an error', 'a list'],
};

describe('load()', () => {
  test.each(ODD.filter(([what]) => what !== 'a string'))('refuses %s as a model', async (_, source) => {
    await failureOf(() => load(source as LoadSource));
  });

  const addresses = ['http://', 'https://[', 'file://host/x', 'file:///%2F', 'a\0b', '', 'no such file'];
  test.each(addresses)('refuses the address %j', async (address) => {
    await failureOf(() => load(address));
  });

  test('refuses a response, and a stream, that have been read or are being read', async () => {
    const used = new Response(MLP as Uint8Array<ArrayBuffer>);
    await used.arrayBuffer();
    expect((await failureOf(() => load(used))).summary).toBe('the model has been read already');
    const held = new Blob([MLP as Uint8Array<ArrayBuffer>]).stream();
    held.getReader();
    await failureOf(() => load(held));
  });

  test('refuses an empty model, from a buffer that was given away too, and a file without a byte', async () => {
    const given = MLP.slice();
    structuredClone(given, { transfer: [given.buffer] });
    for (const bytes of [new Uint8Array(0), given]) {
      expect((await failureOf(() => load(bytes))).code).toBe('FORMAT');
    }
    const folder = mkdtempSync(join(tmpdir(), 'edgefold-'));
    writeFileSync(join(folder, 'empty.onnx'), '');
    expect((await failureOf(() => load(join(folder, 'empty.onnx')))).received).toBe('an empty file');
    rmSync(folder, { recursive: true });
  });

  test('takes bytes in shared memory', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(MLP.length));
    shared.set(MLP);
    await using model = await load(shared);
    expect((await model.run(ROW)).y!.shape).toEqual([1, 3]);
  });

  test.each(ODD.filter(([what]) => what !== 'an object without a prototype'))('refuses %s as options', async (what, options) => {
    if (what === 'an object that is written as an error') return;
    expect((await failureOf(() => load(MLP, options as LoadOptions))).where).toBe('options');
  }); // prettier-ignore

  const pairs = OPTIONS.flatMap((option) => ODD.map(([what, value]) => [option, what, value] as const));
  const wrong = pairs.filter(([option, what]) => TAKEN[option]?.includes(what) !== true);
  test.each(wrong)('refuses as %s: %s', async (option, _, value) => {
    const error = await failureOf(() => load(MLP, { [option]: value }));
    expect(error.where).toMatch(new RegExp(`^${option}`));
  });

  test.each(OPTIONS)('tells of %s whose getter throws', async (option) => {
    const error = await failureOf(() => load(MLP, thrower(option)));
    expect(error).toMatchObject({ where: option, received: 'mine' });
  });

  test('reads an option once', async () => {
    let reads = 0;
    const options = Object.defineProperty({}, 'allow', { enumerable: true, get: () => { reads++; return 'none'; } }) as LoadOptions; // prettier-ignore
    await using model = await load(MLP, options);
    expect({ used: model.report.used, reads }).toEqual({ used: 'cpu', reads: 1 });
  });
});

describe('a model', () => {
  const using1 = async (work: (model: Model) => unknown) => {
    await using model = await load(MLP);
    const error = await failureOf(() => work(model));
    // The next run is not in its way.
    expect((await model.run(ROW)).y!.shape).toEqual([1, 3]);
    return error;
  };
  const odd: readonly (readonly [string, unknown])[] = [
    ...ODD,
    ['undefined', undefined],
    ['a proxy that is no more', revoked],
  ];

  test.each(odd)('refuses %s as inputs', async (_, inputs) => {
    await using1((model) => model.run(inputs as Inputs));
  });

  test.each([...odd, ['a tensor whose data throws', { shape: [1, 4], get data() { throw new Error('mine'); } }] as const])('refuses %s as a tensor', async (_, x) => {
    expect((await using1((model) => model.run({ x } as Inputs))).where).toBe('input x');
  }); // prettier-ignore

  test('tells of an input whose getter throws', async () => {
    expect(await using1((model) => model.run(thrower('x') as Inputs))).toMatchObject({ where: 'input x', received: 'mine' }); // prettier-ignore
  });

  test.each([...ODD.slice(0, 9), ['a slip', { sginal: 1 }] as const, ['no signal', { signal: {} }] as const])('refuses %s as options of a run', async (_, options) => {
    await using1((model) => model.run(ROW, options as object));
  }); // prettier-ignore

  const shapes: readonly (readonly [string, unknown])[] = [
    ...ODD,
    ['a proxy that is no more', revoked],
    ['a getter that throws', thrower('x')],
    ['a name that there is not', { x: [2, 4], z: [1] }],
    ...[[-2, 4], [0.5, 4], [2 ** 40, 4], [2, 5], [2], [2, 4, 1], 'ab', 5, null, [NaN, 4], ['2', 4]].map(
      (shape) => [JSON.stringify(shape), { x: shape }] as const,
    ),
  ];
  test.each(shapes)('refuses %s as shapes to bind', async (_, given) => {
    await using1((model) => model.bind(given as Record<string, number[]>));
  });

  const streamed = async (model: Model, items: unknown, options?: unknown) => {
    for await (const each of model.stream(items as Inputs[], options as object)) expect(each).toBeDefined();
  };
  const notItems = [...odd.filter(([what]) => what !== 'a proxy that is no more'), ['bad items', [null]] as const];
  test.each(notItems)('refuses %s as items of a stream', async (_, items) => {
    await using1((model) => streamed(model, items));
  });

  const streamOptions = [...ODD.slice(0, 9), ...['batch', 'maxDelayMs', 'signal'].flatMap((option) => ODD.filter(([what]) => what !== 'a number').map(([what, value]) => [`${option}: ${what}`, { [option]: value }] as const))]; // prettier-ignore
  test.each(streamOptions)('refuses %s as options of a stream', async (_, options) => {
    await using1((model) => streamed(model, [ROW], options));
  });

  test.each(ODD)('refuses to measure %s', async (_, odd1) => {
    await using1((model) => bench({ model, odd: odd1 as Model }, ROW, { seconds: 0.01 }));
    await using1(() => bench(odd1 as Record<string, Model>, ROW, { seconds: 0.01 }));
    await using1((model) => bench({ model }, ROW, { seconds: odd1 === 5 ? -1 : (odd1 as number) }));
  });
});
