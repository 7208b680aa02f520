import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { WebLoadOptions } from '../../../src/runtime/web.ts';
import { pageOf, type Stage } from './stage.ts';

/** How many threads WebAssembly has where nobody says, on machines of other sizes. */
export function threadTests(stage: () => Stage): void {
  async function withProcessors(count: number, use: (page: Page) => Promise<void>): Promise<void> {
    const page = await pageOf(stage().browser, stage().isolated);
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Emulation.setHardwareConcurrencyOverride', { hardwareConcurrency: count });
    await use(page);
    await page.close();
  }

  test.each([
    [8, { threads: 3, threadsReason: 'a run takes 5M multiplications, and there are 8 processors, of which WebAssembly gets 4', spin: true }],
    [4, { threads: 2, threadsReason: 'a run takes 5M multiplications, and there are 4 processors, of which WebAssembly gets 2', spin: true }],
    [2, { threads: 1, threadsReason: 'there are 2 processors, of which WebAssembly gets 1' }],
  ])('of %i processors a convolution gets what it can use, with right results', async (processors, expected) => {
    await withProcessors(processors, async (page) => {
      const here = stage().isolated.requests.length;
      const { sums, ...told } = await page.evaluate(convolved, {});
      expect(told).toEqual(expected);
      for (const { received, expected } of sums) expect(received).toBeCloseTo(expected, 3);
      // What counts is code of its own, which nobody loads for nothing.
      const counting = stage().isolated.requests.slice(here).some((path) => path.includes('/cost-'));
      expect(counting).toBe(processors > 2);
    });
  }); // prettier-ignore

  test('a small model has one thread on any machine; what shares a runtime has the threads of the first', async () => {
    await withProcessors(8, async (page) => {
      const found = await page.evaluate(async () => {
        const told: unknown[] = [];
        for (const name of ['mlp', 'convolution']) {
          const { report } = await edgefold.load(`/${name}.onnx`, { thread: 'here' });
          told.push([report.threads, report.threadsReason]);
        }
        return told;
      });
      const limit = 'there are 8 processors, of which WebAssembly gets 4';
      expect(found).toEqual([
        [1, `a run takes 35 multiplications, and ${limit}`],
        [1, `the runtime has had 1 since its first model; for this one, a run takes 5M multiplications, and ${limit}`],
      ]);
    });
  });

  test('a page that is not isolated has one thread, asked for more or not, and the report says why', async () => {
    const page = await pageOf(stage().browser, stage().plain);
    for (const options of [{}, { threads: 2 }]) {
      const { sums, ...told } = await page.evaluate(convolved, options);
      expect(told).toEqual({ threads: 1, threadsReason: 'the page is not cross-origin isolated' });
      for (const { received, expected } of sums) expect(received).toBeCloseTo(expected, 3);
    }
    await page.close();
  });
}

/** In the page: the model, which sums up windows of 3×3 over all channels and halves them, beside these sums in float64. */
async function convolved(options: WebLoadOptions) {
  const model = await edgefold.load('/convolution.onnx', options);
  const x = Float32Array.from({ length: 3 * 17 * 33 }, (_, i) => Math.sin(i));
  const { y } = await model.run({ x });
  const sumAt = (row: number, column: number) => {
    let sum = 0;
    for (let k = 0; k < 27; k++)
      sum += x[(Math.floor(k / 9) * 17 + row + (Math.floor(k / 3) % 3)) * 33 + column + (k % 3)]!;
    return sum / 2;
  };
  const at = [0, 1, 57, 199, 200, 299, 399].map((channel) => [channel, channel % 15, (channel * 7) % 31] as const);
  const sums = at.map(([channel, row, column]) => ({
    received: y!.data[(channel * 15 + row) * 31 + column] as number,
    expected: sumAt(row, column),
  }));
  const { threads, threadsReason, spin } = model.report;
  await model.dispose();
  return { sums, threads, threadsReason, ...(spin && { spin }) };
}
