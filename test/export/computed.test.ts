import { expect, test } from 'vitest';
import { exportSource } from '../../src/export/export-model.ts';
import type { JsonObject } from '../../src/export/source-model.ts';
import { layer, sequential, sourceFile, filled } from './source-builder.ts';
import { operators } from './run-export.ts';

const exported = (className: string, config: JsonObject, weights: readonly (readonly number[])[] = []) =>
  exportSource(sourceFile(sequential([null, 7, 3], [layer('a', className, { config, weights: weights.map((shape) => filled(shape)) })]), 2)).graph; // prettier-ignore

test('a size in a configuration alone makes no large constant', () => {
  expect(() => exported('AdaptiveMaxPooling1D', { output_size: 1e9 })).toThrow(
    expect.objectContaining({ code: 'LIMIT' }),
  );
});

test('a window that is larger than its input costs no more than the input', () => {
  const config = { filters: 2, kernel_size: [1e9], strides: [2], padding: 'same', implementation: 2 };
  const before = process.cpuUsage().user;
  expect(operators(exported('LocallyConnected1D', config, [[7, 3, 4, 2], [4, 2]]))).toContain('MatMul'); // prettier-ignore
  expect((process.cpuUsage().user - before) / 1e6).toBeLessThan(1);
});

test('the kernel of a LocallyConnected layer is asked for before its windows are listed', () => {
  const config = { filters: 1e9, kernel_size: [3], implementation: 3 };
  expect(() => exported('LocallyConnected1D', config, [[2, 2], [5, 2]])).toThrow(expect.objectContaining({ code: 'WEIGHTS' })); // prettier-ignore
});
