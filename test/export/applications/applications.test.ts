import { describe, expect, test } from 'vitest';
import { exportModel } from '../../../src/export/export-model.ts';
import { foldGraph } from '../../../src/fold/fold-graph.ts';
import type { Graph } from '../../../src/onnx/graph.ts';
import { BATCH, filesOf, GENERATIONS, goldensOf, modelsHere } from './application-models.ts';
import { errorAt, TOLERANCE } from './running.ts';

describe.each(GENERATIONS)('keras.applications, saved by %s,', (generation) => {
  const goldens = goldensOf(generation);

  test.each(modelsHere(generation))('%s is folded whole, and gives what Keras gives', async (name) => {
    const golden = goldens[name]!;
    const { graph, warnings } = await exportModel(filesOf(generation, name, golden));
    expect(warnings).toEqual([]);
    const { graph: folded, report } = foldGraph(graph);
    expect(report.batchNormalizations.kept).toEqual([]);
    expect(count(folded, 'Transpose')).toBeLessThanOrEqual(1);
    expect(graph.inputs[0]!.shape).toEqual(['batch', ...golden.input]);
    expect(await errorAt(folded, golden, BATCH)).toBeLessThanOrEqual(TOLERANCE);
    expect(await errorAt(folded, golden, 1)).toBeLessThanOrEqual(TOLERANCE);
  });
});

function count({ nodes }: Graph, opType: string): number {
  return nodes.filter((node) => node.opType === opType).length;
}
