import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { exportModel, foldGraph, load, parity, writeOnnx, type Graph } from '../src/node.ts';

const MODEL = fileURLToPath(new URL('../models/digits/norm-before-activation/model.keras', import.meta.url));

const sameBytes = (a: Graph, b: Graph) => Buffer.compare(writeOnnx(a), writeOnnx(b)) === 0;

test('the example of the README works as it stands', async () => {
  const pixels = new Float32Array(28 * 28).fill(0.5);
  const { graph } = await exportModel(MODEL);
  const { graph: folded, report } = foldGraph(graph);
  expect(report.batchNormalizations).toEqual({ found: 3, folded: 3, kept: [] });
  const proof = await parity(graph, folded);
  expect(proof.verdict).toBe('pass');
  await using model = await load(writeOnnx(folded));
  const { dense_2 } = await model.run({ input_layer: pixels });
  expect(dense_2).toMatchObject({ dtype: 'float32', shape: [1, 10] });
});

test('a path, the bytes and the folder of a TF.js model export alike', async () => {
  const tfjs = fileURLToPath(new URL('../models/digits/norm-before-activation/tfjs', import.meta.url));
  const [path, bytes] = await Promise.all([exportModel(MODEL), exportModel(readFileSync(MODEL))]);
  expect(sameBytes(bytes.graph, path.graph)).toBe(true);
  const [folder, file] = await Promise.all([exportModel(tfjs), exportModel(`${tfjs}/model.json`)]);
  expect(sameBytes(folder.graph, file.graph)).toBe(true);
});
