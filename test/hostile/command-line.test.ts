import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { EdgefoldError } from '../../src/errors.ts';
import { load } from '../../src/node.ts';
import { MAIN } from '../support/cli.ts';
import { corpus } from './corpus.ts';
import type { Format, HostileFile } from './hostile-file.ts';
import { inventory, lay } from './lay.ts';

/** Of each kind that is refused one file: all with EDGEFOLD_HOSTILE=all, else every fourth. */
const EVERY = process.env.EDGEFOLD_HOSTILE === 'all' ? 1 : 4;
const PATIENCE_MS = 20_000;
const INPUTS: ReadonlySet<Format> = new Set(['png', 'npy', 'idx', 'json-input']);

const files = corpus();
const good = files.find(({ format, expected }) => format === 'onnx' && 'answer' in expected)!;
const first = new Map(files.filter(({ expected }) => 'refused' in expected).map((file) => [file.kind, file]).reverse() as [number, HostileFile][]); // prettier-ignore
const chosen = [...first.values()].sort((a, b) => a.kind - b.kind);
const isOnnx = ({ format }: HostileFile) => format.startsWith('onnx');

const top = mkdtempSync(join(tmpdir(), 'edgefold-hostile-cli-'));
afterAll(() => {
  rmSync(top, { recursive: true });
});

/** The folders of a hostile file and of a good model beside it. */
function laid(file: HostileFile, index: string) {
  const folder = join(top, index);
  lay(file.make(), join(folder, 'model'));
  lay(good.make(), join(folder, 'good'));
  return { folder, bad: join(folder, 'model', file.main), fine: join(folder, 'good', good.main) };
}

type Paths = ReturnType<typeof laid>;
/** The verbs that write refuse every file; the others may show, or find different, what is wrong in a weight alone. */
const WRITING: readonly string[] = ['export', 'fold'];
const ONNX_VERBS: readonly ((paths: Paths) => readonly string[])[] = [
  ({ bad }) => ['fold', bad],
  ({ bad }) => ['inspect', bad],
  ({ bad }) => ['run', bad],
  ({ bad, fine }) => ['verify', bad, fine],
  ({ bad, fine }) => ['verify', fine, bad],
  ({ bad, fine }) => ['bisect', bad, fine],
];
const SOURCE_VERBS: typeof ONNX_VERBS = [
  ({ bad }) => ['export', bad],
  ({ bad }) => ['inspect', bad],
  ({ bad }) => ['run', bad],
  ({ bad, fine }) => ['verify', bad, fine],
];

/** Verbs in turn, so that each meets many kinds, and with all files the one that writes meets each. */
function commandsFor(file: HostileFile, index: number, paths: Paths): (readonly string[])[] {
  if (INPUTS.has(file.format)) return [['run', paths.fine, '--input', paths.bad]];
  const verbs = isOnnx(file) ? ONNX_VERBS : SOURCE_VERBS;
  const places = new Set(EVERY === 1 ? [0, 1 + (index % (verbs.length - 1))] : [Math.floor(index / EVERY) % verbs.length]); // prettier-ignore
  return [...places].map((place) => verbs[place]!(paths));
}

describe('the command line', () => {
  const some = chosen.map((file, index) => ({ file, index })).filter(({ index }) => index % EVERY === 0);

  test('meets many kinds', () => {
    expect(chosen.length).toBeGreaterThan(60);
  });

  test.each(some.map(({ file, index }) => [file.kind, file.format, file.name, file, index] as const))(
    'refuses %i %s: %s',
    (_kind, _format, _name, file, index) => {
      const paths = laid(file, String(index));
      for (const command of commandsFor(file, index, paths)) {
        const before = inventory(paths.folder);
        const { status, signal, stderr, stdout } = spawnSync(process.execPath, [MAIN, ...command], { cwd: join(paths.folder, 'good'), encoding: 'utf8', timeout: PATIENCE_MS }); // prettier-ignore
        const shown = command.join(' ');
        expect({ signal, isChanged: inventory(paths.folder) !== before }, shown).toEqual({ signal: null, isChanged: false }); // prettier-ignore
        expect(WRITING.includes(command[0]!) ? [1, 2] : [0, 1, 2], shown).toContain(status);
        if (status === 1) expect({ stdout, stderr }, shown).toEqual({ stdout: '', stderr: expect.stringMatching(/^error: [^\n]*\n$/) as string }); // prettier-ignore
        expect(stderr, shown).not.toMatch(/fault of Edgefold|\n {4}at /);
      }
    },
    2 * PATIENCE_MS,
  );
});

describe('load()', () => {
  test('refuses hostile ONNX files with an error of ours, or loads what onnxruntime takes', async () => {
    const onnx = chosen.filter(isOnnx).filter((_, index) => index % EVERY === 0);
    for (const [index, file] of onnx.entries()) {
      const { bad, folder } = laid(file, `load-${index}`);
      const before = inventory(folder);
      const fault = await load(bad).then((model) => model.dispose(), (error: unknown) => error); // prettier-ignore
      expect(fault === undefined || fault instanceof EdgefoldError, `${file.name}: ${String(fault)}`).toBe(true);
      expect(inventory(folder), file.name).toBe(before);
    }
  }, 60_000); // prettier-ignore
});
