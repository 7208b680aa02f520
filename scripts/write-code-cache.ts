import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { compiled } from '../src/cli/code-cache.ts';

/** Runs the built command line on a small model and keeps what V8 has compiled for it: `FILE.cache` beside the file. */
const file = resolve(process.argv[2] ?? '');
const folder = mkdtempSync(join(tmpdir(), 'edgefold-build-'));
const [unfolded, folded] = [join(folder, 'unfolded.onnx'), join(folder, 'folded.onnx')];
const VERBS = [
  ['export', 'models/digits/norm-before-activation/model.keras', '-o', unfolded, '--no-fold', '--no-verify'],
  ['fold', unfolded, '-o', folded, '--no-verify'],
  ['inspect', folded],
];

const script = compiled(file);
const waiting = [...VERBS];
// A verb is done when nothing is left for it to do.
process.on('beforeExit', () => {
  const verb = waiting.shift();
  if (verb) {
    process.argv = [process.execPath, file, ...verb];
    script.run();
  } else if (process.exitCode === 0) {
    writeFileSync(`${file}.cache`, script.cache());
  }
});
process.on('exit', () => {
  rmSync(folder, { recursive: true, force: true });
});
