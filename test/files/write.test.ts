import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { externalDataReader } from '../../src/files/external-data.ts';
import { readFileBytes } from '../../src/files/read.ts';
import { writeFileWhole, writeModelFiles } from '../../src/files/write.ts';
import { Graph } from '../../src/onnx/graph.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { float32 } from '../../src/tensor.ts';
import { bytes, fault, folder } from './support.ts';

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
