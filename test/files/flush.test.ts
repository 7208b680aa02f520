import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { EdgefoldError } from '../../src/errors.ts';
import { writeFileWhole } from '../../src/files/write.ts';
import { watchDisk, type Happening } from '../reliability/kill-points/faulty-disk.ts';
import { MEMORY } from '../reliability/kill-points/memory.ts';

const top = mkdtempSync(join(MEMORY, 'edgefold-flush-'));
afterAll(() => {
  rmSync(top, { recursive: true });
});

let count = 0;
function oldOutput(): string {
  const folder = join(top, String(count++));
  mkdirSync(folder);
  writeFileSync(join(folder, 'out'), 'old');
  return join(folder, 'out');
}

const MEBIBYTE = 2 ** 20;
/** Pieces of 5 MiB, each of its own number, with an error of theirs behind `stop`. */
function* pieces(stop = Infinity): Generator<Uint8Array> {
  for (let i = 0; i < 8; i++) {
    if (i === stop) throw new EdgefoldError('FILE', 'no more');
    yield new Uint8Array(5 * MEBIBYTE).fill(i);
  }
}

/** Notes what is done to the folder; `change` says how a datasync ends. */
async function written(out: string, given: Iterable<Uint8Array>, change: (n: number) => Promise<void>) {
  const log: string[] = [];
  let flushes = 0;
  const happening: Happening = async ({ name }, proceed) => {
    log.push(name);
    if (name !== 'datasync') return proceed();
    try {
      await change(flushes++);
      return await proceed();
    } finally {
      log.push('settled');
    }
  };
  const stop = watchDisk(join(out, '..'), happening);
  const error = await writeFileWhole(out, given, { force: true }).then(() => undefined, (e: unknown) => e).finally(stop); // prettier-ignore
  return { log, message: error instanceof EdgefoldError ? error.message : error };
}

const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describe('an output of 40 MiB', () => {
  test('goes to the disk at 16 and 32 MiB, while more is written, and holds all pieces', async () => {
    const out = oldOutput();
    const { log } = await written(out, pieces(), () => later(5));
    const written40 = log.filter((name) => name === 'write').length;
    expect(written40).toBe(40);
    const flushes = log.flatMap((name, i) => (name === 'datasync' ? [log.slice(0, i).filter((each) => each === 'write').length] : [])); // prettier-ignore
    expect(flushes).toEqual([16, 32]);
    const firstDone = log.indexOf('settled');
    expect(log.slice(log.indexOf('datasync'), firstDone)).toContain('write');
    expect(log.lastIndexOf('settled')).toBeLessThan(log.indexOf('sync'));
    const bytes = readFileSync(out);
    expect(bytes.length).toBe(40 * MEBIBYTE);
    for (let i = 0; i < 8; i++) expect(bytes.subarray(5 * i * MEBIBYTE, 5 * (i + 1) * MEBIBYTE).every((byte) => byte === i)).toBe(true); // prettier-ignore
  });

  test.each([0, 1])('stays the old, with no draft, when going to the disk fails at the end of part %i', async (n) => {
    const out = oldOutput();
    const failing = async (flush: number) => {
      await later(1);
      if (flush === n) throw Object.assign(new Error('ENOSPC: injected'), { code: 'ENOSPC' });
    };
    const { message } = await written(out, pieces(), failing);
    expect(message).toMatch(/the disk is full/);
    expect(readFileSync(out, 'utf8')).toBe('old');
    expect(readdirSync(join(out, '..'))).toEqual(['out']);
  });

  test('is closed only when nothing goes to the disk any more, whatever failed first', async () => {
    const out = oldOutput();
    const failing = async () => {
      await later(50);
      throw Object.assign(new Error('EIO: injected'), { code: 'EIO' });
    };
    const { log, message } = await written(out, pieces(4), failing);
    expect(message).toContain('no more');
    expect(log.slice(log.indexOf('datasync'))).toEqual([
      ...'datasync write write write write settled close unlink'.split(' '),
    ]);
  });
});
