import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { buildWeb } from '../../scripts/build-web.mjs';
import { tfjsModelOf } from '../../src/cli/original/original-of.ts';
import { exportSource } from '../../src/export/export-model.ts';
import { readSource } from '../../src/export/read/read-source.ts';
import { openSource } from '../../src/files/source.ts';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import type { Timing } from '../../src/runtime/bench.ts';
import { openBrowser, openSite, type Site } from '../../test/support/browser.ts';
import { asked, record, rounded } from './record.ts';
import { subjects, type Subject } from './subjects.ts';
import { writeTfjs } from './tfjs-model.ts';

/**
 * Cold starts, downloads and runs in Chromium, of Edgefold and of what else runs the same model in browsers:
 * `tsx bench/runtime/browser.ts [--quick] [WORD…]`, the models whose name has every word. Each cold start has a browser
 * profile of its own, so nothing is cached; the clock starts before the first import and stops at the first result.
 * onnxruntime-web gets the exported model unfolded and its own default options, TF.js the layers of the file. The page is
 * cross-origin isolated, so all of them may have threads. WebGPU is in software where there is no adapter, and then only
 * the smallest model runs on it.
 */
const { quick, words } = asked();
const [STARTS, SECONDS] = quick ? [1, 0.3] : [15, 5];
/** A start of these takes seconds, and so does a run. */
const SLOW_STARTS = quick ? 1 : 3;
const RUNTIME = fileURLToPath(new URL('../../node_modules/onnxruntime-web/dist', import.meta.url));
const TFJS_WASM = fileURLToPath(new URL('../peers/node_modules/@tensorflow/tfjs-backend-wasm/dist', import.meta.url));
/** All models end in a softmax. */
const AGREEMENT = 1e-4;

/** What a page measures: code that is written down here, because it is made in the page. */
const WAYS = [
  { name: 'edgefold', provider: 'wasm', thread: 'worker' },
  { name: 'edgefold, in the page', provider: 'wasm', thread: 'here' },
  { name: 'onnxruntime-web', provider: 'wasm', thread: 'here' },
  { name: 'tfjs-wasm', provider: 'wasm', thread: 'here' },
  { name: 'tfjs-cpu', provider: 'cpu', thread: 'here' },
  { name: 'edgefold', provider: 'webgpu', thread: 'worker' },
  { name: 'onnxruntime-web', provider: 'webgpu', thread: 'here' },
] as const;
type Way = (typeof WAYS)[number];

interface Start {
  readonly firstResultMs: number;
  readonly result: readonly number[];
  readonly downloadedBytes: number;
  readonly timing: Timing;
  readonly threads: number | null;
  readonly isFallback: boolean | null;
}

/** In the page. */
declare const measuring: {
  /** Milliseconds from the first import to the first result. */
  start(way: Way, model: string, shape: readonly number[]): Promise<Pick<Start, 'firstResultMs' | 'result'>>;
  repeat(seconds: number): Promise<Pick<Start, 'timing' | 'threads' | 'isFallback'>>;
};

const PAGE = `<!doctype html><script type="module">
let model;
const OPEN = { edgefold, 'edgefold, in the page': edgefold, 'onnxruntime-web': plain, 'tfjs-wasm': tfjs, 'tfjs-cpu': tfjs };
globalThis.measuring = {
  start: async (way, folder, shape) => {
    const began = performance.now();
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i % 255) / 255);
    model = await OPEN[way.name](way, folder, shape, data);
    const result = await model.run();
    return { firstResultMs: performance.now() - began, result: Array.from(result) };
  },
  repeat: async (seconds) => {
    const { bench } = await import('/web/edgefold.js');
    const { it } = await bench({ it: model }, {}, { seconds });
    const adapter = await navigator.gpu?.requestAdapter();
    return { timing: it, threads: model.threads?.() ?? null, isFallback: adapter?.info?.isFallbackAdapter ?? null };
  },
};
async function edgefold({ provider, thread }, folder, shape, data) {
  const { load } = await import(provider === 'wasm' ? '/web/wasm.js' : '/web/edgefold.js');
  const loaded = await load(folder + '/folded.onnx', { provider, thread, warmup: 0 });
  const [{ name }] = loaded.inputs;
  const inputs = { [name]: { data, shape } };
  return { run: async () => Object.values(await loaded.run(inputs))[0].data, threads: () => loaded.report.threads };
}
async function plain({ provider }, folder, shape, data) {
  const ort = await import(provider === 'wasm' ? '/ort.wasm.bundle.min.mjs' : '/ort.webgpu.bundle.min.mjs');
  const session = await ort.InferenceSession.create(folder + '/unfolded.onnx', { executionProviders: [provider] });
  const [name] = session.inputNames;
  const [output] = session.outputNames;
  const run = async () => (await session.run({ [name]: new ort.Tensor('float32', data, shape) }))[output].data;
  return { run, threads: () => ort.env.wasm.numThreads };
}
async function tfjs({ name }, folder, shape, data) {
  const { open } = await import('/tfjs/tfjs-page.js');
  const run = await open(name === 'tfjs-wasm' ? 'wasm' : 'cpu', folder, shape);
  return { run: () => run(data) };
}
</script>`;

