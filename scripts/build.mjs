// Builds dist/: the library as tsc compiles it, file by file, and the command line as one CommonJS file, because finding,
// opening and linking a hundred small modules takes longer than folding a model. With --cli, the command line only.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';
import { dirname, join, resolve } from 'node:path';
import { build, transform } from 'esbuild';
import { buildWeb } from './build-web.mjs';

/** Left to the package manager: what is native, or only some verbs need. */
const EXTERNAL = ['onnxruntime-node', 'onnxruntime-web', 'fast-png', '@dagrejs/dagre', '@tensorflow/*'];
/** A bundle has no `import.meta`; its own place does for it. */
const BANNER = '"use strict"; const importMetaUrl = require("node:url").pathToFileURL(__filename).href;';

/** How the command line is bundled. Shorter text is read faster; names stay, and so do the lines of a stack. */
const BUNDLED = {
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  external: EXTERNAL,
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: BANNER },
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 160,
  metafile: true,
  logLevel: 'warning',
};

// Built aside and then put in its place, so that whoever runs the old one does not meet half of the new one.
const draft = mkdtempSync('.dist-');
chmodSync(draft, 0o755);
try {
  if (process.argv.includes('--cli')) {
    await buildCommandLine(join(draft, 'cli'));
    replace(join(draft, 'cli'), 'dist/cli');
  } else {
    buildLibrary(draft);
    await buildWeb(join(draft, 'web'));
    await buildCommandLine(join(draft, 'cli'));
    replace(draft, 'dist');
  }
} finally {
  rmSync(draft, { recursive: true, force: true });
}

function buildLibrary(folder) {
  const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
  const compile = [join(typescript, 'bin/tsc'), '-p', 'tsconfig.build.json', '--outDir', folder];
  execFileSync(process.execPath, compile, { stdio: 'inherit' });
  // The generated protobuf code is JavaScript with a declaration file: tsc reads it, but leaves it where it is.
  mkdirSync(join(folder, 'onnx/proto'), { recursive: true });
  for (const name of ['onnx.js', 'onnx.d.ts']) copyFileSync(`src/onnx/proto/${name}`, join(folder, 'onnx/proto', name));
}

async function buildCommandLine(folder) {
  const main = await build({
    ...BUNDLED,
    entryPoints: { edgefold: 'src/cli/main.ts' },
    outdir: folder,
    plugins: [apart(await neededToFold())],
  });
  const beside = await build({
    ...BUNDLED,
    // `start` runs `edgefold` by its place beside it, `doctor` runs `try-provider`, `bench` runs `measure`, and `host`
    // runs the models.
    entryPoints: {
      main: 'src/cli/start.ts',
      'try-provider': 'src/cli/try-provider.ts',
      measure: 'src/cli/measure.ts',
      host: 'src/runtime/node/host.ts',
      'write-code-cache': 'scripts/write-code-cache.ts',
    },
    outdir: folder,
  });
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }\n');
  asFunction(join(folder, 'edgefold.js'));
  writeFileSync(
    join(folder, 'LICENSES'),
    licensesOf([main, beside].flatMap(({ metafile }) => Object.keys(metafile.inputs))),
  );
  const writer = join(folder, 'write-code-cache.js');
  // The one for all comes last, since a writer begins with it where there is one.
  for (const verb of [['export'], ['fold'], ['inspect'], []]) {
    execFileSync(process.execPath, [writer, join(folder, 'edgefold.js'), ...verb], { stdio: ['ignore', 'ignore', 'inherit'] }); // prettier-ignore
  }
  rmSync(writer);
}

/** The modules that folding without a comparison loads. */
async function neededToFold() {
  const wanted = /commands\/fold\.ts$|\/fold-graph\.ts$/;
  const onDemand = {
    name: 'on-demand',
    setup({ onResolve }) {
      onResolve({ filter: /\.ts$/ }, ({ path, kind }) =>
        kind === 'dynamic-import' && !wanted.test(path) ? { path, external: true } : undefined,
      );
    },
  };
  const { metafile } = await build({ ...BUNDLED, entryPoints: ['src/cli/main.ts'], plugins: [onDemand], write: false });
  return new Set(Object.keys(metafile.inputs).map((path) => resolve(path)));
}

/**
 * Puts every other module into a function of its own. V8 takes each function of the outermost scope out of its cache
 * when it starts, but those within another one only when that is called.
 */
function apart(together) {
  const options = { loader: 'ts', format: 'cjs', target: 'node20', define: BUNDLED.define };
  return {
    name: 'apart',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /\.ts$/ }, ({ path, resolveDir, kind }) => {
        const file = resolve(resolveDir, path);
        return kind === 'entry-point' || together.has(file) ? { path: file } : { path: file, namespace: 'apart' };
      });
      onLoad({ filter: /./, namespace: 'apart' }, async ({ path }) => {
        const { code } = await transform(readFileSync(path, 'utf8'), { ...options, sourcefile: path });
        return { contents: code, resolveDir: dirname(path) };
      });
    },
  };
}

/**
 * Makes a file the function that `start` calls. Code that comes from a cache cannot call `import()`; `start` hands it
 * a function that can.
 */
function asFunction(file) {
  const code = readFileSync(file, 'utf8').replaceAll(/\bimport\(("[^"]+"|moduleUrl)\)/g, 'importModule($1)');
  writeFileSync(file, `(function(exports,require,module,__filename,__dirname,importModule){${code}\n})`);
}

/** The licences of the packages that are in the bundle. */
function licensesOf(inputs) {
  const packages = inputs.flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
  const texts = [...new Set(packages)].sort().map((name) => {
    const text = readFileSync(join('node_modules', name, 'LICENSE'), 'utf8');
    return `${name}\n\n${text.trim()}\n`;
  });
  return texts.join('\n\n');
}

function replace(made, target) {
  const old = `${draft}-old`;
  if (existsSync(target)) renameSync(target, old);
  mkdirSync(dirname(target), { recursive: true });
  renameSync(made, target);
  rmSync(old, { recursive: true, force: true });
}
