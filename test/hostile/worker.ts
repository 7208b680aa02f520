/**
 * Takes a share of the corpus through everything that reads files, in a process of its own, and prints a line of JSON
 * for each file. Arguments: which share, of how many, and the folder to work in.
 */
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { corpus } from './corpus.ts';
import type { HostileFile } from './hostile-file.ts';
import { inventory, lay, sizeBytesOf } from './lay.ts';
import { passage } from './passage.ts';
import { traced, trespasses } from './trace.ts';

/** What became of one file. */
export interface Result {
  readonly index: number;
  readonly kind: number;
  readonly name: string;
  readonly format: string;
  readonly ending: string;
  readonly message: string;
  readonly complaint: string | null;
  /** On the processor. */
  readonly ms: number;
  /** By how much the memory of the process grew at most. */
  readonly grownBytes: number;
  readonly sizeBytes: number;
  readonly trespasses: readonly string[];
  readonly isChanged: boolean;
}

const ENOUGH_GARBAGE = 2 ** 28;

/** Linux keeps the largest memory since it was last asked to forget it. */
const memory = {
  reset: () => {
    try {
      writeFileSync('/proc/self/clear_refs', '5');
    } catch {
      // Other systems have no such file; what remains is the memory in use afterwards.
    }
  },
  now: () => process.memoryUsage().rss,
  peak: () => {
    try {
      return 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
    } catch {
      return process.memoryUsage().rss;
    }
  },
};

/** Where strace is to see which file is being read. */
function mark(text: string): void {
  try {
    openSync(`/edgefold-mark/${text}`, 'r');
  } catch {
    // There is no such file: that it was asked for is all.
  }
}

async function resultOf(file: HostileFile, index: number, top: string): Promise<Result> {
  const folder = join(top, 'model');
  const content = file.make();
  lay(content, folder);
  if (memory.now() > ENOUGH_GARBAGE) (globalThis as { gc?: () => void }).gc?.();
  const before = inventory(top);
  memory.reset();
  const start = memory.now();
  const trace = traced();
  mark(`${index}`);
  const clock = process.cpuUsage();
  const { ending, message, complaint } = await passage(file, join(folder, file.main));
  const { user, system } = process.cpuUsage(clock);
  mark('end');
  trace.stop();
  const grownBytes = Math.max(0, memory.peak() - start);
  const result = {
    ...{ index, kind: file.kind, name: file.name, format: file.format, ending, message: message.slice(0, 300) },
    complaint: complaint?.slice(0, 1000) ?? null,
    ms: (user + system) / 1000,
    ...{ grownBytes, sizeBytes: sizeBytesOf(content), isChanged: inventory(top) !== before },
    trespasses: trespasses(trace.accesses, folder).filter(({ path }) => !path.startsWith('/edgefold-mark/')).map(({ call, path }) => `${call} ${path}`), // prettier-ignore
  };
  rmSync(top, { recursive: true, force: true });
  return result;
}

const [share = '0', of = '1', top = ''] = process.argv.slice(2);
const files = corpus();
mkdirSync(top, { recursive: true });
// What is read once, by whichever file comes first, is read before any of them.
for (const format of new Set(files.map((file) => file.format))) {
  await resultOf(
    files.find((file) => file.format === format)!,
    -1,
    join(top, 'first'),
  );
}
for (const [index, file] of files.entries()) {
  if (index % Number(of) !== Number(share)) continue;
  writeSync(1, `${JSON.stringify(await resultOf(file, index, join(top, String(index))))}\n`);
}
