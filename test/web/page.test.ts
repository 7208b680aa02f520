import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Graph } from '../../src/onnx/graph.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { splitOnnx } from '../../src/onnx/write.ts';
import { float32 } from '../../src/tensor.ts';
import { openBrowser, openSite, type Site } from '../support/browser.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { repositoryPath } from '../support/cli.ts';
import { sharedPath, testShared } from '../support/shared.ts';
import { noHeads } from '../runtime/faults.ts';
import { endlessLoop } from '../runtime/suite.ts';
import { buildPage } from './build-page.ts';

const TEACHABLE_MACHINE = 'corpus/keras-h5/teachable-machine.h5';
const BUNDLED = repositoryPath('models/digits/norm-before-activation/model.h5');
/** WebGPU in software, and a camera that shows a test picture to whoever asks. */
const FLAGS = ['--enable-unsafe-webgpu', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

/** A 7 as a person draws it, in shares of the pad's side. */
const SEVEN = [
  [0.25, 0.22],
  [0.75, 0.22],
  [0.45, 0.82],
] as const;

interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
  readonly hasTouch?: boolean;
}

const title = CHROMIUM ? 'the page' : 'the page: NOT RUN, because no Chromium was found; CHROMIUM names one';

describe.skipIf(!CHROMIUM)(title, () => {
  vi.setConfig({ testTimeout: 90_000 });
  const folder = mkdtempSync(join(tmpdir(), 'edgefold-page-'));
  let browser: Browser;
  let site: Site;

  beforeAll(async () => {
    [browser] = await Promise.all([openBrowser(FLAGS), buildPage(folder)]);
    site = await openSite({ folders: [join(folder, 'page')], isIsolated: true });
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await site.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function openPage({ width = 1280, height = 900, ...more }: Look = {}): Promise<Page & AsyncDisposable> {
    const context = await browser.newContext({ viewport: { width, height }, acceptDownloads: true, ...more });
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
    await expect.poll(() => page.textContent('#verdict .verdict'), { timeout: 60_000 }).toBe('pass');
    const graph = readOnnx(new Uint8Array(readFileSync(await download(page, '#download-model'))));
    expect(graph.nodes.map(({ opType }) => opType)).not.toContain('BatchNormalization');
    const report = readFileSync(await download(page, '#download-report'), 'utf8');
    expect(report).toContain('<span class="verdict pass">');
    expect(report).toContain('uPlot');
  });

  test('opens the folder of a TF.js model that is dropped, weights in other files included', async () => {
    await using page = await openPage();
    const cdp = await page.context().newCDPSession(page);
    const data = {
      items: [],
      files: [repositoryPath('models/digits/norm-before-activation/tfjs')],
      dragOperationsMask: 1,
    };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      await cdp.send('Input.dispatchDragEvent', { type, x: 300, y: 300, data });
    }
    await expect.poll(() => page.textContent('#facts'), { timeout: 30_000 }).toContain('model.json');
    expect(await page.textContent('#facts')).toContain('3 of 3');
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

  test('the pad can be drawn on with a finger', async () => {
    await using page = await openPage({ width: 390, height: 844, hasTouch: true });
    const { x, y, width, height } = (await page.locator('#pad').boundingBox())!;
    const cdp = await page.context().newCDPSession(page);
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', share?: number) =>
      cdp.send('Input.dispatchTouchEvent', { type, touchPoints: share === undefined ? [] : [{ x: x + width / 2, y: y + share * height }] }); // prettier-ignore
    await touch('touchStart', 0.15);
    for (let step = 1; step <= 14; step++) await touch('touchMove', 0.15 + 0.05 * step);
    await touch('touchEnd');
    await expect.poll(() => page.textContent('.answer'), { timeout: 30_000 }).toContain('The folded model says 1');
  });

  test('is used from the keyboard alone: every control can be reached, in the order of the page, and is named', async () => {
    await using page = await openPage();
    await page.waitForSelector('#download-report:enabled', { timeout: 60_000 });
    await page.keyboard.press('Tab');
    const reached: { name: string; top: number }[] = [];
    for (let stop = 0; stop < 60; stop++) {
      const control = await page.evaluate(focused);
      if (!control) break;
      reached.push(control);
      await page.keyboard.press('Tab');
    }
    const names = reached.map(({ name }) => name);
    expect(names.every((name) => name !== '')).toBe(true);
    for (const part of ['Skip to the model', 'Open a model', 'Bundled', 'Drawing pad', 'Clear', '7', 'Run on', 'Compare CPU and GPU', 'Measure', 'Download the ONNX model', 'Download the report']) {
      expect(names.some((name) => name.startsWith(part)), part).toBe(true);
    }
    const tops = reached.slice(1).map(({ top }) => top);
    // Controls of one row share their line.
    expect(tops.every((top, i) => i === 0 || top >= tops[i - 1]! - 120)).toBe(true);
  }); // prettier-ignore

  test.each(['light', 'dark'] as const)('every text stands out from what is behind it, %s', async (colorScheme) => {
    await using page = await openPage({ colorScheme });
    await page.getByRole('group', { name: 'Examples' }).getByRole('button', { name: '3', exact: true }).click();
    await page.waitForSelector('#verdict', { timeout: 60_000 });
    await page.setInputFiles('#files', { name: 'notes.keras', mimeType: 'text/plain', buffer: Buffer.from('hello') });
    await page.waitForSelector('#status.problem');
    const { texts, faint } = await page.evaluate(faintTexts, 4.5);
    expect(texts).toBeGreaterThan(100);
    expect(faint).toEqual([]);
  });

  test('takes an ONNX model with the file that its weights are in, and asks for that file where it is missing', async () => {
    await using page = await openPage();
    const { model, data, location } = splitModel();
    await page.setInputFiles('#files', onnxFile('split.onnx', model));
    await expect.poll(() => page.textContent('#status'), { timeout: 30_000 }).toContain(`keeps weights in another file, ${location}`); // prettier-ignore
    await page.setInputFiles('#files', [onnxFile('split.onnx', model), onnxFile(location, data)]);
    await expect.poll(() => page.textContent('#facts'), { timeout: 30_000 }).toContain('split.onnx');
    const whole = readOnnx(new Uint8Array(readFileSync(await download(page, '#download-model'))));
    expect(whole.initializers.map(({ shape }) => shape)).toEqual([[4, 5]]);
  });

  test('may connect to its own server and to nothing else, and sends nothing anywhere', async () => {
    const context = await browser.newContext();
    const asked: { url: string; method: string; body: string | null }[] = [];
    context.on('request', (request) => asked.push({ url: request.url(), method: request.method(), body: request.postData() })); // prettier-ignore
    const page = await context.newPage();
    await page.goto(site.url);
    await page.waitForSelector('#verdict', { timeout: 60_000 });
    await page.setInputFiles('#files', BUNDLED);
    await expect.poll(() => page.textContent('#facts'), { timeout: 30_000 }).toContain('model.h5');
    await page.waitForSelector('#download-report:enabled', { timeout: 60_000 });
    await download(page, '#download-report');
    const isOwn = (url: string) => url.startsWith(`${site.url}/`) || /^(blob|data):/.test(url);
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.filter(({ url, method, body }) => !isOwn(url) || method !== 'GET' || body !== null)).toEqual([]);
    const elsewhere = await page.evaluate(() => fetch('http://127.0.0.1:1/').then(() => 'sent', () => 'refused')); // prettier-ignore
    const policy = await page.getAttribute('meta[http-equiv="Content-Security-Policy"]', 'content');
    expect(elsewhere).toBe('refused');
    expect(policy).toContain("connect-src 'self' data: blob:");
    await context.close();
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
    const said = await page.textContent('.answer');
    await page.click('#camera');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.click('#camera');
    await page.getByRole('button', { name: 'Take the picture' }).click();
    await expect.poll(() => page.textContent('.answer'), { timeout: 60_000 }).not.toBe(said);
    const photographed = await page.textContent('.answer');
    await page.evaluate(dropPicture);
    await expect.poll(() => page.textContent('.answer'), { timeout: 60_000 }).not.toBe(photographed);
    // The camera ends with the model that it was for.
    await page.click('#camera');
    await page.setInputFiles('#files', BUNDLED);
    await expect.poll(() => page.textContent('#facts'), { timeout: 30_000 }).toContain('model.h5');
    await expect.poll(() => page.locator('video').count(), { timeout: 30_000 }).toBe(0);
    await page.evaluate(dropPicture);
    await expect.poll(() => page.textContent('#status'), { timeout: 30_000 }).toContain('takes no pictures');
  });

  test('downloads one build of the runtime', () => {
    const wasm = new Set(site.requests.filter((path) => path.endsWith('.wasm')).map((path) => path.replace(/-[\w-]{8}\./, '.'))); // prettier-ignore
    expect(wasm).toContain('/assets/ort-wasm-simd-threaded.wasm');
    expect(wasm.size).toBeLessThanOrEqual(2);
  });
});

const onnxFile = (name: string, bytes: Uint8Array) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) }); // prettier-ignore

