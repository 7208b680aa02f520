import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { EdgefoldError, type ErrorCode } from '../src/errors.ts';
import { externalDataReader, readFileBytes, writeFileWhole, writeModelFiles } from '../src/node-files.ts';
import { Graph } from '../src/onnx/graph.ts';
import { readOnnx } from '../src/onnx/read.ts';
import { writeOnnx } from '../src/onnx/write.ts';
import { float32 } from '../src/tensor.ts';

const top = mkdtempSync(join(tmpdir(), 'edgefold-'));
afterAll(() => {
  rmSync(top, { recursive: true });
});

let count = 0;
/** A folder of its own, with a model and a file outside it. */
function folder(): string {
  const path = join(top, String(count++));
  mkdirSync(join(path, 'model', 'inner'), { recursive: true });
  writeFileSync(join(path, 'secret'), 'secret!!');
  writeFileSync(join(path, 'model', 'm.onnx'), 'model');
  writeFileSync(join(path, 'model', 'w.bin'), '0123456789');
  writeFileSync(join(path, 'model', 'inner', 'w.bin'), 'abcdefghij');
  return path;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

async function fault(run: () => unknown): Promise<[ErrorCode, string]> {
  try {
    await run();
  } catch (error) {
    if (error instanceof EdgefoldError) return [error.code, error.message];
    throw error;
  }
  throw new Error('it did not throw');
}

describe('reading a whole file', () => {
  test('gives its bytes', async () => {
    const path = join(folder(), 'secret');
    expect(text(await readFileBytes(path))).toBe('secret!!');
    writeFileSync(path, '');
    expect(await readFileBytes(path)).toHaveLength(0);
  });

  // Takes 2 GiB of memory.
  test.skipIf(!process.env.EDGEFOLD_LARGE_FILES)('works beyond 2 GiB', async () => {
    const path = join(folder(), 'sparse');
    writeFileSync(path, 'start');
    truncateSync(path, 2 ** 31 + 3);
    const read = await readFileBytes(path);
    expect(read).toHaveLength(2 ** 31 + 3);
    expect(text(read.subarray(0, 5))).toBe('start');
    rmSync(path);
  });

  test('says what is wrong', async () => {
    const path = folder();
    expect(await fault(() => readFileBytes(join(path, 'gone')))).toEqual(['FILE', expect.stringMatching(/gone: the file cannot be read; found there is no such file/)]); // prettier-ignore
    expect(await fault(() => readFileBytes(path))).toEqual(['FILE', expect.stringMatching(/not a regular file/)]);
    const pipe = join(path, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(await fault(() => readFileBytes(pipe))).toEqual(['FILE', expect.stringMatching(/not a regular file/)]);
    expect((await fault(() => readFileBytes('/dev/zero')))[0]).toBe('FILE');
  });
});

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

describe('writing a file', () => {
  test('replaces an existing one only if told to', async () => {
    const path = join(folder(), 'out');
    expect(await writeFileWhole(path, [bytes('one'), bytes(' two')])).toBe(7);
    expect(await fault(() => writeFileWhole(path, [bytes('new')]))).toEqual(['FILE', expect.stringMatching(/out: the file exists already/)]); // prettier-ignore
    expect(readFileSync(path, 'utf8')).toBe('one two');
    await writeFileWhole(path, [bytes('new')], { force: true });
    expect(readFileSync(path, 'utf8')).toBe('new');
  });

  test('leaves the old content and nothing else when it fails half-way', async () => {
    const path = folder();
    function* failing(): Generator<Uint8Array> {
      yield bytes('half of the new');
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    }
    const before = readdirSync(path);
    const target = join(path, 'secret');
    expect(await fault(() => writeFileWhole(target, failing(), { force: true }))).toEqual(['FILE', expect.stringMatching(/the disk is full/)]); // prettier-ignore
    expect(readFileSync(target, 'utf8')).toBe('secret!!');
    expect(readdirSync(path)).toEqual(before);
  });

  test('does not go through a link, over a folder or into a folder that is not there', async () => {
    const path = folder();
    symlinkSync('secret', join(path, 'link'));
    for (const name of ['link', 'model', 'gone/out']) {
      expect((await fault(() => writeFileWhole(join(path, name), [bytes('x')], { force: true })))[0]).toBe('FILE');
    }
    expect(readFileSync(join(path, 'secret'), 'utf8')).toBe('secret!!');
  });
});

describe('writing a model', () => {
  const graph = (): Graph => {
    const made = new Graph('large');
    made.constant(
      'w',
      float32(
        [500],
        Float32Array.from({ length: 500 }, (_, i) => i),
      ),
    );
    return made;
  };

  test('makes one file of one that is small enough', async () => {
    const path = join(folder(), 'out.onnx');
    const written = await writeModelFiles(path, graph());
    expect(written).toEqual({ path, sizeBytes: writeOnnx(graph()).length, data: undefined });
    expect(new Uint8Array(readFileSync(path))).toEqual(writeOnnx(graph()));
  });

  test('puts large weights beside it, under a name that their content gives, always the same', async () => {
    const path = folder();
    const file = join(path, 'out.onnx');
    const written = await writeModelFiles(file, graph(), { maxInlineBytes: 100 });
    expect(written.data?.path).toMatch(/\/out\.[0-9a-f]{16}\.data$/);
    expect(written.data?.sizeBytes).toBe(2000);
    const back = readOnnx(await readFileBytes(file), { externalData: externalDataReader(file) });
    expect(back.initializers[0]!.constant!.tensor().data).toEqual(graph().initializers[0]!.constant!.tensor().data);
    const again = await writeModelFiles(file, graph(), { maxInlineBytes: 100, force: true });
    expect(again).toEqual(written);
    expect(readdirSync(path).filter((name) => name.startsWith('out'))).toHaveLength(2);
  });

  test('writes nothing if the target exists', async () => {
    const path = folder();
    writeFileSync(join(path, 'out.onnx'), 'old');
    const before = readdirSync(path);
    expect((await fault(() => writeModelFiles(join(path, 'out.onnx'), graph(), { maxInlineBytes: 100 })))[0]).toBe(
      'FILE',
    );
    expect(readdirSync(path)).toEqual(before);
  });
});
