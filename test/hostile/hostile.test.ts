import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { corpus } from './corpus.ts';
import { KINDS, KINDS_ELSEWHERE } from './kinds.ts';
import { hasStrace, runCorpus, type CorpusRun } from './run-corpus.ts';
import { strayOpens } from './strace.ts';
import { traced, trespasses } from './trace.ts';

/** All with EDGEFOLD_HOSTILE=all; else every third file, which are more than a thousand. */
const EVERY = process.env.EDGEFOLD_HOSTILE === 'all' ? 1 : 3;
const MAX_MS = 1000;
const MAX_BYTES = 256 * 2 ** 20;
const PATIENCE_MS = 600_000;

const label = ({ kind, format, name }: { kind: number; format: string; name: string }) => `${kind} ${format}: ${name}`;

describe('the corpus', () => {
  test('has more than a thousand files, and each kind that is not tested elsewhere', () => {
    const files = corpus();
    expect(files.length / EVERY).toBeGreaterThan(1000);
    const made = new Set(files.map(({ kind }) => kind));
    const missing = [...KINDS.keys()].filter((kind) => !made.has(kind) && !KINDS_ELSEWHERE.has(kind));
    expect(missing).toEqual([]);
  });

  test('names each file once', () => {
    const labels = corpus().map(label);
    expect(new Set(labels).size).toBeGreaterThan(labels.length * 0.98);
  });

  test('says elsewhere only of tests that there are', () => {
    for (const path of KINDS_ELSEWHERE.values()) expect(existsSync(new URL(`../../${path}`, import.meta.url)), path).toBe(true); // prettier-ignore
  });
});

describe('every hostile file', () => {
  let run: CorpusRun;
  beforeAll(async () => {
    run = await runCorpus({ every: EVERY });
  }, PATIENCE_MS);

  test('leaves the process alive', () => {
    expect(run.deaths).toEqual([]);
    expect(run.results.length).toBeGreaterThan(1000);
  });

  test('is refused with an error of ours that says what is wrong, or gives the right answer', () => {
    const wrong = run.results.filter(({ complaint }) => complaint !== null);
    expect(wrong.map((result) => `${label(result)}: ${result.complaint ?? ''}`)).toEqual([]);
  });

  test('takes at most a second', () => {
    expect(run.results.filter(({ ms }) => ms > MAX_MS).map((result) => `${label(result)}: ${result.ms} ms`)).toEqual([]); // prettier-ignore
  });

  test('takes at most its size and 256 MB of memory', () => {
    const large = run.results.filter(({ grownBytes, sizeBytes }) => grownBytes > sizeBytes + MAX_BYTES);
    expect(large.map((result) => `${label(result)}: ${result.grownBytes}`)).toEqual([]);
  });

  test('has nothing outside its folder opened, and nothing written', () => {
    const outside = run.results.filter((result) => result.trespasses.length > 0 || result.isChanged);
    expect(outside.map((result) => `${label(result)}: ${result.trespasses.join(', ')}`)).toEqual([]);
  });
});

describe('watched by strace', () => {
  const reason = hasStrace() ? '' : ' [needs strace]';
  test.skipIf(!hasStrace())(`no hostile file has anything outside its folder opened${reason}`, async () => {
    const { results, deaths, strays } = await runCorpus({ every: 16 * EVERY, isTraced: true });
    expect({ deaths, strays }).toEqual({ deaths: [], strays: [] });
    expect(results.length).toBeGreaterThan(30);
  }, PATIENCE_MS); // prettier-ignore
});

describe('the watch', () => {
  const top = mkdtempSync(join(tmpdir(), 'edgefold-watch-'));
  afterAll(() => {
    rmSync(top, { recursive: true });
  });

  test('notes what is read and written, by whichever function', async () => {
    const trace = traced();
    await readFile(new URL(import.meta.url)).catch(() => undefined);
    readFileSync('/dev/null');
    writeFileSync(join(top, 'x'), 'x');
    trace.stop();
    const calls = trespasses(trace.accesses, top).map(({ call }) => call);
    // Some versions of Node call one of these functions from within another.
    expect(calls.filter((call) => call !== 'openSync')).toEqual(['readFile', 'readFileSync', 'writeFileSync to write']);
  });

  test('of strace finds a file outside, one behind a link and one that is written', () => {
    const log = [
      '1 openat(AT_FDCWD</>, "/edgefold-mark/7", O_RDONLY) = -1 ENOENT (No such file or directory)',
      '1 openat(AT_FDCWD</>, "/top/7/model/m.onnx", O_RDONLY) = 3</top/7/model/m.onnx>',
      '1 openat(AT_FDCWD</>, "/etc/hostname", O_RDONLY) = 3</etc/hostname>',
      '1 openat(AT_FDCWD</>, "/top/7/model/link", O_RDONLY) = 3</top/7/outside/secret.bin>',
      '1 openat(AT_FDCWD</>, "/top/7/model/new", O_WRONLY|O_CREAT) = 3</top/7/model/new>',
      '1 openat(AT_FDCWD</>, "/top/7/outside/no", O_RDONLY) = -1 ENOENT (No such file or directory)',
      '1 openat(AT_FDCWD</>, "/edgefold-mark/end", O_RDONLY) = -1 ENOENT (No such file or directory)',
      '1 openat(AT_FDCWD</>, "/etc/passwd", O_RDONLY) = 3</etc/passwd>',
    ].join('\n');
    expect(strayOpens(log, '/top').map((line) => /"([^"]*)"/.exec(line)?.[1])).toEqual(['/etc/hostname', '/top/7/model/link', '/top/7/model/new']); // prettier-ignore
  });

  test.skipIf(!hasStrace())('of strace sees what a process really opens', () => {
    const script = `const fs = require('fs'); try { fs.openSync('/edgefold-mark/7') } catch {} fs.readFileSync('/etc/hostname')`;
    const log = join(top, 'log');
    spawnSync('/usr/bin/strace', ['-f', '-y', '-qq', '--seccomp-bpf', '-e', 'trace=openat', '-o', log, process.execPath, '-e', script]); // prettier-ignore
    expect(strayOpens(readFileSync(log, 'utf8'), '/top').join()).toContain('/etc/hostname');
  });
});
