import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readOnnxFile, writeModelFiles } from '../../src/node.ts';
import { edgefold, MAIN, repositoryPath } from '../support/cli.ts';
import { MEMORY } from './kill-points/memory.ts';

const folder = mkdtempSync(join(MEMORY, 'edgefold-killed-'));
const SOURCE = join(folder, 'model.h5');
const OUTPUT = join(folder, 'out.onnx');
const command = (...options: string[]) => ['export', SOURCE, '-o', OUTPUT, '--force', '--no-verify', ...options];

/** The model that was there, with its weights in a file beside it, and the one that takes its place. */
let [old, next] = [Buffer.alloc(0), Buffer.alloc(0)];
let source = Buffer.alloc(0);
let wholeMs = 0;
const here = (): string[] => readdirSync(folder).sort();

async function putOld(): Promise<void> {
  const options = { force: true, removeReplacedData: true, maxInlineBytes: 0 };
  await writeModelFiles(OUTPUT, await readOnnxFile(join(folder, 'keep')), options);
}

beforeAll(async () => {
  cpSync(repositoryPath('models/digits/norm-before-activation/model.h5'), SOURCE);
  source = readFileSync(SOURCE);
  expect(await edgefold(command('--no-fold'))).toMatchObject({ code: 0, stderr: '' });
  cpSync(OUTPUT, join(folder, 'keep'));
  const start = performance.now();
  expect(await edgefold(command())).toMatchObject({ code: 0, stderr: '' });
  wholeMs = performance.now() - start;
  next = readFileSync(OUTPUT);
  await putOld();
  old = readFileSync(OUTPUT);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** When a signal is sent: after a share of the time that an export takes, or when its n-th file is made or renamed. */
type Moment = { readonly share: number } | { readonly change: number };

/** Starts an export, and ends it. @returns how it ended. */
async function exportUntil(signal: NodeJS.Signals, moment: Moment): Promise<number | string> {
  let changes = 0;
  const watcher = watch(folder, () => {
    if ('change' in moment && changes++ === moment.change) child.kill(signal);
  });
  const child = spawn(process.execPath, [MAIN, ...command()], { stdio: 'ignore' });
  const timer = 'share' in moment ? setTimeout(() => child.kill(signal), wholeMs * moment.share) : undefined;
  const how = await new Promise<number | string>((resolve) => child.on('close', (code, by) => { resolve(by ?? code!); })); // prettier-ignore
  clearTimeout(timer);
  watcher.close();
  return how;
}

const MOMENTS: readonly Moment[] = [
  ...[0.3, 0.6, 0.8, 0.95].map((share) => ({ share })),
  // A draft, its bytes, the journal, its bytes, the new name, and what is tidied up.
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((change) => ({ change })),
];

describe('an export that is ended from outside', () => {
  test.each(['SIGKILL', 'SIGINT'] as const)(
    'by %s leaves the old model or the new, and the next run no litter',
    { timeout: 120_000 },
    async (signal) => {
      const ends: (number | string)[] = [];
      for (const moment of MOMENTS) {
        await putOld();
        const how = await exportUntil(signal, moment);
        ends.push(how);
        const found = readFileSync(OUTPUT);
        if (how === 0 || how === 130) expect(found.equals(next)).toBe(true);
        else expect([old, next].some((each) => each.equals(found))).toBe(true);
        // What the model refers to is there.
        const graph = await readOnnxFile(OUTPUT);
        for (const { constant } of graph.initializers) constant!.tensor();
        expect(readFileSync(SOURCE).equals(source)).toBe(true);
      }
      console.log(`${signal}: ${ends.join(', ')}`);
      expect(ends.some((how) => how === (signal === 'SIGINT' ? 130 : signal))).toBe(true);
      expect(await edgefold(command())).toMatchObject({ code: 0, stderr: '' });
      expect(here()).toEqual(['keep', 'model.h5', 'out.onnx']);
      expect(readFileSync(OUTPUT).equals(next)).toBe(true);
    },
  );
});
