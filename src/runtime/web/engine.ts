import type * as OnnxRuntime from 'onnxruntime-web';
import type { Provider } from '../model.ts';
import { duringStart } from './console-tap.ts';

/** One build of onnxruntime-web: its script and its WebAssembly, as absolute URLs. */
export interface Engine {
  readonly script: string;
  readonly wasm: string;
}

/** Which build has a provider; those that are absent are not part of the application. Plain data. */
export type Engines = Readonly<Partial<Record<Provider, Engine>>>;

export type Runtime = typeof OnnxRuntime;

export interface StartedEngine {
  readonly runtime: Runtime;
  readonly msToLoad: number;
  readonly sizeBytes: number | undefined;
}

/**
 * Downloads a build and starts it, so that what goes wrong here is not taken for a fault of a model. Its number of
 * threads is set once and for all; a page that is not isolated has no shared memory, and so one thread.
 */
export async function startEngine({ script, wasm }: Engine, threads: number): Promise<StartedEngine> {
  const start = performance.now();
  const runtime = (await import(/* @vite-ignore */ /* webpackIgnore: true */ script)) as Runtime;
  const { env, InferenceSession } = runtime;
  env.logLevel = 'fatal';
  env.wasm.wasmPaths = { wasm };
  env.wasm.numThreads = crossOriginIsolated ? threads : 1;
  const session = await duringStart(() => InferenceSession.create(identityModel(), { executionProviders: ['wasm'] }));
  await session.release();
  return { runtime, msToLoad: performance.now() - start, sizeBytes: sizeOf(wasm) };
}

/** What the browser says of the download: 0 where another origin does not let it tell. */
function sizeOf(url: string): number | undefined {
  const [entry] = performance.getEntriesByName(url, 'resource') as PerformanceResourceTiming[];
  return entry?.decodedBodySize === 0 ? undefined : entry?.decodedBodySize;
}

/** `y = Identity(x)` of opset 13 over one float32: starting the runtime needs a model, and any will do. */
function identityModel(): Uint8Array {
  const node = [0x0a, 1, X, 0x12, 1, Y, 0x22, 8, ...ascii('Identity')];
  const shape = [0x12, 4, 0x0a, 2, 0x08, 1];
  const tensor = [0x0a, 8, 0x08, 1, ...shape];
  const value = (name: number) => [0x0a, 1, name, 0x12, tensor.length, ...tensor];
  const graph = [...field(0x0a, node), ...field(0x12, [G]), ...field(0x5a, value(X)), ...field(0x62, value(Y))];
  return Uint8Array.of(0x08, 7, ...field(0x3a, graph), ...field(0x42, [0x10, 13]));
}

const [G, X, Y] = ascii('gxy') as [number, number, number];

function ascii(text: string): number[] {
  return Array.from(text, (letter) => letter.charCodeAt(0));
}

/** A length-delimited field of protobuf, shorter than 128 bytes. */
function field(tag: number, bytes: readonly number[]): number[] {
  return [tag, bytes.length, ...bytes];
}
