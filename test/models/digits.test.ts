import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exportModel } from '../../src/export/export-model.ts';
import { inMemoryFiles } from '../../src/export/read/source-files.ts';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import type { Graph } from '../../src/onnx/graph.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { OPTIMIZATION_LEVELS, type OptimizationLevel } from '../../src/runtime/model.ts';
import { load } from '../../src/runtime/node.ts';
import { float32 } from '../../src/tensor.ts';
import { normalized, PIXELS, readDigits, TRAINED_ON } from '../../models/digits/digits.ts';
import { testShared } from '../support/shared.ts';
import { digitModels, digitPath, type Golden, rowsOf } from './digit-models.ts';

/** Largest |y − golden| of a probability. */
const EQUAL = 1e-6;
/** The case `formula` drives the logits beyond 100, where float32 numbers lie 7.6e-6 apart; see models/README.md. */
const EQUAL_BEYOND_THE_DATA: Readonly<Record<string, number>> = { formula: 1e-5 };

const FOLDED_NODES = ['Gemm', 'Elu', 'Gemm', 'Elu', 'Gemm', 'Softmax'];

function openModel(form: string, file: string) {
  const shard = digitPath(form, `${dirname(file)}/weights.bin`);
  const siblings = existsSync(shard) ? [['weights.bin', readFileSync(shard)] as const] : [];
  return inMemoryFiles(file, readFileSync(digitPath(form, file)), new Map(siblings));
}

const countOf = (graph: Graph, opType: string) => graph.nodes.filter((node) => node.opType === opType).length;

/** Runs every case of the golden and holds the largest difference against the bound. */
async function checkGolden(graph: Graph, golden: Golden, optimization: OptimizationLevel): Promise<void> {
  await using model = await load(writeOnnx(graph), { optimization });
  const [input, output] = [model.inputs[0]!.name, model.outputs[0]!.name];
  for (const { name, input: x, output: y } of golden.cases) {
    const actual = (await model.run({ [input]: float32(x.shape, x.data) }))[output]!;
    expect(actual.shape).toEqual(y.shape);
    const differences = y.data.map((value, i) => Math.abs(Number(actual.data[i]) - value));
    expect(Math.max(...differences), name).toBeLessThanOrEqual(EQUAL_BEYOND_THE_DATA[name] ?? EQUAL);
  }
}

/** How many of the held-out digits the model names rightly. */
async function countCorrect(graph: Graph): Promise<number> {
  const { pixels, labels } = readDigits();
  const heldOut = normalized(pixels.subarray(TRAINED_ON * PIXELS));
  await using model = await load(writeOnnx(graph));
  const { [model.outputs[0]!.name]: output } = await model.run({ [model.inputs[0]!.name]: heldOut });
  const rows = rowsOf({ shape: output!.shape, data: Array.from(output!.data, Number) });
  return rows.filter((row, n) => row.indexOf(Math.max(...row)) === labels[TRAINED_ON + n]).length;
}

describe.each(digitModels())('models/digits/$form/$file', async ({ form, file, golden }) => {
  const { graph } = await exportModel(openModel(form, file));
  const { graph: folded, report } = foldGraph(graph);

  test('takes one batch of 28 × 28 images and gives ten numbers for each', () => {
    for (const { inputs, outputs } of [graph, folded]) {
      expect(inputs.map(({ shape }) => shape)).toEqual([[expect.any(String), 28, 28]]);
      expect(outputs.map(({ shape }) => shape)).toEqual([[inputs[0]!.shape![0], 10]]);
    }
  });

  test('folds three of three BatchNormalizations', () => {
    expect(countOf(graph, 'BatchNormalization')).toBe(3);
    expect(report.batchNormalizations).toEqual({ found: 3, folded: 3, kept: [] });
  });

  test('leaves one node for each step that is left', () => {
    const [first, ...rest] = folded.nodes.map(({ opType }) => opType);
    expect(['Flatten', 'Reshape']).toContain(first);
    expect(rest).toEqual(FOLDED_NODES);
  });

  test('equals the training framework before folding', () => checkGolden(graph, golden, 'disabled'));

  test.each(OPTIMIZATION_LEVELS)('equals the training framework after folding, onnxruntime optimisation %s', (level) =>
    checkGolden(folded, golden, level),
  );

  testShared(
    'corpus/data/t10k-images-idx3-ubyte.gz',
    'is as accurate after folding as the framework found it',
    async () => {
      expect(await countCorrect(folded)).toBe(golden.accuracy.correct);
    },
  );
});
