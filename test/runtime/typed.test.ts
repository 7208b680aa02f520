import { expect, test } from 'vitest';
import { bench } from '../../src/runtime/bench.ts';
import { load } from '../../src/runtime/node.ts';
import { typed } from '../../src/runtime/typed.ts';
import { perceptron, randomLayers } from '../support/runnable-models.ts';

const MLP = perceptron(randomLayers([4, 5, 3], 1));
const SPEC = {
  inputs: { x: { dtype: 'float32', shape: ['n', 4] } },
  outputs: { y: { dtype: 'float32', shape: ['n', 3] } },
} as const;

test('a model that is what the program was written for runs with types', async () => {
  await using model = await load(MLP);
  const { y } = await typed(model, SPEC).run({ x: new Float32Array(4) });
  const data: Float32Array = y.data;
  expect(data.length).toBe(3);
});

test.each([
  ['another size', { ...SPEC, inputs: { x: { dtype: 'float32', shape: ['n', 5] } } }, 'input x', 'float32 [batch, 4]'],
  ['another dtype', { ...SPEC, outputs: { y: { dtype: 'int64', shape: ['n', 3] } } }, 'output y', 'float32 [batch, 3]'],
  ['another rank', { ...SPEC, outputs: { y: { dtype: 'float32', shape: [3] } } }, 'output y', 'float32 [batch, 3]'],
  ['an output that is not there', { ...SPEC, outputs: { z: SPEC.outputs.y } }, 'output z', 'no such output'],
  ['an input that nobody knew', { ...SPEC, inputs: {} }, 'input x', 'float32 [batch, 4]'],
] as const)('a model with %s is refused', async (_, spec, where, received) => {
  await using model = await load(MLP);
  expect(() => typed(model, spec)).toThrow(expect.objectContaining({ code: 'INTERFACE', where, received }) as Error);
});

test('models are timed in turn, and both have as many runs', async () => {
  await using a = await load(MLP);
  await using b = await load(MLP);
  const cpuMs = () => process.cpuUsage().user / 1000;
  const timings = await bench({ a, b }, { x: new Float32Array(4) }, { seconds: 0.05, cpuMs });
  expect(timings.a.runs).toBe(timings.b.runs);
  expect(timings.a.runs).toBeGreaterThanOrEqual(5);
  for (const { minMs, p50Ms, p95Ms, cpuMs: cpu } of [timings.a, timings.b]) {
    expect([minMs, p50Ms, p95Ms]).toEqual([minMs, p50Ms, p95Ms].toSorted((x, y) => x - y));
    expect(cpu).toBeGreaterThanOrEqual(0);
  }
});

test('a time that makes no sense is refused', async () => {
  await using model = await load(MLP);
  await expect(bench({ model }, {}, { seconds: 0 })).rejects.toMatchObject({ code: 'USAGE', where: 'seconds' });
});
