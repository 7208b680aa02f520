import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Script } from 'node:vm';

/** A CommonJS file that is ready to run. */
export interface Compiled {
  run(): void;
  /** What V8 has made of it so far, for `FILE.cache`. */
  cache(): Buffer;
}

/** What a file sees besides globals; `importModule` is there because code from a cache has no `import()`. */
const PARAMETERS = ['exports', 'require', 'module', '__filename', '__dirname', 'importModule'];

/**
 * Compiles a CommonJS file, or takes what was compiled before from `FILE.cache`. V8 itself refuses a cache of another
 * version of itself or of another source, and compiles then as if there were none.
 */
export function compiled(file: string): Compiled {
  const cachedData = contentOf(`${file}.cache`);
  const source = `(function (${PARAMETERS.join(', ')}) { ${readFileSync(file, 'utf8')}\n});`;
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
