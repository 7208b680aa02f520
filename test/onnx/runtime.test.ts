import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { writeModelFiles } from '../../src/files/write.ts';
import { float, int } from '../../src/onnx/attribute.ts';
import { Graph } from '../../src/onnx/graph.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import type { ModelSource } from '../../src/runtime/model.ts';
import { load } from '../../src/runtime/node.ts';
import { float32, int64 } from '../../src/tensor.ts';

const folder = mkdtempSync(join(tmpdir(), 'edgefold-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** y = Reshape(0.5 · x · Wᵀ + b, [2, N]) */
function graph(): Graph {
  const made = new Graph('made');
  const x = made.input('x', { dtype: 'float32', shape: ['N', 3] });
  const W = made.constant('W', float32([2, 3], [1, 2, 3, 4, 5, 6]));
  const b = made.constant('b', float32([2], [10, 20]));
  const h = made.node('Gemm', {
    inputs: [x, W, b],
    attributes: { alpha: float(0.5), transB: int(1) },
    output: { name: 'h', dtype: 'float32', shape: ['N', 2] },
  });
  made.outputs.push(
    made.node('Reshape', {
      inputs: [h, made.constant('shape', int64([2, -1]))],
      output: { name: 'y', dtype: 'float32', shape: [2, 'N'] },
    }),
  );
  return made;
}

async function run(source: ModelSource): Promise<unknown> {
  await using model = await load(source);
  const { y } = await model.run({ x: float32([1, 3], [1, 1, 2]) });
  return y;
}

const expected = { dtype: 'float32', shape: [2, 1], data: Float32Array.of(14.5, 30.5) };

test('onnxruntime runs a graph that was made here', async () => {
  expect(await run(writeOnnx(graph()))).toEqual(expected);
});

test('onnxruntime finds the weights that were written beside a model', async () => {
  const path = join(folder, 'split.onnx');
  // onnxruntime wants the small tensors that are shapes inside the model.
  await writeModelFiles(path, graph(), { maxInlineBytes: 0, minTensorBytes: 20 });
  expect(readdirSync(folder)).toHaveLength(2);
  expect(await run(path)).toEqual(expected);
});
