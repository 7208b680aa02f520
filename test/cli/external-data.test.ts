import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withCandidate } from '../../src/cli/candidate.ts';
import { writeModelFiles } from '../../src/files/write.ts';
import { Graph } from '../../src/onnx/graph.ts';
import { newModelInfo } from '../../src/onnx/model-info.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { load } from '../../src/runtime/node.ts';
import { float32 } from '../../src/tensor.ts';
import { edgefold, temporaryFolder } from '../support/cli.ts';
import { tinyNormalized } from '../support/cli-models.ts';

/** Every weight in a file of its own. */
const SPLIT = { maxInlineBytes: 0, minTensorBytes: 0 };

async function splitModel() {
  const folder = temporaryFolder();
  const { path, data } = await writeModelFiles(join(folder, 'model.onnx'), readOnnx(tinyNormalized()), SPLIT);
  return { folder, path, dataPath: data!.path };
}

describe('a model whose weights lie in another file', () => {
  test('is folded into one file, proven equal', async () => {
    const { folder, path, dataPath } = await splitModel();
    const weights = readFileSync(dataPath);
    const output = join(folder, 'elsewhere.onnx');
    const { code, stdout, stderr } = await edgefold(['fold', path, '-o', output]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/folded {2}1 of 1 BatchNormalization\n/);
    expect(readFileSync(dataPath)).toEqual(weights);
    const { initializers } = readOnnx(new Uint8Array(readFileSync(output)));
    // W′ = W·gamma / √(0.75 + 0.25), b′ = beta
    expect(initializers.map(({ constant }) => [...(constant!.tensor().data as Float32Array)])).toEqual(
      expect.arrayContaining([
        [2, 0, 0, 8],
        [0, 1],
      ]),
    );
  });

  test('is inspected and run where it lies', async () => {
    const { path } = await splitModel();
    expect((await edgefold(['inspect', path])).stdout).toMatch(/folded back into/);
    expect((await edgefold(['verify', path, path])).code).toBe(0);
  });

  test('keeps its weights file, even with --force', async () => {
    const { path, dataPath } = await splitModel();
    const { code, stderr } = await edgefold(['fold', path, '-o', dataPath, '--force', '--no-verify']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/the output would replace the input/);
  });
});

describe('withCandidate', () => {
  test('gives the runtime files where one does not hold the model, and takes them away', async () => {
    const folder = temporaryFolder();
    const graph = readOnnx(tinyNormalized());
    const outputs = await withCandidate(graph, join(folder, 'out.onnx'), SPLIT, async ({ model }) => {
      expect(typeof model).toBe('string');
      await using loaded = await load(model);
      return await loaded.run({ x: Float32Array.of(1, 1) });
    });
    expect(outputs.y?.data).toEqual(Float32Array.of(2, 9));
    expect(readdirSync(folder)).toEqual([]);
  });

  test('gives it a large model as one file: that is read sooner than bytes are sent', async () => {
    const folder = temporaryFolder();
    const graph = new Graph('large', { ...newModelInfo(), irVersion: 8, opsets: new Map([['', 15]]) });
    const x = graph.input('x', { dtype: 'float32', shape: [1, 2048] });
    const weights = graph.constant('W', float32([2048, 2049], new Float32Array(2048 * 2049).fill(0.5)));
    graph.outputs.push(graph.node('MatMul', { inputs: [x, weights], output: { name: 'y', dtype: 'float32', shape: [1, 2049] } })); // prettier-ignore
    await withCandidate(graph, join(folder, 'out.onnx'), {}, async ({ model, sizeBytes }) => {
      expect(readdirSync(dirname(model as string))).toEqual(['model.onnx']);
      expect(readFileSync(model as string).equals(writeOnnx(graph))).toBe(true);
      expect(sizeBytes).toBe(statSync(model as string).size);
      await using loaded = await load(model);
      expect((await loaded.run({ x: new Float32Array(2048).fill(1) })).y!.data[2048]).toBe(1024);
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('takes them away when the work fails', async () => {
    const folder = temporaryFolder();
    const failing = withCandidate(readOnnx(tinyNormalized()), join(folder, 'out.onnx'), SPLIT, () =>
      Promise.reject(new Error('stop')),
    );
    await expect(failing).rejects.toThrow('stop');
    expect(readdirSync(folder)).toEqual([]);
  });
});
