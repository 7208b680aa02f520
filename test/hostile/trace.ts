import fs from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

/** What was opened, looked at or listed, and how. */
export interface Access {
  readonly call: string;
  readonly path: string;
}

const READING = ['open', 'openSync', 'readFile', 'readFileSync', 'createReadStream', 'readdir', 'readdirSync', 'opendir'] as const; // prettier-ignore
const WRITING = ['writeFile', 'writeFileSync', 'appendFile', 'appendFileSync', 'createWriteStream', 'mkdir', 'mkdirSync', 'rename', 'renameSync', 'unlink', 'unlinkSync', 'rm', 'rmSync', 'symlink', 'symlinkSync', 'link', 'linkSync', 'truncate', 'truncateSync', 'copyFile', 'copyFileSync', 'mkdtemp', 'mkdtempSync', 'chmod', 'chmodSync'] as const; // prettier-ignore

type Callable = (...args: unknown[]) => unknown;

/** Notes every call of Node's file functions, whichever way a module has imported them, until it is stopped. */
export function traced(): { readonly accesses: Access[]; stop(): void } {
  const accesses: Access[] = [];
  const undo: (() => void)[] = [];
  for (const library of [fs, promises] as unknown as Record<string, Callable>[]) {
    for (const call of [...READING, ...WRITING]) {
      const original = library[call];
      if (!original) continue;
      library[call] = (...args) => {
        accesses.push({ call: isWriting(call, args[1]) ? `${call} to write` : call, path: String(args[0]) });
        return original.apply(library, args);
      };
      undo.push(() => (library[call] = original));
    }
  }
  syncBuiltinESMExports();
  return {
    accesses,
    stop: () => {
      for (const each of undo) each();
      syncBuiltinESMExports();
    },
  };
}

const WRITE_FLAGS = fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_TRUNC;

function isWriting(call: string, flags: unknown): boolean {
  if ((WRITING as readonly string[]).includes(call)) return true;
  if (call !== 'open' && call !== 'openSync') return false;
  return typeof flags === 'number' ? (flags & WRITE_FLAGS) !== 0 : typeof flags === 'string' && flags !== 'r';
}

/** Accesses that leave the folder, links followed, or that write. */
export function trespasses(accesses: readonly Access[], folder: string): Access[] {
  const inside = realpathSync(folder);
  return accesses.filter(({ call, path }) => {
    const real = resolved(path);
    return call.endsWith('write') || (real !== inside && !real.startsWith(inside + sep));
  });
}

/** Of what is not there, where it would be. */
function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return dirname(path) === path ? path : join(resolved(dirname(path)), path.slice(dirname(path).length));
  }
}
