import { writeFileSync } from 'node:fs';
import type os from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compiled } from '../../src/cli/code-cache.ts';
import { temporaryFolder } from '../support/cli.ts';

const SOURCE = `(function (exports, require, module, __filename, __dirname, importModule) {
  globalThis.codeCacheTest = [typeof require, __filename, exports === module.exports, importModule("node:os")];
})`;

async function ran(file: string): Promise<unknown> {
  const script = compiled(file);
  script.run();
  const seen = (globalThis as { codeCacheTest?: unknown[] }).codeCacheTest!;
  return Promise.all(
    seen.map(async (value) => (value instanceof Promise ? typeof ((await value) as typeof os).cpus : value)),
  );
}

test('a file runs the same without a cache, with its cache, and with a damaged one', async () => {
  const file = join(temporaryFolder(), 'script.js');
  writeFileSync(file, SOURCE);
  const wanted = ['function', file, true, 'function'];
  expect(await ran(file)).toEqual(wanted);
  writeFileSync(`${file}.cache`, compiled(file).cache());
  expect(await ran(file)).toEqual(wanted);
  for (const damaged of [Buffer.alloc(0), Buffer.from('not a cache'), compiled(file).cache().fill(7, 0, 64)]) {
    writeFileSync(`${file}.cache`, damaged);
    expect(await ran(file)).toEqual(wanted);
  }
});
