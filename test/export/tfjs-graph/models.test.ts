import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { exportModel, type ExportedModel } from '../../../src/export/export-model.ts';
import { inMemoryFiles } from '../../../src/export/read/read-source.ts';
import { foldGraph } from '../../../src/fold/fold-graph.ts';
import { operators, runGraph, TOLERANCE, worstError } from '../run-export.ts';
import type { Values } from '../source-builder.ts';

interface Golden {
  readonly model: { weightsManifest: { paths: string[] }[] };
  readonly shard: string;
  readonly cases: readonly { readonly inputs: Record<string, Values>; readonly outputs: Record<string, Values> }[];
}

function golden(name: string): Golden {
  return JSON.parse(readFileSync(new URL(`goldens/${name}.json`, import.meta.url), 'utf8')) as Golden;
}

function exported({ model, shard }: Golden): Promise<ExportedModel> {
  const [path] = model.weightsManifest.flatMap(({ paths }) => paths);
  const json = new TextEncoder().encode(JSON.stringify(model));
  return exportModel(inMemoryFiles('model.json', json, new Map([[path!, Buffer.from(shard, 'base64')]])));
}

/** Made by TensorFlow and the TF.js converter; make_graph_models.py has their architectures. */
const MODELS = ['mobilenet', 'face_mesh', 'detector', 'segmentation', 'transformer', 'audio', 'perceptron', 'beyond'];

describe.each(MODELS)('%s', (name) => {
  test('gives what TensorFlow gives, at batches of 1 and 7', async () => {
    const model = golden(name);
    const { graph } = await exported(model);
    for (const { inputs, outputs } of model.cases) {
      const actual = await runGraph(graph, inputs);
      expect(Object.keys(actual).sort()).toEqual(Object.keys(outputs).sort());
      for (const [output, expected] of Object.entries(outputs)) {
        expect(worstError(actual[output]!, expected)).toBeLessThanOrEqual(TOLERANCE);
      }
    }
  });

  test('gives the same when it is folded', async () => {
    const model = golden(name);
    const { graph } = foldGraph((await exported(model)).graph);
    const { inputs, outputs } = model.cases[1]!;
    const actual = await runGraph(graph, inputs, 'all');
    for (const [output, expected] of Object.entries(outputs)) {
      expect(worstError(actual[output]!, expected)).toBeLessThanOrEqual(TOLERANCE);
    }
  });
});

/** What the exported graphs consist of, folded: the nodes that compute, in order. */
const OPERATORS = {
  mobilenet: 'Transpose Conv Clip Conv Clip Conv Clip Conv Add Conv Clip ReduceMean Gemm Softmax',
  face_mesh: 'Transpose Conv PRelu Conv Conv Add PRelu MaxPool Pad Conv Conv Add PRelu Conv Flatten Conv Flatten Sigmoid',
  audio: 'Unsqueeze Transpose Conv Squeeze Relu Unsqueeze MaxPool Conv Conv Squeeze Tanh Flatten Gemm',
  perceptron: 'Gemm Relu Concat Gemm LeakyRelu Gemm Elu Gemm Sigmoid',
}; // prettier-ignore

test.each(Object.entries(OPERATORS))('%s has no node too many', async (name, expected) => {
  const { graph } = foldGraph((await exported(golden(name))).graph);
  expect(operators(graph)).toBe(expected);
});

test('a dilated convolution that was split into samples is one convolution again', async () => {
  const { graph } = await exported(golden('segmentation'));
  expect(graph.nodes.flatMap((node) => node.ints('dilations') ?? [])).toEqual([2, 2]);
});

test('shapes that are computed from the shape of the input cost no node', async () => {
  const { graph } = await exported(golden('transformer'));
  expect(operators(graph)).not.toMatch(/Shape |ReduceProd/);
});
