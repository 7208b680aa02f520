import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { cacheOf, compiled } from '../src/cli/code-cache.ts';
import { writeOnnx } from '../src/onnx/write.ts';
import { usualNetwork } from './usual-network.ts';

/**
 * Runs verbs of the built command line on small models, and keeps what V8 has compiled for them: for one verb what
 * it needs, since taking more out of a cache takes time as well, and with no verb what all of them do.
 */
const [given = '', verb] = process.argv.slice(2);
const file = resolve(given);
const folder = mkdtempSync(join(tmpdir(), 'edgefold-build-'));
const [unfolded, folded] = [join(folder, 'unfolded.onnx'), join(folder, 'folded.onnx')];
writeFileSync(unfolded, writeOnnx(usualNetwork()));
const VERBS = [
  ['export', 'models/digits/norm-before-activation/model.keras', '-o', folded, '--no-verify'],
  ['fold', unfolded, '-o', folded, '--force', '--no-verify'],
  ['inspect', unfolded],
];

const script = compiled(file);
const waiting = VERBS.filter(([name]) => verb === undefined || name === verb);
// A verb is done when nothing is left for it to do.
process.on('beforeExit', () => {
  const next = waiting.shift();
  if (next) {
    process.argv = [process.execPath, file, ...next];
    script.run();
  } else if (process.exitCode === 0) {
    writeFileSync(cacheOf(file, verb), script.cache());
  }
});
process.on('exit', () => {
  rmSync(folder, { recursive: true, force: true });
});
