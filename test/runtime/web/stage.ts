import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { buildWeb } from '../../../scripts/build-web.mjs';
import { Graph } from '../../../src/onnx/graph.ts';
import { readOnnx } from '../../../src/onnx/read.ts';
import { splitOnnx, writeOnnx } from '../../../src/onnx/write.ts';
import type * as Web from '../../../src/web.ts';
import { openBrowser, openSite, type Site } from '../../support/browser.ts';
import type { DType } from '../../../src/tensor.ts';
import { oneNode, perceptron, randomLayers } from '../../support/runnable-models.ts';
import { convolution } from '../convolution.ts';
import { noHeads } from '../faults.ts';
import { endlessLoop, type Case } from '../suite.ts';

declare global {
  /** What `dist/web` exports, in the page. */
  const edgefold: typeof Web;
  /** What runs on every platform, in the page. */
  const cases: { readonly SUITE: readonly Case[]; readonly ABORT_SUITE: readonly Case[] };
}

/** One browser over one built package, served with and without cross-origin isolation. */
export interface Stage {
  /** Holds `web/`, the built package, and `models/`. */
  readonly folder: string;
  readonly browser: Browser;
  readonly isolated: Site;
  readonly plain: Site;
  /** A page of the isolated site, with `edgefold` and `cases`. */
  readonly page: Page;
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'edgefold-web-'));
  const [, , browser] = await Promise.all([buildWeb(join(folder, 'web')), buildCases(folder), openBrowser()]);
  for (const [name, bytes] of Object.entries(MODELS)) writeFileSync(join(folder, `${name}.onnx`), bytes());
  writeFileSync(join(folder, 'index.html'), PAGE);
  writeFileSync(join(folder, 'page.js'), SCRIPT);
  const [isolated, plain] = await Promise.all([
    openSite({ folders: [folder], isIsolated: true }),
    openSite({ folders: [folder] }),
  ]);
  const page = await pageOf(browser, isolated);
  const close = async () => {
    await Promise.all([browser.close(), isolated.close(), plain.close()]);
    rmSync(folder, { recursive: true, force: true });
  };
  return { folder, browser, isolated, plain, page, close };
}

/** Its script is a file, so that a policy may forbid scripts in the document. */
const PAGE = '<!doctype html><script type="module" src="/page.js"></script>';
const SCRIPT = `
  import * as edgefold from '/web/edgefold.js';
  import * as cases from '/cases.js';
  Object.assign(globalThis, { edgefold, cases });`;

/** A new page with `edgefold` and `cases`. */
export async function pageOf(browser: Pick<Browser, 'newPage'>, { url }: Pick<Site, 'url'>): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${url}/index.html`);
  return page;
}

async function buildCases(folder: string): Promise<void> {
  await build({
    entryPoints: { cases: fileURLToPath(new URL('../suite.ts', import.meta.url)) },
    outdir: folder,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'error',
  });
}

/** By the name of their files. */
const MODELS = {
  mlp: () => perceptron(randomLayers([4, 5, 3], 1)),
  /** Hardmax and Selu have no kernels on WebGPU. */
  mixed: () => chain(['Relu', 'Hardmax', 'Neg', 'Selu', 'Abs']),
  float16: () => oneNode('Exp', { dtype: 'float16', shape: ['n'] }),
  /** 5 million multiplications. */
  convolution: () => writeOnnx(convolution(400)),
  /** Its weights would lie in weights.bin. */
  external: () =>
    Buffer.concat([
      ...splitOnnx(readOnnx(perceptron(randomLayers([4, 5, 3], 1))), { maxInlineBytes: 0, minTensorBytes: 0 }).model(
        'weights.bin',
      ),
    ]),
  endless: endlessLoop,
  /** WebAssembly traps where onnxruntime divides by the number of heads. */
  noHeads,
  divide: () => twoInputs('Div', { x: 'int32', by: 'int32' }),
  expand: () => twoInputs('Expand', { x: 'float32', shape: 'int64' }),
};

function twoInputs(operator: string, dtypes: Readonly<Record<string, DType>>): Uint8Array {
  const graph = new Graph(operator);
  const inputs = Object.entries(dtypes).map(([name, dtype]) => graph.input(name, { dtype, shape: [name] }));
  const type = { dtype: inputs[0]!.dtype!, shape: ['n'] };
  graph.outputs.push(graph.node(operator, { inputs, output: { name: 'y', ...type } }));
  return writeOnnx(graph);
}

function chain(operators: readonly string[]): Uint8Array {
  const graph = new Graph('chain');
  const type = { dtype: 'float32', shape: ['n', 4] } as const;
  let value = graph.input('x', type);
  operators.forEach((operator, i) => {
    value = graph.node(operator, { inputs: [value], output: { name: `${operator}${String(i)}`, ...type } });
  });
  graph.outputs.push(value);
  return writeOnnx(graph);
}
