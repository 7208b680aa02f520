import type * as OnnxRuntime from 'onnxruntime-web';
import type { Provider } from '../model.ts';
import type { Compile } from './compile.ts';
import { duringStart } from './console-tap.ts';
import { whyUnusable, whyUnreachable } from './downloads.ts';
import { trustedScript } from './policy.ts';

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
  const own = crossOriginIsolated ? threads : 1;
  const [runtime, { module, sizeBytes }] = await Promise.all([imported(script, own), compile(wasm)]);
  const { env, InferenceSession } = runtime;
  env.logLevel = 'fatal';
  env.wasm.numThreads = own;
  const binary = new ArrayBuffer(0);
  env.wasm.wasmBinary = binary;
  const session = await instantiating(binary, module, () =>
    duringStart(() => InferenceSession.create(identityModel(), { executionProviders: ['wasm'] })),
  );
  await session.release();
  return { runtime, msToLoad: performance.now() - start, sizeBytes };
}

/**
 * Threads are workers of the script itself, which has to be of the page's own origin for that; where it is not, its copy
 * is.
 * @throws {Error} that says what is wrong with the script.
 */
async function imported(script: string, threads: number): Promise<Runtime> {
  const from = threads > 1 && new URL(script).origin !== origin ? await copied(script) : script;
  try {
    return (await import(/* @vite-ignore */ /* webpackIgnore: true */ from)) as Runtime;
  } catch (error) {
    const why = await whyUnusable(script);
    throw why === undefined ? error : new Error(why, { cause: error });
  }
}

async function copied(script: string): Promise<string> {
  const response = await fetch(script, { credentials: 'same-origin' }).catch((cause: unknown) => {
    throw new Error(whyUnreachable(script, cause), { cause });
  });
  return URL.createObjectURL(new Blob([await response.text()], { type: 'text/javascript' }));
}

type Instantiate = (source: unknown, imports?: WebAssembly.Imports) => Promise<unknown>;

/**
 * onnxruntime-web takes the bytes of its WebAssembly and compiles them itself. It gets none, and what is compiled
 * already takes their place when it comes to them.
 */
async function instantiating<T>(binary: ArrayBuffer, module: WebAssembly.Module, start: () => Promise<T>): Promise<T> {
  const scope = WebAssembly as unknown as { instantiate: Instantiate };
  const { instantiate } = scope;
  const restore = trustingWorkers();
  scope.instantiate = async (source, imports) =>
    source instanceof Uint8Array && source.buffer === binary
      ? { module, instance: await instantiate(module, imports) }
      : instantiate(source, imports);
  try {
    return await start();
  } finally {
    scope.instantiate = instantiate;
    restore();
  }
}

/** The threads of the runtime are workers that it starts itself, from plain URLs. @returns what undoes it. */
function trustingWorkers(): () => void {
  const { Worker: own } = globalThis;
  if (!('trustedTypes' in globalThis) || typeof own === 'undefined') return () => undefined;
  globalThis.Worker = class extends own {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(trustedScript(String(url)), options);
    }
  };
  return () => {
    globalThis.Worker = own;
  };
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
