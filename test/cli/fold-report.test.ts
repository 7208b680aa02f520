import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { FoldDocument } from '../../src/cli/json.ts';
import { canonicalJson } from '../../src/onnx/canonical-json.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { edgefold, temporaryFolder } from '../support/cli.ts';
import { tinyNormalized } from '../support/cli-models.ts';

const MODEL = 'models/digits/norm-after-activation/model.keras';
const digest = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');

function tiny(): string {
  const path = join(temporaryFolder(), 'tiny.onnx');
  writeFileSync(path, tinyNormalized());
  return path;
}

async function documentOf(...args: string[]): Promise<FoldDocument> {
  const { stdout, stderr } = await edgefold([...args, '--json']);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as FoldDocument;
}

describe('--explain', () => {
  test('sums up, and tells of each fold its way, bounds and roundings', async () => {
    const output = join(temporaryFolder(), 'out.onnx');
    const { code, stdout } = await edgefold(['export', MODEL, '-o', output, '--no-verify', '--explain']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^3 of 3 folded; [\d,]+ weights and [\d,]+ biases, 100 % correctly rounded$/m);
    expect(stdout.match(/\(BatchNormalization\): forward, into .+ \((Gemm|MatMul)\)/g)).toHaveLength(3);
    expect(stdout.match(/^ +κ +[\d.]+ → [\d.]+$/gm)).toHaveLength(3);
    expect(stdout.match(/^ +error +≤ [\d.e-]+·S \+ [\d.e-]+ \(unfolded/gm)).toHaveLength(3);
    expect(stdout.match(/^ +rounded +([\d,]+) of \1 parameters correctly$/gm)).toHaveLength(3);
  });

  test('is not needed for the short report', async () => {
    const { stdout } = await edgefold(['fold', tiny(), '--no-verify']);
    expect(stdout).not.toMatch(/κ|correctly rounded/);
  });

  test('has no effect without folding, and says so', async () => {
    const { code, stderr } = await edgefold(['export', MODEL, '--no-fold', '--explain']);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('--explain has no effect with --no-fold') as string }); // prettier-ignore
  });
});

describe('--json', () => {
  test('has a certificate for every fold', async () => {
    const { fold } = await documentOf('export', MODEL, '-o', join(temporaryFolder(), 'out.onnx'), '--no-verify');
    expect(fold!.folds).toHaveLength(3);
    for (const { certificate } of fold!.folds) {
      expect(certificate).toMatchObject({ dtype: 'float32', u: 2 ** -24 });
      expect(certificate!.parameters!.correctlyRounded).toBe(certificate!.parameters!.total);
    }
  });
});

describe('--keep', () => {
  test('leaves the BatchNormalization of this name alone', async () => {
    const { fold, provenance } = await documentOf('fold', tiny(), '--no-verify', '--keep', 'y');
    expect(fold!.batchNormalizations).toMatchObject({ found: 1, folded: 0, kept: [{ name: 'y' }] });
    expect(provenance).toBeNull();
  });

  test('knows no other names, and says which there are', async () => {
    const { code, stderr } = await edgefold(['fold', tiny(), '--no-verify', '--keep', 'yy']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/--keep: no BatchNormalization has this name.*one of y.*yy/s);
  });
});

describe('--freeze and --keep-overridable', () => {
  test('are handed on', async () => {
    const frozen = await edgefold(['fold', tiny(), '--no-verify', '--freeze', 'nothing']);
    expect(frozen.code).toBe(1);
    expect(frozen.stderr).toMatch(/only an initializer that is an input too can be frozen/);
    expect((await edgefold(['fold', tiny(), '--no-verify', '--keep-overridable'])).code).toBe(0);
  });
});

describe('--dim', () => {
  test('of a dimension that no input has is refused', async () => {
    const { code, stderr } = await edgefold(['fold', tiny(), '--dim', 'time=7']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/--dim: no input has a dimension of this name.*time/s);
    const compared = await edgefold(['verify', tiny(), tiny(), '--dim', 'time=7']);
    expect({ code: compared.code, stderr: compared.stderr }).toEqual({ code, stderr });
  });
});

describe('the metadata of what is written', () => {
  test('name the tool, the source and the certificates, so that anyone can check them', async () => {
    const input = tiny();
    const output = join(temporaryFolder(), 'out.onnx');
    const { fold, provenance } = await documentOf('fold', input, '-o', output);
    const { metadata } = readOnnx(new Uint8Array(readFileSync(output))).model;
    expect(metadata.get('edgefold.tool')).toMatch(/^edgefold \d+\.\d+\.\d+/);
    expect(metadata.get('edgefold.sources')).toBe(`${digest(readFileSync(input))}  tiny.onnx`);
    expect(metadata.get('edgefold.certificates')).toBe(digest(canonicalJson(fold)));
    expect(provenance).toMatchObject({ certificates: metadata.get('edgefold.certificates') });
  });

  test('stay as they are, with every other byte, where nothing is left to fold', async () => {
    const folder = temporaryFolder();
    const [once, twice] = [join(folder, 'once.onnx'), join(folder, 'twice.onnx')];
    await documentOf('fold', tiny(), '-o', once);
    expect((await documentOf('fold', once, '-o', twice)).provenance).toBeNull();
    expect(readFileSync(twice).equals(readFileSync(once))).toBe(true);
  });

  test('tell no time and no place', async () => {
    const write = async () => {
      const output = join(temporaryFolder(), 'out.onnx');
      await documentOf('export', MODEL, '-o', output, '--no-verify');
      return readFileSync(output);
    };
    expect((await write()).equals(await write())).toBe(true);
  });

  test('of an unfolded export name its source and no certificates', async () => {
    const output = join(temporaryFolder(), 'out.onnx');
    const { provenance } = await documentOf('export', MODEL, '-o', output, '--no-fold', '--no-verify');
    expect(provenance).toMatchObject({ certificates: null, sources: [{ name: 'model.keras', sha256: digest(readFileSync(MODEL)) }] }); // prettier-ignore
    expect(readOnnx(new Uint8Array(readFileSync(output))).model.metadata.has('edgefold.certificates')).toBe(false);
  });
});
