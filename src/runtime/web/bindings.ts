import type * as OnnxRuntime from 'onnxruntime-web';
import type { Tensor } from '../../tensor.ts';
import type { Binding, Bindings, Missing, NativeSession, NativeTensor } from '../binding.ts';
import { wordsOf } from '../faults.ts';
import type { ModelSource, Provider } from '../model.ts';
import type { SessionOptions } from '../options.ts';
import type { Compile } from './compile.ts';
import { linesOf } from './console-tap.ts';
import { startEngine, type Engine, type Engines, type StartedEngine } from './engine.ts';
import { openGpu, type Gpu } from './gpu.ts';

/** Ends what cannot go on; never returns. */
export type Die = (how: string) => Promise<never>;

export interface WebBindingsOptions {
  readonly engines: Engines;
  readonly compile: Compile;
  readonly die: Die;
}

/** What of onnxruntime-web runs in this thread, each build started when it is first asked for. */
export function webBindings({ engines, compile, die }: WebBindingsOptions): Bindings {
  const started = new Map<string, Promise<StartedEngine>>();
  let gpu: Promise<Gpu | Missing> | undefined;

  const engineOf = (engine: Engine, threads: number): Promise<StartedEngine> => {
    const running = started.get(engine.script) ?? startEngine(engine, threads, compile);
    started.set(engine.script, running);
    // Another try may have more luck.
    running.catch(() => started.delete(engine.script));
    return running;
  };

  return async (provider, threads) => {
    const engine = engines[provider];
    if (!engine) return { reason: whyAbsent(provider) };
    const device = provider === 'webgpu' ? await (gpu ??= openGpu().then((opened) => watched(opened, die))) : undefined;
    if (device && 'reason' in device) return device;
    if (provider === 'webnn' && !('ml' in navigator)) return { reason: 'this browser has no WebNN' };
    try {
      return bindingOf(await engineOf(engine, threads), engine, device, die);
    } catch (cause) {
      return { reason: `onnxruntime-web cannot be started from ${engine.script}: ${wordsOf(cause)}`, cause };
    }
  };
}

const IN_BROWSERS: readonly Provider[] = ['wasm', 'webgpu', 'webnn'];

function whyAbsent(provider: Provider): string {
  if (provider === 'cpu') return "in browsers the CPU is called 'wasm'";
  return IN_BROWSERS.includes(provider)
    ? 'it is not part of this entry of the package, which has wasm only'
    : 'it exists in Node only';
}

/** A device that is lost takes the runtime with it. */
function watched(gpu: Gpu | Missing, die: Die): Gpu | Missing {
  if ('device' in gpu) void gpu.device.lost.then(({ message }) => die(lostText(message)).catch(() => undefined));
  return gpu;
}

const lostText = (message: string): string => `the GPU device was lost: ${message}`;

function bindingOf(
  { runtime, msToLoad, sizeBytes }: StartedEngine,
  { wasm }: Engine,
  gpu: Gpu | undefined,
  die: Die,
): Binding {
  const { env } = runtime;
  const create = async (source: ModelSource, options: SessionOptions & { readonly enableProfiling?: true }) =>
    guardedSession(await createSession(runtime, source, options, gpu).catch(orDeath(die)), gpu, die);
  return {
    runtime: {
      package: 'onnxruntime-web',
      version: env.versions.web ?? env.versions.common,
      artifact: new URL(wasm).pathname.split('/').at(-1)!,
      ...(sizeBytes !== undefined && { sizeBytes }),
    },
    msToLoad,
    isolated: crossOriginIsolated,
    create,
    tensor: ({ dtype, data, shape }: Tensor): NativeTensor =>
      new runtime.Tensor(dtype as 'float32', data as Float32Array, shape),
    profile: async (source, options, use) => {
      const session = await create(source, { ...options, enableProfiling: true });
      try {
        await use(session);
        return linesOf(() => {
          session.endProfiling();
        }).join('\n');
      } finally {
        await session.release();
      }
    },
    ...(gpu && { adapter: () => Promise.resolve(gpu.adapter) }),
    threads: () => env.wasm.numThreads ?? 1,
  };
}

function createSession(
  { InferenceSession }: typeof OnnxRuntime,
  source: ModelSource,
  { executionProviders, ...options }: SessionOptions,
  gpu: Gpu | undefined,
): Promise<OnnxRuntime.InferenceSession> {
  if (typeof source === 'string') throw new Error('bug: a path in a browser');
  return InferenceSession.create(source, {
    ...options,
    executionProviders: executionProviders.map((name) => (gpu ? { name: 'webgpu', device: gpu.device } : name)),
  });
}

function guardedSession(
  session: OnnxRuntime.InferenceSession,
  gpu: Gpu | undefined,
  die: Die,
): NativeSession & { endProfiling(): void } {
  return {
    inputMetadata: session.inputMetadata,
    outputMetadata: session.outputMetadata,
    run: (feeds) => session.run(feeds as Record<string, OnnxRuntime.Tensor>).catch(orDeath(die, gpu)),
    release: () => session.release(),
    endProfiling: () => {
      session.endProfiling();
    },
  };
}

/** How long a run that failed waits for the word that its device is lost. */
const LOSS_MS = 50;

/** Passes an error on, unless the WebAssembly or the device behind it is gone. */
function orDeath(die: Die, gpu?: Gpu): (error: unknown) => Promise<never> {
  return async (error) => {
    if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) {
      return die(`its WebAssembly failed: ${wordsOf(error)}`);
    }
    const delay = new Promise<undefined>((resolve) => setTimeout(resolve, LOSS_MS, undefined));
    const lost = gpu && (await Promise.race([gpu.device.lost, delay]));
    if (lost) return die(lostText(lost.message));
    throw error;
  };
}
