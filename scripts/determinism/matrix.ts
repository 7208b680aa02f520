import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'; // prettier-ignore
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DIGITS = join(ROOT, 'models/digits/norm-before-activation');
const PIECES = join(ROOT, 'scripts/determinism/pieces.ts');

/** Under what the same work is done. */
export interface Condition {
  readonly name: string;
  /** A program that runs Node; this one by default. */
  readonly node?: string;
  readonly nodeOptions?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly umask?: number;
  /** A folder for the files, below a temporary one. */
  readonly folder?: string;
  readonly paths?: 'absolute' | 'relative';
  /** Makes the files of a folder in the other order. */
  readonly isReversed?: boolean;
}

export const CONDITIONS: readonly Condition[] = [
  { name: 'as it is' },
  { name: 'again' },
  { name: 'absolute paths', paths: 'absolute' },
  { name: 'another folder', folder: 'ein anderer/Ordner ☃ with spaces' },
  { name: 'files made in another order', isReversed: true },
  { name: 'Turkish, Kiribati time', env: { LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8', TZ: 'Pacific/Kiritimati' } },
  { name: 'C, another zone, no colours', env: { LC_ALL: 'C', LANG: 'C', TZ: 'America/St_Johns', NO_COLOR: '1' } },
  { name: 'umask 077', umask: 0o077 },
  { name: 'one thread of libuv', env: { UV_THREADPOOL_SIZE: '1', OMP_NUM_THREADS: '1' } },
  { name: 'sixteen threads of libuv', env: { UV_THREADPOOL_SIZE: '16' } },
  { name: 'little memory', nodeOptions: ['--max-old-space-size=128'] },
  { name: 'no optimizing compiler', nodeOptions: ['--no-opt'] },
];

/** What is made, in order: later works read what earlier ones have written. */
const WORKS: readonly (readonly string[])[] = [
  ['export', 'model.keras', '-o', 'keras.onnx', '--no-verify'],
  ['export', 'model.keras', '-o', 'unfolded.onnx', '--no-verify', '--no-fold'],
  ['export', 'model.h5', '-o', 'h5.onnx', '--no-verify'],
  ['export', 'model-keras2.h5', '-o', 'keras2.onnx', '--no-verify'],
  ['export', 'tfjs', '-o', 'tfjs.onnx', '--no-verify'],
  ['export', 'tfjs-uint8', '-o', 'tfjs-uint8.onnx', '--no-verify'],
  ['fold', 'unfolded.onnx', '-o', 'folded.onnx', '--no-verify'],
  ['types', 'folded.onnx', '-o', 'folded.ts'],
];

/** SHA-256 of every file that the works make under a condition, by name. */
export async function hashesUnder(condition: Condition): Promise<Map<string, string>> {
  const top = mkdtempSync(join(tmpdir(), 'edgefold-same-'));
  try {
    const folder = join(top, condition.folder ?? 'work');
    layOut(folder, condition.isReversed ?? false);
    const before = new Set(readdirSync(folder));
    for (const work of WORKS) run(condition, join(ROOT, 'dist/cli/main.js'), work.map((word) => placed(word, folder, condition)), folder); // prettier-ignore
    const pieces = join(top, 'pieces.mjs');
    await bundle(pieces);
    run(condition, pieces, ['folded.onnx', 'pieces.onnx'], folder);
    const made = readdirSync(folder).filter((name) => !before.has(name)).sort(); // prettier-ignore
    return new Map(made.map((name) => [name, sha256(readFileSync(join(folder, name)))]));
  } finally {
    rmSync(top, { recursive: true });
  }
}

/** One hash of all. */
export const hashOf = (hashes: ReadonlyMap<string, string>): string => sha256(JSON.stringify([...hashes]));

const sha256 = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex');

function layOut(folder: string, isReversed: boolean): void {
  mkdirSync(folder, { recursive: true });
  const names = ['model.keras', 'model.h5', 'model-keras2.h5', 'tfjs', 'tfjs-uint8'];
  for (const name of isReversed ? names.reverse() : names) {
    if (!name.startsWith('tfjs')) copyFileSync(join(DIGITS, name), join(folder, name));
    else copyFolder(join(DIGITS, name), join(folder, name), isReversed);
  }
}

function copyFolder(from: string, to: string, isReversed: boolean): void {
  mkdirSync(to);
  const names = readdirSync(from).sort();
  for (const name of isReversed ? names.reverse() : names) cpSync(join(from, name), join(to, name));
  if (isReversed) writeFileSync(join(to, 'another-file.bin'), 'not of the model');
}

/** Words that name files, absolute if the condition says so. */
const placed = (word: string, folder: string, { paths }: Condition): string =>
  paths === 'absolute' && /^[a-z0-9-]+(\.[a-z0-9]+)?$/.test(word) && (word.includes('.') || word.startsWith('tfjs')) ? join(folder, word) : word; // prettier-ignore

function run(condition: Condition, script: string, args: readonly string[], cwd: string): void {
  const { node = process.execPath, nodeOptions = [], env = {}, umask } = condition;
  const old = umask === undefined ? undefined : process.umask(umask);
  try {
    execFileSync(node, [...nodeOptions, script, ...args], { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] }); // prettier-ignore
  } finally {
    if (old !== undefined) process.umask(old);
  }
}

async function bundle(outfile: string): Promise<void> {
  const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" };
  await build({ entryPoints: [PIECES], outfile, banner, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' }); // prettier-ignore
}

/** Programs of other versions that `npm run determinism` has installed. */
export const NODES = join(tmpdir(), 'edgefold-nodes');
export const VERSIONS = [20, 22, 24] as const;
export const programOf = (version: number): string => join(NODES, String(version), 'node_modules/node/bin/node');
export const installed = (): number[] => VERSIONS.filter((version) => existsSync(programOf(version)));

/** Where two lists of hashes part. */
export function differences(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): string[] {
  const names = new Set([...one.keys(), ...other.keys()]);
  return [...names].filter((name) => one.get(name) !== other.get(name)).map((name) => relative('', name));
}
