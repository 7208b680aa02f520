import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { BenchDocument, ErrorDocument } from '../../src/cli/json.ts';
import { noHeads } from '../runtime/faults.ts';
import { edgefold, temporaryFolder } from '../support/cli.ts';
import { tinyNormalized, tinySum } from '../support/cli-models.ts';

const QUICK = ['--seconds', '0.05'];
const KERAS = 'models/digits/norm-before-activation/model.keras';

function written(name: string, bytes: Uint8Array): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, bytes);
  return path;
}

async function documentOf(args: readonly string[]): Promise<BenchDocument> {
  const { code, stdout, stderr } = await edgefold(['bench', ...args, ...QUICK, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as BenchDocument;
}

async function errorOf(args: readonly string[]): Promise<ErrorDocument['error']> {
  const { code, stdout } = await edgefold(['bench', ...args, '--json']);
  expect(code).toBe(1);
  return (JSON.parse(stdout) as ErrorDocument).error;
}

test('a Keras file is timed unfolded and folded, at each batch size', async () => {
  const { provider, threads, runtime, seconds, models, warm } = await documentOf([KERAS, '--batch', '1,7']);
  expect({ provider, threads, seconds }).toEqual({ provider: 'cpu', threads: 1, seconds: 0.05 });
  expect(runtime.package).toBe('onnxruntime-node');
  expect(models.map(({ name }) => name)).toEqual(['unfolded', 'folded']);
  expect(models[0]!.sizeBytes).toBeGreaterThan(models[1]!.sizeBytes);
  for (const { cold } of models) for (const ms of Object.values(cold)) expect(ms).toBeGreaterThan(0);
  expect(warm.map(({ batch, model }) => [batch, model])).toEqual([
    [1, 'unfolded'],
    [1, 'folded'],
    [7, 'unfolded'],
    [7, 'folded'],
  ]);
  for (const { runs, minMs, p50Ms, p95Ms, cpuMs } of warm) {
    expect(runs).toBeGreaterThanOrEqual(5);
    expect(minMs).toBeGreaterThan(0);
    expect(p50Ms).toBeGreaterThanOrEqual(minMs);
    expect(p95Ms).toBeGreaterThanOrEqual(p50Ms);
    expect(cpuMs).toBeGreaterThan(0);
  }
  expect(warm[3]!.speedup).toBeCloseTo(warm[2]!.p50Ms / warm[3]!.p50Ms, 10);
});

test('a second ONNX file is timed beside the first, also when it is the same', async () => {
  const path = written('tiny.onnx', tinyNormalized());
  const { models } = await documentOf([path, '--against', written('other.onnx', tinyNormalized({ weight: 3 }))]);
  expect(models.map(({ name }) => name)).toEqual([path, expect.stringMatching(/other\.onnx$/)]);
  const again = await documentOf([path, '--against', path]);
  expect(again.warm.map(({ model }) => model)).toEqual([path, `${path} (again)`]);
});

test('one model alone is told of in a table without a comparison', async () => {
  const path = written('tiny.onnx', tinyNormalized());
  const { code, stdout } = await edgefold(['bench', path, ...QUICK, '--threads', '2']);
  expect(code).toBe(0);
  expect(stdout).toContain('cpu, 2 threads, onnxruntime-node');
  expect(stdout).toContain('first run');
  expect(stdout).toContain('p95');
  expect(stdout).not.toContain('speed');
});

test('the WebAssembly runtime is timed where it is asked for', async () => {
  const path = written('tiny.onnx', tinyNormalized());
  const { provider, runtime } = await documentOf([path, '--provider', 'wasm']);
  expect({ provider, name: runtime.package }).toEqual({ provider: 'wasm', name: 'onnxruntime-web' });
});

test('a model whose inputs have a fixed size has batches of that size only', async () => {
  const path = written('sum.onnx', tinySum());
  expect((await documentOf([path])).warm.map(({ batch }) => batch)).toEqual([2]);
  expect(await errorOf([path, '--batch', '1,2'])).toMatchObject({
    code: 'USAGE',
    where: '--batch',
    expected: '2',
    received: '1,2',
  });
});

test('a runtime that dies is a typed error', async () => {
  const path = written('dies.onnx', noHeads());
  expect(await errorOf([path])).toMatchObject({ code: 'DIED', where: path, received: 'SIGFPE' });
});

test('a model that takes other inputs than the first is refused by name', async () => {
  const other = written('other.onnx', tinyNormalized({ inputName: 'z' }));
  const error = await errorOf([written('tiny.onnx', tinyNormalized()), '--against', other, ...QUICK]);
  expect(error.code).toBe('INPUT');
});

test.each([
  ['--provider', 'gpu', 'cpu'],
  ['--batch', '1,0', 'whole numbers'],
  ['--batch', '1,,2', 'whole numbers'],
  ['--seconds', '0', 'more than 0'],
  ['--threads', '0', 'from 1'],
])('%s %s is refused with what is expected', async (option, value, expected) => {
  const error = await errorOf([KERAS, option, value]);
  expect(error).toMatchObject({ code: 'USAGE', where: option });
  expect(error.expected).toContain(expected);
});

test('a provider that does not work is an error, not a fallback', async () => {
  const absent = process.platform === 'win32' ? 'coreml' : 'dml';
  const error = await errorOf([written('tiny.onnx', tinyNormalized()), '--provider', absent, ...QUICK]);
  expect(error.code).toBe('PROVIDER');
});
