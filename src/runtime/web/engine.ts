import type * as OnnxRuntime from 'onnxruntime-web';
import type { Provider } from '../model.ts';
import type { Compile } from './compile.ts';
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
export async function startEngine({ script, wasm }: Engine, threads: number, compile: Compile): Promise<StartedEngine> {
  const start = performance.now();
  const [runtime, { module, sizeBytes }] = await Promise.all([
    import(/* @vite-ignore */ /* webpackIgnore: true */ script) as Promise<Runtime>,
    compile(wasm),
  ]);
  const { env, InferenceSession } = runtime;
  env.logLevel = 'fatal';
  env.wasm.numThreads = crossOriginIsolated ? threads : 1;
  const binary = new ArrayBuffer(0);
  env.wasm.wasmBinary = binary;
  const session = await instantiating(binary, module, () =>
    duringStart(() => InferenceSession.create(identityModel(), { executionProviders: ['wasm'] })),
  );
  await session.release();
  return { runtime, msToLoad: performance.now() - start, sizeBytes };
}

type Instantiate = (source: unknown, imports?: WebAssembly.Imports) => Promise<unknown>;

/**
 * onnxruntime-web takes the bytes of its WebAssembly and compiles them itself. It gets none, and what is compiled
 * already takes their place when it comes to them.
 */
async function instantiating<T>(binary: ArrayBuffer, module: WebAssembly.Module, start: () => Promise<T>): Promise<T> {
  const scope = WebAssembly as unknown as { instantiate: Instantiate };
  const { instantiate } = scope;
  scope.instantiate = async (source, imports) =>
    source instanceof Uint8Array && source.buffer === binary
      ? { module, instance: await instantiate(module, imports) }
      : instantiate(source, imports);
  try {
    return await start();
  } finally {
    scope.instantiate = instantiate;
  }
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
