import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { VerifyDocument } from '../../../src/cli/json.ts';
import { edgefold, repositoryPath, temporaryFolder } from '../../support/cli.ts';

interface Golden {
  readonly model: { weightsManifest: { paths: string[] }[] };
  readonly shard: string;
}

/** A graph model on disk, as the converter writes it. */
function graphModel(name: string, change: (shard: Buffer) => void = () => undefined): string {
  const golden = repositoryPath(`test/export/tfjs-graph/goldens/${name}.json`);
  const { model, shard } = JSON.parse(readFileSync(golden, 'utf8')) as Golden;
  const folder = temporaryFolder();
  const bytes = Buffer.from(shard, 'base64');
  change(bytes);
  writeFileSync(join(folder, 'model.json'), JSON.stringify(model));
  writeFileSync(join(folder, model.weightsManifest[0]!.paths[0]!), bytes);
  return join(folder, 'model.json');
}

async function exported(source: string, ...options: string[]): Promise<string> {
  const output = join(temporaryFolder(), 'out.onnx');
  const { code, stderr } = await edgefold(['export', source, '-o', output, '--no-verify', ...options]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return output;
}

async function verified(source: string, onnx: string, ...options: string[]) {
  const { code, stdout, stderr } = await edgefold(['verify', source, onnx, '--json', ...options]);
  expect(stderr).toBe('');
  return { code, parity: (JSON.parse(stdout) as VerifyDocument).parity };
}

const KERAS = repositoryPath('models/digits/norm-before-activation/model.keras');

test('a graph model and its export are run in TF.js and in onnxruntime, and agree', async () => {
  const source = graphModel('perceptron');
  const page = join(temporaryFolder(), 'page.html');
  const { code, parity } = await verified(source, await exported(source), '--report', page);
  expect(code).toBe(0);
  expect(parity.verdict).toBe('pass');
  expect(parity.original).toMatchObject({ verdict: 'pass', label: expect.stringMatching(/^TF\.js 4\./) as string });
  expect(readFileSync(page, 'utf8')).toMatch(/The original, run with TF\.js 4[\d.]+, CPU backend: pass/);
});

test('an export of other weights is told from the original', async () => {
  const onnx = await exported(graphModel('perceptron'));
  const other = graphModel('perceptron', (shard) => shard.writeFloatLE(shard.readFloatLE(4) + 0.5, 4));
  const { code, parity } = await verified(other, onnx);
  expect(code).toBe(2);
  expect(parity.original?.verdict).toBe('fail');
});

test('inputs that the export takes in another form reach the original in its own', async () => {
  const source = graphModel('mobilenet');
  const onnx = await exported(source, '--input-layout', 'nchw', '--input-dtype', 'uint8');
  const { parity } = await verified(source, onnx, '--samples', '1');
  expect(parity).toMatchObject({ verdict: 'pass', original: { verdict: 'pass' } });
});

test('a Keras file is run in TF.js with the layers and weights that were read', async () => {
  const { stdout, stderr } = await edgefold(['verify', KERAS, await exported(KERAS), '--samples', '1']);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/original: (pass|not run) \(.*TF\.js/);
});

test('what TF.js lacks is said, and is no failure', async () => {
  const source = graphModel('beyond');
  const { code, parity } = await verified(source, await exported(source));
  expect(code).toBe(0);
  expect(parity.original).toMatchObject({
    verdict: 'not-run',
    reason: expect.stringMatching(/TF\.js does not (load|run) the model/) as string,
  });
});

test('export asks the original too, where that is wished', async () => {
  const output = join(temporaryFolder(), 'out.onnx');
  const { code, stdout } = await edgefold(['export', graphModel('perceptron'), '-o', output, '--original']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/original: pass \(TF\.js/);
});

test('inspect shows the nodes that every layer has become', async () => {
  const { code, stdout } = await edgefold(['inspect', graphModel('audio'), '--json']);
  expect(code).toBe(0);
  const { parts } = JSON.parse(stdout) as { parts: { type: string; nodes: { opType: string }[] }[] };
  const becomes = parts.map(({ type, nodes }) => [type, nodes.map(({ opType }) => opType).join(' ')]);
  expect(becomes).toContainEqual(['_FusedMatMul', 'Gemm']);
  expect(becomes).toContainEqual(['MaxPool', 'MaxPool']);
  expect(becomes.filter(([type]) => type === 'Const')).toEqual([]);
});
