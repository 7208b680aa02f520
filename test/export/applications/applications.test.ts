import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exportModel } from '../../../src/export/export-model.ts';
import { inMemoryFiles } from '../../../src/export/read/read-source.ts';
import type { SourceFiles } from '../../../src/export/source-model.ts';
import { foldGraph } from '../../../src/fold/fold-graph.ts';
import type { Graph } from '../../../src/onnx/graph.ts';
import { filesOf, GENERATIONS, goldensOf, modelsHere, type Generation, type Golden } from './application-models.ts';
import { errorOf, TOLERANCE } from './running.ts';

/** Large models on a busy machine take their time. */
const TIMEOUT_MS = 180_000;
/** A folder with the files that make-applications.py writes, of every variant; its tests take minutes. */
const FOLDER = process.env.EDGEFOLD_APPLICATIONS;
/** What Keras 2 writes like Keras 3, but for the form of the file, is run on demand only. */
const OF_KERAS2 = ['EfficientNetB0', 'MobileNetV3Small', 'RegNetX002', 'RegNetY002', 'ResNetRS50'];

describe.each(GENERATIONS)('keras.applications, saved by %s,', (generation) => {
  const goldens = goldensOf(generation);
  const isAsked = (name: string) => FOLDER !== undefined || generation === 'keras3' || OF_KERAS2.includes(name);
  const names = modelsHere(generation);

  test.each(names.filter(isAsked))(
    '%s is folded whole, and gives what Keras gives',
    async (name) => {
      await checkApplication(filesOf(generation, name, goldens[name]!), goldens[name]!);
    },
    TIMEOUT_MS,
  );

  for (const name of names.filter((model) => !isAsked(model)))
    test.skip(`${name} gives what Keras gives [needs EDGEFOLD_APPLICATIONS, for its time]`);
});

describe.each(variantFiles())('the file %s', (_file, generation, name, path) => {
  test(
    'is folded whole, and gives what Keras gives',
    async () => {
      const files = inMemoryFiles(name, new Uint8Array(readFileSync(path)));
      await checkApplication(files, goldensOf(generation)[name]!);
    },
    TIMEOUT_MS,
  );
});

test.skipIf(FOLDER === undefined)('the folder of variants holds files [needs EDGEFOLD_APPLICATIONS]', () => {
  expect(variantFiles()).not.toEqual([]);
});

async function checkApplication(files: SourceFiles, golden: Golden): Promise<void> {
  const { graph, warnings } = await exportModel(files);
  expect(warnings).toEqual([]);
  expect(graph.inputs[0]!.shape).toEqual(['batch', ...golden.input]);
  const { graph: folded, report } = foldGraph(graph);
  expect(report.batchNormalizations.kept).toEqual([]);
  expect(count(folded, 'Transpose')).toBeLessThanOrEqual(1);
  expect(await errorOf(folded, golden)).toBeLessThanOrEqual(TOLERANCE);
}

function count({ nodes }: Graph, opType: string): number {
  return nodes.filter((node) => node.opType === opType).length;
}

/** File, who saved it, which model, and where it is. */
function variantFiles(): (readonly [string, Generation, string, string])[] {
  if (FOLDER === undefined) return [];
  return GENERATIONS.flatMap((generation) =>
    Object.keys(goldensOf(generation)).flatMap((name) =>
      ['keras', 'h5'].flatMap((ending) => {
        const file = `${generation}-${name}.${ending}`;
        return existsSync(join(FOLDER, file)) ? [[file, generation, name, join(FOLDER, file)] as const] : [];
      }),
    ),
  );
}
