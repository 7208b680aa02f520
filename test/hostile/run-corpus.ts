import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { strayOpens } from './strace.ts';
import type { Result } from './worker.ts';

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));
const STRACE = '/usr/bin/strace';

export const hasStrace = (): boolean => existsSync(STRACE);

export interface CorpusRun {
  readonly results: readonly Result[];
  /** How the processes ended that did not end well: what they died of, and what they said. */
  readonly deaths: readonly string[];
  /** What strace saw opened that is neither the model's nor the program's own. */
  readonly strays: readonly string[];
}

export interface CorpusOptions {
  /** So many processes side by side. */
  readonly processes?: number;
  /** One file of so many is taken. */
  readonly every?: number;
  /** Every call of the system is watched, those of libraries included. */
  readonly isTraced?: boolean;
}

/** Takes the corpus through all readers, in processes of their own. */
export async function runCorpus({
  processes = 2,
  every = 1,
  isTraced = false,
}: CorpusOptions = {}): Promise<CorpusRun> {
  // prettier-ignore
  const top = mkdtempSync(join(tmpdir(), 'edgefold-hostile-'));
  try {
    const shares = Array.from({ length: processes }, (_, share) => runShare(share * every, processes * every, join(top, String(share)), isTraced)); // prettier-ignore
    const runs = await Promise.all(shares);
    return { results: runs.flatMap(({ results }) => results), deaths: runs.flatMap(({ deaths }) => deaths), strays: runs.flatMap(({ strays }) => strays) }; // prettier-ignore
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
}

async function runShare(share: number, of: number, top: string, isTraced: boolean): Promise<CorpusRun> {
  const command = [process.execPath, '--expose-gc', '--import', 'tsx', WORKER, String(share), String(of), top];
  const log = `${top}.strace`;
  const watched = [STRACE, '-f', '-y', '-qq', '-s', '4096', '--seccomp-bpf', '-e', 'trace=openat,openat2,open,creat,connect', '-o', log, ...command]; // prettier-ignore
  const [program, ...args] = isTraced ? watched : command;
  const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<string>((resolve) => child.on('close', (code, signal) => { resolve(signal ?? String(code)); })); // prettier-ignore
  const [stdout, stderr, how] = await Promise.all([textOf(child.stdout), textOf(child.stderr), ended]);
  const results = stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Result); // prettier-ignore
  const deaths = how === '0' ? [] : [`${how} after file ${results.at(-1)?.index ?? 'none'}: ${stderr.slice(-2000)}`];
  return { results, deaths, strays: isTraced ? strayOpens(readFileSync(log, 'utf8'), top) : [] };
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += chunk as string;
  return text;
}
