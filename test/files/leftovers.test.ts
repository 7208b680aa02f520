import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'; // prettier-ignore
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { draftBeside, isLeftover } from '../../src/files/draft.ts';
import { writeFileWhole, writeModelFiles } from '../../src/files/write.ts';
import { Graph } from '../../src/onnx/graph.ts';
import { float32 } from '../../src/tensor.ts';
import { bytes, fault, folder } from './support.ts';

/** The number of a process that is gone; one that lives may have been given it since, and was started at another time. */
const gone = (): number => spawnSync(process.execPath, ['-e', '']).pid;
const by = (path: string, pid: number): string => path.replace(`-${process.pid}-`, `-${pid}-`);

function model(weight: number): Graph {
  const graph = new Graph('model');
  graph.constant('w', float32([500], new Float32Array(500).fill(weight)));
  return graph;
}
const SPLIT = { maxInlineBytes: 0, force: true };
const dataIn = (path: string) => readdirSync(path).filter((name) => name.endsWith('.data'));

describe('what a killed run left', () => {
  test('goes with the next run into the folder; what lives, or looks otherwise, stays', async () => {
    const path = folder();
    const out = join(path, 'out');
    const dead = [
      by(draftBeside(out), gone()),
      by(draftBeside(join(path, 'other')), gone()),
      by(draftBeside(out), process.ppid),
    ];
    const elsewhere = draftBeside(out).replace(/-[0-9a-f]{8}-/, '-00000000-');
    const stay = [draftBeside(out), elsewhere, join(path, '.out.tmp'), join(path, '.out.edgefold-1-2-3-4.tmp')]; // prettier-ignore
    for (const each of [...dead, ...stay]) writeFileSync(each, '');
    mkdirSync(by(draftBeside(out), gone()));
    await writeFileWhole(out, [bytes('x')]);
    const left = readdirSync(path).filter((name) => name.startsWith('.'));
    expect(left.sort()).toEqual(stay.map((each) => basename(each)).sort()); // prettier-ignore
  });

  test('of another machine goes after a day', async () => {
    const path = draftBeside(join(folder(), 'out')).replace(/-[0-9a-f]{8}-/, '-00000000-');
    writeFileSync(path, '');
    expect(await isLeftover(path)).toBe(false);
    const before = new Date(Date.now() - 25 * 3600 * 1000);
    utimesSync(path, before, before);
    expect(await isLeftover(path)).toBe(true);
  });
});

describe('the data of a model that is replaced', () => {
  test('go only if that was asked for and nobody else refers to them', async () => {
    const path = folder();
    const out = join(path, 'out.onnx');
    await writeModelFiles(out, model(1), SPLIT);
    await writeModelFiles(out, model(2), SPLIT);
    expect(dataIn(path)).toHaveLength(2);
    writeFileSync(join(path, 'copy'), readFileSync(out));
    await writeModelFiles(out, model(3), { ...SPLIT, removeReplacedData: true });
    expect(dataIn(path)).toHaveLength(3);
    await writeModelFiles(out, model(4), { ...SPLIT, removeReplacedData: true });
    expect(dataIn(path)).toHaveLength(3);
  });

  test('stay as long as somebody else writes into the folder', async () => {
    const path = folder();
    const out = join(path, 'out.onnx');
    await writeModelFiles(out, model(1), SPLIT);
    const living = draftBeside(out);
    writeFileSync(living, '');
    await writeModelFiles(out, model(2), { ...SPLIT, removeReplacedData: true });
    expect(dataIn(path)).toHaveLength(2);
  });
});

describe('a file that is replaced', () => {
  test('keeps its permissions; a new one has what the umask leaves', async () => {
    const out = join(folder(), 'out');
    const umask = process.umask(0o027);
    await writeFileWhole(out, [bytes('1')]).finally(() => process.umask(umask));
    expect(statSync(out).mode & 0o777).toBe(0o640);
    for (const mode of [0o600, 0o666, 0o444]) {
      chmodSync(out, mode);
      await writeFileWhole(out, [bytes('2')], { force: true });
      expect(statSync(out).mode & 0o777).toBe(mode);
    }
  });

  test('stays what it was under its other names', async () => {
    const path = folder();
    linkSync(join(path, 'secret'), join(path, 'out'));
    await writeFileWhole(join(path, 'out'), [bytes('new')], { force: true });
    expect(readFileSync(join(path, 'secret'), 'utf8')).toBe('secret!!');
  });

  test('is the whole work of one of those who write it at the same time, and without force of the first', async () => {
    const path = folder();
    const out = join(path, 'out');
    const works = Array.from({ length: 8 }, (_, i) => bytes(String(i).repeat(100_000)));
    const ends = await Promise.allSettled(works.map((each) => writeFileWhole(out, [each])));
    const winners = ends.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []));
    expect(winners).toHaveLength(1);
    expect(new Uint8Array(readFileSync(out))).toEqual(works[winners[0]!]);
    await Promise.all(works.map((each) => writeFileWhole(out, [each], { force: true })));
    expect(readFileSync(out, 'utf8')).toMatch(/^(\d)\1{99999}$/);
    expect(readdirSync(path).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('may have a name as long as the file system allows', async () => {
    const out = join(folder(), 'ä'.repeat(125));
    await writeFileWhole(out, [bytes('x')]);
    expect(existsSync(out)).toBe(true);
    expect((await fault(() => writeFileWhole(`${out}aaaaaaaaa`, [bytes('x')])))[0]).toBe('FILE');
  });
});
