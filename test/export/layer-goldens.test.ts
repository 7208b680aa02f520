import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { exportModel } from '../../src/export/export-model.ts';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import { evaluate } from '../../src/onnx/evaluate/evaluate.ts';
import { inMemoryFiles } from '../../src/export/read/read-source.ts';
import type { JsonValue, SourceFiles } from '../../src/export/source-model.ts';
import { asTensors, repeated, runGraph, TOLERANCE, worstError } from './run-export.ts';
import type { Values } from './source-builder.ts';

/** Written by goldens/make-layer-goldens.py and make-keras2-goldens.py: models, and what Keras computes for them. */
interface Case {
  readonly topology: JsonValue;
  readonly weights: Readonly<Record<string, Values>>;
  readonly inputs: Readonly<Record<string, Values>>;
  readonly outputs: readonly Values[];
}

const FILES: readonly (readonly [string, string])[] = [
  ['layers of Keras 3', './goldens/layer-goldens.json'],
  ['recurrent layers of Keras 2', './goldens/keras2-recurrent-goldens.json'],
];

describe.each(FILES)('%s', (_title, file) => {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8');
  const { cases } = JSON.parse(text) as { readonly cases: Readonly<Record<string, Case>> };

  test.each(Object.entries(cases))('%s gives what Keras gives', async (_name, golden) => {
    const { graph } = await exportModel(asFiles(golden));
    const outputs = Object.values(await runGraph(graph, golden.inputs));
    expect(outputs).toHaveLength(golden.outputs.length);
    outputs.forEach((output, i) => {
      expect(worstError(output, golden.outputs[i]!)).toBeLessThanOrEqual(TOLERANCE);
    });
  });

  test('all give the same in float64, but for the rounding of Keras', async () => {
    for (const [name, golden] of Object.entries(cases)) {
      const { graph } = await exportModel(asFiles(golden));
      const results = await evaluate(graph, asTensors(graph.inputs, golden.inputs));
      graph.outputs.forEach((output, i) => {
        const { shape, data } = results.get(output)!;
        const expected = golden.outputs[i]!;
        expect(shape, name).toEqual(expected.shape);
        const size = Math.max(1, ...expected.data.map(Math.abs));
        const worst = Math.max(0, ...expected.data.map((value, at) => Math.abs(value - (data[at] as number)) / size));
        expect(worst, name).toBeLessThanOrEqual(1e-6);
      });
    }
  });

  test.each(['basic', 'extended', 'all'] as const)(
    'all give the same as onnxruntime optimises them: %s',
    async (level) => {
      for (const golden of Object.values(cases)) {
        const { graph } = await exportModel(asFiles(golden));
        const outputs = Object.values(await runGraph(graph, golden.inputs, level));
        outputs.forEach((output, i) => {
          expect(worstError(output, golden.outputs[i]!)).toBeLessThanOrEqual(TOLERANCE);
        });
      }
    },
  );

  test.each([13, 14, 15, 16, 17, 18, 19, 20, 21])('all give the same in opset %i, at batch 1 or 7', async (opset) => {
    const batch = opset % 2 === 0 ? 1 : 7;
    for (const golden of Object.values(cases)) {
      const { graph } = await exportModel(asFiles(golden), { opset });
      expect(graph.opset).toBe(opset);
      if (!isBatchFirst(golden)) continue;
      const inputs = Object.entries(golden.inputs).map(([name, x]) => [name, repeated(first(x), batch)] as const);
      const outputs = Object.values(await runGraph(graph, Object.fromEntries(inputs)));
      outputs.forEach((output, i) => {
        expect(worstError(output, repeated(first(golden.outputs[i]!), batch))).toBeLessThanOrEqual(TOLERANCE);
      });
    }
  });
});

describe('BatchNormalizations behind recurrent layers fold away, and their Transposes with them', () => {
  const text = readFileSync(new URL('./goldens/layer-goldens.json', import.meta.url), 'utf8');
  const { cases } = JSON.parse(text) as { readonly cases: Readonly<Record<string, Case>> };

  test.each([
    ['lstm norm dense', 'Transpose LSTM Squeeze Transpose MatMul Add'],
    ['lstm norm lstm', 'Transpose LSTM Squeeze LSTM Squeeze'],
    ['gru norm gru', 'Transpose GRU Squeeze GRU Squeeze Transpose'],
    ['bidirectional norm lstm', 'Transpose LSTM Transpose Reshape LSTM Squeeze'],
  ])('%s becomes %s', async (name, operators) => {
    const golden = cases[name]!;
    const { graph, report } = foldGraph((await exportModel(asFiles(golden))).graph);
    expect(report.batchNormalizations).toEqual({ found: 1, folded: 1, kept: [] });
    expect(graph.nodes.map(({ opType }) => opType).join(' ')).toBe(operators);
    for (const level of ['disabled', 'all'] as const) {
      const [output] = Object.values(await runGraph(graph, golden.inputs, level));
      expect(worstError(output!, golden.outputs[0]!)).toBeLessThanOrEqual(TOLERANCE);
    }
  });
});

/** The model as the TF.js converter would write it. */
function asFiles({ topology, weights }: Case): SourceFiles {
  const entries = Object.entries(weights);
  const manifest = [
    { paths: ['weights.bin'], weights: entries.map(([name, { shape }]) => ({ name, shape, dtype: 'float32' })) },
  ];
  const json = { format: 'layers-model', modelTopology: topology, weightsManifest: manifest };
  const data = Float32Array.from(entries.flatMap(([, values]) => values.data));
  const siblings = new Map([['weights.bin', new Uint8Array(data.buffer)]]);
  return inMemoryFiles('model.json', new TextEncoder().encode(JSON.stringify(json)), siblings);
}

/** Sequences in time-major order have their samples along another axis; a stateful layer has a fixed batch. */
function isBatchFirst({ topology }: Case): boolean {
  return !/"(time_major|stateful)":true/.test(JSON.stringify(topology));
}

/** The first sample of a batch. */
function first({ shape, data }: Values): Values {
  return { shape: [1, ...shape.slice(1)], data: data.slice(0, data.length / shape[0]!) };
}
