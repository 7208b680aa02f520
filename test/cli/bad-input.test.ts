import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync, zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { edgefold, repositoryPath, temporaryFolder } from '../support/cli.ts';
import { tinyNormalized } from '../support/cli-models.ts';

const DIGITS = 'models/digits/norm-before-activation';
const read = (name: string) => readFileSync(repositoryPath(`${DIGITS}/${name}`));

interface Layer {
  class_name: string;
  config: Record<string, unknown>;
}

interface TfjsModel {
  modelTopology: { config: { layers: Layer[] } };
}

/** The TF.js model with one layer of its topology changed. */
function tfjsWith(folder: string, change: (layers: Layer[]) => void) {
  const model = JSON.parse(read('tfjs/model.json').toString()) as TfjsModel;
  change(model.modelTopology.config.layers);
  writeFileSync(join(folder, 'model.json'), JSON.stringify(model));
  writeFileSync(join(folder, 'weights.bin'), read('tfjs/weights.bin'));
  return folder;
}

/** The `.keras` file with its architecture changed. */
function kerasWith(folder: string, change: (config: string) => string) {
  const entries = unzipSync(new Uint8Array(read('model.keras')));
  const config = change(new TextDecoder().decode(entries['config.json']));
  const path = join(folder, 'model.keras');
  writeFileSync(path, zipSync({ ...entries, 'config.json': new TextEncoder().encode(config) }, { level: 0 }));
  return path;
}

