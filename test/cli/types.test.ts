import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Graph } from '../../src/onnx/graph.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { edgefold, repositoryPath, temporaryFolder } from '../support/cli.ts';

/** Names that only look harmless in a source text. */
function oddModel(): Uint8Array {
  const graph = new Graph('odd');
  const x = graph.input('it\'s a "name"\n', { dtype: 'float32', shape: ['batch', 2] });
  graph.outputs.push(graph.node('Relu', { inputs: [x], output: { name: '__proto__', dtype: 'float32', shape: ['batch', 2] } })); // prettier-ignore
  return writeOnnx(graph);
}

test('what is written compiles against the package, whatever the names are, and knows the types', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'my-odd.model.onnx'), oddModel());
  const output = join(folder, 'odd.ts');
  const { code, stderr } = await edgefold(['types', join(folder, 'my-odd.model.onnx'), '-o', output]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const use = `import { loadMyOddModel, MY_ODD_MODEL } from './odd.ts';
const model = await loadMyOddModel(new Uint8Array());
const out = await model.run({ "it's a \\"name\\"\\n": new Float32Array(2) });
export const data: Float32Array = out['__proto__'].data;
// @ts-expect-error there is no such input
void model.run({ x: new Float32Array(2) });
export const own: boolean = Object.hasOwn(MY_ODD_MODEL.outputs, '__proto__');
`;
  writeFileSync(join(folder, 'use.ts'), use);
  // What the module needs of the package; all of it would take the compiler half a minute.
  const runtime = repositoryPath('src/runtime');
  const facade = `export { typed, type TypedModel } from '${runtime}/typed.ts';
export type { LoadOptions, LoadSource } from '${runtime}/model.ts';
export declare const load: import('${runtime}/model.ts').Load;
`;
  writeFileSync(join(folder, 'edgefold.ts'), facade);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const config = {
    extends: repositoryPath('tsconfig.json'),
    compilerOptions: { paths: { edgefold: [join(folder, 'edgefold.ts')] }, types: [] },
    include: [join(folder, '*.ts')],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = repositoryPath('node_modules/typescript/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(readFileSync(output, 'utf8')).toContain('["__proto__"]');
}, 60_000);

test('an existing file is not replaced unless asked', async () => {
  const folder = temporaryFolder();
  const model = join(folder, 'm.onnx');
  writeFileSync(model, oddModel());
  const output = join(folder, 'm.ts');
  writeFileSync(output, 'mine');
  expect((await edgefold(['types', model, '-o', output])).code).toBe(1);
  expect(readFileSync(output, 'utf8')).toBe('mine');
  expect((await edgefold(['types', model, '-o', output, '--force'])).code).toBe(0);
});
