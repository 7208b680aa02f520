import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { FoldDocument, InspectDocument, RunDocument, VerifyDocument } from '../../src/cli/json.ts';
import { edgefold, temporaryFolder } from '../support/cli.ts';

/** A TF.js model with a layer of its own, and a module beside it. */
function folderWith(module: string, name = 'mine.mjs'): string {
  const folder = temporaryFolder();
  const layers = [
    { class_name: 'InputLayer', name: 'x', config: { name: 'x', batch_input_shape: [null, 3] }, inbound_nodes: [] },
    { class_name: 'Mine>Double', name: 'twice', config: { name: 'twice' }, inbound_nodes: [[['x', 0, 0, {}]]] },
  ];
  const config = { name: 'm', layers, input_layers: [['x', 0, 0]], output_layers: [['twice', 0, 0]] };
  const modelTopology = { class_name: 'Model', config };
  writeFileSync(join(folder, 'model.json'), JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest: [] })); // prettier-ignore
  mkdirSync(join(folder, 'code'));
  writeFileSync(join(folder, 'code', name), module);
  return folder;
}

const DOUBLE = '(layer, [x], graph) => graph.node("Add", [x, x])';

function run(folder: string, name = 'mine.mjs') {
  return edgefold(['export', folder, '--custom-layers', join(folder, 'code', name), '--samples', '1', '--json']);
}

test('export takes the code of a module for a class that only its author knows', async () => {
  const { code, stdout } = await run(folderWith(`export default { 'Mine>Double': ${DOUBLE} };`));
  const { model, parity } = JSON.parse(stdout) as FoldDocument;
  expect(model.nodes.after).toBe(1);
  expect(parity).toMatchObject({ verdict: 'pass' });
  expect(code).toBe(0);
});

test('export takes what a module exports by name for the layer of that name', async () => {
  const { code } = await run(folderWith(`export const twice = ${DOUBLE};`));
  expect(code).toBe(0);
});

test.each([
  ['is not there', DOUBLE, 'other.mjs', /the custom layers cannot be loaded/],
  ['does not parse', 'export default {', 'mine.mjs', /the custom layers cannot be loaded.*ES module/],
  ['throws', 'throw new Error("no beta");', 'mine.mjs', /the custom layers cannot be loaded.*found no beta/],
  ['exports nothing', '', 'mine.mjs', /it exports no custom layers.*found nothing/],
  ['exports something else', 'export default { twice: 3 };', 'mine.mjs', /it exports no custom layers.*found twice: number/],
])('a module that %s is named, with what it should be', async (_name, module, name, message) => {
  const { code, stdout } = await run(folderWith(module), name);
  expect(code).toBe(1);
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
  expect(error.code).toBe('USAGE');
  expect(error.message).toMatch(message);
}); // prettier-ignore

test('inspect, run and verify take the same module', async () => {
  const folder = folderWith(`export default { 'Mine>Double': ${DOUBLE} };`);
  const [layers, input, exported] = ['code/mine.mjs', 'x.json', 'out.onnx'].map((name) => join(folder, name)) as [string, string, string]; // prettier-ignore
  writeFileSync(input, '[[1, 2, -3]]');
  const asked = async (...words: string[]) => JSON.parse((await edgefold([...words, '--custom-layers', layers, '--json'])).stdout) as unknown; // prettier-ignore
  const inspected = (await asked('inspect', folder)) as InspectDocument;
  expect(inspected.obstacle).toBeNull();
  expect(inspected.parts.find(({ name }) => name === 'twice')).toMatchObject({ nodes: [{ opType: 'Add' }] });
  const { outputs } = (await asked('run', folder, '--input', input)) as RunDocument;
  expect(Object.values(outputs)).toMatchObject([{ data: [2, 4, -6] }]);
  await asked('export', folder, '-o', exported);
  const { parity } = (await asked('verify', folder, exported)) as VerifyDocument;
  expect(parity).toMatchObject({ verdict: 'pass' });
});

test('without it inspect tells the way out', async () => {
  const { code, stdout } = await edgefold(['inspect', folderWith(''), '--json']);
  expect((JSON.parse(stdout) as InspectDocument).obstacle?.message).toMatch(/twice.*--custom-layers/);
  expect(code).toBe(0);
});

test('without it the layer is refused, and the way out named', async () => {
  const { code, stderr } = await edgefold(['export', folderWith('')]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/twice \(Mine>Double\).*--custom-layers/);
});
