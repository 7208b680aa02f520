import { EdgefoldError } from '../../errors.ts';
import { wordsOf } from '../faults.ts';
import type { CacheReport } from '../model.ts';

/** Keeps the bytes of models between visits. What it has is taken as it is: give a model that changes another URL. */
export interface ModelCache {
  get(url: string): Promise<Uint8Array | undefined>;
  put(url: string, bytes: Uint8Array): Promise<void>;
}

/** The browser's Cache API, its private file system (OPFS), or a cache of the caller's. */
export type CacheChoice = 'cache-api' | 'opfs' | ModelCache;

const NAME = 'edgefold-models';

const cacheApi: ModelCache = {
  async get(url) {
    const response = await (await models()).match(url);
    return response && new Uint8Array(await response.arrayBuffer());
  },
  async put(url, bytes) {
    await (await models()).put(url, new Response(bytes as Uint8Array<ArrayBuffer>));
  },
};

async function models(): Promise<Cache> {
  if (!('caches' in globalThis)) throw absent('Cache API');
  return caches.open(NAME);
}

/** Browsers hide both from pages that came over an open line. */
function absent(what: string): Error {
  return new Error(isSecureContext ? `this browser has no ${what}` : `the ${what} is for pages served over HTTPS only`);
}

const opfs: ModelCache = {
  async get(url) {
    const folder = await modelFolder();
    const handle = await folder.getFileHandle(await fileName(url)).catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
      throw error;
    });
    return handle && new Uint8Array(await (await handle.getFile()).arrayBuffer());
  },
  // What is written takes the place of the file when it is closed, whole.
  async put(url, bytes) {
    const handle = await (await modelFolder()).getFileHandle(await fileName(url), { create: true });
    const file = await handle.createWritable();
    await file.write(bytes as Uint8Array<ArrayBuffer>);
    await file.close();
  },
};

async function modelFolder(): Promise<FileSystemDirectoryHandle> {
  const { storage } = navigator as { readonly storage?: StorageManager };
  if (typeof storage?.getDirectory !== 'function') throw absent('private file system');
  return (await storage.getDirectory()).getDirectoryHandle(NAME, { create: true });
}

/** A name of any length and any letters as one that every file system takes. */
async function fileName(url: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(url));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @throws {EdgefoldError} USAGE. */
export function checkCache(choice: unknown): void {
  if (choice === undefined || choice === false || (typeof choice === 'string' && Object.hasOwn(NAMED, choice))) return;
  const { get, put } = (choice ?? {}) as Partial<ModelCache>;
  if (typeof get === 'function' && typeof put === 'function') return;
  throw new EdgefoldError('USAGE', 'the option makes no sense', {
    where: 'cache',
    expected: `one of ${Object.keys(NAMED).join(', ')}, an object with get and put, or false`,
    received: typeof choice === 'string' ? `"${choice}"` : typeof choice,
  });
}

/**
 * The bytes behind a URL, from the cache where it has sound ones. A cache that fails costs time and nothing else; the
 * report says why.
 */
export async function cached(
  choice: CacheChoice,
  url: string,
  { fetch, check }: { fetch: () => Promise<Uint8Array>; check: (bytes: Uint8Array) => Promise<void> },
): Promise<{ readonly bytes: Uint8Array; readonly report: CacheReport }> {
  const [kind, cache] = typeof choice === 'string' ? ([choice, NAMED[choice]] as const) : (['custom', choice] as const);
  const failure: string[] = [];
  const noted = (error: unknown): undefined => void failure.push(wordsOf(error));
  const kept = await cache.get(url).catch(noted);
  if (kept && (await isSound(kept, check))) return { bytes: kept, report: { kind, outcome: 'hit' } };
  const bytes = await fetch();
  await check(bytes);
  await cache.put(url, bytes).catch(noted);
  const [reason] = failure;
  return { bytes, report: reason === undefined ? { kind, outcome: 'stored' } : { kind, outcome: 'failed', reason } };
}

const NAMED = { 'cache-api': cacheApi, opfs } as const;

async function isSound(bytes: Uint8Array, check: (bytes: Uint8Array) => Promise<void>): Promise<boolean> {
  return check(bytes).then(
    () => bytes.length > 0,
    () => false,
  );
}
