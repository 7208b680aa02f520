import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'; // prettier-ignore
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { formatFolder } from '../../test/export/read/formats.ts';
import { MEMORY } from '../../test/reliability/kill-points/memory.ts';

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

interface Work {
  readonly args: readonly string[];
  /** Keeps what it prints. */
  readonly printed?: string;
}

const made = (source: string, output: string, ...options: string[]): Work => ({ args: ['export', source, '-o', output, '--no-verify', ...options] }); // prettier-ignore

/** What is made, in order: later works read what earlier ones have written. */
const BRIEF: readonly Work[] = [
  made('saved-model', 'saved-model.onnx'),
  made('tfjs-uint8', 'unfolded.onnx', '--no-fold'),
  { args: ['fold', 'unfolded.onnx', '-o', 'folded.onnx', '--no-verify'] },
  { args: ['verify', 'unfolded.onnx', 'folded.onnx', '--report', 'report.html', '--json'], printed: 'verify.json' },
];

export const WORKS: Readonly<Record<'brief' | 'all', readonly Work[]>> = {
  brief: BRIEF,
  all: [
    ...BRIEF,
    made('model.keras', 'keras.onnx'),
    made('model.h5', 'h5.onnx'),
    made('model-keras2.h5', 'keras2.onnx'),
    made('tfjs', 'tfjs.onnx'),
    made('tfjs-uint8', 'tfjs-uint8.onnx'),
    { args: ['inspect', 'unfolded.onnx', '--json'], printed: 'inspect.json' },
    { args: ['types', 'folded.onnx', '-o', 'folded.ts'] },
  ],
};

/** SHA-256 of every file that the works make under a condition, by name. */
export async function hashesUnder(condition: Condition, works: keyof typeof WORKS): Promise<Map<string, string>> {
  const top = mkdtempSync(join(MEMORY, 'edgefold-same-'));
  try {
    const folder = join(top, condition.folder ?? 'work');
    layOut(folder, condition.isReversed ?? false);
    const before = new Set(readdirSync(folder));
    for (const { args, printed } of WORKS[works]) {
      const words = printed === undefined ? args.map((word) => placed(word, folder, condition)) : args;
      const text = run(condition, join(ROOT, 'dist/cli/main.js'), words, folder);
      if (printed !== undefined) writeFileSync(join(folder, printed), withoutTimes(text.toString()));
    }
    const pieces = join(top, 'pieces.mjs');
    await bundle(pieces);
    run(condition, pieces, ['folded.onnx', 'pieces.onnx'], folder);
    const names = readdirSync(folder).filter((name) => !before.has(name)).sort(); // prettier-ignore
    return new Map(names.map((name) => [name, sha256(readFileSync(join(folder, name)))]));
  } finally {
    rmSync(top, { recursive: true });
  }
}

/** What a run took is measured, and differs. */
const withoutTimes = (text: string): string => text.replaceAll(/"ms": \{[^}]*\}/g, '"ms": {}');

/** One hash of all. */
export const hashOf = (hashes: ReadonlyMap<string, string>): string => sha256(JSON.stringify([...hashes]));

const sha256 = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex');

function layOut(folder: string, isReversed: boolean): void {
  mkdirSync(folder, { recursive: true });
  const names = ['model.keras', 'model.h5', 'model-keras2.h5', 'tfjs', 'tfjs-uint8'];
  for (const name of inOrder(names, isReversed)) {
    if (!name.startsWith('tfjs')) copyFileSync(join(DIGITS, name), join(folder, name));
    else copyFolder(join(DIGITS, name), join(folder, name), isReversed);
  }
  for (const [name, bytes] of inOrder(Object.entries(formatFolder('keras2/saved_model')), isReversed)) {
    const path = join(folder, 'saved-model', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
}

const inOrder = <T>(list: T[], isReversed: boolean): T[] => (isReversed ? list.reverse() : list);

function copyFolder(from: string, to: string, isReversed: boolean): void {
  mkdirSync(to);
  const names = readdirSync(from).sort();
  for (const name of inOrder(names, isReversed)) cpSync(join(from, name), join(to, name));
  if (isReversed) writeFileSync(join(to, 'another-file.bin'), 'not of the model');
}

/** Words that name files, absolute if the condition says so. */
const placed = (word: string, folder: string, { paths }: Condition): string =>
  paths === 'absolute' && /^[a-z0-9-]+(\.[a-z0-9]+)?$/.test(word) && (word.includes('.') || /^(tfjs|saved-model)/.test(word)) ? join(folder, word) : word; // prettier-ignore

/** @returns what it prints. @throws if it fails, or says anything on standard error. */
function run(condition: Condition, script: string, args: readonly string[], cwd: string): Buffer {
  const { node = process.execPath, nodeOptions = [], env = {}, umask } = condition;
  const old = umask === undefined ? undefined : process.umask(umask);
  try {
    const { status, stdout, stderr } = spawnSync(node, [...nodeOptions, script, ...args], { cwd, env: { ...process.env, ...env }, maxBuffer: 2 ** 26 }); // prettier-ignore
    if (status !== 0 || stderr.length > 0) throw new Error(`${args.join(' ')}: exit code ${status}: ${stderr.toString()}`); // prettier-ignore
    return stdout;
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
  return [...names].filter((name) => one.get(name) !== other.get(name));
}
