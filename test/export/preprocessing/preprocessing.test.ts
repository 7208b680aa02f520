import { describe, expect, test } from 'vitest';
import { exportModel } from '../../../src/export/export-model.ts';
import { writeOnnx } from '../../../src/onnx/write.ts';
import { checkGraph } from '../../../src/onnx/check.ts';
import type { Graph } from '../../../src/onnx/graph.ts';
import { load } from '../../../src/runtime/node.ts';
import type { Tensor } from '../../../src/tensor.ts';
import { fileGoldens, filesOf, type FileGolden } from '../operations/goldens.ts';
import { asTensors, TOLERANCE } from '../run-export.ts';
import type { Values } from '../source-builder.ts';

const FILES = ['preprocessing-goldens.json', 'keras2-preprocessing-goldens.json'] as const;

describe.each(FILES)('layers of %s', (file) => {
  const cases = fileGoldens(file);

  test.each(cases)('for %s give what Keras gives', async (_name, golden) => {
    const { graph } = await exportModel(filesOf(golden));
    const outputs = await run(graph, golden);
    expect(outputs).toHaveLength(golden.outputs.length);
    outputs.forEach((output, i) => {
      const name = graph.outputs[i]!.name;
      expect(output.shape, name).toEqual(golden.outputs[i]!.shape);
      expectAlike(output, golden.outputs[i]!, name);
      expect(output.dtype, name).toBe(golden.dtypes[i]);
    });
  });

  test.each([13, 16, 18, 20, 21])('all give the same in opset %i, at batch 1 or 7', async (opset) => {
    const batch = opset % 2 === 0 ? 1 : 7;
    for (const [name, golden] of cases) {
      const { graph } = await exportModel(filesOf(golden), { opset });
      const outputs = await run(graph, { ...golden, inputs: { x: first(golden.inputs.x!, batch) } });
      outputs.forEach((output, i) => {
        expectAlike(output, first(golden.outputs[i]!, batch), `${name}, ${graph.outputs[i]!.name}`);
      });
    }
  });
});

async function run(graph: Graph, { inputs }: FileGolden): Promise<Tensor[]> {
  checkGraph(graph);
  await using model = await load(writeOnnx(graph), { optimization: 'disabled' });
  const [spec] = graph.inputs;
  const given =
    spec!.dtype === 'string'
      ? { x: { dtype: 'string' as const, shape: inputs.x!.shape, data: inputs.x!.data as unknown as string[] } }
      : asTensors(graph.inputs, inputs);
  return Object.values(await model.run(given));
}

function expectAlike({ dtype, data }: Tensor, expected: Values, name: string): void {
  if (dtype === 'string') {
    expect(data, name).toEqual(expected.data);
    return;
  }
  const numbers = Array.from(data as ArrayLike<number | bigint>, Number);
  expect(numbers, name).toHaveLength(expected.data.length);
  const worst = Math.max(...expected.data.map((v, i) => Math.abs(v - numbers[i]!) / Math.max(1, Math.abs(v))));
  expect(worst, name).toBeLessThanOrEqual(TOLERANCE);
}

/** The first sample of a batch, several times. */
function first({ shape, data }: Values, times: number): Values {
  const sample = data.slice(0, data.length / shape[0]!);
  return { shape: [times, ...shape.slice(1)], data: Array.from({ length: times }, () => sample).flat() };
}
