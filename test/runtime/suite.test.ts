import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Graph } from '../../src/onnx/graph.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import type { LoadOptions, Provider } from '../../src/runtime/model.ts';
import type * as Runtime from '../../src/runtime/node.ts';
import { float32 } from '../../src/tensor.ts';
import { buildRuntime } from '../support/built-runtime.ts';
import { noise, perceptron, randomLayers } from '../support/runnable-models.ts';
import { ABORT_SUITE, SUITE, type Case } from './suite.ts';

const built = buildRuntime();
const { load, shareProcess } = (await import(/* @vite-ignore */ built.url)) as typeof Runtime;

afterAll(() => {
  built[Symbol.dispose]();
});

const named = (cases: readonly Case[]) => cases.map((each) => [each.name, each] as const);

describe.each<LoadOptions>([
  { provider: 'cpu', thread: 'here' },
  { provider: 'cpu', thread: 'worker' },
  { provider: 'cpu', thread: { pool: 2 } },
  { provider: 'cpu', thread: 'process' },
  { provider: 'wasm', thread: 'here' },
])('%j', (options) => {
  test.each(named(SUITE))('%s', (_, { run }) => run(load, options));
});

describe('in a process', () => {
  test.each(named(ABORT_SUITE))('%s', (_, { run }) => run(load, { provider: 'cpu', thread: 'process' }));
});

/** Chromium's Vulkan in software, on which the WebGPU of onnxruntime-node runs without a GPU. */
const CHROMIUM = '/usr/lib/chromium';
const ICD = process.env.VK_ICD_FILENAMES ?? `${CHROMIUM}/vk_swiftshader_icd.json`;

describe.skipIf(!existsSync(ICD))(`webgpu (NOT RUN where there is no Vulkan driver at ${ICD})`, () => {
  const shared = shareProcess();
  beforeAll(() => {
    process.env.VK_ICD_FILENAMES = ICD;
    process.env.LD_LIBRARY_PATH = [process.env.LD_LIBRARY_PATH, CHROMIUM].filter(Boolean).join(':');
  });
  afterAll(() => {
    shared.close();
  });

  test.each(named(SUITE))('%s', (_, { run }) => run(shared.load, { provider: 'webgpu' }), 120_000);

  test('computes what the CPU computes', async () => {
    const bytes = perceptron(randomLayers([40, 30, 10], 3));
    const x = Float32Array.from({ length: 7 * 40 }, noise(4));
    const [gpu, cpu] = await Promise.all(['webgpu', 'cpu'].map((provider) => shared.load(bytes, { provider: provider as Provider }))); // prettier-ignore
    const [there, here] = await Promise.all([gpu!.run({ x }), cpu!.run({ x })]);
    const expected = here.y!.data as Float32Array;
    (there.y!.data as Float32Array).forEach((value, i) => {
      expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5);
    });
    expect(gpu!.report).toMatchObject({
      used: 'webgpu',
      evidence: 'no-fallback-flag',
      refused: [],
      adapterUnknown: 'onnxruntime-node does not tell which device it took',
    });
    expect(gpu!.report).not.toHaveProperty('adapter');
    expect(cpu!.report).not.toHaveProperty('adapterUnknown');
  }, 120_000);

  test('names the nodes that it does not take, and runs them on the CPU where that is allowed', async () => {
    const bytes = partly();
    await expect(shared.load(bytes, { provider: 'webgpu' })).rejects.toMatchObject({
      code: 'PARTIAL',
      nodes: [{ operator: 'Hardmax', provider: 'cpu' }],
      message: expect.stringMatching(/1 of 3 nodes run on cpu: Hardmax/) as string,
    });
    const model = await shared.load(bytes, { provider: 'webgpu', allow: 'partial' });
    expect(model.report).toMatchObject({
      used: 'webgpu',
      evidence: 'profile',
      placement: { total: 3, byProvider: { webgpu: 2, cpu: 1 }, elsewhere: [{ operator: 'Hardmax' }], copies: 2 },
    });
    expect((await model.run({ x: Float32Array.of(1, 3, 2) })).y!.data).toEqual(Float32Array.of(0, 2, 0));
    const second = await shared.load(bytes, { provider: ['webgpu', 'cpu'] });
    expect(second.report).toMatchObject({ used: 'cpu', refused: [{ provider: 'webgpu' }] });
  }, 120_000);
});

/** y = 2·Hardmax(Relu(x)) */
function partly(): Uint8Array {
  const graph = new Graph('partly');
  const type = { dtype: 'float32', shape: [1, 3] } as const;
  let value = graph.input('x', type);
  value = graph.node('Relu', { inputs: [value], output: { name: 'positive', ...type } });
  value = graph.node('Hardmax', { inputs: [value], output: { name: 'largest', ...type } });
  const two = graph.constant('two', float32([1], [2]));
  graph.outputs.push(graph.node('Mul', { inputs: [value, two], output: { name: 'y', ...type } }));
  return writeOnnx(graph);
}
