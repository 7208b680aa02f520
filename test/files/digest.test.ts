import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sha256, sourceDigests } from '../../src/files/digest.ts';
import { openSource } from '../../src/files/source.ts';
import { temporaryFolder } from '../support/cli.ts';

test('a digest is that of FIPS 180-4', () => {
  expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('sources are told by their names, the model first and the others in order', async () => {
  const folder = temporaryFolder();
  for (const name of ['model.json', 'b.bin', 'a.bin']) writeFileSync(join(folder, name), `content of ${name}`);
  const source = await openSource(folder);
  await source.sibling('b.bin');
  await source.sibling('a.bin');
  const digests = await sourceDigests(source);
  expect(digests.map(({ name }) => name)).toEqual(['model.json', 'a.bin', 'b.bin']);
  const lines = digests.map((digest) => `${digest.sha256}  ${digest.name}\n`).join('');
  expect(() => execFileSync('sha256sum', ['--check', '--status'], { cwd: folder, input: lines })).not.toThrow();
});

test('a file that is hashed while it is read has the digest of its bytes', async () => {
  for (const size of [0, 5, 2 ** 22, 2 ** 23 + 5]) {
    const path = join(temporaryFolder(), 'model.json');
    const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 31) >> 3);
    writeFileSync(path, bytes);
    const source = await openSource(path, { isHashed: true });
    expect(source.sha256).toBe(sha256(bytes));
    expect(await sourceDigests(source)).toEqual([{ name: 'model.json', sha256: sha256(bytes) }]);
  }
});
