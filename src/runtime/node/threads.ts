import { readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { ThreadPolicy } from '../choose-threads.ts';
import { threadsOfWebAssembly } from '../threads.ts';

export const threadPolicy: ThreadPolicy = {
  limit: (provider) => {
    if (provider === 'wasm') return threadsOfWebAssembly(availableParallelism());
    const threads = physicalCores();
    return { threads, reason: threads === 1 ? 'there is one core' : `there are ${String(threads)} cores` };
  },
  read: async (source, maxBytes) => {
    if (typeof source !== 'string') return source.length > maxBytes ? undefined : source;
    return (await stat(source)).size > maxBytes ? undefined : readFile(source);
  },
};

let known: number | undefined;

/** Two threads on one core share its arithmetic, so they bring nothing. Only Linux tells without native code. */
export function physicalCores(): number {
  return (known ??= Math.max(1, Math.min(availableParallelism(), coresOfLinux() ?? availableParallelism())));
}

/** Pairs of `physical id` and `core id` in `/proc/cpuinfo`; ARM has none, and no two threads on a core. */
function coresOfLinux(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const processors = readFileSync('/proc/cpuinfo', 'utf8').split('\n\n');
    const idOf = (text: string) => [/^physical id\s*: (\d+)/m, /^core id\s*: (\d+)/m].map((field) => field.exec(text)?.[1]).join();
    return new Set(processors.filter((text) => /^core id/m.test(text)).map(idOf)).size || undefined;
  } catch {
    return undefined;
  }
} // prettier-ignore
