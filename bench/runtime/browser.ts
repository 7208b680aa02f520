import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { buildWeb } from '../../scripts/build-web.mjs';
import type { Timing } from '../../src/runtime/bench.ts';
import { openBrowser, openSite, type Site } from '../../test/support/browser.ts';
import { seedModel, unfoldedSeedModel } from './seed.ts';
import { asked, record, rounded } from './record.ts';

/**
 * Cold starts, downloads and runs in Chromium, of Edgefold and of plain onnxruntime-web on the same model:
 * `tsx bench/runtime/browser.ts [--quick]`. Each cold start has a browser profile of its own, so nothing is cached; the
 * clock starts before the first import and stops at the first result. WebGPU is in software where there is no adapter.
 */
const { quick } = asked();
const [STARTS, SECONDS] = quick ? [1, 0.3] : [15, 5];
const RUNTIME = fileURLToPath(new URL('../../node_modules/onnxruntime-web/dist', import.meta.url));

/** What a page measures: code that is written down here, because it is made in the page. */
const WAYS = [
  { name: 'edgefold', provider: 'wasm', thread: 'worker' },
  { name: 'edgefold, in the page', provider: 'wasm', thread: 'here' },
  { name: 'onnxruntime-web', provider: 'wasm', thread: 'here' },
  { name: 'edgefold', provider: 'webgpu', thread: 'worker' },
  { name: 'onnxruntime-web', provider: 'webgpu', thread: 'here' },
] as const;
type Way = (typeof WAYS)[number];

interface Start {
  readonly firstResultMs: number;
  readonly downloadedBytes: number;
  readonly timing: Timing;
  readonly isFallback: boolean | null;
}

/** In the page. */
declare const measuring: {
  /** Milliseconds from the first import to the first result. */
  start(way: Way): Promise<number>;
  repeat(seconds: number): Promise<Pick<Start, 'timing' | 'isFallback'>>;
};

const PAGE = `<!doctype html><script type="module">
let model;
globalThis.measuring = {
  start: async ({ name, provider, thread }) => {
    const began = performance.now();
    const data = Float32Array.from({ length: 784 }, (_, i) => (i % 255) / 255);
    model = name === 'onnxruntime-web' ? await plain(provider, data) : await edgefold(provider, thread, data);
    await model.run();
    return performance.now() - began;
  },
  repeat: async (seconds) => {
    const { bench } = await import('/web/edgefold.js');
    const { it } = await bench({ it: model }, {}, { seconds });
    const adapter = await navigator.gpu?.requestAdapter();
    return { timing: it, isFallback: adapter?.info?.isFallbackAdapter ?? null };
  },
};
async function edgefold(provider, thread, data) {
  const { load } = await import(provider === 'wasm' ? '/web/wasm.js' : '/web/edgefold.js');
  const model = await load('/folded.onnx', { provider, thread, warmup: 0 });
  const [{ name }] = model.inputs;
  return { run: () => model.run({ [name]: data }) };
}
async function plain(provider, data) {
  const ort = await import(provider === 'wasm' ? '/ort.wasm.bundle.min.mjs' : '/ort.webgpu.bundle.min.mjs');
  const session = await ort.InferenceSession.create('/unfolded.onnx', { executionProviders: [provider] });
  const [name] = session.inputNames;
  return { run: () => session.run({ [name]: new ort.Tensor('float32', data, [1, 28, 28]) }) };
}
</script>`;

const folder = mkdtempSync(join(tmpdir(), 'edgefold-bench-'));
const folders = [folder, RUNTIME];

/** Bytes of what was asked for, uncompressed. */
const downloaded = ({ requests }: Site): number =>
  requests
    .map((path) => folders.map((each) => join(each, path)).find((file) => existsSync(file)))
    .reduce((sum, file) => sum + (file === undefined ? 0 : statSync(file).size), 0);

async function started(browser: Browser, site: Site, way: Way, seconds: number): Promise<Start> {
  const context = await browser.newContext();
  try {
    const page: Page = await context.newPage();
    await page.goto(`${site.url}/page.html`);
    site.requests.length = 0;
    const firstResultMs = await page.evaluate((how) => measuring.start(how), way);
    const downloadedBytes = downloaded(site);
    return { firstResultMs, downloadedBytes, ...(await page.evaluate((time) => measuring.repeat(time), seconds)) };
  } finally {
    await context.close();
  }
}

const browser = await openBrowser();
const site = await openSite({ folders, isIsolated: true });
try {
  await buildWeb(join(folder, 'web'));
  writeFileSync(join(folder, 'folded.onnx'), await seedModel());
  writeFileSync(join(folder, 'unfolded.onnx'), await unfoldedSeedModel());
  writeFileSync(join(folder, 'page.html'), PAGE);
  const starts = new Map<Way, Start[]>(WAYS.map((way) => [way, []]));
  for (let start = 0; start < STARTS; start++) {
    for (const way of WAYS) starts.get(way)!.push(await started(browser, site, way, SECONDS / STARTS));
  }
  for (const way of WAYS) report(way, starts.get(way)!);
} finally {
  await Promise.all([browser.close(), site.close()]);
  rmSync(folder, { recursive: true });
}

function report({ name, provider, thread }: Way, starts: readonly Start[]): void {
  const sorted = (pick: (start: Start) => number) => starts.map(pick).sort((a, b) => a - b);
  const middle = Math.floor(starts.length / 2);
  const firsts = sorted(({ firstResultMs }) => firstResultMs);
  const figures = rounded({
    coldMinMs: firsts[0]!,
    coldP50Ms: firsts[middle]!,
    runMinMs: sorted(({ timing }) => timing.minMs)[0]!,
    runP50Ms: sorted(({ timing }) => timing.p50Ms)[middle]!,
    runP95Ms: sorted(({ timing }) => timing.p95Ms)[middle]!,
  });
  const { isFallback, downloadedBytes } = starts[0]!;
  const { coldMinMs, coldP50Ms, runMinMs, runP50Ms } = figures;
  console.log(
    `${provider.padEnd(7)}${name.padEnd(22)} first result after ${coldP50Ms} ms (min ${coldMinMs}), ${(downloadedBytes / 1e6).toFixed(2)} MB; runs ${runP50Ms} ms (min ${runMinMs})`,
  );
  const softwareGpu = provider === 'webgpu' ? { isSoftware: isFallback } : {};
  record('browser', { model: 'digits', contender: name, provider, thread, starts: starts.length, downloadedBytes, ...softwareGpu, ...figures }); // prettier-ignore
}
