import { wordsOf } from '../faults.ts';
import type { LoadProgress } from '../model.ts';
import { whyUnfit, whyUnreachable } from './downloads.ts';

/** A build's WebAssembly, ready for any number of workers. */
export interface Compiled {
  readonly module: WebAssembly.Module;
  /** Absent where another origin does not let the browser tell. */
  readonly sizeBytes?: number;
}

export type Compile = (wasm: string) => Promise<Compiled>;

type OnProgress = (progress: LoadProgress) => void;

/** Who waits for a download; it ends when nobody does any more. */
interface Download extends Watchers {
  readonly result: Promise<Compiled>;
  readonly giveUp: AbortController;
}

interface Watchers {
  readonly waiting: Set<Waiting>;
  /** Of how many bytes each caller was told; the workers of one load have the same. */
  readonly told: WeakMap<OnProgress, number>;
}

interface Waiting {
  readonly onProgress?: OnProgress | undefined;
}

const downloads = new Map<string, Download>();

/**
 * Downloads and compiles WebAssembly once a page: the tenth worker starts in the time that it takes to lay out its
 * memory.
 */
export async function compileOnce(
  wasm: string,
  { signal, onProgress }: { signal?: AbortSignal | undefined; onProgress?: OnProgress | undefined },
): Promise<Compiled> {
  const download = downloads.get(wasm) ?? begun(wasm);
  const waiting: Waiting = { onProgress };
  download.waiting.add(waiting);
  const onAbort = () => {
    download.waiting.delete(waiting);
    if (download.waiting.size === 0) giveUp(wasm, download);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const compiled = await download.result;
    if (onProgress && !signal?.aborted) tellWhole(onProgress, compiled, download.told);
    return compiled;
  } finally {
    download.waiting.delete(waiting);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Whoever came when nothing was left to count learns how much it was. */
function tellWhole(tell: OnProgress, { sizeBytes }: Compiled, told: Download['told']): void {
  if (sizeBytes === undefined || told.get(tell) === sizeBytes) return;
  told.set(tell, sizeBytes);
  tell({ phase: 'runtime', loadedBytes: sizeBytes, totalBytes: sizeBytes });
}

/** Whoever asks from now on does not wait for a download that is being ended. */
function giveUp(wasm: string, download: Download): void {
  forget(wasm, download);
  download.giveUp.abort();
}

function forget(wasm: string, download: Download): void {
  if (downloads.get(wasm) === download) downloads.delete(wasm);
}

function begun(wasm: string): Download {
  const ending = new AbortController();
  const watchers: Watchers = { waiting: new Set(), told: new WeakMap() };
  const download: Download = { result: compile(wasm, ending.signal, watchers), giveUp: ending, ...watchers };
  downloads.set(wasm, download);
  download.result.catch(() => {
    forget(wasm, download);
  });
  return download;
}

async function compile(wasm: string, signal: AbortSignal, watchers: Watchers): Promise<Compiled> {
  const response = await fetch(wasm, { signal, credentials: 'same-origin' }).catch((cause: unknown) => {
    throw new Error(`${wasm} cannot be fetched: ${whyUnreachable(wasm, cause)}`, { cause });
  });
  const unfit = whyUnfit(response);
  if (unfit !== undefined) throw new Error(`${wasm} cannot be fetched: ${unfit}`);
  const isWatched = [...watchers.waiting].some(({ onProgress }) => onProgress);
  const body = isWatched ? counted(response, watchers) : typed(response);
  const module = await WebAssembly.compileStreaming(body).catch((cause: unknown) => {
    throw new Error(`${wasm} cannot be compiled: ${wordsOf(cause)}`, { cause });
  });
  const [entry] = performance.getEntriesByName(wasm, 'resource') as PerformanceResourceTiming[];
  return { module, ...(entry && entry.decodedBodySize > 0 && { sizeBytes: entry.decodedBodySize }) };
}

const TYPE = 'application/wasm';

/** Not every server knows the type, and browsers compile nothing else. They keep what they compiled, of a response of their own. */
function typed(response: Response): Response {
  return response.headers.get('content-type') === TYPE ? response : wasmResponse(response.body);
}

function counted(response: Response, { waiting, told }: Watchers): Response {
  const length = response.headers.get('content-length');
  const isPlain = length !== null && !response.headers.get('content-encoding');
  let loadedBytes = 0;
  const counting = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(piece, controller) {
      loadedBytes += piece.length;
      const progress: LoadProgress = { phase: 'runtime', loadedBytes, ...(isPlain && { totalBytes: Number(length) }) };
      for (const tell of new Set([...waiting].flatMap(({ onProgress = [] }) => onProgress))) {
        told.set(tell, loadedBytes);
        tell(progress);
      }
      controller.enqueue(piece);
    },
  });
  return wasmResponse(response.body?.pipeThrough(counting) ?? null);
}

function wasmResponse(body: ReadableStream<Uint8Array<ArrayBuffer>> | null): Response {
  return new Response(body, { headers: { 'content-type': TYPE } });
}
