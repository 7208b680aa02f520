import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { LoadProgress } from '../../../src/runtime/model.ts';
import type { WebLoadOptions } from '../../../src/runtime/web.ts';
import { disposable, openSite } from '../../support/browser.ts';
import { failureOfLoading } from './page.ts';
import { pageOf, type Stage } from './stage.ts';

/** Where a model may come from, and what becomes of it between visits. */
export function sourceTests(stage: () => Stage): void {
  const sizeOf = (name: string) => readFileSync(join(stage().folder, name)).length;

  test('takes a relative URL, a URL, a Request, a Response, bytes, a Blob, a File and a stream', async () => {
    const results = await stage().page.evaluate(async () => {
      const bytes = await (await fetch('mlp.onnx')).arrayBuffer();
      const sources = {
        relative: 'mlp.onnx',
        url: new URL('/mlp.onnx', location.href),
        request: new Request('/mlp.onnx', { headers: { 'x-test': '1' } }),
        response: await fetch('/mlp.onnx'),
        buffer: bytes,
        bytes: new Uint8Array(bytes),
        blob: new Blob([bytes]),
        file: new File([bytes], 'mlp.onnx'),
        stream: new Blob([bytes]).stream(),
      };
      const results: Record<string, number> = {};
      for (const [name, source] of Object.entries(sources)) {
        const model = await edgefold.load(source, { thread: 'here' });
        results[name] = (await model.run({ x: Float32Array.of(1, 2, 3, 4) })).y!.data[0] as number;
        await model.dispose();
      }
      return results;
    });
    expect(new Set(Object.values(results)).size).toBe(1);
    expect(Object.keys(results)).toHaveLength(9);
  });

  test('tells how much of the runtime and of the model has come, and how much there is', async () => {
    const { browser, isolated } = stage();
    const page = await pageOf(browser, isolated);
    const [model, runtime] = [sizeOf('mlp.onnx'), sizeOf('web/ort-wasm-simd-threaded.wasm')];
    // The second load finds a runtime that has come, and hears how much that was.
    for (let i = 0; i < 2; i++) {
      const steps = await page.evaluate(async () => {
        const steps: LoadProgress[] = [];
        const model = await edgefold.load('/mlp.onnx', { onProgress: (step) => steps.push(step) });
        await model.dispose();
        return steps;
      });
      const last = (phase: string) => steps.filter((step) => step.phase === phase).at(-1);
      expect(last('model')).toEqual({ phase: 'model', loadedBytes: model, totalBytes: model });
      expect(last('runtime')).toEqual({ phase: 'runtime', loadedBytes: runtime, totalBytes: runtime });
      expect([...new Set(steps.map(({ phase }) => phase))]).toEqual(['model', 'runtime', 'create', 'warmup']);
    }
    await page.close();
  });

  test('fails with what onProgress throws while the runtime comes, and loads the next model', async () => {
    await using page = disposable(await pageOf(stage().browser, stage().isolated));
    const outcome = await page.evaluate(async () => {
      const own = new Error('no more');
      const onProgress = ({ phase, loadedBytes }: LoadProgress) => {
        if (phase === 'runtime' && loadedBytes !== undefined) throw own;
      };
      const options = { thread: { pool: 2 } as const };
      const [first, second] = await Promise.allSettled([
        edgefold.load('/mlp.onnx', { ...options, onProgress }),
        edgefold.load('/mlp.onnx', options),
      ]);
      return [first.status === 'rejected' && first.reason === own, second.status];
    });
    expect(outcome).toEqual([true, 'fulfilled']);
  });

  test('ends loading in every phase, and loads the next model at once', async () => {
    for (const phase of ['model', 'runtime', 'create', 'warmup'] as const) {
      await using page = disposable(await pageOf(stage().browser, stage().isolated));
      const outcome = await page.evaluate(async (last) => {
        const giveUp = new AbortController();
        const onProgress = (step: LoadProgress) => {
          if (step.phase === last) giveUp.abort();
        };
        const failed = await edgefold.load('/mlp.onnx', { signal: giveUp.signal, onProgress }).catch((error: unknown) => error);
        const model = await edgefold.load('/mlp.onnx');
        const { y } = await model.run({ x: new Float32Array(4) });
        await model.dispose();
        return [(failed as { code: string }).code, y!.shape];
      }, phase); // prettier-ignore
      expect([phase, ...outcome]).toEqual([phase, 'ABORTED', [1, 3]]);
    }
  }, 30_000);

  test('ends a download that was given up', async () => {
    let closed!: () => void;
    const hungUp = new Promise<void>((resolve) => (closed = resolve));
    const site = await openSite({
      folders: [stage().folder],
      handlers: {
        '/slow.onnx': (_, response) => {
          response.writeHead(200, { 'content-length': 1e6 }).write('some');
          response.on('close', closed);
        },
      },
    });
    const page = await pageOf(stage().browser, site);
    const { code, lateMs } = await page.evaluate(async () => {
      const giveUp = new AbortController();
      const loading = edgefold.load('/slow.onnx', { signal: giveUp.signal }).catch((error: unknown) => error);
      await new Promise((resolve) => setTimeout(resolve, 200));
      const start = performance.now();
      giveUp.abort();
      const { code } = (await loading) as { code: string };
      return { code, lateMs: performance.now() - start };
    });
    await hungUp;
    expect(code).toBe('ABORTED');
    expect(lateMs).toBeLessThan(100);
    await page.close();
    await site.close();
  });

  test('gives a request up, and says what a server that is not there says', async () => {
    const codes = await stage().page.evaluate(async () => {
      const codeOf = (error: unknown) => (error as { code: string }).code;
      const signal = AbortSignal.abort();
      const nowhere = new Request('http://127.0.0.1:1/');
      return [
        await edgefold.load(new Request('/mlp.onnx'), { signal }).then(String, codeOf),
        await edgefold.load(nowhere).then(String, codeOf),
      ];
    });
    expect(codes).toEqual(['ABORTED', 'FILE']);
  });

  test.each(['cache-api', 'opfs'] as const)('keeps a model in %s: the second load asks no server', async (cache) => {
    const { page, isolated } = stage();
    const outcomes = [];
    for (const round of [1, 2]) {
      isolated.requests.length = 0;
      const report = await page.evaluate(async (choice) => {
        const model = await edgefold.load(`/mlp.onnx?of=${choice}`, { cache: choice, thread: 'here' });
        await model.dispose();
        return model.report.cache;
      }, cache);
      outcomes.push([round, report, isolated.requests.includes('/mlp.onnx')]);
    }
    expect(outcomes).toEqual([
      [1, { kind: cache, outcome: 'stored' }, true],
      [2, { kind: cache, outcome: 'hit' }, false],
    ]);
  });

  test('loads without a cache that has no room, and reports that', async () => {
    const report = await stage().page.evaluate(async () => {
      const cache = {
        get: () => Promise.resolve(undefined),
        put: () => Promise.reject(new DOMException('no room left', 'QuotaExceededError')),
      };
      const model = await edgefold.load('/mlp.onnx', { cache, thread: 'here' });
      await model.dispose();
      return model.report.cache;
    });
    expect(report).toEqual({ kind: 'custom', outcome: 'failed', reason: 'no room left' });
  });

  test('fetches anew what a cache has spoiled, where the digest is known', async () => {
    const digest = createHash('sha256').update(readFileSync(join(stage().folder, 'mlp.onnx'))).digest('base64'); // prettier-ignore
    const { report, kept } = await stage().page.evaluate(async (integrity) => {
      const kept = new Map<string, Uint8Array>([[new URL('/mlp.onnx', location.href).href, Uint8Array.of(1, 2, 3)]]);
      const cache = {
        get: (url: string) => Promise.resolve(kept.get(url)),
        put: (url: string, bytes: Uint8Array) => Promise.resolve(void kept.set(url, bytes)),
      };
      const model = await edgefold.load('/mlp.onnx', { cache, integrity, thread: 'here' });
      await model.dispose();
      return { report: model.report.cache, kept: [...kept.values()].map(({ length }) => length) };
    }, `sha256-${digest}`);
    expect(report).toEqual({ kind: 'custom', outcome: 'stored' });
    expect(kept).toEqual([sizeOf('mlp.onnx')]);
  });

  test.each<readonly [string, WebLoadOptions, code: string, words: RegExp]>([
    ['/none.onnx', {}, 'FILE', /404/],
    ['http://[', {}, 'USAGE', /no URL/],
    ['/cases.js', {}, 'RUNTIME', /protobuf/],
    ['/external.onnx', {}, 'FILE', /lie in another file.*edgefold fold/],
    ['/external.onnx', { provider: 'webgpu' }, 'FILE', /lie in another file/],
    ['/index.html', {}, 'FORMAT', /web page/],
    ['/mlp.onnx', { provider: 'cpu' }, 'PROVIDER', /the CPU is called 'wasm'$/],
    ['/mlp.onnx', { cache: 'disk' as 'opfs' }, 'USAGE', /cache-api, opfs/],
    ['/mlp.onnx', { assets: 5 as unknown as string }, 'USAGE', /no URL/],
    ['/mlp.onnx', { integrity: `sha256-${'A'.repeat(43)}=` }, 'INTEGRITY', /not the one/],
    ['/mlp.onnx', { thread: 'process' as const }, 'USAGE', /here, worker/],
    ['/mlp.onnx', { thread: 'here' as const, signal: 'x' as unknown as AbortSignal }, 'USAGE', /AbortSignal/],
  ])('refuses %s with %j: %s', async (source, options, code, words) => {
    const failure = await stage().page.evaluate(failureOfLoading, [source, options] as const);
    expect(failure).toMatchObject({ code, message: expect.stringMatching(words) as string });
  });

  test('takes the files of the runtime from another origin', async () => {
    const files = await openSite({
      folders: [stage().folder],
      headers: { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' },
    });
    const page = await pageOf(stage().browser, stage().isolated);
    stage().isolated.requests.length = 0;
    const report = await page.evaluate(async (assets) => {
      const model = await edgefold.load('/mlp.onnx', { assets });
      await model.run({ x: new Float32Array(4) });
      await model.dispose();
      return model.report;
    }, `${files.url}/web`);
    expect(report).toMatchObject({ used: 'wasm', runtime: { artifact: 'ort-wasm-simd-threaded.wasm' } });
    expect(stage().isolated.requests).toEqual(['/mlp.onnx']);
    expect(files.requests).toEqual(expect.arrayContaining(['/web/worker.js', '/web/ort-wasm.js']));
    await page.close();
    await files.close();
  });
}