/** `y = x · W` with W in a file of its own. */
function splitModel(): { readonly model: Uint8Array; readonly data: Uint8Array; readonly location: string } {
  const graph = new Graph('split');
  const x = graph.input('x', { dtype: 'float32', shape: ['n', 4] });
  const weights = graph.constant(
    'W',
    float32(
      [4, 5],
      Array.from({ length: 20 }, (_, i) => Math.sin(i)),
    ),
  );
  graph.outputs.push(graph.node('MatMul', { inputs: [x, weights], output: { name: 'y', dtype: 'float32', shape: ['n', 5] } })); // prettier-ignore
  const location = 'weights.bin';
  const split = splitOnnx(graph, { maxInlineBytes: 0, minTensorBytes: 0 });
  return { model: together(split.model(location)), data: together(split.data()), location };
}

const together = (pieces: Iterable<Uint8Array>): Uint8Array => Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece))); // prettier-ignore

/** In the page: what has the focus, by the name that a screen reader says. */
function focused(): { name: string; top: number } | undefined {
  const element = document.activeElement as HTMLElement | null;
  if (!element || element === document.body) return undefined;
  const { labels } = element as HTMLInputElement;
  const name = element.getAttribute('aria-label') ?? labels?.[0]?.textContent ?? element.textContent;
  return { name: name.trim(), top: element.getBoundingClientRect().top + scrollY };
}

