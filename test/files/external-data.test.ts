import { execFileSync } from 'node:child_process';
import { appendFileSync, linkSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { externalDataReader } from '../../src/files/external-data.ts';
import { fault, folder, text } from './support.ts';

describe('reading weights beside a model', () => {
  test('gives a part of a file in its folder or below', () => {
    const read = externalDataReader(join(folder(), 'model', 'm.onnx'));
    expect(text(read('w.bin', 2, 3))).toBe('234');
    expect(text(read('./inner/w.bin', 9, 1))).toBe('j');
    expect(read('w.bin', 10, 0)).toHaveLength(0);
  });

  test('works beyond 4 GiB', () => {
    const path = join(folder(), 'model');
    truncateSync(join(path, 'w.bin'), 2 ** 32 + 4);
    appendFileSync(join(path, 'w.bin'), 'end');
    expect(text(externalDataReader(join(path, 'm.onnx'))('w.bin', 2 ** 32 + 4, 3))).toBe('end');
  });

  test('follows links that stay in the folder of the model, or of the file that the model is a link to', () => {
    const path = folder();
    symlinkSync('inner/w.bin', join(path, 'model', 'link.bin'));
    expect(text(externalDataReader(join(path, 'model', 'm.onnx'))('link.bin', 0, 1))).toBe('a');
    // As the Hugging Face cache lays out a model.
    mkdirSync(join(path, 'blobs'));
    mkdirSync(join(path, 'snapshot'));
    writeFileSync(join(path, 'blobs', 'aaa'), 'model');
    writeFileSync(join(path, 'blobs', 'bbb'), 'weights');
    symlinkSync('../blobs/aaa', join(path, 'snapshot', 'm.onnx'));
    symlinkSync('../blobs/bbb', join(path, 'snapshot', 'm.onnx_data'));
    expect(text(externalDataReader(join(path, 'snapshot', 'm.onnx'))('m.onnx_data', 0, 7))).toBe('weights');
  });

  test.each<[string, ErrorCode, (path: string) => string]>([
    ['a path that leads out', 'UNSAFE', () => '../secret'],
    ['a link that leads out', 'UNSAFE', (path) => (symlinkSync('../secret', join(path, 'model', 'l')), 'l')],
    ['a folder that is a link out', 'UNSAFE', (path) => (symlinkSync('..', join(path, 'model', 'up')), 'up/secret')],
    ['a hard link', 'UNSAFE', (path) => (linkSync(join(path, 'secret'), join(path, 'model', 'h')), 'h')],
    ['the model itself', 'UNSAFE', () => 'm.onnx'],
    ['a link to a device', 'UNSAFE', (path) => (symlinkSync('/dev/zero', join(path, 'model', 'zero')), 'zero')],
    ['a folder', 'FILE', () => 'inner'],
    ['a pipe', 'FILE', (path) => (execFileSync('mkfifo', [join(path, 'model', 'pipe')]), 'pipe')],
    ['a link to itself', 'FILE', (path) => (symlinkSync('loop', join(path, 'model', 'loop')), 'loop')],
    ['a file that is not there', 'FILE', () => 'gone.bin'],
  ])('refuses %s', async (_, code, make) => {
    const path = folder();
    const location = make(path);
    const read = externalDataReader(join(path, 'model', 'm.onnx'));
    expect((await fault(() => read(location, 0, 4)))[0]).toBe(code);
  });

  test('refuses a part beyond the end before taking memory for it', async () => {
    const read = externalDataReader(join(folder(), 'model', 'm.onnx'));
    expect((await fault(() => read('w.bin', 8, 3)))[0]).toBe('CORRUPT');
    expect((await fault(() => read('w.bin', 2 ** 53 - 1, 2 ** 40)))[0]).toBe('CORRUPT');
  });
});
