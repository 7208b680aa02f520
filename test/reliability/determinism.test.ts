import { describe, expect, test } from 'vitest';
import { CONDITIONS, hashesUnder, installed, programOf, VERSIONS } from '../../scripts/determinism/matrix.ts';

/** The rest of the matrix runs with `npm run determinism`. */
const SOME = CONDITIONS.filter(({ name }) => /^(another folder|Turkish|umask)/.test(name));
const first = hashesUnder({
  name: 'another order, absolute paths, one thread',
  paths: 'absolute',
  isReversed: true,
  env: { UV_THREADPOOL_SIZE: '1' },
});

describe('the same models make the same files', { timeout: 120_000 }, () => {
  test.each(SOME)('whatever is around them: $name', async (condition) => {
    expect((await first).size).toBe(10);
    expect(await hashesUnder(condition)).toEqual(await first);
  });

  for (const version of VERSIONS) {
    const isThere = installed().includes(version);
    const name = `on Node ${version}`;
    if (isThere)
      test(name, async () => { expect(await hashesUnder({ name, node: programOf(version) })).toEqual(await first); }); // prettier-ignore
    else test.skip(`${name} [needs npm run determinism once]`);
  }
});