const folder = mkdtempSync(join(tmpdir(), 'edgefold-bench-'));
const folders = [folder, RUNTIME, TFJS_WASM];

/** Bytes of what was asked for, uncompressed. */
const downloaded = ({ requests }: Site): number =>
  requests
    .map((path) => folders.map((each) => join(each, path)).find((file) => existsSync(file)))
    .reduce((sum, file) => sum + (file === undefined ? 0 : statSync(file).size), 0);

/** The model in every form that a contender takes. @returns the shape of its input. */
async function writeForms(into: string, { path }: Subject): Promise<readonly number[]> {
  mkdirSync(into);
  const files = await openSource(path);
  const source = await readSource(files);
  const { graph } = exportSource(source);
  writeFileSync(join(into, 'unfolded.onnx'), writeOnnx(graph));
  writeFileSync(join(into, 'folded.onnx'), writeOnnx(foldGraph(graph).graph));
  writeTfjs(into, await tfjsModelOf(source, files, graph));
  return graph.inputs[0]!.shape!.map((dim, axis) => (axis === 0 ? 1 : Number(dim)));
}

async function buildTfjs(): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL('tfjs-page.ts', import.meta.url))],
    outdir: join(folder, 'tfjs'),
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    mainFields: ['module', 'main'],
    alias: { '@tensorflow/tfjs-backend-wasm': join(TFJS_WASM, 'index.js') },
    target: 'es2022',
    logLevel: 'error',
  });
}

async function started(
  browser: Browser,
  site: Site,
  way: Way,
  model: string,
  shape: readonly number[],
): Promise<Start> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(`${site.url}/page.html`);
    site.requests.length = 0;
    const first = await page.evaluate(([how, at, dims]) => measuring.start(how, at, dims), [way, model, shape] as const);
    const downloadedBytes = downloaded(site);
    const seconds = SECONDS / (isSlow(way) ? SLOW_STARTS : STARTS);
    return { ...first, downloadedBytes, ...(await page.evaluate((time) => measuring.repeat(time), seconds)) };
  } finally {
    await context.close();
  }
} // prettier-ignore

const isSlow = ({ name, provider }: Way): boolean => name === 'tfjs-cpu' || provider === 'webgpu';

/** Those that are not installed are told of and left out. */
function waysFor(isFirst: boolean): readonly Way[] {
  if (!existsSync(TFJS_WASM)) console.log('left out: tfjs-wasm is not installed');
  return WAYS.filter(
    ({ name, provider }) => (name !== 'tfjs-wasm' || existsSync(TFJS_WASM)) && (provider !== 'webgpu' || isFirst),
  );
}

/** All compute the same, or their times mean nothing. */
function checkAgreement(ways: ReadonlyMap<Way, readonly Start[]>): void {
  const [expected] = [...ways.values()].map(([first]) => first!.result);
  for (const [{ name, provider }, [first]] of ways) {
    const { result } = first!;
    const isOff = result.length !== expected!.length || result.some((value, i) => !(Math.abs(value - expected![i]!) <= AGREEMENT)); // prettier-ignore
    if (isOff) throw new Error(`${name} on ${provider} computes something else`);
  }
}

const browser = await openBrowser();
const site = await openSite({ folders, isIsolated: true });
try {
  await Promise.all([buildWeb(join(folder, 'web')), existsSync(TFJS_WASM) && buildTfjs()]);
  writeFileSync(join(folder, 'page.html'), PAGE);
  for (const [index, subject] of (await subjects(folder)).entries()) {
    if (!words.every((word) => subject.name.includes(word))) continue;
    const model = `/model-${index}`;
    const shape = await writeForms(join(folder, model), subject);
    const starts = new Map<Way, Start[]>(waysFor(index === 0).map((way) => [way, []]));
    for (let start = 0; start < STARTS; start++) {
      for (const [way, mine] of starts) {
        if (start < SLOW_STARTS || !isSlow(way)) mine.push(await started(browser, site, way, model, shape));
      }
    }
    checkAgreement(starts);
    console.log(subject.name);
    for (const [way, mine] of starts) report(subject, way, mine);
  }
} finally {
  await Promise.all([browser.close(), site.close()]);
  rmSync(folder, { recursive: true });
}

function report(subject: Subject, { name, provider, thread }: Way, starts: readonly Start[]): void {
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
  const { isFallback, downloadedBytes, threads } = starts[0]!;
  const { coldMinMs, coldP50Ms, runMinMs, runP50Ms } = figures;
  console.log(
    `  ${provider.padEnd(7)}${name.padEnd(22)} first result after ${coldP50Ms} ms (min ${coldMinMs}), ${(downloadedBytes / 1e6).toFixed(2)} MB; runs ${runP50Ms} ms (min ${runMinMs})${threads === null ? '' : `, ${threads} threads`}`,
  );
  const softwareGpu = provider === 'webgpu' ? { isSoftware: isFallback } : {};
  record('browser', { model: subject.name, contender: name, provider, thread, ...(threads !== null && { threads }), starts: starts.length, downloadedBytes, ...softwareGpu, ...figures }); // prettier-ignore
}
