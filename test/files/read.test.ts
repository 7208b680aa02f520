import { execFileSync } from 'node:child_process';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readFileBytes } from '../../src/files/read.ts';
import { fault, folder, text } from './support.ts';

describe('reading a whole file', () => {
  test('gives its bytes', async () => {
    const path = join(folder(), 'secret');
    expect(text(await readFileBytes(path))).toBe('secret!!');
    writeFileSync(path, '');
    expect(await readFileBytes(path)).toHaveLength(0);
  });

  // Takes 2 GiB of memory.
  test.skipIf(!process.env.EDGEFOLD_LARGE_FILES)('works beyond 2 GiB [needs EDGEFOLD_LARGE_FILES=1]', async () => {
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
