// Builds dist/web/, which a page can import as it is: the library as modules without imports of packages, the worker that
// runs models, and the builds of onnxruntime-web, each a script with its WebAssembly beside it.
import { constants, copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const RUNTIME = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));

/** Our names of onnxruntime-web's builds, and theirs. */
const BUILDS = {
  'ort-wasm': ['ort.wasm.bundle.min.mjs', 'ort-wasm-simd-threaded.wasm'],
  'ort-jspi': ['ort.jspi.bundle.min.mjs', 'ort-wasm-simd-threaded.jspi.wasm'],
  'ort-asyncify': ['ort.webgpu.bundle.min.mjs', 'ort-wasm-simd-threaded.asyncify.wasm'],
};

const OPTIONS = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
};

export async function buildWeb(folder) {
  mkdirSync(folder, { recursive: true });
  const [library, worker] = await Promise.all([
    build({
      ...OPTIONS,
      entryPoints: { edgefold: 'src/web.ts', wasm: 'src/wasm.ts' },
      splitting: true,
      outdir: folder,
      // Those of its packages that reach for Node when they find it do not find it.
      external: ['node:*'],
    }),
    // Bundlers hand it on as it is, so it has to be whole.
    build({ ...OPTIONS, entryPoints: { worker: 'src/runtime/web/worker.ts' }, outdir: folder }),
  ]);
  copyRuntime(folder);
  const modules = [...Object.keys(library.metafile.inputs), ...Object.keys(worker.metafile.inputs)];
  writeFileSync(join(folder, 'LICENSES'), [...licensesOf(modules), RUNTIME_LICENSE].join('\n\n'));
}

function copyRuntime(folder) {
  for (const [name, [script, wasm]] of Object.entries(BUILDS)) {
    const text = readFileSync(join(RUNTIME, script), 'utf8');
    // The map is not copied.
    writeFileSync(join(folder, `${name}.js`), text.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'));
    copyFileSync(join(RUNTIME, wasm), join(folder, wasm), constants.COPYFILE_FICLONE);
  }
}

function licensesOf(modules) {
  const packages = new Set(modules.flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []));
  return [...packages].sort().map((name) => {
    const home = join(ROOT, 'node_modules', name);
    const file = readdirSync(home).find((entry) => /^licen[cs]e(\.(txt|md))?$/i.test(entry));
    return `${name}\n\n${readFileSync(join(home, file), 'utf8').trim()}\n`;
  });
}

/** Its package names the licence and does not hold it. */
const RUNTIME_LICENSE = `onnxruntime-web

MIT License

Copyright (c) Microsoft Corporation

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;
