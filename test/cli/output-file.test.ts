import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { edgefold, repositoryPath, temporaryFolder } from '../support/cli.ts';
import { tinyNormalized } from '../support/cli-models.ts';

const TFJS = 'models/digits/norm-before-activation/tfjs';

function layOut() {
  const folder = temporaryFolder();
  const input = join(folder, 'model.onnx');
  writeFileSync(input, tinyNormalized());
  return { folder, input };
}

const fold = (...args: string[]) => edgefold(['fold', '--no-verify', ...args]);

describe('the output file', () => {
  test('stands beside the input unless told otherwise, with nothing left behind', async () => {
    const { folder, input } = layOut();
    expect((await fold(input)).code).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(['model.folded.onnx', 'model.onnx']);
    expect(readFileSync(input)).toEqual(Buffer.from(tinyNormalized()));
  });

  test('is replaced only with --force', async () => {
    const { folder, input } = layOut();
    const output = join(folder, 'out.onnx');
    writeFileSync(output, 'mine');
    const refused = await fold(input, '-o', output);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/out\.onnx: the output file exists already.*--force/);
    expect(readFileSync(output, 'utf8')).toBe('mine');
    expect((await fold(input, '-o', output, '--force')).code).toBe(0);
    expect(readFileSync(output).length).toBeGreaterThan(100);
  });

  test('is never the input, under whatever name or link, even with --force', async () => {
    const { folder, input } = layOut();
    symlinkSync(input, join(folder, 'soft.onnx'));
    linkSync(input, join(folder, 'hard.onnx'));
    mkdirSync(join(folder, 'sub'));
    for (const name of ['model.onnx', './sub/../model.onnx', 'soft.onnx', 'hard.onnx']) {
      const { code, stderr } = await fold(input, '-o', `${folder}/${name}`, '--force');
      expect(code, name).toBe(1);
      expect(stderr, name).toMatch(/the output would replace the input, which is never touched/);
    }
    expect((await fold(join(folder, 'soft.onnx'), '-o', input, '--force')).code).toBe(1);
    expect(readFileSync(input)).toEqual(Buffer.from(tinyNormalized()));
  });

  test('is no other file of the model either', async () => {
    const folder = temporaryFolder();
    const weights = readFileSync(repositoryPath(`${TFJS}/weights.bin`));
    writeFileSync(join(folder, 'weights.bin'), weights);
    writeFileSync(join(folder, 'model.json'), readFileSync(repositoryPath(`${TFJS}/model.json`)));
    for (const option of ['--no-verify', '--seed=1']) {
      const { code, stderr } = await edgefold(['export', folder, '-o', join(folder, 'weights.bin'), '--force', option]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/the output would replace the input/);
    }
    expect(readFileSync(join(folder, 'weights.bin'))).toEqual(weights);
  });

  test('is no folder, no link and no device', async () => {
    const { folder, input } = layOut();
    mkdirSync(join(folder, 'out.onnx'));
    symlinkSync('elsewhere.onnx', join(folder, 'link.onnx'));
    symlinkSync('loop.onnx', join(folder, 'loop.onnx'));
    const says = async (path: string) => (await fold(input, '-o', path, '--force')).stderr;
    expect(await says(join(folder, 'out.onnx'))).toMatch(/cannot be written.*found a folder/);
    expect(await says(join(folder, 'link.onnx'))).toMatch(/found a symbolic link/);
    expect(await says(join(folder, 'loop.onnx'))).toMatch(/found a symbolic link/);
    expect(await says('/dev/null')).toMatch(/found a device/);
    expect(await says(join(folder, 'no/such/out.onnx'))).toMatch(/no such folder to write into/);
    expect(existsSync(join(folder, 'elsewhere.onnx'))).toBe(false);
  });

  test('is not written when the models differ: exit code 2', async () => {
    const digits = 'models/digits/norm-before-activation/model.keras';
    const output = join(temporaryFolder(), 'out.onnx');
    const { code, stdout } = await edgefold(['export', digits, '-o', output, '--tolerance', 'exact']);
    expect(code).toBe(2);
    expect(stdout).toMatch(/^No file was written: the comparison failed\. --no-verify writes it all the same\./);
    expect(existsSync(output)).toBe(false);
    const json = await edgefold(['export', digits, '-o', output, '--tolerance', 'exact', '--json']);
    expect(json.code).toBe(2);
    expect(JSON.parse(json.stdout)).toMatchObject({
      written: null,
      model: { path: null },
      parity: { verdict: 'fail' },
    });
  });

  test('needs a name when the model comes from standard input', async () => {
    const { folder } = layOut();
    const stdin = tinyNormalized();
    const nameless = await edgefold(['fold', '-', '--no-verify'], { stdin });
    expect(nameless.code).toBe(1);
    expect(nameless.stderr).toMatch(/no name to write under.*-o OUT\.onnx/);
    expect((await edgefold(['fold', '-', '-o', join(folder, 'out.onnx')], { stdin })).code).toBe(0);
  });
});
