import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { BisectDocument, RunDocument } from '../../src/cli/json.ts';
import { Constant } from '../../src/onnx/constant.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { float32 } from '../../src/tensor.ts';
import { edgefold, temporaryFolder } from '../support/cli.ts';

/** The seed model unfolded, folded, and folded with one wrong bias in its second layer. */
async function models() {
  const folder = temporaryFolder();
  const [unfolded, folded, wrong] = ['unfolded', 'folded', 'wrong'].map((name) => join(folder, `${name}.onnx`)) as [string, string, string]; // prettier-ignore
  const source = ['export', 'models/digits/norm-before-activation/model.keras', '--no-verify'];
  await Promise.all([edgefold([...source, '--no-fold', '-o', unfolded]), edgefold([...source, '-o', folded])]);
  const graph = readOnnx(readFileSync(folded));
  const bias = graph.nodes.filter(({ opType }) => opType === 'Gemm')[1]!.inputs[2]!;
  const { shape, data } = bias.constant!.tensor();
  bias.constant = Constant.of(float32(shape, Float32Array.from(data as Float32Array, (value, i) => value + (i === 9 ? 1e-3 : 0)))); // prettier-ignore
  writeFileSync(wrong, writeOnnx(graph));
  return { folder, unfolded, folded, wrong };
}

test('a bias that is off by a thousandth is found, and its layer saved with what it was given', async () => {
  const { folder, unfolded, wrong } = await models();
  const output = join(folder, 'found');
  const ended = await edgefold(['bisect', unfolded, wrong, '-o', output, '--json']);
  expect(ended.code).toBe(2);
  const { verdict, before, site, written } = JSON.parse(ended.stdout) as BisectDocument;
  expect({ verdict, before }).toEqual({ verdict: 'found', before: 1 });
  expect(site!.worst!.index.at(-1)).toBe(9);
  expect(readdirSync(output).toSorted()).toEqual(['candidate.onnx', 'input-0.npy', 'reference.onnx']);
  const runs = await Promise.all([written!.reference, written!.candidate].map((model) => edgefold(['run', model, '--input', written!.inputs[0]!.path, '--json']))); // prettier-ignore
  const [right, other] = runs.map(({ stdout }) => Object.values((JSON.parse(stdout) as RunDocument).outputs)[0]!.data as number[]); // prettier-ignore
  const differences = right!.map((value, i) => Math.abs(value - other![i]!));
  expect(differences.indexOf(Math.max(...differences)) % 100).toBe(9);
});

test('what was found is told to a person too, and not written over what is there', async () => {
  const { folder, unfolded, wrong } = await models();
  const output = join(folder, 'again');
  const { code, stdout } = await edgefold(['bisect', unfolded, wrong, '-o', output]);
  expect(code).toBe(2);
  expect(stdout).toMatch(/^found: .* differs by more than rounding\n/);
  expect(stdout).toMatch(/site +2 of 2 sites/);
  expect((await edgefold(['bisect', unfolded, wrong, '-o', output])).stderr).toContain('exists already');
  expect((await edgefold(['bisect', unfolded, wrong, '-o', output, '--force'])).code).toBe(2);
});

test('a right model has nothing to be found, and no folder is made', async () => {
  const { folder, unfolded, folded } = await models();
  const { code, stdout } = await edgefold(['bisect', unfolded, folded]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'nothing found: each of the 2 sites that differ stays within its proven bound\n' }); // prettier-ignore
  expect(readdirSync(folder).filter((name) => name.endsWith('.bisect'))).toEqual([]);
});
