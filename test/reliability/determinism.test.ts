import { describe, expect, test } from 'vitest';
import { CONDITIONS, hashesUnder, installed, programOf, VERSIONS } from '../../scripts/determinism/matrix.ts';

/** The rest of the matrix runs with `npm run determinism`. */
const SOME = CONDITIONS.filter(({ name }) => /^(another folder|Turkish)/.test(name));
const first = hashesUnder({ name: 'one thread, another order', isReversed: true, env: { UV_THREADPOOL_SIZE: '1' } }, 'brief'); // prettier-ignore

describe('the same models make the same files and say nothing on standard error', { timeout: 120_000 }, () => {
  test.each(SOME)('whatever is around them: $name', async (condition) => {
    expect((await first).size).toBe(7);
    expect(await hashesUnder(condition, 'brief')).toEqual(await first);
  });

  for (const version of VERSIONS) {
    const isThere = installed().includes(version);
    const name = `on Node ${version}`;
    if (isThere)
      test(name, async () => { expect(await hashesUnder({ name, node: programOf(version) }, 'brief')).toEqual(await first); }); // prettier-ignore
    else test.skip(`${name} [needs npm run determinism once]`);
  }
});
