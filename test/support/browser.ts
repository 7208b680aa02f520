import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { CHROMIUM } from './chromium.ts';

/** A headless browser, with WebGPU in software unless told otherwise. */
export async function openBrowser(flags: readonly string[] = ['--enable-unsafe-webgpu']): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM!, args: ['--no-sandbox', ...flags] });
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** With these headers a page has shared memory, and WebAssembly threads. */
const ISOLATION = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

export interface Site {
  readonly url: string;
  /** Paths that were asked for, in order. */
  readonly requests: string[];
  close(): Promise<void>;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface SiteOptions {
  /** Looked through in order. */
  readonly folders: readonly string[];
  /** By path, before any file. */
  readonly handlers?: Readonly<Record<string, Handler>>;
  readonly isIsolated?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Serves folders as they are; a folder's `index.html` stands for it. */
export async function openSite({ folders, handlers = {}, isIsolated, headers }: SiteOptions): Promise<Site> {
  const requests: string[] = [];
  const common = { ...(isIsolated ? ISOLATION : {}), ...headers };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    requests.push(pathname);
    for (const [name, value] of Object.entries(common)) response.setHeader(name, value);
    const handler = handlers[pathname];
    if (handler) {
      handler(request, response);
      return;
    }
    const path = normalize(pathname.endsWith('/') ? `${pathname}index.html` : pathname);
    const file = folders.map((folder) => join(folder, path)).find((candidate) => existsSync(candidate));
    if (!file) {
      response.writeHead(404).end();
      return;
    }
    const type = TYPES[extname(file)] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'content-length': statSync(file).size });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

/** For `await using`. */
export const disposable = <T extends { close(): Promise<void> }>(it: T): T & AsyncDisposable =>
  Object.assign(it, { [Symbol.asyncDispose]: () => it.close() });
