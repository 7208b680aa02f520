import { EdgefoldError } from '../../errors.ts';
import { readMetadata } from '../../onnx/proto/metadata.ts';
import type { Bindings } from '../binding.ts';
import { loader, type Platform } from '../load.ts';
import type { CacheReport, LoadOptions, LoadSource, Model, ModelSource } from '../model.ts';
import { Turns } from '../runner.ts';
import { checkIntegrity, fetched, readBytes } from '../source.ts';
import { NOT_ISOLATED, threadsOfWebAssembly } from '../threads.ts';
import { webBindings } from './bindings.ts';
import { cached, checkCache, type CacheChoice } from './cache.ts';
import { compileOnce } from './compile.ts';
import { whyUnreachable } from './downloads.ts';
import type { Engines } from './engine.ts';
import { workerLines } from './line.ts';
import { underPolicy } from './policy.ts';
import { workerScript } from './wasm-engine.ts';

/** A string is a URL, relative to the page. */
export type WebSource = LoadSource | Request;

export interface WebLoadOptions extends LoadOptions {
  /** Where a model that comes from a URL is kept between visits. Default: nowhere but in the browser's own cache. */
  readonly cache?: CacheChoice | false;
  /** The folder of the runtime's files, where they are not beside this package: its `dist/web`, copied. */
  readonly assets?: string | URL;
}

/** {@link Load} in a browser. */
export type WebLoad = (source: WebSource, options?: WebLoadOptions) => Promise<Model>;

/** @param enginesOf the builds of onnxruntime-web that are part of the application. */
export function webLoader(enginesOf: (assets: URL | undefined) => Engines): WebLoad {
  const turns = new Turns();
  const bindings = new Map<string, Bindings>();
  const load: WebLoad = async (source, options = {}) => {
    checkCache(options.cache);
    checkDigests(options);
    const assets = options.assets === undefined ? undefined : folderUrl(options.assets);
    const engines = enginesOf(assets);
    const script = workerScript(assets);
    const own =
      bindings.get(script) ?? webBindings({ engines, compile: (wasm) => compileOnce(wasm, {}), die: dieHere });
    bindings.set(script, own);
    const given = source instanceof Request ? await answered(source, options.signal) : source;
    let cache: CacheReport | undefined;
    const platform: Platform = {
      ...PLATFORM,
      read: async (from, watched) => {
        const { bytes, report } = await read(from, { ...options, ...watched });
        cache = report;
        return bytes;
      },
      here: { bindings: own, turns },
      openLine: (_, watched) => workerLines(script, engines, (wasm) => compileOnce(wasm, watched)),
      cacheReport: () => cache,
    };
    return loader(platform)(given, options);
  };
  return (source, options) => underPolicy(() => load(source, options), forbidden);
}

/** The same error, with what the page would have to allow. */
function forbidden(error: unknown, remedy: string): unknown {
  if (!(error instanceof EdgefoldError)) return error;
  const { code, summary, where, expected, received, nodes } = error;
  return new EdgefoldError(code, summary, {
    hint: remedy,
    cause: error,
    ...(where !== undefined && { where }),
    ...(expected !== undefined && { expected }),
    ...(received !== undefined && { received }),
    ...(nodes && { nodes }),
  });
}

/** What the server answers, or why there is no answer: of other origins, browsers do not say. */
async function answered(from: URL | Request, signal: AbortSignal | undefined): Promise<Response> {
  try {
    return await fetched(from, signal);
  } catch (error) {
    if (!(error instanceof EdgefoldError) || error.code !== 'FILE') throw error;
    const { summary, where, cause } = error;
    const received = whyUnreachable(from instanceof URL ? from.href : from.url, cause);
    throw new EdgefoldError('FILE', summary, { received, cause, ...(where !== undefined && { where }) });
  }
}

/** Browsers compute digests for pages that came over a safe line only. @throws {EdgefoldError} USAGE. */
function checkDigests({ integrity }: WebLoadOptions): void {
  if (integrity === undefined || isSecureContext) return;
  throw new EdgefoldError('USAGE', 'a digest cannot be checked in this page', {
    where: 'integrity',
    hint: 'Serve the page over HTTPS, or from localhost.',
  });
}

const PLATFORM = {
  optionNames: ['cache', 'assets'],
  defaults: () => ({ providers: ['wasm'], thread: 'worker', threads: ['here', 'worker'] }),
  bytesOf: (source) => Promise.resolve(bytesOf(source)),
  headOf: (source) => Promise.resolve(bytesOf(source)),
  metadata: (source) => {
    const bytes = bytesOf(source);
    return readMetadata((offset, length) => bytes.subarray(offset, offset + length), bytes.length);
  },
  fixDims: async (source, sizes) => {
    const { fixDims } = await import('../../onnx/proto/fix-dims.ts');
    return fixDims(bytesOf(source), sizes);
  },
  canAbort: ({ thread }) => thread !== 'here',
  threadPolicy: {
    limit: () =>
      crossOriginIsolated
        ? threadsOfWebAssembly(navigator.hardwareConcurrency || 1)
        : { threads: 1, reason: NOT_ISOLATED },
    read: (source, maxBytes) => {
      const bytes = bytesOf(source);
      return Promise.resolve(bytes.length > maxBytes ? undefined : bytes);
    },
  },
} as const satisfies Omit<Platform, 'read' | 'here' | 'openLine'>;

const bytesOf = (source: ModelSource): Uint8Array => {
  if (typeof source === 'string') throw new Error('bug: a path in a browser');
  return source;
};

/** A runtime in the page's own thread cannot be started anew. */
function dieHere(how: string): Promise<never> {
  return Promise.reject(
    new EdgefoldError('DIED', `the runtime in this thread failed: ${how}`, {
      hint: "Reload the page, or load models with thread: 'worker', which starts anew by itself.",
    }),
  );
}

function folderUrl(assets: string | URL): URL {
  const url = pageUrl(assets);
  return url.pathname.endsWith('/') ? url : new URL(`${url.href}/`);
}

/** In a page, relative to its document; in a worker, to its script. */
function pageUrl(source: string | URL): URL {
  if (typeof source !== 'string' && !(source instanceof URL)) {
    throw new EdgefoldError('USAGE', 'this is no URL', { received: typeof source });
  }
  const base = typeof document === 'undefined' ? location.href : document.baseURI;
  if (URL.canParse(source, base)) return new URL(source, base);
  throw new EdgefoldError('USAGE', 'this is no URL', { received: String(source) });
}

async function read(
  source: LoadSource,
  options: WebLoadOptions,
): Promise<{ readonly bytes: Uint8Array; readonly report?: CacheReport }> {
  if (typeof source !== 'string' && !(source instanceof URL)) return { bytes: await readBytes(source, options) };
  const url = pageUrl(source);
  const { cache, integrity, signal } = options;
  const download = async () => readBytes(await answered(url, signal), options);
  if (!cache) return { bytes: await download() };
  return cached(cache, url.href, {
    fetch: download,
    check: async (bytes) => {
      if (integrity !== undefined) await checkIntegrity(bytes, integrity);
    },
  });
}
