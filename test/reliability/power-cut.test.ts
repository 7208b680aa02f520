import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { watchDisk, type Operation } from './kill-points/faulty-disk.ts';
import { contentOf, KINDS, litter, write, type Kind } from './kill-points/outputs.ts';
import { MEMORY } from './kill-points/memory.ts';
import { afterPowerCut } from './kill-points/power-cut.ts';

const top = mkdtempSync(join(MEMORY, 'edgefold-power-'));
afterAll(() => {
  rmSync(top, { recursive: true });
});

let count = 0;
function fresh(): string {
  const folder = join(top, String(count++));
  mkdirSync(folder);
  return folder;
}

type Files = ReadonlyMap<string, Uint8Array>;
const filesOf = (folder: string): Files => new Map(readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))])); // prettier-ignore

/** What writing new over old does, in order, and the files before. */
async function recorded(kind: Kind, before: Kind | 'nothing') {
  const folder = fresh();
  if (before !== 'nothing') await write(before, 'old', folder);
  const files = filesOf(folder);
  const operations: Operation[] = [];
  const stop = watchDisk(folder, async (operation, proceed) => {
    operations.push({ ...operation, ...(operation.bytes && { bytes: operation.bytes.slice() }) });
    return proceed();
  });
  await write(kind, 'new', folder).finally(stop);
  return { files, operations, folder };
}

function layOut(state: Files): string {
  const folder = fresh();
  for (const [name, bytes] of state) writeFileSync(join(folder, name), bytes);
  return folder;
}

const isSync = ({ name }: Operation): boolean => name === 'sync';

describe('after a power cut', () => {
  test.each([
    ...KINDS.flatMap((kind) => [[kind, 'nothing'] as const, [kind, kind] as const]),
    ['inline', 'external'] as const,
    ['external', 'inline'] as const,
  ])(
    'the output is the old or the new, whatever of the unsynchronised is on the disk: %s over %s',
    async (kind, before) => {
      const { files, operations } = await recorded(kind, before);
      const seen = new Set<string | undefined>();
      let states = 0;
      for (const state of afterPowerCut(files, operations)) {
        const folder = layOut(state);
        seen.add(contentOf(kind, folder));
        rmSync(folder, { recursive: true });
        states++;
      }
      console.log(`${kind} over ${before}: ${states} states of the disk`);
      expect(seen).toEqual(new Set([before === 'nothing' ? undefined : 'old', 'new']));
    },
  );

  test.each(KINDS)('the output is the new when the run has ended: %s', async (kind) => {
    const { files, operations } = await recorded(kind, kind);
    const done = [...afterPowerCut(files, operations, operations.length)];
    for (const state of done) expect(contentOf(kind, layOut(state))).toBe('new');
    expect(litter(kind, layOut(done.at(-1)!))).toEqual([]);
  });

  // What the model of a disk must not let pass.
  test('the output may be torn or missing if nothing were synchronised', async () => {
    for (const kind of KINDS) {
      const { files, operations } = await recorded(kind, kind);
      const states = [...afterPowerCut(files, operations.filter((operation) => !isSync(operation)))]; // prettier-ignore
      expect(() => states.map((state) => contentOf(kind, layOut(state)))).toThrow();
    }
  });
});
