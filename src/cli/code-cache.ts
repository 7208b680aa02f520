import { readFileSync } from 'node:fs';
import { createRequire, wrap } from 'node:module';
import { dirname } from 'node:path';
import { constants, Script } from 'node:vm';

/** A CommonJS file that is ready to run. */
export interface Compiled {
  run(): void;
  /** What V8 has made of it so far, for `FILE.cache`. */
  cache(): Buffer;
}

/**
 * Compiles a CommonJS file, or takes what was compiled before from `FILE.cache`. V8 itself refuses a cache of another
 * version of itself or of another source, and compiles then as if there were none.
 */
export function compiled(file: string): Compiled {
  const cachedData = contentOf(`${file}.cache`);
  const script = new Script(wrap(readFileSync(file, 'utf8')), {
    filename: file,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    ...(cachedData && { cachedData }),
  });
  return {
    run() {
      const body = script.runInThisContext() as (...names: unknown[]) => void;
      const module = { exports: {} };
      body.call(module.exports, module.exports, createRequire(file), module, file, dirname(file));
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
