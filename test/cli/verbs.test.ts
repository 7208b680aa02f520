import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readOnnx } from '../../src/onnx/read.ts';
import type {
  BatchNormalizationJson,
  DoctorDocument,
  FoldDocument,
  InspectDocument,
  RunDocument,
  VerifyDocument,
} from '../../src/cli/json.ts';
import { edgefold, repositoryPath, temporaryFolder, type Ended } from '../support/cli.ts';
import { tinyNormalized, tinySum } from '../support/cli-models.ts';

const BEFORE = 'models/digits/norm-before-activation';
const SAMPLE = 'models/digits/sample';
const LABELS = [...readFileSync(repositoryPath(`${SAMPLE}/digits-labels-idx1-ubyte`)).subarray(8)];

/** The one JSON document on stdout of a command that says nothing else. */
function document({ stdout, stderr }: Ended): unknown {
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

function written(name: string, bytes: Uint8Array | string): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, bytes);
  return path;
}

describe('export', () => {
  test.each(['model.keras', 'model.h5', 'model-keras2.h5', 'tfjs', 'tfjs-uint8'])(
    'turns %s into Reshape or Flatten and three Gemm, proven equal',
    async (name) => {
      const output = join(temporaryFolder(), 'out.onnx');
      const ended = await edgefold(['export', `${BEFORE}/${name}`, '-o', output, '--json']);
      expect(ended.code).toBe(0);
      const { written: path, model, fold, parity } = document(ended) as FoldDocument;
      expect(path).toBe(output);
      expect(model).toMatchObject({ path: output, opset: 17, nodes: { before: 10, after: 7 } });
      expect(model.sizeBytes).toBe(readFileSync(output).length);
      expect(model.inputs).toMatchObject([{ dtype: 'float32', shape: ['batch', 28, 28] }]);
      expect(model.outputs).toMatchObject([{ dtype: 'float32', shape: ['batch', 10] }]);
      expect(fold).toMatchObject({ batchNormalizations: { found: 3, folded: 3, kept: [] } });
      expect(fold?.folds.length).toBe(3);
      expect(parity).toMatchObject({ verdict: 'pass', samples: 4 });
      const graph = readOnnx(new Uint8Array(readFileSync(output)));
      expect(graph.nodes.map(({ opType }) => opType).slice(1)).toEqual([
        'Gemm',
        'Elu',
        'Gemm',
        'Elu',
        'Gemm',
        'Softmax',
      ]);
    },
  );

  test('tells a person the same in a table', async () => {
    const output = join(temporaryFolder(), 'out.onnx');
    const { code, stdout, stderr } = await edgefold(['export', `${BEFORE}/model.keras`, '-o', output]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/out\.onnx {2}\d+(\.\d)? [kM]B, opset 17\n/);
    expect(stdout).toMatch(/^ {2}folded {2}3 of 3 BatchNormalizations$/m);
    expect(stdout).toMatch(/^parity: pass \(4 samples/m);
  });

  test('obeys --opset, --no-fold and --no-verify', async () => {
    const output = join(temporaryFolder(), 'out.onnx');
    const args = [
      'export',
      `${BEFORE}/model.keras`,
      '-o',
      output,
      '--opset',
      '15',
      '--no-fold',
      '--no-verify',
      '--json',
    ];
    const { model, fold, parity } = document(await edgefold(args)) as FoldDocument;
    expect(model).toMatchObject({ opset: 15, nodes: { before: 10, after: 10 } });
    expect(fold).toBeNull();
    expect(parity).toEqual({ verdict: 'not-run', reason: 'switched off with --no-verify' });
    expect(readOnnx(new Uint8Array(readFileSync(output))).opset).toBe(15);
  });

  test('refuses options that contradict each other or make no sense', async () => {
    const says = async (...options: string[]) =>
      (await edgefold(['export', `${BEFORE}/model.keras`, ...options])).stderr;
    expect(await says('--no-verify', '--samples', '3')).toMatch(/--samples has no effect with --no-verify/);
    expect(await says('--opset', 'x')).toMatch(/--opset: .*whole number/);
    expect(await says('--tolerance', 'lax')).toMatch(/--tolerance: .*exact, float32/);
    expect(await says('--range', '1,0')).toMatch(/--range: .*LOW,HIGH/);
    expect(await says('--indices', '0,1.5')).toMatch(/--indices: .*two whole numbers/);
    expect(await says('--dim', 'batch')).toMatch(/--dim: .*NAME=N/);
    expect(await says('--samples', '0')).toMatch(/--samples: .*from 1/);
  });
});

describe('fold', () => {
  test('folds a model of one BatchNormalization and reports where it went', async () => {
    const input = written('tiny.onnx', tinyNormalized());
    const { model, fold, parity } = document(await edgefold(['fold', input, '--json'])) as FoldDocument;
    expect(model.path).toBe(input.replace('.onnx', '.folded.onnx'));
    expect(fold?.batchNormalizations).toEqual({ found: 1, folded: 1, kept: [] });
    expect(fold?.folds[0]).toMatchObject({ name: 'y', opType: 'BatchNormalization', direction: 'back' });
    expect(parity.verdict).toBe('pass');
  });

  test('gives the same file every time', async () => {
    const input = written('tiny.onnx', tinyNormalized());
    const once = async (name: string) => {
      const output = join(temporaryFolder(), name);
      await edgefold(['fold', input, '-o', output, '--no-verify']);
      return readFileSync(output);
    };
    expect(await once('a.onnx')).toEqual(await once('b.onnx'));
  });
});

describe('verify', () => {
  test('passes a model and its folded form', async () => {
    const input = written('tiny.onnx', tinyNormalized());
    const folded = input.replace('tiny', 'folded');
    await edgefold(['fold', input, '-o', folded]);
    const ended = await edgefold(['verify', input, folded, '--json', '--samples', '6', '--seed', '9']);
    expect(ended.code).toBe(0);
    expect(document(ended)).toMatchObject({
      reference: input,
      candidate: folded,
      parity: { verdict: 'pass', samples: 6, seed: 9 },
    });
  });

  test('ends with 2 when a weight, or the interface, differs', async () => {
    const reference = written('a.onnx', tinyNormalized());
    for (const other of [tinyNormalized({ weight: 2.001 }), tinyNormalized({ inputName: 'z' }), tinySum()]) {
      const candidate = written('b.onnx', other);
      expect((await edgefold(['verify', reference, candidate])).code).toBe(2);
      const { parity } = document(await edgefold(['verify', reference, candidate, '--json'])) as VerifyDocument;
      expect(parity.verdict).toBe('fail');
    }
  });

  test('obeys the tolerance', async () => {
    const [a, b] = [written('a.onnx', tinyNormalized()), written('b.onnx', tinyNormalized({ weight: 2.001 }))];
    expect((await edgefold(['verify', a, b, '--tolerance', '0.01'])).code).toBe(0);
    expect((await edgefold(['verify', a, b, '--tolerance', '1e-6'])).code).toBe(2);
  });
});

describe('inspect', () => {
  test('shows every variable of every BatchNormalization of a Keras file, and its fate', async () => {
    const { batchNormalizations, parts, parameters, obstacle } = document(
      await edgefold(['inspect', `${BEFORE}/model.h5`, '--json']),
    ) as InspectDocument;
    expect(obstacle).toBeNull();
    // (784·4 + 784·300) + (300·4 + 300·100) + (100·4 + 100·10 + 10); not trainable: 2·(784 + 300 + 100)
    expect(parameters).toEqual({ total: 270_946, trainable: 268_578, nonTrainable: 2368 });
    expect(parts.map(({ type }) => type)).toContain('Flatten');
    expect(parts.at(-1)).toMatchObject({ type: 'Dense', outputShapes: [['batch', 10]], parameters: { total: 1010 } });
    expect(
      batchNormalizations.map(({ epsilon, momentum, fate }) => ({ epsilon, momentum, fates: fate.length })),
    ).toEqual(new Array(3).fill({ epsilon: 0.001, momentum: 0.99, fates: 1 }));
    const [first] = batchNormalizations as [BatchNormalizationJson];
    expect(first.fate[0]).toMatchObject({ outcome: 'folded', direction: 'forward' });
    expect(first.variables.map(({ role, shape, trainable }) => [role, shape, trainable])).toEqual([
      ['gamma', [784], true],
      ['beta', [784], true],
      ['mean', [784], false],
      ['variance', [784], false],
    ]);
    expect(first.variables.map(({ name }) => name)).toEqual(['gamma', 'beta', 'moving_mean', 'moving_variance']);
    expect(first.variables.map(({ path }) => path?.split('/').at(-1))).toEqual([
      expect.stringMatching(/^gamma/),
      expect.stringMatching(/^beta/),
      expect.stringMatching(/^moving_mean/),
      expect.stringMatching(/^moving_variance/),
    ]);
  });

  test('shows the same of an ONNX file, which does not say what is trainable', async () => {
    const input = written('tiny.onnx', tinyNormalized());
    const { format, batchNormalizations, parameters } = document(
      await edgefold(['inspect', input, '--json']),
    ) as InspectDocument;
    expect(format).toBe('onnx');
    expect(parameters).toEqual({ total: 12, trainable: null, nonTrainable: null });
    expect(batchNormalizations).toMatchObject([
      { name: 'y', epsilon: 0.25, axis: [1], fate: [{ outcome: 'folded', direction: 'back' }] },
    ]);
    const { stdout } = await edgefold(['inspect', input]);
    expect(stdout).toMatch(/^ {2}y {2}axis 1, epsilon 0\.25, momentum 0\.9$/m);
    expect(stdout).toMatch(/^ {6}variance {2}variance {2}\[2\]$/m);
  });

  test('lets no name of a file steer the terminal', async () => {
    const input = written('evil.onnx', tinyNormalized({ inputName: 'x\x1b[2J\u009b' }));
    const { stdout } = await edgefold(['inspect', input]);
    expect(stdout).toContain('x\\x1b[2J\\x9b');
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/); // eslint-disable-line no-control-regex
    const json = await edgefold(['inspect', input, '--json']);
    expect(json.stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/); // eslint-disable-line no-control-regex
    expect((document(json) as InspectDocument).inputs?.[0]?.name).toBe('x\x1b[2J\u009b');
  });
});

