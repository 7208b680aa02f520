import { cpSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, createServer } from 'vite';
import { expect, test } from 'vitest';
import { openSite } from '../../support/browser.ts';
import { evaluatePerceptron, randomLayers } from '../../support/runnable-models.ts';
import type { Stage } from './stage.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const FIXTURES = join(ROOT, 'test/runtime/web/fixtures');
const FIXTURE = join(FIXTURES, 'vite-wasm');

/** The package as its users have it: installed, bundled, or served as it is. */
export function buildTests(stage: () => Stage): void {
  test('a Vite build with no configuration carries one build of the runtime where the entry has one', async () => {
    using app = installed(stage(), FIXTURE);
    await viteBuild(app.folder);
    const files = readdirSync(join(app.folder, 'dist/assets'));
    // The page's own code, in as many pieces as Vite likes.
    const others = files.filter((file) => !/^(index|chunk|fix-dims|not-onnx|cost|read)-/.test(file));
    expect(others.map(plainName).sort()).toEqual(['ort-wasm-simd-threaded.wasm', 'ort-wasm.js', 'worker.js']);
    for (const isIsolated of [true, false]) {
      const site = await openSite({ folders: [join(app.folder, 'dist')], isIsolated });
      expect(await textOf(stage(), site.url)).toEqual(expectedText(isIsolated ? 2 : 1));
      await site.close();
    }
  }, 60_000);

  test('Vite serves it while one develops, with no configuration', async () => {
    using app = installed(stage(), FIXTURE);
    const server = await createServer({ root: app.folder, configFile: false, logLevel: 'silent', server: { port: 0 } });
    await server.listen();
    try {
      expect(await textOf(stage(), server.resolvedUrls!.local[0]!)).toEqual(expectedText(1));
    } finally {
      await server.close();
    }
  }, 60_000);

  test('the example with Vite carries every build it may need and downloads one', async () => {
    using app = installed(stage(), join(ROOT, 'examples/vite'));
    await viteBuild(app.folder);
    const artifacts = readdirSync(join(app.folder, 'dist/assets')).filter((file) => file.endsWith('.wasm'));
    expect(artifacts.map(plainName).sort()).toEqual([
      'ort-wasm-simd-threaded.asyncify.wasm',
      'ort-wasm-simd-threaded.jspi.wasm',
      'ort-wasm-simd-threaded.wasm',
    ]);
    const site = await openSite({ folders: [join(app.folder, 'dist')] });
    const page = await stage().browser.newPage();
    await page.goto(site.url);
    await page.setInputFiles('input', join(stage().folder, 'mlp.onnx'));
    await page.waitForFunction(() => document.querySelector('pre')!.textContent !== '');
    const report = JSON.parse((await page.textContent('pre'))!) as unknown;
    expect(report).toMatchObject({ batchNormalizations: { found: 0 }, provider: { used: 'webgpu' } });
    expect(site.requests.filter((path) => path.endsWith('.wasm'))).toHaveLength(1);
    await page.close();
    await site.close();
  }, 60_000);

  test('a plain page imports what is built, and tells a digit', async () => {
    const { browser, folder } = stage();
    const site = await openSite({
      folders: [ROOT],
      handlers: Object.fromEntries(
        readdirSync(join(folder, 'web')).map((file) => [
          `/dist/web/${file}`,
          (_, response) => {
            const type = file.endsWith('.wasm') ? 'application/wasm' : 'text/javascript';
            response.writeHead(200, { 'content-type': type }).end(readFileSync(join(folder, 'web', file)));
          },
        ]),
      ),
    });
    const page = await browser.newPage();
    await page.goto(`${site.url}/examples/plain/`);
    await page.waitForFunction(() => document.querySelector('output')!.textContent !== '…');
    expect(await page.textContent('output')).toBe('7, says webgpu');
    await page.close();
    await site.close();
  });

  test('exports, folds, proves and runs in a worker of the page’s own', async () => {
    const { browser, folder } = stage();
    const site = await openSite({ folders: [folder, FIXTURES, join(ROOT, 'models/digits/norm-before-activation')] });
    const page = await browser.newPage();
    await page.goto(`${site.url}/index.html`);
    const outcome = await page.evaluate(
      () =>
        new Promise((resolve) => {
          const worker = new Worker('/own-worker.js', { type: 'module' });
          worker.onmessage = ({ data }) => {
            resolve(data);
          };
          worker.onerror = ({ message }) => {
            resolve(message);
          };
        }),
    );
    expect(outcome).toEqual({ folded: 3, verdict: 'pass', shape: [1, 10] });
    await page.close();
    await site.close();
  });

  test('the script of a page that only runs models stays small', () => {
    const web = join(stage().folder, 'web');
    const seen = new Set<string>();
    const follow = (file: string): number => {
      if (seen.has(file)) return 0;
      seen.add(file);
      const text = readFileSync(join(web, file), 'utf8');
      const imports = [...text.matchAll(/(?:from|import)"\.\/([^"]+)"/g)].map(([, name]) => follow(name!));
      return imports.reduce((sum, size) => sum + size, text.length);
    };
    expect(follow('wasm.js')).toBeLessThan(50_000);
  });
}

/** Without the hash that Vite adds. */
const plainName = (file: string) => file.replace(/-[\w-]{8}(?=\.\w+$)/, '');

const expectedText = (threads: number) => {
  const y = evaluatePerceptron(randomLayers([4, 5, 3], 1), [1, 2, 3, 4]);
  return { y: y.map((value) => expect.closeTo(value, 5) as number), threads };
};

/** A copy of an application, with the package in its `node_modules`. */
function installed({ folder }: Stage, source: string): Disposable & { readonly folder: string } {
  const app = mkdtempSync(join(folder, 'app-'));
  cpSync(source, app, { recursive: true });
  const own = join(app, 'node_modules/edgefold');
  for (const made of [join(app, 'public'), join(own, 'dist/web')]) mkdirSync(made, { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(own, 'package.json'));
  for (const file of readdirSync(join(folder, 'web'))) {
    linkSync(join(folder, 'web', file), join(own, 'dist/web', file));
  }
  cpSync(join(folder, 'mlp.onnx'), join(app, 'public/mlp.onnx'));
  const remove = () => {
    rmSync(app, { recursive: true, force: true });
  };
  return { folder: app, [Symbol.dispose]: remove };
}

async function viteBuild(root: string): Promise<void> {
  await build({ root, configFile: false, logLevel: 'silent' });
}

async function textOf({ browser }: Stage, url: string): Promise<unknown> {
  const page = await browser.newPage();
  await page.goto(url);
  await page.waitForFunction(() => document.querySelector('pre')!.textContent !== '');
  const text = await page.textContent('pre');
  await page.close();
  return JSON.parse(text!);
}
