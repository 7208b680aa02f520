import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { exportModel } from '../../src/export/export-model.ts';
import { inMemoryFiles } from '../../src/export/read/read-source.ts';
import type { JsonValue, SourceFiles } from '../../src/export/source-model.ts';
import { evaluate } from '../../src/onnx/evaluate/evaluate.ts';
import type { Tensor } from '../../src/tensor.ts';
import { asTensors, repeated, runGraph, TOLERANCE } from './run-export.ts';
import type { Values } from './source-builder.ts';

/** Numbers as base64: bytes that count sixteenths, or float32. */
interface Packed {
  readonly shape: readonly number[];
  readonly sixteenths?: string;
  readonly float32?: string;
}

/** Written by goldens/make-matrix-goldens.py: models, and what Keras computes for them. */
interface Case {
  readonly topology: JsonValue;
  readonly weights: Readonly<Record<string, Packed>>;
  readonly inputs: Readonly<Record<string, Packed>>;
  readonly outputs: readonly Packed[];
}

describe.each([3, 2])('layers of Keras %i with their options', (major) => {
  const text = readFileSync(new URL(`./goldens/matrix-keras${major}.json`, import.meta.url), 'utf8');
  const { cases } = JSON.parse(text) as { readonly cases: Readonly<Record<string, Case>> };
  const all = Object.entries(cases);

  test.each(all)('%s gives what Keras gives, in onnxruntime and in float64', async (_name, golden) => {
    const { graph } = await exportModel(asFiles(golden));
    const inputs = unpackedAll(golden.inputs);
    const results = await evaluate(graph, asTensors(graph.inputs, inputs));
    const exact = graph.outputs.map((output) => results.get(output)!);
    const ran = Object.values(await runGraph(graph, inputs));
    expect(ran).toHaveLength(golden.outputs.length);
    golden.outputs.map(unpacked).forEach((expected, i) => {
      expect(relativeError(ran[i]!, expected)).toBeLessThanOrEqual(TOLERANCE);
      expect(relativeError(exact[i]!, expected)).toBeLessThanOrEqual(TOLERANCE);
    });
  });

  test.each([13, 17, 21])('all give the same in opset %i, at batch 1 and 7', async (opset) => {
    for (const [name, golden] of all) {
      const { graph } = await exportModel(asFiles(golden), { opset });
      expect(graph.opset).toBe(opset);
      for (const batch of opset === 17 ? [1, 7] : [opset === 13 ? 1 : 7]) {
        const inputs = Object.entries(golden.inputs).map(
          ([x, values]) => [x, repeated(first(unpacked(values)), batch)] as const,
        );
        const outputs = Object.values(await runGraph(graph, Object.fromEntries(inputs)));
        golden.outputs.map(unpacked).forEach((expected, i) => {
          expect(relativeError(outputs[i]!, repeated(first(expected), batch)), name).toBeLessThanOrEqual(TOLERANCE);
        });
      }
    }
  });
});

/** The model as the TF.js converter would write it. */
function asFiles({ topology, weights }: Case): SourceFiles {
  const entries = Object.entries(weights).map(([name, packed]) => [name, unpacked(packed)] as const);
  const manifest = [{ paths: ['weights.bin'], weights: entries.map(([name, { shape }]) => ({ name, shape, dtype: 'float32' })) }]; // prettier-ignore
  const json = { format: 'layers-model', modelTopology: topology, weightsManifest: manifest };
  const data = Float32Array.from(entries.flatMap(([, values]) => values.data));
  const siblings = new Map([['weights.bin', new Uint8Array(data.buffer)]]);
  return inMemoryFiles('model.json', new TextEncoder().encode(JSON.stringify(json)), siblings);
}

function unpacked({ shape, sixteenths, float32 }: Packed): Values {
  const bytes = Uint8Array.from(Buffer.from(sixteenths ?? float32!, 'base64'));
  const data = sixteenths === undefined ? [...new Float32Array(bytes.buffer)] : [...new Int8Array(bytes.buffer)].map((n) => n / 16); // prettier-ignore
  return { shape, data };
}

function unpackedAll(packed: Readonly<Record<string, Packed>>): Record<string, Values> {
  return Object.fromEntries(Object.entries(packed).map(([name, values]) => [name, unpacked(values)]));
}

/** Largest |actual − expected|, relative to the largest |expected|; the shapes must be the same. */
function relativeError(actual: Pick<Tensor, 'shape' | 'data'>, expected: Values): number {
  expect(actual.shape).toEqual(expected.shape);
  const data = actual.data as Float32Array;
  const scale = Math.max(...expected.data.map(Math.abs)) || 1;
  return Math.max(...expected.data.map((value, i) => Math.abs(value - data[i]!))) / scale;
}

/** The first sample of a batch. */
function first({ shape, data }: Values): Values {
  return { shape: [1, ...shape.slice(1)], data: data.slice(0, data.length / shape[0]!) };
}
