import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Model } from '../../../src/runtime/model.ts';
import { disposable, openSite } from '../../support/browser.ts';
import { failureOfLoading } from './page.ts';
import { pageOf, type Stage } from './stage.ts';

/** Of the page's heap, a cycle. */
const GROWTH_BYTES = 1024;

/** What ends in the middle of its work, and what comes after. */
export function deathTests(stage: () => Stage): void {
  test('ends an endless run within 100 ms, 20 times, and runs the next one right each time', async () => {
    const outcomes = await stage().page.evaluate(async () => {
      const model = await edgefold.load('/divide.onnx');
      const endless = await edgefold.load('/endless.onnx', { warmup: 0 });
      const outcomes: { code: string; lateMs: number; y: number }[] = [];
      for (let round = 0; round < 20; round++) {
        const giveUp = new AbortController();
        const run = endless.run({ x: new Float32Array(1) }, { signal: giveUp.signal }).catch((error: unknown) => error);
        await new Promise((resolve) => setTimeout(resolve, 20));
        const start = performance.now();
        giveUp.abort();
        const { code } = (await run) as { code: string };
        const lateMs = performance.now() - start;
        const { y } = await model.run({ x: Int32Array.of(6), by: Int32Array.of(round + 1) });
        outcomes.push({ code, lateMs, y: y!.data[0] as number });
      }
      await Promise.all([model.dispose(), endless.dispose()]);
      return outcomes;
    });
    expect(outcomes.map(({ code }) => code)).toEqual(Array(20).fill('ABORTED'));
    expect(outcomes.map(({ y }) => y)).toEqual(Array.from({ length: 20 }, (_, i) => Math.trunc(6 / (i + 1))));
    expect(Math.max(...outcomes.map(({ lateMs }) => lateMs))).toBeLessThan(100);
  });

  test.each(['worker', 'here'] as const)(
    'makes a typed error of WebAssembly that traps, thread: %s',
    async (thread) => {
      const page = await pageOf(stage().browser, stage().isolated);
      const outcome = await page.evaluate(async (given) => {
        const failure = await edgefold.load('/noHeads.onnx', { thread: given }).catch((error: unknown) => error);
        const next = await edgefold.load('/divide.onnx', { thread: given });
        const { y } = await next.run({ x: Int32Array.of(12), by: Int32Array.of(4) });
        await next.dispose();
        const { code, message } = failure as { code: string; message: string };
        return { code, message, y: y!.data[0] };
      }, thread);
      expect(outcome).toEqual({ code: 'DIED', message: expect.stringMatching(/divide by zero/) as string, y: 3 });
      await page.close();
    },
  );

  test('leaves no worker behind: not of a model that is disposed of, not of a load that failed or was ended', async () => {
    const page = await pageOf(stage().browser, stage().isolated);
    const gone: Promise<void>[] = [];
    page.on('worker', (worker) => gone.push(new Promise((resolve) => worker.once('close', () => { resolve(); })))); // prettier-ignore
    await page.evaluate(async () => {
      const model = await edgefold.load('/mlp.onnx', { thread: { pool: 2 } });
      await model.run({ x: new Float32Array(4) });
      await model.dispose();
      const signal = AbortSignal.timeout(500);
      const loads = [edgefold.load('/noHeads.onnx'), edgefold.load('/cases.js'), edgefold.load('/endless.onnx', { signal })]; // prettier-ignore
      await Promise.allSettled(loads);
    });
    expect(gone).toHaveLength(5);
    await Promise.all(gone);
    expect(page.workers()).toEqual([]);
    await page.close();
  });

  test('takes no memory for good: 60 times load, run and dispose, beside a control that keeps its models', async () => {
    const page = await pageOf(stage().browser, stage().isolated);
    const cdp = await page.context().newCDPSession(page);
    const heap = async () => {
      for (let round = 0; round < 3; round++) await cdp.send('HeapProfiler.collectGarbage');
      return (await cdp.send('Runtime.getHeapUsage')).usedSize;
    };
    const cycles = (count: number, isKept: boolean) =>
      page.evaluate(
        async ([times, keeps]) => {
          const kept = ((globalThis as { kept?: unknown[] }).kept ??= []);
          for (let cycle = 0; cycle < times; cycle++) {
            const model = await edgefold.load('/mlp.onnx');
            const outputs = await model.run({ x: new Float32Array(4) });
            if (keeps) kept.push([model, outputs, await (await fetch('/mlp.onnx')).arrayBuffer()]);
            await model.dispose();
          }
        },
        [count, isKept] as const,
      );
    await cycles(10, false);
    const before = await heap();
    await cycles(60, false);
    const after = await heap();
    expect(page.workers()).toEqual([]);
    await cycles(20, true);
    const perCycle = [(after - before) / 60, ((await heap()) - after) / 20];
    expect(perCycle[0]).toBeLessThan(GROWTH_BYTES);
    expect(perCycle[1]).toBeGreaterThan(GROWTH_BYTES);
    await page.close();
  }, 60_000);

  test.each(['worker', 'here'] as const)('makes a typed error of a GPU device that is destroyed, thread: %s', async (thread) => {
    const { browser, folder } = stage();
    const worker = readFileSync(join(folder, 'web/worker.js'), 'utf8');
    await using site = disposable(
      await openSite({
        folders: [folder],
        isIsolated: true,
        handlers: {
          '/web/worker.js': (_, response) => response.writeHead(200, { 'content-type': 'text/javascript' }).end(`(${String(destroyable)})();${worker}`),
        },
      }),
    );
    await using context = disposable(await browser.newContext());
    await context.addInitScript(destroyable);
    const page = await pageOf(context, site);
    const outcome = await page.evaluate(async (given) => {
      const model = await edgefold.load('/mlp.onnx', { provider: 'webgpu', thread: given });
      const x = Float32Array.of(1, 2, 3, 4);
      const codeOf = (run: Promise<unknown>) => run.then(() => 'ok', (error: unknown) => (error as { code: string }).code);
      const codes = [await codeOf(model.run({ x }))];
      new BroadcastChannel('destroy').postMessage('now');
      // What was asked for meanwhile may still be done.
      for (let i = 0; i < 100 && codes.at(-1) === 'ok'; i++) codes.push(await codeOf(model.run({ x })));
      const next = given === 'worker' ? await codeOf(model.run({ x })) : 'here';
      const other = await edgefold.load('/mlp.onnx', { provider: 'wasm', thread: given });
      return { code: codes.at(-1), next, other: await codeOf(other.run({ x })) };
    }, thread);
    expect(outcome).toEqual({ code: 'DIED', next: thread === 'worker' ? 'ok' : 'here', other: 'ok' });
  }, 60_000); // prettier-ignore

  test('refuses a result that memory cannot hold, and runs on', async () => {
    // Close to all that WebAssembly can address: it is refused before any of it is filled.
    const { code, shape } = await stage().page.evaluate(async () => {
      const model = await edgefold.load('/expand.onnx', { warmup: 0 });
      const x = Float32Array.of(1);
      const run = model.run({ x, shape: BigInt64Array.of(1_073_000_000n) }).catch((error: unknown) => error);
      const { code } = (await run) as { code: string };
      const { y } = await model.run({ x, shape: BigInt64Array.of(3n) });
      await model.dispose();
      return { code, shape: y!.shape };
    });
    expect(code).toBe('RUNTIME');
    expect(shape).toEqual([3]);
  });

  test('names what it could not download', async () => {
    const { page, folder } = stage();
    const failures = [];
    for (const missing of ['/web/ort-wasm-simd-threaded.wasm', '/web/ort-wasm.js', '/web/worker.js']) {
      const site = await openSite({
        folders: [folder],
        handlers: { [missing]: (_, response) => response.writeHead(404).end() },
        headers: { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' },
      });
      const failure = await page.evaluate(failureOfLoading, ['/mlp.onnx', { assets: `${site.url}/web/` }] as const); // prettier-ignore
      failures.push([failure?.code, failure?.message.includes(missing)]);
      await site.close();
    }
    expect(failures).toEqual([
      ['PROVIDER', true],
      ['PROVIDER', true],
      ['DIED', true],
    ]);
  });
}

/** In the page or its worker: devices end when somebody says so. */
function destroyable(): void {
  const { prototype } = (globalThis as { GPUAdapter?: { prototype: GPUAdapter } }).GPUAdapter ?? {};
  if (!prototype) return;
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const { requestDevice } = prototype;
  prototype.requestDevice = async function (...options) {
    const device = await requestDevice.apply(this, options);
    const channel = new BroadcastChannel('destroy');
    channel.onmessage = () => {
      device.destroy();
    };
    return device;
  };
}

/** Has to be the last: a browser whose GPU process has died twice has no WebGPU any more. */
export function lostGpuTests(stage: () => Stage): void {
  test('makes a typed error of a GPU that is lost, and runs the next one right', async () => {
    const { browser, isolated } = stage();
    const page = await pageOf(browser, isolated);
    await page.evaluate(async () => {
      const model = await edgefold.load('/mlp.onnx', { provider: 'webgpu' });
      const codes: string[] = [];
      const run = async () => {
        const outcome = await model.run({ x: new Float32Array(4) }).then(
          () => 'ok',
          (error: unknown) => (error as { code: string }).code,
        );
        codes.push(outcome);
      };
      const goOn = async () => {
        while (codes.every((code) => code === 'ok')) await Promise.all(Array.from({ length: 5 }, run));
        return codes;
      };
      Object.assign(globalThis, { model, running: goOn() });
    });
    const cdp = await browser.newBrowserCDPSession();
    const { processInfo } = await cdp.send('SystemInfo.getProcessInfo');
    process.kill(processInfo.find(({ type }) => type === 'GPU')!.id, 'SIGKILL');
    const { codes, y } = await page.evaluate(async () => {
      const { model, running } = globalThis as unknown as { model: Model; running: Promise<string[]> };
      const codes = await running;
      const { y } = await model.run({ x: Float32Array.of(1, 2, 3, 4) });
      await model.dispose();
      return { codes: [...new Set(codes)], y: y!.shape };
    });
    expect(codes).toContain('DIED');
    expect(codes.every((code) => ['DIED', 'ok'].includes(code))).toBe(true);
    expect(y).toEqual([1, 3]);
    await page.close();
  });
}
