// Builds dist/: the library as tsc compiles it, file by file, and the command line bundled, because finding and opening
// a hundred small modules takes longer than folding a model.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));

rmSync('dist', { recursive: true, force: true });
execFileSync(process.execPath, [join(typescript, 'bin/tsc'), '-p', 'tsconfig.build.json'], { stdio: 'inherit' });

// The generated protobuf code is JavaScript with a declaration file: tsc reads it, but leaves it where it is.
mkdirSync('dist/onnx/proto', { recursive: true });
for (const name of ['onnx.js', 'onnx.d.ts']) copyFileSync(`src/onnx/proto/${name}`, `dist/onnx/proto/${name}`);

await build({
  // `doctor` starts `try-provider` by its place beside it.
  entryPoints: ['src/cli/main.ts', 'src/cli/commands/doctor.ts', 'src/cli/try-provider.ts'],
  outbase: 'src/cli',
  outdir: 'dist/cli',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  logLevel: 'warning',
});
