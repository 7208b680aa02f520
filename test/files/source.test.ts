import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openSource } from '../../src/files/source.ts';
import { temporaryFolder } from '../support/cli.ts';

/** `outside.bin` beside the folder `model`, which holds `model.json`, `weights.bin` and `shards/1.bin`. */
function layOut() {
  const root = temporaryFolder();
  const folder = join(root, 'model');
  mkdirSync(join(folder, 'shards'), { recursive: true });
  writeFileSync(join(root, 'outside.bin'), 'secret');
  writeFileSync(join(folder, 'model.json'), '{}');
  writeFileSync(join(folder, 'weights.bin'), 'weights');
  writeFileSync(join(folder, 'shards/1.bin'), 'one');
  return { root, folder, model: join(folder, 'model.json') };
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('openSource', () => {
  test('reads a model file and the files beside and below it', async () => {
    const { model, folder } = layOut();
    const source = await openSource(model);
    expect(text(source.bytes)).toBe('{}');
    expect(text(await source.sibling('weights.bin'))).toBe('weights');
    expect(text(await source.sibling('./shards/1.bin'))).toBe('one');
    expect(await source.siblings()).toEqual(['model.json', 'weights.bin']);
    expect([...source.pathsRead].map((path) => path.replace(folder, ''))).toEqual([
      '/model.json',
      '/weights.bin',
      '/shards/1.bin',
    ]);
  });

  test('takes a folder for the model.json in it', async () => {
    const { folder, model } = layOut();
    expect((await openSource(folder)).name).toBe(model);
  });

  test('says what is there when something is missing', async () => {
    const { root, folder, model } = layOut();
    await expect(openSource(join(folder, 'modle.json'))).rejects.toThrow(
      /no such file; found in .*model: model\.json, weights\.bin/,
    );
    await expect(openSource(root)).rejects.toThrow(
      /holds no model; expected model\.json, .*found outside\.bin\. Name the model file itself/,
    );
    await expect(openSource(join(root, 'no/where.json'))).rejects.toThrow(/found no folder/);
    await expect((await openSource(model)).sibling('group1-shard1of1.bin')).rejects.toMatchObject({ code: 'FILE' });
  });

  test('refuses names that leave the folder, addresses and absolute paths', async () => {
    const { model } = layOut();
    const source = await openSource(model);
    const names = [
      '../outside.bin',
      'shards/../../outside.bin',
      '/etc/hostname',
      'https://example.org/w.bin',
      'file:///etc/hostname',
      'C:\\w.bin',
      '..\\outside.bin',
      '\\\\host\\w',
      '//host/w',
      '',
      'w\0.bin',
    ];
    for (const name of names) {
      await expect(source.sibling(name), JSON.stringify(name)).rejects.toMatchObject({ code: 'UNSAFE' });
    }
  });

  test('refuses links that leave the folder, of files and of folders', async () => {
    const { root, folder, model } = layOut();
    symlinkSync(join(root, 'outside.bin'), join(folder, 'link.bin'));
    symlinkSync(root, join(folder, 'up'));
    symlinkSync('weights.bin', join(folder, 'inside.bin'));
    const source = await openSource(model);
    await expect(source.sibling('link.bin')).rejects.toMatchObject({ code: 'UNSAFE' });
    await expect(source.sibling('up/outside.bin')).rejects.toMatchObject({ code: 'UNSAFE' });
    expect(text(await source.sibling('inside.bin'))).toBe('weights');
  });

  test('follows the links of a cache in which the model itself is one', async () => {
    const { root } = layOut();
    mkdirSync(join(root, 'blobs'));
    mkdirSync(join(root, 'snapshot'));
    writeFileSync(join(root, 'blobs/aa'), '{"cached": 1}');
    writeFileSync(join(root, 'blobs/bb'), 'shard');
    symlinkSync('../blobs/aa', join(root, 'snapshot/model.json'));
    symlinkSync('../blobs/bb', join(root, 'snapshot/w.bin'));
    expect(text(await (await openSource(join(root, 'snapshot/model.json'))).sibling('w.bin'))).toBe('shard');
  });

  test('refuses what is no regular file', async () => {
    await expect(openSource('/dev/null')).rejects.toThrow(/it is not a regular file/);
    const { folder, model } = layOut();
    mkdirSync(join(folder, 'w.bin'));
    await expect((await openSource(model)).sibling('w.bin')).rejects.toThrow(/not a regular file/);
  });

  test('tells a link to nothing from a name that is not there', async () => {
    const { folder } = layOut();
    symlinkSync('loop.json', join(folder, 'loop.json'));
    await expect(openSource(join(folder, 'loop.json'))).rejects.toMatchObject({ code: 'FILE' });
    symlinkSync('gone.json', join(folder, 'dangling.json'));
    await expect(openSource(join(folder, 'dangling.json'))).rejects.toThrow(/It is a link to a file that is gone/);
    linkSync(join(folder, 'model.json'), join(folder, 'hard.json'));
    expect(text((await openSource(join(folder, 'hard.json'))).bytes)).toBe('{}');
  });
});
