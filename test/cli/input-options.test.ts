import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { FoldDocument } from '../../src/cli/json.ts';
import { filesOf, goldensOf } from '../export/applications/application-models.ts';
import { edgefold, temporaryFolder } from '../support/cli.ts';

/** A network for images of 35 × 37 points, as TF.js writes it. */
async function imageModel(): Promise<string> {
  const files = filesOf('keras3', 'MobileNetV2', goldensOf('keras3').MobileNetV2!);
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'model.json'), files.bytes);
  writeFileSync(join(folder, 'weights.bin'), await files.sibling('weights.bin'));
  return folder;
}

test('export takes images channels first and as bytes, says so, and proves the result', async () => {
  const folder = await imageModel();
  const { code, stdout } = await edgefold([
    ...['export', folder, '--input-layout', 'nchw', '--input-dtype', 'uint8', '--samples', '1', '--json'],
  ]);
  const { source, model, parity } = JSON.parse(stdout) as FoldDocument;
  expect(model.inputs).toMatchObject([{ dtype: 'uint8', shape: ['batch', 3, 35, 37] }]);
  expect(source?.changedInputs).toEqual([{ name: model.inputs[0]!.name, layout: 'nchw', dtype: 'uint8' }]);
  expect(parity).toMatchObject({ verdict: 'pass' });
  expect(code).toBe(0);
});

test.each([
  ['--input-layout', 'nwhc', 'nchw'],
  ['--input-dtype', 'int8', 'uint8'],
])('export refuses %s %s and names what there is', async (option, value, only) => {
  const { code, stderr } = await edgefold(['export', await imageModel(), option, value]);
  expect(code).toBe(1);
  expect(stderr).toContain(`expected ${only}`);
});