function file(folder: string, name: string, content: string | Uint8Array) {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

const HTML = '<!DOCTYPE html>\n<html><head><title>404</title></head></html>\n';
const LFS =
  'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n';
const PNG = readFileSync(repositoryPath('models/digits/sample/digit-7.png'));

/** What is wrong, how to make it, and what the message must say. */
const SOURCES: readonly [string, (folder: string) => string, RegExp][] = [
  ['empty file', (folder) => file(folder, 'model.h5', ''), /an empty file/],
  ['cut-off .h5', (folder) => file(folder, 'model.h5', read('model.h5').subarray(0, 9000)), /cut short|damaged/],
  ['cut-off .keras', (folder) => file(folder, 'model.keras', read('model.keras').subarray(0, 9000)), /cut short/],
  ['HTML page', (folder) => file(folder, 'model.h5', HTML), /an HTML page/],
  ['git-LFS pointer', (folder) => file(folder, 'model.keras', LFS), /a git-LFS pointer.*git lfs pull/],
  ['picture', (folder) => file(folder, 'model.json', PNG), /a PNG picture/],
  ['ONNX file', (folder) => file(folder, 'model.keras', tinyNormalized()), /already ONNX.*edgefold fold/],
  [
    'model.json without its weights file',
    (folder) => file(folder, 'model.json', read('tfjs/model.json')),
    /weights\.bin: there is no such file; found in .*: model\.json/,
  ],
  [
    'model.json whose weights file is too short',
    (folder) => {
      tfjsWith(folder, () => undefined);
      file(folder, 'weights.bin', read('tfjs/weights.bin').subarray(0, 1000));
      return folder;
    },
    /weights\.bin|short|bytes/,
  ],
  [
    'weight of the wrong shape',
    (folder) =>
      tfjsWith(folder, (layers) => {
        layers.find(({ class_name }) => class_name === 'Dense')!.config.units = 299;
      }),
    /kernel.*expected shape \[784, 299\], found \[784, 300\]/,
  ],
  [
    'unknown layer',
    (folder) =>
      tfjsWith(folder, (layers) => {
        layers.find(({ class_name }) => class_name === 'Activation')!.class_name = 'FancyActivation';
      }),
    /FancyActivation/,
  ],
  [
    'Lambda',
    (folder) => kerasWith(folder, (config) => config.replace('"class_name": "Activation"', '"class_name": "Lambda"')),
    /Lambda/,
  ],
  ['JSON that is no model', (folder) => file(folder, 'model.json', '{"hello": 1}'), /no model; .*found members hello/],
  ['folder without a model', (folder) => { mkdirSync(join(folder, 'empty')); return join(folder, 'empty'); }, /holds no model; expected model\.json, saved_model\.pb, config\.json, found no other files/], // prettier-ignore
  ['missing file', (folder) => join(folder, 'model.h5'), /there is no such file/],
];

/** One clear error on stderr, exit code 1, nothing on stdout, no stack trace, no file. */
async function refused(args: readonly string[], output: string): Promise<string> {
  const { code, stdout, stderr } = await edgefold(args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^error: /);
  expect(stderr).not.toMatch(/\n\s+at |fault of Edgefold|node_modules/);
  expect(existsSync(output)).toBe(false);
  return stderr;
}

describe('export refuses, with one clear error and no file,', () => {
  test.each(SOURCES)('%s', async (_, make, message) => {
    const folder = temporaryFolder();
    const source = make(folder);
    const before = readdirSync(folder);
    const output = join(folder, 'out.onnx');
    expect(await refused(['export', source, '-o', output], output)).toMatch(message);
    expect(readdirSync(folder)).toEqual(before);
    const json = await edgefold(['export', source, '-o', output, '--json']);
    expect({ code: json.code, stderr: json.stderr }).toEqual({ code: 1, stderr: '' });
    const { error } = JSON.parse(json.stdout) as { error: { code: string; message: string } };
    expect(error.code).toMatch(/^(FILE|FORMAT|CORRUPT|UNSUPPORTED|WEIGHTS|UNSAFE)$/);
    expect(error.message).toMatch(message);
  });
});

const ONNX: readonly [string, (folder: string) => string, RegExp][] = [
  ['empty file', (folder) => file(folder, 'a.onnx', ''), /an empty file/],
  ['cut-off file', (folder) => file(folder, 'a.onnx', tinyNormalized().slice(0, 100)), /cut off|damaged/],
  ['HTML page', (folder) => file(folder, 'a.onnx', HTML), /an HTML page/],
  ['git-LFS pointer', (folder) => file(folder, 'a.onnx', LFS), /a git-LFS pointer/],
  ['picture', (folder) => file(folder, 'a.onnx', PNG), /a PNG picture/],
  [
    'Keras file',
    (folder) => file(folder, 'a.onnx', read('model.h5')),
    /not an ONNX model; found an HDF5 file.*edgefold export/,
  ],
  ['missing file', (folder) => join(folder, 'a.onnx'), /there is no such file/],
];

describe('fold, verify and run refuse', () => {
  test.each(ONNX)('%s', async (kind, make, message) => {
    const folder = temporaryFolder();
    const bad = make(folder);
    const good = file(folder, 'good.onnx', tinyNormalized());
    const output = join(folder, 'out.onnx');
    expect(await refused(['fold', bad, '-o', output], output)).toMatch(message);
    expect(await refused(['verify', good, bad], output)).toMatch(message);
    // `run` and `inspect` take Keras files too, and `verify` one as the reference.
    if (kind === 'Keras file') return;
    expect(await refused(['verify', bad, good], output)).toMatch(message);
    expect(await refused(['inspect', bad], output)).toMatch(message);
    expect(await refused(['run', bad, '--input', bad], output)).toMatch(/no such file|no model|refused|cut off/);
  });
});

describe('inspect', () => {
  test('shows a model that cannot be exported, and says why not', async () => {
    const folder = temporaryFolder();
    const model = tfjsWith(folder, (layers) => {
      layers.find(({ class_name }) => class_name === 'Activation')!.class_name = 'FancyActivation';
    });
    const { code, stdout } = await edgefold(['inspect', model]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/FancyActivation/);
    expect(stdout).toMatch(/It cannot be exported: .*FancyActivation/);
    expect(stdout).toMatch(/unknown: the model cannot be exported/);
  });
});
