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

test('features are not put back into order where they are more than the file has bytes for', () => {
  const conv = layer('conv', 'Conv2D', { config: { filters: 2, kernel_size: [1, 1], use_bias: false }, weights: [filled([1, 1, 3, 2])], calls: [['x']] }); // prettier-ignore
  const flat = layer('flat', 'Flatten', { calls: [['conv']] });
  const both = layer('both', 'Concatenate', { config: { axis: -1 }, calls: [['flat', 'flat']] });
  const model = (width: number) =>
    exportSource(sourceFile(sequential([null, 5, width, 3], [conv, flat, both]), 2)).graph;
  expect(operators(model(4))).toContain('Gather');
  expect(() => model(1e6)).toThrow(expect.objectContaining({ code: 'LIMIT' }));
});
