import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { exportSource } from '../../src/export/export-model.ts';
import type { JsonObject, SourceModel } from '../../src/export/source-model.ts';
import { readShared, sharedPath } from '../support/shared.ts';
import { repeated, runGraph, TOLERANCE, worstError } from './run-export.ts';
import { input, layer, model, sequential, sourceFile, type Values } from './source-builder.ts';

/** Outputs of Keras 2.1 for single layers, without a batch dimension. */
interface Case {
  readonly className: string;
  readonly params: { readonly attrs: JsonObject; readonly numBranches?: number };
  readonly input: Values;
  readonly weights?: readonly Values[];
  readonly expected: Values;
}

const FILE = 'goldens/keras2-layers.json';
const REFUSED = /^(LSTM|GRU|SimpleRNN|Bidirectional|TimeDistributed)$/;

describe.skipIf(!existsSync(sharedPath(FILE)))(
  'layers of Keras 2.1 [needs goldens/keras2-layers.json of EDGEFOLD_SHARED]',
  () => {
    const goldens = existsSync(sharedPath(FILE))
      ? (JSON.parse(readShared(FILE).toString()) as Record<string, Case>)
      : {};
    const cases = Object.entries(goldens);
    const exported = cases.filter(([, { className }]) => !REFUSED.test(className));

    test.each(exported)('%s gives what Keras gave, at batch 1 and 7', async (_name, golden) => {
      const { graph } = exportSource(sourceFile(oneLayer(golden)));
      const [x, y] = [golden.input, golden.expected].map(({ shape, data }) => ({ shape: [1, ...shape], data }));
      for (const batch of [1, 7]) {
        const outputs = Object.values(await runGraph(graph, { x: repeated(x!, batch) }));
        expect(outputs).toHaveLength(1);
        expect(worstError(outputs[0]!, repeated(y!, batch))).toBeLessThanOrEqual(TOLERANCE);
      }
    });

    test.each(cases.filter(([, { className }]) => REFUSED.test(className)))(
      '%s is refused by name',
      (_name, golden) => {
        expect(() => exportSource(sourceFile(oneLayer(golden)))).toThrow(
          new RegExp(`^layer \\(${golden.className}\\): .* not exported yet\\. Remove it, or export`),
        );
      },
    );

    test('are 165, of which 26 are refused', () => {
      expect([cases.length, exported.length]).toEqual([165, 139]);
    });
  },
);

function oneLayer({ className, params, input: x, weights = [] }: Case): SourceModel {
  const shape = [null, ...x.shape];
  if (params.numBranches === undefined) {
    return sequential(shape, [layer('layer', className, { config: params.attrs, weights })]);
  }
  const branches = Array.from({ length: params.numBranches }, (_, i) =>
    layer(`dense_${i}`, 'Dense', { config: params.attrs, weights: weights.slice(2 * i, 2 * i + 2), calls: [['x']] }),
  );
  const merge = layer('layer', className, { calls: [branches.map(({ name }) => name)] });
  return model('model', [input('x', shape), ...branches, merge], ['layer']);
}
