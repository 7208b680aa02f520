import { describe, test } from 'vitest';
import type { LoadOptions } from '../../../src/runtime/model.ts';
import { ABORT_SUITE, SUITE } from '../suite.ts';
import type { Stage } from './stage.ts';

/** The suite of every platform, in a real browser. */
export function sharedTests(stage: () => Stage): void {
  describe.each<LoadOptions>([
    { provider: 'wasm', thread: 'worker' },
    { provider: 'wasm', thread: 'here' },
    { provider: 'webgpu', thread: 'worker' },
    { provider: 'webgpu', thread: 'here' },
  ])('%j', (options) => {
    test.each(SUITE.map(({ name }, index) => ({ name, index })))('$name', async ({ index }) => {
      await stage().page.evaluate(async ([at, given]) => cases.SUITE[at]!.run(edgefold.load, given), [
        index,
        options,
      ] as const);
    });
  });

  describe('in two workers', () => {
    const overlapping = SUITE.map(({ name }, index) => ({ name, index })).filter(({ name }) =>
      name.includes('overlapping'),
    );
    test.each(overlapping)('$name', async ({ index }) => {
      const options: LoadOptions = { provider: 'wasm', thread: { pool: 2 } };
      await stage().page.evaluate(([at, given]) => cases.SUITE[at]!.run(edgefold.load, given), [index, options] as const); // prettier-ignore
    });
  });

  describe('in a worker', () => {
    test.each(ABORT_SUITE.map(({ name }, index) => ({ name, index })))('$name', async ({ index }) => {
      await stage().page.evaluate((at) => cases.ABORT_SUITE[at]!.run(edgefold.load, { provider: 'wasm' }), index);
    });
  });
}
