import { wordsOf } from '../faults.ts';
import type { LoadProgress } from '../model.ts';

/** A build's WebAssembly, ready for any number of workers. */
export interface Compiled {
  readonly module: WebAssembly.Module;
  /** Absent where another origin does not let the browser tell. */
  readonly sizeBytes?: number;
}

export type Compile = (wasm: string) => Promise<Compiled>;

/** Who waits for a download; it ends when nobody does any more. */
interface Download {
  readonly result: Promise<Compiled>;
  readonly giveUp: AbortController;
  waiting: number;
}

const downloads = new Map<string, Download>();

/**
 * Downloads and compiles WebAssembly once a page: the tenth worker starts in the time that it takes to lay out its
 * memory. Progress is told to the one who asked first.
 */
export async function compileOnce(
  wasm: string,
  {
    signal,
    onProgress,
  }: { signal?: AbortSignal | undefined; onProgress?: ((progress: LoadProgress) => void) | undefined },
): Promise<Compiled> {
  const download = downloads.get(wasm) ?? begun(wasm, onProgress);
  download.waiting++;
  const onAbort = () => {
    if (--download.waiting === 0) download.giveUp.abort();
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await download.result;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

function begun(wasm: string, onProgress: ((progress: LoadProgress) => void) | undefined): Download {
  const giveUp = new AbortController();
  const download = { result: compile(wasm, giveUp.signal, onProgress), giveUp, waiting: 0 };
  downloads.set(wasm, download);
  download.result.catch(() => downloads.delete(wasm));
  return download;
}

async function compile(
  wasm: string,
  signal: AbortSignal,
  onProgress: ((progress: LoadProgress) => void) | undefined,
): Promise<Compiled> {
  const response = await fetch(wasm, { signal, credentials: 'same-origin' }).catch((cause: unknown) => {
    throw new Error(`${wasm} cannot be fetched: ${wordsOf(cause)}`, { cause });
  });
  if (!response.ok) throw new Error(`${wasm} cannot be fetched: ${String(response.status)} ${response.statusText}`);
  const module = await WebAssembly.compileStreaming(onProgress ? counted(response, onProgress) : typed(response));
  const [entry] = performance.getEntriesByName(wasm, 'resource') as PerformanceResourceTiming[];
  return { module, ...(entry && entry.decodedBodySize > 0 && { sizeBytes: entry.decodedBodySize }) };
}

const TYPE = 'application/wasm';

/** Not every server knows the type, and browsers compile nothing else. They keep what they compiled, of a response of their own. */
function typed(response: Response): Response {
  return response.headers.get('content-type') === TYPE ? response : wasmResponse(response.body);
}

function counted(response: Response, onProgress: (progress: LoadProgress) => void): Response {
  const length = response.headers.get('content-length');
  const isPlain = length !== null && !response.headers.get('content-encoding');
  let loadedBytes = 0;
  const counting = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(piece, controller) {
      loadedBytes += piece.length;
      onProgress({ phase: 'runtime', loadedBytes, ...(isPlain && { totalBytes: Number(length) }) });
      controller.enqueue(piece);
    },
  });
  return wasmResponse(response.body?.pipeThrough(counting) ?? null);
}

function wasmResponse(body: ReadableStream<Uint8Array<ArrayBuffer>> | null): Response {
  return new Response(body, { headers: { 'content-type': TYPE } });
}