/** In the page: texts whose contrast (WCAG 2.2) with the colour behind them is less than this. */
function faintTexts(least: number): { texts: number; faint: string[] } {
  const pen = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })!;
  const rgba = (color: string) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = color;
    pen.fillRect(0, 0, 1, 1);
    return pen.getImageData(0, 0, 1, 1).data;
  };
  const luminance = (color: string) =>
    [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
      const level = rgba(color)[i]! / 255;
      return sum + weight * (level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4);
    }, 0);
  const behind = (element: Element | null): string => {
    if (!element) return 'white';
    const { backgroundColor } = getComputedStyle(element);
    return rgba(backgroundColor)[3] === 255 ? backgroundColor : behind(element.parentElement);
  };
  const faint: string[] = [];
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement!;
    if (!node.textContent!.trim() || !element.checkVisibility() || element.closest('.visually-hidden, .skip, option, script')) continue;
    texts++;
    const style = getComputedStyle(element);
    const [a, b] = [luminance(element.closest('svg') ? style.fill : style.color), luminance(behind(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < least) faint.push(`${contrast.toFixed(2)} ${node.textContent!.trim().slice(0, 40)}`);
  }
  return { texts, faint };
} // prettier-ignore

/** In the page: a picture dropped on it. */
async function dropPicture(): Promise<void> {
  const canvas = new OffscreenCanvas(64, 48);
  const pen = canvas.getContext('2d')!;
  pen.fillStyle = 'orange';
  pen.fillRect(0, 0, 40, 48);
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([await canvas.convertToBlob()], 'orange.png', { type: 'image/png' }));
  document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true }));
}

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
