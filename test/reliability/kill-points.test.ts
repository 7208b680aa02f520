import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { EdgefoldError } from '../../src/errors.ts';
import { FAULTS, failing, watchDisk, type Fault } from './kill-points/faulty-disk.ts';
import { contentOf, KINDS, litter, nameOf, write, type Kind } from './kill-points/outputs.ts';
import { MEMORY } from './kill-points/memory.ts';
import { bundled, ended } from './kill-points/spawned.ts';

const top = mkdtempSync(join(MEMORY, 'edgefold-kill-'));
afterAll(() => {
  rmSync(top, { recursive: true });
});

/** What there is before: nothing, or an older output, which may have been written another way. */
type Before = Kind | 'nothing';
const CASES: readonly (readonly [Kind, Before])[] = [
  ...KINDS.flatMap((kind) => [[kind, 'nothing'] as const, [kind, kind] as const]),
  ['inline', 'external'],
  ['external', 'inline'],
];
/** Those that differ in what a process does; each point costs a process. */
const KILLED = CASES.filter(([kind, before]) => kind === 'external' || before === 'external' || kind === before);

let count = 0;
async function layOut(before: Before): Promise<string> {
  const folder = join(top, String(count++));
  mkdirSync(folder);
  if (before !== 'nothing') await write(before, 'old', folder);
  writeFileSync(join(folder, 'input.onnx'), 'input');
  return folder;
}

/** Old or new, the input as it was, and after the next run nothing else. */
async function checkSurvival(kind: Kind, before: Before, folder: string, isDone: boolean): Promise<void> {
  const content = contentOf(kind, folder);
  if (isDone) expect(content).toBe('new');
  else expect([before === 'nothing' ? undefined : 'old', 'new']).toContain(content);
  await write(kind, 'new', folder);
  expect(contentOf(kind, folder)).toBe('new');
  expect(litter(kind, folder)).toEqual(['input.onnx']);
  expect(readFileSync(join(folder, 'input.onnx'), 'utf8')).toBe('input');
}

/** @returns whether the output was written; `undefined` when there is no n-th operation. */
async function failAt(kind: Kind, folder: string, fault: Fault, n: number): Promise<boolean | undefined> {
  const { happening, count: done } = failing(fault, n);
  const stop = watchDisk(folder, happening);
  try {
    await write(kind, 'new', folder);
    return done() > n ? true : undefined;
  } catch (error) {
    if (!(error instanceof EdgefoldError)) throw error;
    expect(error.code).toBe('FILE');
    expect(error.where).toBe(join(folder, nameOf(kind)));
    return false;
  } finally {
    stop();
  }
}

describe('an output whose n-th operation fails', () => {
  test.each(CASES)(
    'is the old or the new (%s over %s), for every n and every error',
    { timeout: 180_000 },
    async (kind, before) => {
      const points = { all: 0, failed: 0 };
      for (const fault of FAULTS) {
        for (let n = 0; ; n++) {
          const folder = await layOut(before);
          const isDone = await failAt(kind, folder, fault, n);
          if (isDone === undefined) break;
          await checkSurvival(kind, before, folder, isDone);
          points.all++;
          points.failed += isDone ? 0 : 1;
        }
      }
      console.log(`${kind} over ${before}: ${points.all} points, ${points.failed} of them failed the run`);
      expect(points.all).toBeGreaterThan(kind === 'external' ? 120 : 40);
      expect(points.failed).toBeGreaterThan(points.all / 3);
    },
  );
});

/** All of them with `EDGEFOLD_KILL_POINTS=all`, else a third, in each case another one; each costs a process. */
const SPACING = process.env.EDGEFOLD_KILL_POINTS === 'all' ? 1 : 3;
let cases = 0;
const chosen = (points: number): number[] => {
  const first = cases++ % SPACING;
  return Array.from({ length: points }, (_, n) => n).filter((n) => n % SPACING === first || n === points - 1);
};

describe('an output whose process ends at the n-th operation', () => {
  const script = bundled('victim.ts', top);

  async function operations(kind: Kind, before: Before): Promise<number> {
    const folder = await layOut(before);
    const { happening, count: done } = failing('kill-before', Infinity);
    const stop = watchDisk(folder, happening);
    await write(kind, 'new', folder).finally(stop);
    return done();
  }

  /** @returns how many operations there are to be ended at. */
  async function endAtEach(kind: Kind, before: Before, fault: Fault, expected: number | string): Promise<number> {
    const points = await operations(kind, before);
    for (const n of [...chosen(points), points]) {
      const folder = await layOut(before);
      const how = await ended([await script, kind, folder, fault, String(n)]);
      expect(how).toBe(n === points ? 0 : expected);
      await checkSurvival(kind, before, folder, n === points || fault.startsWith('SIG'));
    }
    return points;
  }

  // To be killed after an operation is to be killed before the next.
  test.each(KILLED)('by SIGKILL is the old or the new: %s over %s', { timeout: 180_000 }, async (kind, before) => {
    const points = await endAtEach(kind, before, 'kill-before', 'SIGKILL');
    console.log(`${kind} over ${before}: ${points} moments to be killed at`);
    expect(points).toBeGreaterThan(kind === 'external' ? 18 : 9);
  });

  test.each([
    ['inline', 'SIGTERM', 143],
    ['inline', 'SIGINT', 130],
    ['external', 'SIGINT', 130],
    ['report', 'SIGINT', 130],
  ] as const)('is the new, whole: %s after %s', { timeout: 180_000 }, async (kind, signal, code) => {
    expect(await endAtEach(kind, kind, signal, code)).toBeGreaterThan(9);
  });
});
