import { readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { ModelSource } from '../model.ts';
import type { ThreadChoice } from '../threads.ts';

/**
 * Below this, a second thread costs more than it brings. It is counted for a batch of 1, and where one brings little at
 * that size it nearly halves the time of a larger batch.
 */
const MULTIPLICATIONS_PER_THREAD = 2e6;

/** Larger files are not read for the sake of it: whoever has as many weights multiplies by most of them. */
const MAX_FILE_BYTES = 2 ** 26;

/** One thread for a small model, a core for each two million multiplications of a larger one. */
export async function chooseThreads(source: ModelSource): Promise<ThreadChoice> {
  const cores = physicalCores();
  if (cores === 1) return { threads: 1, reason: 'there is one core' };
  const bytes = typeof source === 'string' ? await smallFile(source) : source;
  if (!bytes) return { threads: cores, reason: 'the model is large: all cores' };
  const multiplications = await costOf(bytes);
  if (multiplications === undefined) return { threads: 1, reason: 'what a run takes is not known' };
  const threads = Math.max(1, Math.min(cores, Math.ceil(multiplications / MULTIPLICATIONS_PER_THREAD)));
  return { threads, reason: `a run takes ${words(multiplications)} multiplications, and there are ${String(cores)} cores` };
} // prettier-ignore

async function smallFile(path: string): Promise<Uint8Array | undefined> {
  return (await stat(path)).size > MAX_FILE_BYTES ? undefined : readFile(path);
}

/** A model that cannot be read is for onnxruntime to refuse. */
async function costOf(bytes: Uint8Array): Promise<number | undefined> {
  const [{ readOnnx }, { multiplicationsOf }] = await Promise.all([
    import('../../onnx/read.ts'),
    import('../../onnx/shapes/cost.ts'),
  ]);
  try {
    return multiplicationsOf(readOnnx(bytes));
  } catch {
    return undefined;
  }
}

const words = (count: number): string =>
  count.toLocaleString('en', { notation: 'compact', maximumSignificantDigits: 2 });

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
