import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compiled } from '../../src/cli/code-cache.ts';
import { temporaryFolder } from '../support/cli.ts';

const SOURCE = 'globalThis.codeCacheTest = [typeof require, __filename, exports === module.exports];';

function ran(file: string): unknown {
  const script = compiled(file);
  script.run();
  return (globalThis as { codeCacheTest?: unknown }).codeCacheTest;
}

test('a file runs the same without a cache, with its cache, and with a damaged one', () => {
  const file = join(temporaryFolder(), 'script.js');
  writeFileSync(file, SOURCE);
  const wanted = ['function', file, true];
  expect(ran(file)).toEqual(wanted);
  writeFileSync(`${file}.cache`, compiled(file).cache());
  expect(ran(file)).toEqual(wanted);
  for (const damaged of [Buffer.alloc(0), Buffer.from('not a cache'), compiled(file).cache().fill(7, 0, 64)]) {
    writeFileSync(`${file}.cache`, damaged);
    expect(ran(file)).toEqual(wanted);
  }
});