describe('run', () => {
  const MODEL = `${BEFORE}/model.keras`;
  const classes = async (...args: string[]) => {
    const { outputs } = document(await edgefold(['run', MODEL, '--json', ...args])) as RunDocument;
    const { shape, data } = Object.values(outputs)[0]!;
    return Array.from({ length: shape[0]! }, (_, row) => {
      const scores = data.slice(row * 10, row * 10 + 10) as number[];
      return scores.indexOf(Math.max(...scores));
    });
  };

  test('gives the same digits for the same pictures as IDX and as .npy', async () => {
    const fromIdx = await classes('--input', `${SAMPLE}/digits-images-idx3-ubyte`);
    expect(fromIdx.filter((digit, index) => digit === LABELS[index]).length).toBeGreaterThanOrEqual(14);
    expect(await classes('--input', `${SAMPLE}/digits.npy`)).toEqual(fromIdx);
    expect(await classes('--input', `${SAMPLE}/digits.npy`, '--take', '3')).toEqual(fromIdx.slice(0, 3));
  });

  test('reads the digit of a picture', async () => {
    expect(await classes('--input', `${SAMPLE}/digit-7.png`)).toEqual([7]);
    const { code, stdout, stderr } = await edgefold(['run', MODEL, '--input', `${SAMPLE}/digit-7.png`, '--top', '2']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/\[1, 28, 28\] {2}.*digit-7\.png · values × 1\/255/);
    expect(stdout).toMatch(/class +score\n ─*\n?/);
    expect(stdout.split('\n').filter((line) => /^ +\d+ +[\d.e-]+$/.test(line))).toHaveLength(2);
  });

  test('computes what the arithmetic says, with inputs of one JSON file, of several, by name', async () => {
    const model = written('sum.onnx', tinySum());
    const both = written('both.json', '{"a": [1, 2], "b": [10, 20]}');
    const [a, b] = [written('a.json', '[1, 2]'), written('b.json', '[10, 20]')];
    for (const args of [
      ['--input', both],
      ['--input', `a=${a}`, '--input', `b=${b}`],
      ['--input', `a=${both}`, '--input', `b=${b}`],
    ]) {
      const { outputs } = document(await edgefold(['run', model, '--json', ...args])) as RunDocument;
      expect(outputs).toEqual({ sum: { dtype: 'float32', shape: [2], data: [11, 22] } });
    }
    expect((await edgefold(['run', model, '--input', both])).stdout).toMatch(
      /sum {2}float32 \[2\]\n {2}values {2}11 {2}22/,
    );
  });

  test('says which input is missing, unknown, ambiguous or given twice', async () => {
    const model = written('sum.onnx', tinySum());
    const a = written('a.json', '[1, 2]');
    const says = async (...args: string[]) => {
      const { code, stderr } = await edgefold(['run', model, ...args]);
      expect(code).toBe(1);
      return stderr;
    };
    expect(await says('--input', `a=${a}`)).toMatch(/needs more inputs; expected b \(float32 \[2\]\)/);
    expect(await says('--input', a)).toMatch(/which input this file is for; expected --input a=FILE --input b=FILE/);
    expect(await says('--input', `a=${a}`, '--input', `a=${a}`)).toMatch(/given twice/);
    expect(await says('--input', written('c.json', '{"c": [1]}'))).toMatch(/no such input; expected a, b, found c/);
    expect(await says('--input', `a=${written('x.json', '[1]')}`)).toMatch(
      /expected float32 \[2\], found float64 \[1\]/,
    );
    expect(await says('--input', `a=${written('x.txt', 'hello')}`)).toMatch(/expected \.npy, \.json, IDX or PNG/);
  });
});

describe('doctor', () => {
  test('tries every provider that the runtime lists and finds the CPU working', async () => {
    const ended = await edgefold(['doctor', '--json']);
    expect(ended.code).toBe(0);
    const { ok, node, runtime, providers } = document(ended) as DoctorDocument;
    expect({ ok, node, telemetry: runtime.telemetry }).toEqual({
      ok: true,
      node: process.version,
      telemetry: 'off',
    });
    expect(providers.find(({ name }) => name === 'cpu')).toMatchObject({ works: true, reason: null });
    for (const { works, reason } of providers)
      expect(works ? reason === null : reason !== null && reason !== '').toBe(true);
  });
});
