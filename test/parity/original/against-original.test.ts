import { expect, test } from 'vitest';
import { EdgefoldError } from '../../../src/errors.ts';
import { againstOriginal, type OriginalRun } from '../../../src/parity/original/against-original.ts';
import type { OriginalModel } from '../../../src/parity/original/tfjs.ts';
import { noProof } from '../../../src/parity/proof.ts';
import { TOLERANCES } from '../../../src/parity/tolerances.ts';
import { float32 } from '../../../src/tensor.ts';

/** A candidate that gives [1, 2] and an original that gives something of the same name or another. */
function run(original: () => Promise<OriginalModel>, more: Partial<OriginalRun> = {}): OriginalRun {
  const given = [{ y: float32([1, 2], [1, 2]) }];
  const outputs = [{ name: 'y', dtype: 'float32' as const, shape: [1, 2] }];
  const proof = noProof('no graphs');
  return { original, samples: [{}], outputs, candidate: given, unfolded: given, tolerance: undefined, proof, ...more };
}

function giving(values: readonly number[], name = 'y'): () => Promise<OriginalModel> {
  const tensor = float32([1, values.length], values);
  return () =>
    Promise.resolve({ label: 'Keras', run: () => Promise.resolve({ [name]: tensor }), dispose: () => undefined });
}

test('equal outputs pass, with the label of the framework', async () => {
  expect(await againstOriginal(run(giving([1, 2])))).toMatchObject({ verdict: 'pass', label: 'Keras' });
});

test('a difference beyond the tier of the dtype fails', async () => {
  expect(await againstOriginal(run(giving([1, 2.001])))).toMatchObject({ verdict: 'fail', label: 'Keras' });
});

test('a tolerance that was asked for is kept to', async () => {
  const tolerance = { ...TOLERANCES.float32, range: 0.01 };
  expect(await againstOriginal(run(giving([1, 2.001]), { tolerance }))).toMatchObject({ verdict: 'pass' });
});

test('another shape, and an output of another name, fail', async () => {
  expect(await againstOriginal(run(giving([1, 2, 3])))).toMatchObject({ verdict: 'fail' });
  expect(await againstOriginal(run(giving([1, 2], 'z')))).toMatchObject({ verdict: 'fail' });
});

test('a framework that is not there is the reason why nothing was compared', async () => {
  const absent = () => Promise.reject(new EdgefoldError('RUNTIME', 'TF.js is not installed'));
  expect(await againstOriginal(run(absent))).toEqual({ verdict: 'not-run', reason: 'TF.js is not installed' });
});

test('faults of our own are not taken for an original that cannot run', async () => {
  await expect(againstOriginal(run(() => Promise.reject(new Error('bug: …'))))).rejects.toThrow('bug');
});
