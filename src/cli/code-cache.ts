import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Script } from 'node:vm';

/**
 * A CommonJS file that is ready to run: a function of what such a file sees besides globals, and of `importModule`,
 * because code from a cache has no `import()`.
 */
export interface Compiled {
  run(): void;
  /** What V8 has made of it so far. */
  cache(): Buffer;
}

/** Where the cache of a file is: one for a verb, or for all of them. */
export const cacheOf = (file: string, verb = ''): string => (/^[a-z]+$/.test(verb) ? `${file}.${verb}.cache` : `${file}.cache`); // prettier-ignore

/**
 * Compiles a CommonJS file, or takes what was compiled before from the cache of a verb. V8 itself refuses a cache of another
 * version of itself or of another source, and compiles then as if there were none.
 */
export function compiled(file: string, verb?: string): Compiled {
  const cachedData = contentOf(cacheOf(file, verb)) ?? contentOf(cacheOf(file));
  // The file is plain ASCII, which is taken as it is.
  const source = readFileSync(file, 'latin1');
  const script = new Script(source, { filename: file, ...(cachedData && { cachedData }) });
  return {
    run() {
      const body = script.runInThisContext() as (...names: unknown[]) => void;
      const module = { exports: {} };
      const importModule = (name: string) => import(name) as Promise<unknown>;
      body.call(module.exports, module.exports, createRequire(file), module, file, dirname(file), importModule);
    },
    cache: () => script.createCachedData(),
  };
}

function contentOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
