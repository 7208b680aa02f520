import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { exportModel, foldGraph, inMemoryFiles, writeOnnx } from '../src/index.ts';
import { CHROMIUM } from './support/chromium.ts';

const MODEL = fileURLToPath(new URL('../models/digits/norm-before-activation/model.keras', import.meta.url));

/** Exports and folds the model that its server has, and posts the ONNX file back. */
const PAGE = `
import { exportModel, foldGraph, writeOnnx } from '${fileURLToPath(new URL('../src/web.ts', import.meta.url))}';
const post = (path, body) => fetch(path, { method: 'POST', body });
try {
  const bytes = new Uint8Array(await (await fetch('/model')).arrayBuffer());
  const { graph } = await exportModel(bytes);
  await post('/done', writeOnnx(foldGraph(graph).graph));
} catch (error) {
  await post('/failed', String(error?.stack ?? error));
}`;

/** The page as one script; fails if anything in it needs Node. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: PAGE, resolveDir: fileURLToPath(new URL('.', import.meta.url)), loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    logLevel: 'silent',
  });
  return outputFiles[0]!.text;
}

test('the browser entry bundles for browsers: nothing in it needs Node', async () => {
  const script = await bundle();
  expect(script).not.toMatch(/onnxruntime-node|\bfrom\s*['"]node:/);
});

test.skipIf(!CHROMIUM)(
  'a browser exports and folds a .keras file to the same bytes as Node [needs Chromium]',
  async () => {
    const script = await bundle();
    const { graph } = await exportModel(inMemoryFiles('model.keras', readFileSync(MODEL)));
    const answer = await inChromium({ '/': ['text/html', '<script type="module" src="/page.js"></script>'], '/page.js': ['text/javascript', script], '/model': ['application/octet-stream', readFileSync(MODEL)] }); // prettier-ignore
    expect(answer.path, answer.body.toString('utf8', 0, 500)).toBe('/done');
    expect(answer.body.equals(writeOnnx(foldGraph(graph).graph))).toBe(true);
  },
  60_000,
);

interface Answer {
  readonly path: string;
  readonly body: Buffer;
}

/** Opens `/` of a server with these files in a headless browser and waits for the first POST. */
async function inChromium(files: Readonly<Record<string, readonly [string, string | Buffer]>>): Promise<Answer> {
  const profile = mkdtempSync(join(tmpdir(), 'edgefold-chromium-'));
  let resolve!: (answer: Answer) => void;
  let reject!: (error: Error) => void;
  const answer = new Promise<Answer>((...settle) => ([resolve, reject] = settle));
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    if (request.method === 'POST') {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        response.end();
        resolve({ path, body: Buffer.concat(parts) });
      });
      return;
    }
    const file = files[path];
    response.writeHead(file ? 200 : 404, { 'content-type': file?.[0] ?? 'text/plain' }).end(file?.[1]);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  // A process group of its own, so that its helpers end with it.
  const browser = spawn(CHROMIUM!, [
    '--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', `--user-data-dir=${profile}`, url,
  ], { detached: true, stdio: 'ignore' }); // prettier-ignore
  browser.once('exit', (code) => {
    reject(new Error(`the browser ended with code ${String(code)} before the page answered`));
  });
  try {
    return await answer;
  } finally {
    browser.removeAllListeners('exit');
    const gone = new Promise((resolveExit) => browser.once('exit', resolveExit));
    process.kill(-browser.pid!, 'SIGKILL');
    await gone;
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}
