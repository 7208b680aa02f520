import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Graph } from '../../src/onnx/graph.ts';
import { int } from '../../src/onnx/attribute.ts';
import { multiplicationsOf } from '../../src/onnx/shapes/cost.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { withThreads } from '../../src/runtime/choose-threads.ts';
import type { Provider } from '../../src/runtime/model.ts';
import { load } from '../../src/runtime/node.ts';
import { checkOptions } from '../../src/runtime/options.ts';
import { threadsOfWebAssembly, type ThreadChoices } from '../../src/runtime/threads.ts';
import { physicalCores } from '../../src/runtime/node/threads.ts';
import { float32 } from '../../src/tensor.ts';
import { perceptron, randomLayers } from '../support/runnable-models.ts';
import { convolution } from './convolution.ts';

const SMALL = perceptron(randomLayers([4, 5, 3], 1));

test('counts the multiplications of a convolution: outputs times kernel times channels of a group', () => {
  expect(multiplicationsOf(convolution(6))).toBe(6 * 15 * 31 * 3 * 9);
  expect(multiplicationsOf(convolution(6, 3))).toBe(6 * 15 * 31 * 9);
});

test('counts products, transposed or not', () => {
  const graph = new Graph('gemm');
  const a = graph.input('a', { dtype: 'float32', shape: [7, 5] });
  const b = graph.constant('b', float32([7, 11], new Array<number>(77).fill(1)));
  const c = graph.node('Gemm', { inputs: [a, b], attributes: { transA: int(1) }, output: { name: 'c', dtype: 'float32' } }); // prettier-ignore
  const d = graph.constant('d', float32([11, 2], new Array<number>(22).fill(1)));
  graph.outputs.push(graph.node('MatMul', { inputs: [c, d], output: { name: 'y', dtype: 'float32' } }));
  expect(multiplicationsOf(graph)).toBe(5 * 11 * 7 + 5 * 2 * 11);
});

test('knows no cost where a shape is not known', () => {
  const graph = new Graph('unknown');
  const [a, b] = [graph.input('a', { dtype: 'float32' }), graph.input('b', { dtype: 'float32' })];
  graph.outputs.push(graph.node('MatMul', { inputs: [a, b], output: { name: 'y', dtype: 'float32' } }));
  expect(multiplicationsOf(graph)).toBeUndefined();
});

const CONV = (channels: number) => writeOnnx(convolution(channels));

/** What is chosen where each of `providers` has at most `most` threads; counting is told by `reads`. */
async function chosen(source: Uint8Array, most: number, providers: readonly Provider[] = ['cpu']): Promise<{ choices: ThreadChoices | undefined; reads: number }> {
  let reads = 0;
  const platform = { providers, thread: 'here', threads: ['here'] } as const;
  const { threadChoices } = await withThreads(checkOptions({}, platform), source, {
    limit: () => ({ threads: most, reason: `there are ${String(most)}` }),
    read: (bytes, maxBytes) => {
      reads++;
      return Promise.resolve(bytes.length > maxBytes ? undefined : (bytes as Uint8Array));
    },
  });
  return { choices: threadChoices, reads };
} // prettier-ignore

test('each two million multiplications bring a thread, up to the limit', async () => {
  const reason = (words: string, most: number) => `a run takes ${words} multiplications, and there are ${String(most)}`;
  expect(await chosen(SMALL, 8)).toEqual({ choices: { cpu: { threads: 1, reason: reason('35', 8) } }, reads: 1 });
  expect(await chosen(CONV(400), 8)).toEqual({ choices: { cpu: { threads: 3, reason: reason('5M', 8) } }, reads: 1 });
  expect(await chosen(CONV(400), 2)).toEqual({ choices: { cpu: { threads: 2, reason: reason('5M', 2) } }, reads: 1 });
});

test('a model is read once for all providers, and not at all where there is one thread or a GPU', async () => {
  const { choices, reads } = await chosen(CONV(400), 8, ['cpu', 'wasm', 'webgpu']);
  expect([choices?.cpu?.threads, choices?.wasm?.threads, choices?.webgpu, reads]).toEqual([3, 3, undefined, 1]);
  expect(await chosen(CONV(400), 1)).toEqual({ choices: { cpu: { threads: 1, reason: 'there are 1' } }, reads: 0 });
  expect(await chosen(CONV(400), 8, ['webgpu'])).toEqual({ choices: {}, reads: 0 });
});

test('a model that is too large to be counted has all threads, one that cannot be read has one', async () => {
  expect((await chosen(new Uint8Array(2 ** 26 + 1), 8)).choices).toEqual({ cpu: { threads: 8, reason: 'the model is large, and there are 8' } }); // prettier-ignore
  expect((await chosen(Uint8Array.of(1, 2, 3), 8)).choices?.cpu?.threads).toBe(1);
});

test("WebAssembly has as many threads as onnxruntime-web's own default", () => {
  expect([1, 2, 3, 4, 7, 8, 64].map((processors) => threadsOfWebAssembly(processors).threads)).toEqual([1, 1, 2, 2, 4, 4, 4]); // prettier-ignore
});

test('reports the choice, and that of the caller without a reason', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'edgefold-'));
  writeFileSync(join(folder, 'model.onnx'), CONV(6000));
  const reportOf = async (options: Parameters<typeof load>[1]) => {
    await using model = await load(join(folder, 'model.onnx'), { warmup: 0, ...options });
    const { threads, threadsReason, spin } = model.report;
    return { threads, threadsReason, spin };
  };
  const cores = physicalCores();
  expect(cores).toBeLessThanOrEqual(availableParallelism());
  const [reason, spin] = [expect.stringMatching(/core/) as string, cores > 1 ? true : undefined];
  expect(await reportOf({})).toEqual({ threads: cores, threadsReason: reason, spin });
  expect(await reportOf({ spin: false })).toEqual({ threads: cores, threadsReason: reason, spin: undefined }); // prettier-ignore
  expect(await reportOf({ threads: 1 })).toEqual({ threads: 1, threadsReason: undefined, spin: undefined });
  const { threads, reason: why } = threadsOfWebAssembly(availableParallelism());
  expect(await reportOf({ provider: 'wasm' })).toEqual({ threads, threadsReason: expect.stringContaining(why) as string, spin: threads > 1 ? true : undefined }); // prettier-ignore
  // Its number is that of the first model from then on.
  expect(await reportOf({ provider: 'wasm', threads: threads + 1 })).toEqual({ threads, threadsReason: `the runtime has had ${String(threads)} since its first model`, spin: undefined }); // prettier-ignore
  rmSync(folder, { recursive: true });
});
