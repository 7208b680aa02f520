import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(ROOT, 'dist/cli/main.js');
const STAMP = join(ROOT, 'dist/.built-for-tests');
const LOCK = join(ROOT, 'dist/.building-for-tests');
const BUILD_MS = 120_000;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly stdin?: Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the built command line in a process of its own, as a user does. */
export async function edgefold(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const child = spawn(process.execPath, [await builtCli(), ...args], {
    cwd: options.cwd ?? ROOT,
    env: { ...process.env, ...options.env },
  });
  const read = async (stream: NodeJS.ReadableStream) => {
    let text = '';
    for await (const chunk of stream.setEncoding('utf8')) text += chunk as string;
    return text;
  };
  child.stdin.on('error', () => undefined).end(options.stdin ?? '');
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [stdout, stderr, code] = await Promise.all([read(child.stdout), read(child.stderr), ended]);
  return { code, stdout, stderr };
}

/** `dist/cli/main.js`, built again where a source is newer: `npm test` builds before, vitest alone does not. */
export async function builtCli(): Promise<string> {
  while (!isFresh()) {
    if (lock()) build();
    else await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return MAIN;
}

function isFresh(): boolean {
  if (existsSync(LOCK)) return false;
  const built = [STAMP, MAIN].flatMap((path) => (existsSync(path) ? [statSync(path).mtimeMs] : []));
  return existsSync(MAIN) && Math.max(...built) > newest(join(ROOT, 'src'));
}

function newest(folder: string): number {
  const times = readdirSync(folder, { withFileTypes: true }).map((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? newest(path) : statSync(path).mtimeMs;
  });
  return Math.max(0, ...times);
}

/** Test files run in processes of their own; one of them builds, the others wait. */
function lock(): boolean {
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  try {
    mkdirSync(LOCK);
    return true;
  } catch {
    const isAbandoned = existsSync(LOCK) && Date.now() - statSync(LOCK).mtimeMs > BUILD_MS;
    if (isAbandoned) rmSync(LOCK, { recursive: true, force: true });
    return false;
  }
}

function build(): void {
  const begun = new Date();
  try {
    const steps = [
      ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--noCheck'],
      ['scripts/copy-proto.mjs'],
    ];
    for (const step of steps) {
      const { status, stdout } = spawnSync(process.execPath, step, { cwd: ROOT, encoding: 'utf8' });
      if (status !== 0) throw new Error(`${step.join(' ')} failed: ${stdout}`);
    }
    writeFileSync(STAMP, '');
    utimesSync(STAMP, begun, begun);
  } finally {
    rmSync(LOCK, { recursive: true, force: true });
  }
}

/** A folder that goes when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'edgefold-test-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** A path in the repository. */
export function repositoryPath(name: string): string {
  return join(ROOT, name);
}
