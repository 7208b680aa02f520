import { describe, expect, test } from 'vitest';
import { exportModel } from '../../../src/export/export-model.ts';
import { repeated, runGraph, TOLERANCE, worstError } from '../run-export.ts';
import type { Values } from '../source-builder.ts';
import { fileGoldens, filesOf } from './goldens.ts';

/** Keras's types of what ONNX has in another: truth values are bytes, and Keras 2's places are 64 bits wide. */
const SAME_TYPE: Readonly<Record<string, string>> = {
  bool: 'bool',
  float32: 'float32',
  int32: 'int32',
  int64: 'int64',
};

const FILES = [
  'operation-goldens.json',
  'keras2-operation-goldens.json',
  'more-operation-goldens.json',
  'more-keras2-operation-goldens.json',
] as const;

describe.each(FILES)('operations of %s', (file) => {
  const cases = fileGoldens(file);

  test.each(cases)('%s give what Keras gives', async (_name, golden) => {
    const { graph } = await exportModel(filesOf(golden));
    const outputs = Object.values(await runGraph(graph, golden.inputs));
    expect(outputs).toHaveLength(golden.outputs.length);
    outputs.forEach((output, i) => {
      const name = graph.outputs[i]!.name;
      expect(error(output, golden.outputs[i]!), name).toBeLessThanOrEqual(TOLERANCE);
      expect(output.dtype, name).toBe(SAME_TYPE[golden.dtypes[i]!]);
    });
  });

  test.each([13, 15, 17, 18, 20, 21])('all give the same in opset %i, at batch 1 or 7', async (opset) => {
    const batch = opset % 2 === 0 ? 1 : 7;
    for (const [name, golden] of cases) {
      const { graph } = await exportModel(filesOf(golden), { opset });
      if (name.includes('across the batch')) continue;
      const inputs = Object.entries(golden.inputs).map(([key, x]) => [key, repeated(first(x), batch)] as const);
      const outputs = Object.values(await runGraph(graph, Object.fromEntries(inputs)));
      outputs.forEach((output, i) => {
        const expected = repeated(first(golden.outputs[i]!), batch);
        expect(error(output, expected), `${name}, ${graph.outputs[i]!.name}`).toBeLessThanOrEqual(TOLERANCE);
      });
    }
  });

  test('all give the same as onnxruntime optimises them', async () => {
    for (const [name, golden] of cases) {
      const { graph } = await exportModel(filesOf(golden));
      const outputs = Object.values(await runGraph(graph, golden.inputs, 'all'));
      outputs.forEach((output, i) => {
        expect(error(output, golden.outputs[i]!), name).toBeLessThanOrEqual(TOLERANCE);
      });
    }
  });
});

/** Places of 64 bits are compared as numbers. */
function error(actual: Parameters<typeof worstError>[0], expected: Values): number {
  const data = Float64Array.from(actual.data as ArrayLike<number | bigint>, Number) as unknown as Float32Array;
  return worstError({ ...actual, dtype: 'float32', data }, expected);
}

/** The first sample of a batch. */
function first({ shape, data }: Values): Values {
  return { shape: [1, ...shape.slice(1)], data: data.slice(0, data.length / shape[0]!) };
}
