import { expect, test } from 'vitest';
import { failureOfLoading, overlappingRuns, withoutWebGpu } from './page.ts';
import { pageOf, type Stage } from './stage.ts';

const SWIFTSHADER = { vendor: 'google', architecture: 'swiftshader', isFallback: true, hasFloat16: false };

/** Which provider runs a model, what was downloaded for it, and how we know. */
export function providerTests(stage: () => Stage): void {
  test('reports wasm as it is: one build, its size, its threads', async () => {
    const report = await stage().page.evaluate(async () => {
      const model = await edgefold.load('/mlp.onnx', { threads: 2, placement: true });
      const { report } = model;
      await model.run({ x: new Float32Array(4) });
      await model.dispose();
      return report;
    });
    expect(report).toMatchObject({
      requested: ['wasm'],
      used: 'wasm',
      refused: [],
      evidence: 'single-provider',
      placement: { total: 2, byProvider: { wasm: 2 }, elsewhere: [], copies: 0 },
      runtime: { package: 'onnxruntime-web', artifact: 'ort-wasm-simd-threaded.wasm', sizeBytes: 14_239_897 },
      threads: 2,
      thread: 'worker',
      isolated: true,
      telemetry: false,
    });
  });

  test('has one thread where the page is not isolated, and says so', async () => {
    const { browser, plain } = stage();
    const page = await pageOf(browser, plain);
    const report = await page.evaluate(async () => (await edgefold.load('/mlp.onnx', { threads: 2 })).report);
    expect(report).toMatchObject({ threads: 1, isolated: false, used: 'wasm' });
    await page.close();
  });

  test('reports webgpu with its adapter and every node', async () => {
    const report = await stage().page.evaluate(async () => {
      const model = await edgefold.load('/mlp.onnx', { provider: 'webgpu', placement: true });
      await model.dispose();
      return model.report;
    });
    expect(report).toMatchObject({
      used: 'webgpu',
      evidence: 'no-fallback-flag',
      placement: { total: 4, byProvider: { webgpu: 4 }, elsewhere: [], copies: 0 },
      adapter: SWIFTSHADER,
      runtime: { artifact: 'ort-wasm-simd-threaded.jspi.wasm', sizeBytes: 16_758_545 },
    });
  });

  test('refuses a model that webgpu takes in part, and names the nodes', async () => {
    const error = await stage().page.evaluate(failureOfLoading, ['/mixed.onnx', { provider: 'webgpu' }] as const);
    expect(error).toMatchObject({
      code: 'PARTIAL',
      message: expect.stringMatching(/2 of 5 nodes run on cpu/) as string,
    });
    expect(error!.nodes!.map(({ operator, provider }) => [operator, provider])).toEqual([
      ['Hardmax', 'cpu'],
      ['Selu', 'cpu'],
    ]);
  });

  test('runs it in part where that is allowed, and reports which nodes run where', async () => {
    const { report, y } = await stage().page.evaluate(async () => {
      const model = await edgefold.load('/mixed.onnx', { provider: 'webgpu', allow: 'partial' });
      const outputs = await model.run({ x: Float32Array.of(1, 2, 3, 4) });
      await model.dispose();
      return { report: model.report, y: [...(Object.values(outputs)[0]!.data as Float32Array)] };
    });
    expect(report).toMatchObject({
      used: 'webgpu',
      evidence: 'profile',
      placement: { total: 5, byProvider: { webgpu: 3, cpu: 2 }, copies: 4 },
    });
    // Hardmax leaves 1 where 4 was; Neg makes it −1, Selu γ·α·(e⁻¹ − 1), Abs its opposite.
    const selu = 1.0507009873554805 * 1.6732632423543772 * (1 - Math.exp(-1));
    [0, 0, 0, selu].forEach((expected, i) => {
      expect(y[i]).toBeCloseTo(expected, 6);
    });
  });

  test('goes down a list, and records why each provider was refused', async () => {
    const report = await stage().page.evaluate(async () => {
      const model = await edgefold.load('/mixed.onnx', { provider: ['cuda', 'webnn', 'webgpu', 'wasm'] });
      await model.dispose();
      return model.report;
    });
    expect(report.used).toBe('wasm');
    expect(report.refused).toEqual([
      { provider: 'cuda', reason: 'it exists in Node only' },
      { provider: 'webnn', reason: 'this browser has no WebNN' },
      { provider: 'webgpu', reason: expect.stringMatching(/^2 of 5 nodes run on cpu: Hardmax/) as string },
    ]);
  });

  test('finds at the warm-up what a GPU without float16 only finds at the first run', async () => {
    const error = await stage().page.evaluate(failureOfLoading, ['/float16.onnx', { provider: 'webgpu' }] as const);
    expect(error).toMatchObject({ code: 'PROVIDER', message: expect.stringMatching(/f16/) as string });
  });

  test('never falls back: where a browser has no WebGPU, nothing is downloaded and the error says why', async () => {
    const { browser, isolated } = stage();
    const context = await browser.newContext();
    await context.addInitScript(withoutWebGpu);
    const page = await pageOf(context, isolated);
    isolated.requests.length = 0;
    const error = await page.evaluate(failureOfLoading, ['/mlp.onnx', { provider: 'webgpu', thread: 'here' }] as const); // prettier-ignore
    expect(error).toMatchObject({ code: 'PROVIDER', message: expect.stringMatching(/no WebGPU/) as string });
    expect(isolated.requests).toEqual(['/mlp.onnx']);
    await context.close();
  });

  test('downloads the build that it needs and no other, once for all models of a page', async () => {
    const { browser, plain } = stage();
    const page = await pageOf(browser, plain);
    for (const [provider, build] of [
      ['wasm', ['/web/ort-wasm.js', '/web/ort-wasm-simd-threaded.wasm']],
      ['webgpu', ['/web/ort-jspi.js', '/web/ort-wasm-simd-threaded.jspi.wasm']],
    ] as const) {
      plain.requests.length = 0;
      await page.evaluate(async (given) => {
        const models = await Promise.all([1, 2].map(() => edgefold.load('/mlp.onnx', { provider: given })));
        await Promise.all(models.map((model) => model.dispose()));
      }, provider);
      const fetched = plain.requests.filter((path) => path.startsWith('/web/') && path !== '/web/worker.js');
      expect([...new Set(fetched)].sort()).toEqual([...build].sort());
      expect(fetched.filter((path) => path.endsWith('.wasm'))).toHaveLength(1);
    }
    await page.close();
  });

  test('runs WebGPU where WebAssembly cannot be suspended', async () => {
    const { browser, isolated } = stage();
    const context = await browser.newContext();
    await context.addInitScript(() => {
      Reflect.deleteProperty(WebAssembly, 'Suspending');
    });
    const page = await pageOf(context, isolated);
    const { report, results } = await page.evaluate(overlappingRuns, ['webgpu', 20] as const);
    expect(report.runtime.artifact).toBe('ort-wasm-simd-threaded.asyncify.wasm');
    expect(results).toBe(20);
    await context.close();
  });

  test.each(['wasm', 'webgpu'] as const)('runs 200 of 200 overlapping runs right on %s', async (provider) => {
    const { results } = await stage().page.evaluate(overlappingRuns, [provider, 200] as const);
    expect(results).toBe(200);
  });

  test('leaves the page free while a model runs', async () => {
    const turns = await stage().page.evaluate(async () => {
      const model = await edgefold.load('/endless.onnx', { warmup: 0 });
      const giveUp = new AbortController();
      const run = model.run({ x: new Float32Array(1) }, { signal: giveUp.signal });
      let count = 0;
      for (; count < 50; count++) await new Promise((resolve) => setTimeout(resolve, 0));
      giveUp.abort();
      const code = await run.catch((error: unknown) => (error as { code: string }).code);
      await model.dispose();
      return { count, code };
    });
    expect(turns).toEqual({ count: 50, code: 'ABORTED' });
  });

  test('says nothing on the console, and asks nobody but the page’s own server', async () => {
    const { browser, isolated } = stage();
    const page = await pageOf(browser, isolated);
    const [words, strangers] = [[] as string[], [] as string[]];
    page.on('console', (message) => words.push(message.text()));
    page.on('request', (request) => {
      if (!request.url().startsWith(isolated.url)) strangers.push(request.url());
    });
    await page.evaluate(overlappingRuns, ['wasm', 2] as const);
    await page.evaluate(overlappingRuns, ['webgpu', 2] as const);
    expect({ words, strangers }).toEqual({ words: [], strangers: [] });
    await page.close();
  });
}
