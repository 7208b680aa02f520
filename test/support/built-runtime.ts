import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** protobufjs is CommonJS; inside a module its `require` has to be made. */
const BANNER =
  'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);';

/** The runtime as it is installed: JavaScript in a folder, where a worker or process finds what to run. */
export interface BuiltRuntime extends Disposable {
  readonly folder: string;
  /** The module that exports `load`. */
  readonly url: string;
}

export function buildRuntime(): BuiltRuntime {
  const folder = mkdtempSync(join(tmpdir(), 'edgefold-runtime-'));
  buildSync({
    entryPoints: {
      runtime: join(ROOT, 'src/runtime/node.ts'),
      host: join(ROOT, 'src/runtime/node/host.ts'),
    },
    outdir: join(folder, 'bundle'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['onnxruntime-node', 'onnxruntime-web'],
    banner: { js: BANNER },
    logLevel: 'error',
  });
  writeFileSync(join(folder, 'bundle/package.json'), '{ "type": "module" }');
  mkdirSync(join(folder, 'models'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const remove = () => {
    rmSync(folder, { recursive: true, force: true });
  };
  return { folder, url: pathToFileURL(join(folder, 'bundle/runtime.js')).href, [Symbol.dispose]: remove };
}
