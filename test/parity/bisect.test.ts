import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { exportModel, foldGraph, inMemoryFiles, writeOnnx } from '../../src/index.ts';
import { cloneGraph } from '../../src/onnx/clone.ts';
import { Constant } from '../../src/onnx/constant.ts';
import type { Graph } from '../../src/onnx/graph.ts';
import { bisect } from '../../src/parity/bisect.ts';
import { generateSamples } from '../../src/parity/samples.ts';
import { load } from '../../src/runtime/node.ts';
import { float32 } from '../../src/tensor.ts';
import { repositoryPath } from '../support/cli.ts';

/** The seed model: three Gemm once it is folded. */
async function pair(): Promise<{ reference: Graph; candidate: Graph }> {
  const bytes = readFileSync(repositoryPath('models/digits/norm-before-activation/model.keras'));
  const { graph: reference } = await exportModel(inMemoryFiles('model.keras', bytes));
  return { reference, candidate: foldGraph(reference).graph };
}

/** A copy in which one weight of the nth Gemm is another. */
function withDefect(graph: Graph, n: number, change: (weight: number) => number): Graph {
  const copy = cloneGraph(graph);
  const weight = copy.nodes.filter(({ opType }) => opType === 'Gemm')[n]!.inputs[1]!;
  const { shape, data } = weight.constant!.tensor();
  const changed = Float32Array.from(data as Float32Array);
  const at = changed.findIndex((value) => Math.abs(value) > 0.01);
  changed[at] = change(changed[at]!);
  weight.constant = Constant.of(float32(shape, changed));
  return copy;
}

async function samplesOf(graph: Graph) {
  await using model = await load(writeOnnx(graph));
  return generateSamples(model.inputs, { samples: 2, seed: 7 });
}

const outputOf = async (graph: Graph, inputs: Parameters<Awaited<ReturnType<typeof load>>['run']>[0]) => {
  await using model = await load(writeOnnx(graph), { optimization: 'disabled' });
  return Object.values(await model.run(inputs))[0]!.data as Float32Array;
};

test.each([0, 1])('a weight that is off by a thousandth is found in the Gemm that has it (%i)', async (n) => {
  const { reference, candidate } = await pair();
  const wrong = withDefect(candidate, n, (weight) => weight * 1.001);
  const found = await bisect({ load, reference, candidate: wrong, samples: await samplesOf(reference) });
  if (found.verdict !== 'found') throw new Error(`${found.verdict}: ${found.reason}`);
  expect(found.before).toBe(n);
  expect(found.candidate.graph.nodes.map(({ opType }) => opType)).toContain('Gemm');
  expect(found.candidate.graph.nodes.length).toBeLessThanOrEqual(2);
  expect(found.reference.graph.nodes.length).toBeLessThan(reference.nodes.length / 2);
  const [right, other] = await Promise.all([found.reference, found.candidate].map(({ graph, inputs }) => outputOf(graph, Object.fromEntries(inputs)))); // prettier-ignore
  const difference = Math.max(...right!.map((value, i) => Math.abs(value - other![i]!)));
  expect(difference).toBeGreaterThan(found.site.worst!.bound / 2);
});

test('the small models hold what they need and no more, also where every initializer is listed as an input', async () => {
  const { reference, candidate } = await pair();
  const samples = await samplesOf(reference);
  for (const graph of [reference, candidate]) graph.inputs.push(...graph.initializers);
  const wrong = withDefect(candidate, 1, (weight) => weight * 1.001);
  const found = await bisect({ load, reference, candidate: wrong, samples });
  if (found.verdict !== 'found') throw new Error(`${found.verdict}: ${found.reason}`);
  for (const { graph, inputs } of [found.reference, found.candidate]) {
    expect(graph.initializers.length).toBeLessThan(reference.initializers.length);
    for (const value of graph.initializers) expect([value.name, value.uses.size]).not.toEqual([value.name, 0]);
    expect(graph.inputs.map(({ name }) => name)).toEqual([...inputs.keys()]);
  }
});

test('two right models have nothing to be found', async () => {
  const { reference, candidate } = await pair();
  const samples = await samplesOf(reference);
  expect(await bisect({ load, reference, candidate, samples })).toMatchObject({ verdict: 'none' });
  expect(await bisect({ load, reference, candidate: cloneGraph(reference), samples })).toMatchObject({ verdict: 'none', sites: 0 }); // prettier-ignore
});
