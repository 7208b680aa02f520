import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readOnnx } from '../../src/onnx/read.ts';
import { openBrowser, openSite, type Site } from '../support/browser.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { repositoryPath } from '../support/cli.ts';
import { sharedPath, testShared } from '../support/shared.ts';
import { noHeads } from '../runtime/faults.ts';
import { endlessLoop } from '../runtime/suite.ts';
import { buildPage } from './build-page.ts';

const TEACHABLE_MACHINE = 'corpus/keras-h5/teachable-machine.h5';
const BUNDLED = repositoryPath('models/digits/norm-before-activation/model.h5');
/** A 7 as a person draws it, in shares of the pad's side. */
const SEVEN = [
  [0.25, 0.22],
  [0.75, 0.22],
  [0.45, 0.82],
] as const;

const title = CHROMIUM ? 'the page' : 'the page: NOT RUN, because no Chromium was found; CHROMIUM names one';

describe.skipIf(!CHROMIUM)(title, () => {
  const folder = mkdtempSync(join(tmpdir(), 'edgefold-page-'));
  let browser: Browser;
  let site: Site;

  beforeAll(async () => {
    [browser] = await Promise.all([openBrowser(), buildPage(folder)]);
    site = await openSite({ folders: [join(folder, 'page')], isIsolated: true });
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await site.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function openPage(size = { width: 1280, height: 900 }): Promise<Page & AsyncDisposable> {
    const context = await browser.newContext({ viewport: size, acceptDownloads: true });
    const page = await context.newPage();
    const errors: Error[] = [];
    page.on('pageerror', (error) => errors.push(error));
    await page.goto(site.url);
    await page.waitForSelector('body[data-state="open"] #pad', { timeout: 60_000 });
    const close = async () => {
      await context.close();
      expect(errors).toEqual([]);
    };
    return Object.assign(page, { [Symbol.asyncDispose]: close });
  }

  test('opens with a model to draw on, and knows a 7 that is drawn with the mouse', async () => {
    await using page = await openPage();
    await draw(page, SEVEN);
    await expect.poll(() => page.textContent('#best'), { timeout: 30_000 }).toBe('7');
    expect(await page.textContent('.answer')).toMatch(/Largest difference between them: (0|\d\.\de-([6-9]|1\d))\./);
  });

  test('every example is what its button says', async () => {
    await using page = await openPage();
    for (const name of ['0', '3', '7']) {
      await page.getByRole('group', { name: 'Examples' }).getByRole('button', { name, exact: true }).click();
      await expect.poll(() => page.textContent('#best'), { timeout: 30_000 }).toBe(name);
    }
  });

  test('folds a file that is given, proves it, and hands the model and the report on', async () => {
    await using page = await openPage();
    await page.setInputFiles('#files', BUNDLED);
    await expect.poll(() => page.textContent('#facts'), { timeout: 30_000 }).toContain('model.h5');
    expect(await page.textContent('#facts')).toContain('3 of 3');
    await expect.poll(() => page.textContent('#verdict'), { timeout: 60_000 }).toBe('pass');
    const graph = readOnnx(new Uint8Array(readFileSync(await download(page, '#download-model'))));
    expect(graph.nodes.map(({ opType }) => opType)).not.toContain('BatchNormalization');
    const report = readFileSync(await download(page, '#download-report'), 'utf8');
    expect(report).toContain('<span class="verdict pass">');
    expect(report).toContain('uPlot');
  });

  test('compares the CPU with the GPU, or says why it cannot', async () => {
    await using page = await openPage();
    await page.click('#compare-webgpu', { timeout: 60_000 });
    const verdict = page.locator('#parity .verdict').nth(1);
    await expect.poll(() => verdict.or(page.locator('#parity .problem')).count(), { timeout: 60_000 }).toBeGreaterThan(0); // prettier-ignore
    if ((await verdict.count()) > 0) expect(await verdict.textContent()).toBe('pass');
    else expect(await page.textContent('#parity .problem')).toMatch(/webgpu/i);
  });

  test('tells what is wrong with a file that is no model, and keeps the page alive', async () => {
    await using page = await openPage();
    await page.setInputFiles('#files', { name: 'notes.keras', mimeType: 'text/plain', buffer: Buffer.from('hello') });
    await expect.poll(() => page.textContent('#status'), { timeout: 30_000 }).toContain('That did not work.');
    await page.setInputFiles('#files', BUNDLED);
    await expect.poll(() => page.textContent('#facts'), { timeout: 30_000 }).toContain('model.h5');
  });

  test('keeps the model that is open when the next one does not load, and leaves one that never ends', async () => {
    await using page = await openPage();
    await page.setInputFiles('#files', onnxFile('dies.onnx', noHeads()));
    await expect.poll(() => page.textContent('#status'), { timeout: 30_000 }).toContain('That did not work.');
    const kept = readOnnx(new Uint8Array(readFileSync(await download(page, '#download-model'))));
    expect(kept.inputs[0]!.name).toBe('input_layer');
    await page.setInputFiles('#files', onnxFile('endless.onnx', endlessLoop()));
    await expect.poll(() => page.textContent('#status'), { timeout: 30_000 }).toBe('Loading');
    await page.setInputFiles('#files', BUNDLED);
    await expect.poll(() => page.textContent('#facts'), { timeout: 30_000 }).toContain('model.h5');
  });

  test('the pad can be drawn on with the keyboard', async () => {
    await using page = await openPage();
    await page.focus('#pad');
    for (let step = 0; step < 12; step++) await page.keyboard.press('ArrowUp');
    for (let step = 0; step < 24; step++) await page.keyboard.press('Shift+ArrowDown');
    await expect.poll(() => page.textContent('.answer'), { timeout: 30_000 }).toContain('The folded model says 1');
  });

  test('fits the width of a phone', async () => {
    await using page = await openPage({ width: 390, height: 844 });
    await page.waitForSelector('#verdict', { timeout: 60_000 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  });

  testShared(TEACHABLE_MACHINE, 'opens a model of 52 BatchNormalizations and runs it on a picture', async () => {
    await using page = await openPage();
    await page.setInputFiles('#files', sharedPath(TEACHABLE_MACHINE));
    await expect.poll(() => page.textContent('#facts'), { timeout: 60_000 }).toContain('52 of 52');
    expect(await page.locator('#picture').count()).toBe(1);
    await page.setInputFiles('#picture', repositoryPath('models/digits/sample/digit-7.png'));
    await expect.poll(() => page.textContent('.answer'), { timeout: 60_000 }).toContain('The folded model says');
  });

  test('downloads one build of the runtime', () => {
    const wasm = new Set(site.requests.filter((path) => path.endsWith('.wasm')).map((path) => path.replace(/-[\w-]{8}\./, '.'))); // prettier-ignore
    expect(wasm).toContain('/assets/ort-wasm-simd-threaded.wasm');
    expect(wasm.size).toBeLessThanOrEqual(2);
  });
});

const onnxFile = (name: string, bytes: Uint8Array) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) }); // prettier-ignore

async function draw(page: Page, strokes: readonly (readonly [number, number])[]): Promise<void> {
  const { x, y, width, height } = (await page.locator('#pad').boundingBox())!;
  const [first, ...rest] = strokes.map(([left, top]) => [x + left * width, y + top * height] as const);
  await page.mouse.move(...first!);
  await page.mouse.down();
  for (const point of rest) await page.mouse.move(...point, { steps: 8 });
  await page.mouse.up();
}

async function download(page: Page, button: string): Promise<string> {
  const [started] = await Promise.all([page.waitForEvent('download', { timeout: 60_000 }), page.click(button)]);
  return started.path();
}
