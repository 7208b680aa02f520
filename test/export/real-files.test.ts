import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect } from 'vitest';
import { exportModel } from '../../src/export/export-model.ts';
import { inMemoryFiles } from '../../src/export/read/read-source.ts';
import type { SourceFiles } from '../../src/export/source-model.ts';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import type { Graph } from '../../src/onnx/graph.ts';
import { OPTIMIZATION_LEVELS, type OptimizationLevel } from '../../src/runtime/model.ts';
import { readShared, sharedPath, testShared } from '../support/shared.ts';
import { runGraph, TOLERANCE, worstError } from './run-export.ts';
import type { Values } from './source-builder.ts';
import { kerasArtifacts, runTfjs, tfjsArtifacts } from './tfjs-oracle.ts';

/** Output of the original framework for {@link goldenInput}. */
interface Golden {
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  readonly output: readonly number[];
}

/** x[k] = ((69069·k + 1) mod 2²⁴) / 2²⁴, the same in every language. */
function goldenInput(shape: readonly number[]): Values {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return { shape, data: Array.from({ length: size }, (_, k) => ((k * 69069 + 1) % 2 ** 24) / 2 ** 24) };
}

function filesOf(name: string): SourceFiles {
  const folder = path.dirname(sharedPath(name));
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  const siblings = files.map(({ name: file }) => [file, readShared(`${path.dirname(name)}/${file}`)] as const);
  return inMemoryFiles(path.basename(name), readShared(name), new Map(siblings));
}

/** As exported, and folded at every optimisation level of onnxruntime: the largest error of all. */
async function worstOf(graph: Graph, x: Values, expected: Values): Promise<number> {
  const { graph: folded } = foldGraph(graph);
  const run = async (model: Graph, level: OptimizationLevel) => {
    const [y] = Object.values(await runGraph(model, { [graph.inputs[0]!.name]: x }, level));
    return worstError(y!, expected);
  };
  const errors = [await run(graph, 'disabled')];
  for (const level of OPTIMIZATION_LEVELS) errors.push(await run(folded, level));
  return Math.max(...errors);
}

/** How many BatchNormalizations were folded, and the reasons of the others. */
function fates(graph: Graph) {
  const { found, folded, kept } = foldGraph(graph).report.batchNormalizations;
  return { found, folded, reasons: kept.map(({ reason }) => reason) };
}

function counts(graph: Graph): Record<string, number> {
  const found = new Map<string, number>();
  for (const { opType } of graph.nodes) found.set(opType, (found.get(opType) ?? 0) + 1);
  return Object.fromEntries(found);
}

describe('a model file of others', () => {
  const golden = [
    ['teachable-machine', 'corpus/keras-h5/teachable-machine.h5', { Transpose: 1, BatchNormalization: 52 }, 52],
    ['mini-xception', 'corpus/keras-h5/mini-xception.h5', { Reshape: 1, BatchNormalization: 14 }, 14],
    ['nlf-classifier', 'corpus/keras-v3/nlf-classifier.keras', { Gemm: 3, Relu: 2, Sigmoid: 1 }, 0],
  ] as const;
  for (const [name, file, nodes, norms] of golden) {
    testShared(file, `${name} gives what Keras gives`, async () => {
      const expected = JSON.parse(readShared(`goldens/${name}.json`).toString()) as Golden;
      const { graph, warnings } = await exportModel(filesOf(file));
      expect(warnings).toEqual([]);
      expect(counts(graph)).toMatchObject(nodes);
      expect(fates(graph)).toEqual({ found: norms, folded: norms, reasons: [] });
      const y = { shape: expected.outputShape, data: expected.output };
      expect(await worstOf(graph, goldenInput(expected.inputShape), y)).toBeLessThanOrEqual(TOLERANCE);
    });
  }

  testShared('corpus/keras-h5/sudoku/model.json', 'sudoku gives what TF.js gives', async () => {
    const folder = 'corpus/keras-h5/sudoku';
    const { graph } = await exportModel(filesOf(`${folder}/model.json`));
    expect(counts(graph)).toMatchObject({ Reshape: 1, BatchNormalization: 7, Gemm: 1 });
    const x = goldenInput([2, 28, 28, 1]);
    const artifacts = await kerasArtifacts(readShared(`${folder}/model.json`), readShared(`${folder}/model.h5`));
    const [expected] = await runTfjs(artifacts, x);
    expect(fates(graph)).toEqual({ found: 7, folded: 7, reasons: [] });
    // Two stand in front of padded Convs, whose outputs have fewer elements than their inputs.
    const ways = foldGraph(graph).report.folds.map(({ way, leaves = 'nothing' }) => `${way} leaves ${leaves}`);
    expect(ways.sort()).toEqual([
      ...new Array<string>(2).fill('border-map leaves Add'),
      ...new Array<string>(5).fill('forward leaves nothing'),
    ]);
    expect(await worstOf(graph, x, expected!)).toBeLessThanOrEqual(TOLERANCE);
  });

  testShared(
    'corpus/tfjs-layers/nsfw-mobilenet-v2/model.json',
    'nsfw gives what TF.js gives',
    async () => {
      const folder = 'corpus/tfjs-layers/nsfw-mobilenet-v2';
      const { graph } = await exportModel(filesOf(`${folder}/model.json`));
      expect(counts(graph)).toMatchObject({ Transpose: 1, BatchNormalization: 52 });
      const x = goldenInput([1, 224, 224, 3]);
      const artifacts = tfjsArtifacts(readShared(`${folder}/model.json`), readShared(`${folder}/group1-shard1of1`));
      const [expected] = await runTfjs(artifacts, x);
      expect(fates(graph)).toEqual({ found: 52, folded: 52, reasons: [] });
      expect(await worstOf(graph, x, expected!)).toBeLessThanOrEqual(TOLERANCE);
    },
    120_000,
  );
});
