import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { FoldDocument, InspectDocument } from '../../src/cli/json.ts';
import { formatFolder, unpacked, type Folder } from '../export/read/formats.ts';
import { edgefold, temporaryFolder } from '../support/cli.ts';

function laidOut(folder: Folder): string {
  const top = join(temporaryFolder(), 'model');
  for (const [name, bytes] of Object.entries(folder)) {
    mkdirSync(dirname(join(top, name)), { recursive: true });
    writeFileSync(join(top, name), bytes);
  }
  return top;
}

const KERAS2 = () => formatFolder('keras2/saved_model');

test.each([
  ['a SavedModel', KERAS2, 'saved_model.onnx', { format: 'saved-model', kerasVersion: '2.21.0' }, 4],
  ['an unzipped .keras file', () => formatFolder('keras3/unzipped'), 'config.onnx', { format: 'keras-v3' }, 3],
  ['an unzipped .keras file in shards', () => unpacked('keras3/sharded.keras'), 'config.onnx', { format: 'keras-v3' }, 7],
  ['a TF.js model', () => formatFolder('keras3/tfjs'), 'model.onnx', { format: 'tfjs-layers', kerasVersion: '3.15.1' }, 3],
] as const)('exports a folder with %s, proven, and names every file it has read', async (_, files, output, source, read) => {
  const folder = laidOut(files());
  const { code, stdout, stderr } = await edgefold(['export', folder, '--json']);
  expect([code, stderr]).toEqual([0, '']);
  const document = JSON.parse(stdout) as FoldDocument;
  expect(document).toMatchObject({ written: join(folder, output), source, parity: { verdict: 'pass' } });
  expect(document.fold!.batchNormalizations).toMatchObject({ found: 3, folded: 3 });
  expect(document.provenance!.sources).toHaveLength(read);
  expect(readFileSync(join(folder, output)).length).toBeGreaterThan(1000);
}); // prettier-ignore

test('shows what a SavedModel holds', async () => {
  const { code, stdout } = await edgefold(['inspect', laidOut(KERAS2()), '--json']);
  const document = JSON.parse(stdout) as InspectDocument;
  expect([code, document.format, document.obstacle]).toEqual([0, 'saved-model', null]);
  const { variables } = document.batchNormalizations.find(({ name }) => name === 'norm')!;
  expect(variables[0]!.path).toBe('layer_with_weights-3/gamma/.ATTRIBUTES/VARIABLE_VALUE');
});

test('says of a folder that Keras 3 has exported what to give instead', async () => {
  const { code, stderr } = await edgefold(['export', laidOut(formatFolder('keras3/exported'))]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/TensorFlow graph, but no Keras model.*model\.save\("model\.keras"\)/s);
});

test('refuses variables behind a link that leaves the folder', async () => {
  const elsewhere = laidOut(KERAS2());
  const { 'saved_model.pb': model, 'keras_metadata.pb': metadata } = KERAS2();
  const folder = laidOut({ 'saved_model.pb': model!, 'keras_metadata.pb': metadata! });
  symlinkSync(join(elsewhere, 'variables'), join(folder, 'variables'));
  const { code, stderr } = await edgefold(['export', folder]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/behind a link that leaves its folder/);
});
