import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { EdgefoldError } from '../errors.ts';
import { externalDataReader } from '../files/external-data.ts';
import { readMetadata } from '../onnx/proto/metadata.ts';
import { namesFiles } from '../onnx/proto/names-files.ts';
import { withoutFiles, wordsOf } from './faults.ts';
import { HEAD_BYTES, loader, type Platform } from './load.ts';
import type { Load, LoadOptions, LoadSource, ModelSource } from './model.ts';
import { bindings } from './node/bindings.ts';
import { openProcess, openWorker } from './node/lines.ts';
import { threadPolicy } from './node/threads.ts';
import type { Settings } from './options.ts';
import { Remote } from './remote.ts';
import { Turns } from './runner.ts';
import { readBytes } from './source.ts';

export { disableTelemetry } from './node/telemetry.ts';

const platform: Platform = {
  // A signal means that runs are to be ended, which only a process of its own can promise.
  defaults: ({ signal }: LoadOptions) => ({
    providers: ['cpu', 'wasm'],
    thread: signal ? 'process' : 'here',
    threads: ['here', 'worker', 'process'],
  }),
  read,
  bytesOf: (source) => (typeof source === 'string' ? readFile(source) : Promise.resolve(source)),
  headOf: (source) => (typeof source === 'string' ? headOfFile(source) : Promise.resolve(source)),
  checkBytes,
  metadata: (source) => (typeof source === 'string' ? metadataOfFile(source) : metadataOfBytes(source)),
  fixDims,
  here: { bindings, turns: new Turns() },
  openLine: (thread) => (thread === 'process' ? openProcess : openWorker),
  canAbort: ({ thread }: Settings) => thread === 'process',
  threadPolicy,
};

/**
 * Loads a model on onnxruntime-node, or on onnxruntime-web's WebAssembly, without telemetry and without silent
 * fallback.
 *
 * @example
 * await using model = await load('model.onnx');
 * const { probabilities } = await model.run({ image: new Float32Array(784) });
 */
export const load: Load = loader(platform);

/** Models that share one process, apart from this one. */
export interface SharedProcess {
  readonly load: Load;
  /** Starts it before there is a model. */
  prepare(): void;
  /** Ends it; every model is gone. */
  close(): void;
}

/** A process that loads its models one after the other, for whoever needs many of them for a short time. */
export function shareProcess(): SharedProcess {
  const shared = new Remote(openProcess);
  const defaults: Platform['defaults'] = (options) => ({
    ...platform.defaults(options),
    thread: 'process',
    threads: ['process'],
  });
  return {
    // Many models, each for a few runs: to choose costs more than it brings.
    load: loader({ ...platform, defaults, shared, threadPolicy: { ...threadPolicy, limit: oneThread } }),
    prepare: () => {
      shared.prepare('cpu');
    },
    close: () => {
      shared.close();
    },
  };
}

const oneThread = () => ({ threads: 1, reason: 'models share a process' });

const URL_OF_WEB = /^https?:\/\//i;
const URL_OF_FILE = /^file:/i;

async function read(source: LoadSource, options: LoadOptions): Promise<ModelSource> {
  if (typeof source === 'string') {
    if (URL_OF_WEB.test(source))
      return readBytes(
        parsed(source, () => new URL(source)),
        options,
      );
    return checkedFile(URL_OF_FILE.test(source) ? pathOf(source) : source);
  }
  if (source instanceof URL && source.protocol === 'file:') return checkedFile(pathOf(source));
  return readBytes(source, options);
}

const pathOf = (url: URL | string): string => parsed(String(url), () => fileURLToPath(url));

/** @throws {EdgefoldError} USAGE for an address that is none. */
function parsed<T>(address: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new EdgefoldError('USAGE', 'this is no address of a model', {
      where: address,
      received: wordsOf(cause),
      cause,
    });
  }
}

async function checkedFile(path: string): Promise<string> {
  const kind = await stat(path).then(
    (stats) => (!stats.isFile() ? 'something else' : stats.size > 0 ? 'file' : 'an empty file'),
    (error: unknown) => wordsOf(error),
  );
  if (kind === 'file') return path;
  throw new EdgefoldError('FILE', 'the model cannot be read', {
    where: path || 'an empty path',
    expected: 'a file that holds a model',
    received: kind,
  });
}

async function headOfFile(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** onnxruntime-node would look for the file in whatever folder the process is in. @throws {EdgefoldError} FILE. */
function checkBytes(bytes: Uint8Array): void {
  if (namesFiles(bytes)) throw withoutFiles('bytes that name a file');
}

const metadataOfBytes = (bytes: Uint8Array) =>
  readMetadata((offset, length) => bytes.subarray(offset, offset + length), bytes.length);

/** Reads a piece of the file at a time: between two of its fields may lie gigabytes of graph. */
function metadataOfFile(path: string): ReadonlyMap<string, string> {
  const file = openSync(path, 'r');
  try {
    return readMetadata((offset, length) => {
      const bytes = new Uint8Array(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
    }, fstatSync(file).size);
  } finally {
    closeSync(file);
  }
}

async function fixDims(source: ModelSource, sizes: Readonly<Record<string, number>>): Promise<Uint8Array> {
  const { fixDims: rewrite } = await import('../onnx/proto/fix-dims.ts');
  if (typeof source !== 'string') return rewrite(source, sizes);
  return rewrite(await readFile(source), sizes, { name: source, externalData: externalDataReader(source) });
}
