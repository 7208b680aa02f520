import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Graph } from '../../src/onnx/graph.ts';
import { int } from '../../src/onnx/attribute.ts';
import { multiplicationsOf } from '../../src/onnx/shapes/cost.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { load } from '../../src/runtime/node.ts';
import { chooseThreads, physicalCores } from '../../src/runtime/node/threads.ts';
import { float32 } from '../../src/tensor.ts';
import { perceptron, randomLayers } from '../support/runnable-models.ts';

const SMALL = perceptron(randomLayers([4, 5, 3], 1));

/** Conv 3×3 with 3 → `channels` channels on 17×33, padding 0. */
function convolution(channels: number, group = 1): Graph {
  const graph = new Graph('conv');
  const x = graph.input('x', { dtype: 'float32', shape: ['n', 3, 17, 33] });
  const shape = [channels, 3 / group, 3, 3];
  const W = graph.constant('W', float32(shape, new Array<number>(shape.reduce((a, b) => a * b)).fill(0.5)));
  graph.outputs.push(graph.node('Conv', { inputs: [x, W], attributes: { group: int(group) }, output: { name: 'y', dtype: 'float32' } })); // prettier-ignore
  return graph;
}

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

test('gives a small model one thread, a large one as many as there are cores, and says why', async () => {
  const cores = physicalCores();
  expect(cores).toBeLessThanOrEqual(availableParallelism());
  expect(await chooseThreads(SMALL)).toEqual({ threads: 1, reason: cores === 1 ? 'there is one core' : `a run takes 35 multiplications, and there are ${String(cores)} cores` }); // prettier-ignore
  expect((await chooseThreads(writeOnnx(convolution(6000)))).threads).toBe(cores);
  expect((await chooseThreads(Uint8Array.of(1, 2, 3))).threads).toBe(1);
});

test('reports the choice, and that of the caller without a reason', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'edgefold-'));
  writeFileSync(join(folder, 'model.onnx'), writeOnnx(convolution(6000)));
  const reportOf = async (options: Parameters<typeof load>[1]) => {
    await using model = await load(join(folder, 'model.onnx'), { warmup: 0, ...options });
    const { threads, threadsReason, spin } = model.report;
    return { threads, threadsReason, spin };
  };
  const cores = physicalCores();
  const [reason, spin] = [expect.stringMatching(/core/) as string, cores > 1 ? true : undefined];
  expect(await reportOf({})).toEqual({ threads: cores, threadsReason: reason, spin });
  expect(await reportOf({ spin: false })).toEqual({ threads: cores, threadsReason: reason, spin: undefined }); // prettier-ignore
  expect(await reportOf({ threads: 1 })).toEqual({ threads: 1, threadsReason: undefined, spin: undefined });
  expect(await reportOf({ provider: 'wasm' })).toEqual({ threads: 1, threadsReason: undefined, spin: undefined });
  rmSync(folder, { recursive: true });
});
