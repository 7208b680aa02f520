import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { WebLoadOptions } from '../../../src/runtime/web.ts';
import { disposable, openBrowser, openSite, type Handler, type SiteOptions } from '../../support/browser.ts';
import { failureOfLoading } from './page.ts';
import { pageOf, type Stage } from './stage.ts';

const POLICY = "default-src 'none'; connect-src 'self'; worker-src 'self'; ";
const TRUSTED = `${POLICY}script-src 'self' 'wasm-unsafe-eval'; require-trusted-types-for 'script'`;

/** What a page's server and browser allow it, and what is said where that is not enough. */
export function surroundingsTests(stage: () => Stage): void {
  /** Loads in a page of a site of its own. */
  async function outcomes(
    site: Omit<SiteOptions, 'folders'>,
    tries: readonly WebLoadOptions[],
    init?: () => void,
  ): Promise<readonly unknown[]> {
    const { browser, folder } = stage();
    await using served = disposable(await openSite({ folders: [folder], ...site }));
    await using context = disposable(await browser.newContext());
    if (init) await context.addInitScript(init);
    const page = await pageOf(context, served);
    const found: unknown[] = [];
    for (const options of tries) found.push(await page.evaluate(outcomeOfLoading, ['/mlp.onnx', options] as const));
    return found;
  }

  const under = (policy: string, tries: readonly WebLoadOptions[]) =>
    outcomes({ isIsolated: true, headers: { 'content-security-policy': policy } }, tries);

  describe('a Content-Security-Policy', () => {
    test.each([
      ['without eval', `${POLICY}script-src 'self' 'wasm-unsafe-eval'`],
      ['with Trusted Types', TRUSTED],
    ])('%s lets models run, on threads and on the GPU too', async (_, policy) => {
      const ways: readonly WebLoadOptions[] = [{}, { thread: 'here', threads: 2 }, { provider: 'webgpu' }];
      expect(await under(policy, ways)).toEqual([
        { used: 'wasm', threads: 1 },
        { used: 'wasm', threads: 2 },
        { used: 'webgpu', threads: 1 },
      ]);
    });

    test.each([
      ['forbids WebAssembly', `${POLICY}script-src 'self'`, 'PROVIDER', /to allow 'wasm-unsafe-eval' in script-src\.$/],
      ['forbids our policy', `${TRUSTED}; trusted-types 'none'`, 'PROVIDER', /to allow edgefold in trusted-types\.$/],
      ['forbids workers', `${POLICY.replace("worker-src 'self'", "worker-src 'none'")}script-src 'self'`, 'DIED', /worker\.js\. .* to allow http:\S+ in worker-src\.$/],
      ['forbids fetching', `${POLICY.replace("connect-src 'self'", "connect-src 'none'")}script-src 'self'`, 'FILE', /mlp\.onnx: .* to allow http:\S+ in connect-src\.$/],
    ])('that %s is named with what it has to allow', async (_, policy, code, words) => {
      const [failure] = await under(policy, [{}]);
      expect(failure).toEqual({ code, message: expect.stringMatching(words) as string });
    }); // prettier-ignore
  });

  test('a page without an origin runs models, and says that it has no caches', async () => {
    const headers = { 'content-security-policy': 'sandbox allow-scripts', 'access-control-allow-origin': '*' };
    expect(await outcomes({ headers }, [{ cache: 'cache-api' }, { cache: 'opfs', thread: 'here' }])).toEqual([
      { used: 'wasm', threads: 1, cache: { kind: 'cache-api', outcome: 'failed', reason: expect.stringMatching(/sandboxed/) as string } },
      { used: 'wasm', threads: 1, cache: { kind: 'opfs', outcome: 'failed', reason: expect.stringMatching(/sandboxed/) as string } },
    ]); // prettier-ignore
  });

  test('a browser without workers is told of the other way, which works', async () => {
    const found = await outcomes({}, [{}, { thread: 'here' }], () => Reflect.deleteProperty(globalThis, 'Worker'));
    expect(found).toEqual([
      { code: 'PROVIDER', message: expect.stringMatching(/no Worker .* thread: 'here'/) as string },
      { used: 'wasm', threads: 1 },
    ]);
  });

  describe('an open line and no WebGPU', () => {
    test('give typed reasons, and the CPU works', async () => {
      await using browser = disposable(await openBrowser(['--host-resolver-rules=MAP app.test 127.0.0.1']));
      const { plain } = stage();
      await using open = disposable(await pageOf(browser, { url: plain.url.replace('127.0.0.1', 'app.test') }));
      const attempt = (options: WebLoadOptions) => open.evaluate(outcomeOfLoading, ['/mlp.onnx', options] as const);
      expect(await attempt({ provider: ['webgpu', 'wasm'], cache: 'cache-api' })).toEqual({
        used: 'wasm',
        threads: 1,
        refused: [{ provider: 'webgpu', reason: 'WebGPU is for pages served over HTTPS only' }],
        cache: { kind: 'cache-api', outcome: 'failed', reason: 'the Cache API is for pages served over HTTPS only' },
      });
      expect(await attempt({ cache: 'opfs' })).toMatchObject({ cache: { outcome: 'failed', reason: expect.stringMatching(/HTTPS/) as string } }); // prettier-ignore
      expect(await attempt({ integrity: `sha256-${'A'.repeat(43)}=` })).toMatchObject({ code: 'USAGE', message: expect.stringMatching(/^integrity.*HTTPS/) as string }); // prettier-ignore
      await using local = disposable(await pageOf(browser, plain));
      const failure = await local.evaluate(failureOfLoading, ['/mlp.onnx', { provider: 'webgpu' }] as const);
      expect(failure).toMatchObject({ code: 'PROVIDER', message: expect.stringMatching(/gives no adapter/) as string });
    });
  });

  describe('files of another origin', () => {
    const allowed = { 'access-control-allow-origin': '*' };

    test('run on threads in an isolated page', async () => {
      await using files = disposable(await openSite({ folders: [stage().folder], headers: allowed }));
      const assets = `${files.url}/web`;
      const ways: readonly WebLoadOptions[] = [
        { assets, threads: 2 },
        { assets, threads: 2, thread: 'here' },
      ];
      expect(await outcomes({ isIsolated: true }, ways)).toEqual(Array(2).fill({ used: 'wasm', threads: 2 }));
    });

    test('that their server does not allow are refused with the header that it needs', async () => {
      await using files = disposable(await openSite({ folders: [stage().folder] }));
      const found = await outcomes({ isIsolated: true }, [
        { assets: `${files.url}/web` },
        { assets: `${files.url}/web`, thread: 'here' },
      ]);
      expect(found).toEqual([
        { code: 'DIED', message: expect.stringMatching(/worker\.js.*Access-Control-Allow-Origin/) as string },
        { code: 'PROVIDER', message: expect.stringMatching(/ort-wasm.*Access-Control-Allow-Origin/) as string },
      ]);
      const model = await stage().page.evaluate(failureOfLoading, [`${files.url}/mlp.onnx`, {}] as const);
      expect(model).toMatchObject({ code: 'FILE', message: expect.stringMatching(/mlp\.onnx.*Access-Control-Allow-Origin/) as string }); // prettier-ignore
    });
  });

  describe('an answer', () => {
    const page: Handler = (_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>');
    const half = (file: string, type: string): Handler => (_, response) => {
      const bytes = readFileSync(join(stage().folder, file));
      response.writeHead(200, { 'content-type': type, 'content-length': bytes.length });
      response.write(bytes.subarray(0, bytes.length >> 1), () => setTimeout(() => response.destroy(), 100));
    }; // prettier-ignore
    const WASM = '/web/ort-wasm-simd-threaded.wasm';
    const [script, wasm, model] = ['text/javascript', 'application/wasm', 'application/octet-stream'];

    test.each<readonly [file: string, what: string, () => Handler, code: string, words: RegExp]>([
      [WASM, 'a web page', () => page, 'PROVIDER', /threaded\.wasm cannot be fetched: .* web page/],
      ['/web/ort-wasm.js', 'a web page', () => page, 'PROVIDER', /ort-wasm\.js: .* web page/],
      ['/web/worker.js', 'a web page', () => page, 'DIED', /worker\.js: .* web page/],
      ['/mlp.onnx', 'a web page', () => page, 'FORMAT', /mlp\.onnx: .* web page .*<!doctype html>/],
      [WASM, 'cut off', () => half(WASM, wasm), 'PROVIDER', /threaded\.wasm cannot be compiled: .*aborted/],
      ['/web/ort-wasm.js', 'cut off', () => half('web/ort-wasm.js', script), 'PROVIDER', /ort-wasm\.js: /],
      ['/web/worker.js', 'cut off', () => half('web/worker.js', script), 'DIED', /worker\.js: /],
      ['/mlp.onnx', 'cut off', () => half('mlp.onnx', model), 'FILE', /mlp\.onnx: the model cannot be read/],
    ])('for %s that is %s is named', async (file, _, handler, code, words) => {
      const [failure] = await outcomes({ handlers: { [file]: handler() } }, [{}]);
      expect(failure).toEqual({ code, message: expect.stringMatching(words) as string });
    });
  });
}

/** In the page: what a load gives, and that its model computes. */
async function outcomeOfLoading([source, options]: readonly [string, WebLoadOptions]): Promise<unknown> {
  try {
    const model = await edgefold.load(source, options);
    const { y } = await model.run({ x: Float32Array.of(1, 2, 3, 4) });
    await model.dispose();
    if (!y!.data.every((value) => Number.isFinite(value))) throw new Error('it computes nothing');
    const { used, threads, cache, refused } = model.report;
    return { used, threads, ...(cache && { cache }), ...(refused.length > 0 && { refused }) };
  } catch (error) {
    const { code, message } = error as { code: unknown; message: string };
    return { code, message };
  }
}
