import { EdgefoldError } from '../errors.ts';
import { aborted, usage, wordFor, wordsOf } from './faults.ts';
import type { LoadProgress, LoadSource } from './model.ts';

export interface ReadingOptions {
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The bytes of a model from whatever holds them, paths excepted. Nothing is fetched but a URL that the caller gave.
 * Bytes are taken as they are, without a copy.
 * @throws {EdgefoldError} FILE, ABORTED, USAGE.
 */
export async function readBytes(source: Exclude<LoadSource, string>, options: ReadingOptions): Promise<Uint8Array> {
  const { signal } = options;
  if (signal?.aborted) throw aborted('loading', signal);
  if (source instanceof Uint8Array) return own(source);
  if (source instanceof ArrayBuffer) return own(new Uint8Array(source));
  if (source instanceof URL) return responseBytes(await fetched(source, signal), options);
  if (source instanceof Response) return responseBytes(source, options);
  if (source instanceof Blob) return streamBytes(source.stream(), 'the blob', { ...options, totalBytes: source.size });
  if (source instanceof ReadableStream) return streamBytes(source, 'the stream', options);
  throw new EdgefoldError('USAGE', 'this is no source of a model', {
    expected: 'a path, a URL, bytes, a Blob, a Response or a ReadableStream',
    received: wordFor(source),
    ...(Symbol.asyncIterator in Object(source) && {
      hint: 'Readable.toWeb makes a ReadableStream of a stream of Node.',
    }),
  });
}

/** Memory that others may write to is copied: neither onnxruntime nor a digest takes it. @throws {EdgefoldError} FORMAT. */
function own(bytes: Uint8Array): Uint8Array {
  const isShared = typeof SharedArrayBuffer === 'function' && bytes.buffer instanceof SharedArrayBuffer;
  if (bytes.length > 0) return isShared ? bytes.slice() : bytes;
  throw new EdgefoldError('FORMAT', 'the model is empty', {
    expected: 'the bytes of an ONNX model',
    hint: 'A buffer that was transferred to another thread is empty.',
  });
}

/** What the server answers. @throws {EdgefoldError} FILE, ABORTED. */
export async function fetched(url: URL | Request, signal: AbortSignal | undefined): Promise<Response> {
  try {
    return await fetch(url, signal ? { signal } : {});
  } catch (cause) {
    if (signal?.aborted) throw aborted('loading', signal);
    const reason = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
    throw new EdgefoldError('FILE', 'the model cannot be fetched', {
      where: shown(url instanceof URL ? url : new URL(url.url)),
      received: wordsOf(reason),
      cause,
    });
  }
}

/** Without what may be secret. */
const shown = ({ origin, pathname, protocol }: URL): string =>
  protocol.startsWith('http') ? origin + pathname : `a ${protocol} URL`;

async function responseBytes(response: Response, options: ReadingOptions): Promise<Uint8Array> {
  const where = response.url === '' ? 'the response' : shown(new URL(response.url));
  if (!response.ok) {
    const received = `${response.status} ${response.statusText}`.trim();
    throw new EdgefoldError('FILE', 'the server did not give the model', { where, received });
  }
  if (!response.body) return checkedContent(new Uint8Array(await response.arrayBuffer()), where);
  // The length of what was sent, which is not that of the bytes where they were compressed on the way.
  const isPlain = !response.headers.get('content-encoding');
  const totalBytes = isPlain ? Number(response.headers.get('content-length') ?? NaN) : NaN;
  return checkedContent(await streamBytes(response.body, where, { ...options, ...(totalBytes >= 0 && { totalBytes }) }), where); // prettier-ignore
}

const PAGE = /^\s*<(!doctype|html|head|\?xml)/i;
const PAGE_BYTES = 256;

/** @throws {EdgefoldError} FORMAT for a web page, which many servers send for paths that they do not have. */
function checkedContent(bytes: Uint8Array, where: string): Uint8Array {
  const beginning = String.fromCharCode(...bytes.subarray(0, PAGE_BYTES));
  if (!PAGE.test(beginning)) return bytes;
  throw new EdgefoldError('FORMAT', 'the server answered with a web page instead of a model', {
    where,
    received: JSON.stringify(beginning.trim().split('\n', 1).join('')),
    hint: 'Many servers answer so for paths that they do not have.',
  });
}

async function streamBytes(
  stream: ReadableStream<Uint8Array>,
  where: string,
  { onProgress, signal, totalBytes }: ReadingOptions & { readonly totalBytes?: number },
): Promise<Uint8Array> {
  const reader = readerOf(stream, where);
  const onAbort = () => void reader.cancel(signal?.reason).catch(() => undefined);
  signal?.addEventListener('abort', onAbort, { once: true });
  const pieces: Uint8Array[] = [];
  let loadedBytes = 0;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      pieces.push(checkPiece(next.value, where));
      loadedBytes += next.value.length;
      onProgress?.({ phase: 'model', loadedBytes, ...(totalBytes !== undefined && { totalBytes }) });
    }
  } catch (cause) {
    if (cause instanceof EdgefoldError) throw cause;
    if (!signal?.aborted) throw new EdgefoldError('FILE', 'the model cannot be read', { where, received: wordsOf(cause), cause }); // prettier-ignore
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
  if (signal?.aborted) throw aborted('loading', signal);
  if (totalBytes !== undefined && loadedBytes !== totalBytes) {
    throw new EdgefoldError('FILE', 'the model was cut off', { where, expected: `${totalBytes} bytes`, received: String(loadedBytes) }); // prettier-ignore
  }
  return own(together(pieces, loadedBytes));
}

/** @throws {EdgefoldError} USAGE for what has been read already, or is being read. */
function readerOf(stream: ReadableStream<Uint8Array>, where: string): ReadableStreamDefaultReader<Uint8Array> {
  try {
    return stream.getReader();
  } catch (cause) {
    throw new EdgefoldError('USAGE', 'the model has been read already', { where, received: wordsOf(cause), cause });
  }
}

/** Text would be taken for the path of a file further on. @throws {EdgefoldError} USAGE. */
function checkPiece(piece: unknown, where: string): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  const received = typeof piece === 'object' ? wordFor(piece) : typeof piece;
  throw new EdgefoldError('USAGE', 'a stream of a model gives bytes', { where, expected: 'Uint8Array', received });
}

function together(pieces: readonly Uint8Array[], length: number): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

const INTEGRITY = /^sha256-([A-Za-z0-9+/]{43}=)$/;

/** The digest in base64. @throws {EdgefoldError} USAGE. */
export function digestOf(integrity: unknown): string {
  const digest = typeof integrity === 'string' ? INTEGRITY.exec(integrity)?.[1] : undefined;
  return digest ?? usage('integrity', 'sha256- and a SHA-256 digest in base64', wordFor(integrity));
}

/** @throws {EdgefoldError} USAGE, INTEGRITY. */
export async function checkIntegrity(bytes: Uint8Array, integrity: string): Promise<void> {
  const expected = digestOf(integrity);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  const received = btoa(String.fromCharCode(...digest));
  if (received === expected) return;
  throw new EdgefoldError('INTEGRITY', 'the model is not the one that was asked for', {
    expected: integrity,
    received: `sha256-${received}`,
  });
}
