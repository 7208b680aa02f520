import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { exportSource } from '../../src/export/export-model.ts';
import type { JsonObject, SourceModel } from '../../src/export/source-model.ts';
import type { Tensor } from '../../src/tensor.ts';
import { readShared, sharedPath } from '../support/shared.ts';
import { repeated, runGraph, TOLERANCE, worstError } from './run-export.ts';
import { input, layer, model, sequential, sourceFile, wrapper, type Values } from './source-builder.ts';

/** Outputs of Keras 2.1 for single layers, without a batch dimension. */
interface Case {
  readonly className: string;
  readonly params: { readonly attrs?: JsonObject; readonly numBranches?: number };
  readonly input: Values;
  readonly weights?: readonly Values[];
  readonly expected: Values;
}

const FILE = 'goldens/keras2-layers.json';

describe.skipIf(!existsSync(sharedPath(FILE)))(
  'layers of Keras 2.1 [needs goldens/keras2-layers.json of EDGEFOLD_SHARED]',
  () => {
    const goldens = existsSync(sharedPath(FILE))
      ? (JSON.parse(readShared(FILE).toString()) as Record<string, Case>)
      : {};
    const cases = Object.entries(goldens);

    test.each(cases)('%s gives what Keras gave, at batch 1 and 7', async (_name, golden) => {
      const { graph } = exportSource(sourceFile(oneLayer(golden)));
      const [x, y] = [golden.input, golden.expected].map(({ shape, data }) => ({ shape: [1, ...shape], data }));
      for (const batch of [1, 7]) {
        const outputs = Object.values(await runGraph(graph, { x: repeated(givenTo(golden, x!), batch) }));
        expect(outputs).toHaveLength(1);
        expect(worstError(ofSecondRun(golden, outputs[0]!), repeated(y!, batch))).toBeLessThanOrEqual(TOLERANCE);
      }
    });

    test('are 165', () => {
      expect(cases).toHaveLength(165);
    });
  },
);

/** Stateful layers have run twice on their input; that is one run over the sequence twice, and its second half. */
function givenTo({ params }: Case, { shape, data }: Values): Values {
  if (params.attrs?.stateful !== true) return { shape, data };
  return { shape: [1, 2 * shape[1]!, ...shape.slice(2)], data: [...data, ...data] };
}

function ofSecondRun({ params }: Case, output: Tensor): Tensor {
  if (params.attrs?.stateful !== true || params.attrs.return_sequences !== true) return output;
  const [batch, steps, units] = output.shape as [number, number, number];
  const half = (steps / 2) * units;
  const data = (output.data as Float32Array).filter((_, i) => i % (2 * half) >= half);
  return { dtype: 'float32', shape: [batch, steps / 2, units], data };
}

function oneLayer({ className, params, input: x, weights = [] }: Case): SourceModel {
  const { attrs = {}, numBranches } = params;
  const [first, ...rest] = x.shape;
  const shape = [null, attrs.stateful === true ? 2 * first! : first!, ...rest];
  const inner = attrs.layer as { readonly class_name: string; readonly config: JsonObject } | undefined;
  if (inner) return sequential(shape, [wrapped(className, inner, attrs, weights)]);
  if (numBranches === undefined) return sequential(shape, [layer('layer', className, { config: attrs, weights })]);
  const branches = Array.from({ length: numBranches }, (_, i) =>
    layer(`dense_${i}`, 'Dense', { config: attrs, weights: weights.slice(2 * i, 2 * i + 2), calls: [['x']] }),
  );
  const merge = layer('layer', className, { calls: [branches.map(({ name }) => name)] });
  return model('model', [input('x', shape), ...branches, merge], ['layer']);
}

/** Half of the weights are those of the backward layer, if there is one. */
function wrapped(
  className: string,
  { class_name: name, config }: { readonly class_name: string; readonly config: JsonObject },
  attrs: JsonObject,
  weights: readonly Values[],
) {
  if (className === 'TimeDistributed') return wrapper('layer', className, [layer('inner', name, { config, weights })]);
  const half = weights.length / 2;
  const forward = layer('forward', name, { config, weights: weights.slice(0, half) });
  const backward = layer('backward', name, { config: { ...config, go_backwards: true }, weights: weights.slice(half) });
  return wrapper('layer', className, [forward, backward], { config: attrs });
}
