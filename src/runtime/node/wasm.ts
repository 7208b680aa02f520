import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type * as OnnxRuntimeWeb from 'onnxruntime-web';
import type { Tensor } from '../../tensor.ts';
import type { Binding, Missing, NativeSession, NativeTensor } from '../binding.ts';
import { wordsOf } from '../faults.ts';

const PACKAGE = 'onnxruntime-web';
const ARTIFACT = 'ort-wasm-simd-threaded.wasm';

type Runtime = typeof OnnxRuntimeWeb;
type Loaded = { readonly runtime: Runtime; readonly msToLoad: number; readonly sizeBytes: number } | Missing;

let loading: Promise<Loaded> | undefined;

/** onnxruntime-web's WebAssembly in Node, which has no telemetry. Its number of threads is that of the first model. */
export async function wasmBinding(threads: number): Promise<Binding | Missing> {
  const loaded = await (loading ??= importRuntime(threads));
  return 'reason' in loaded ? loaded : bindingOf(loaded);
}

async function importRuntime(threads: number): Promise<Loaded> {
  const start = performance.now();
  try {
    const runtime: Runtime = await import('onnxruntime-web');
    runtime.env.logLevel = 'fatal';
    runtime.env.wasm.numThreads = threads;
    const artifact = createRequire(import.meta.url).resolve(`${PACKAGE}/${ARTIFACT}`);
    const { size } = await stat(artifact);
    return { runtime, msToLoad: performance.now() - start, sizeBytes: size };
  } catch (cause) {
    return { reason: `${PACKAGE} cannot be loaded: ${wordsOf(cause)}`, isNotInstalled: true, cause };
  }
}

function bindingOf({ runtime, msToLoad, sizeBytes }: Exclude<Loaded, Missing>): Binding {
  const { env, InferenceSession, Tensor: NativeTensorClass } = runtime;
  return {
    runtime: { package: PACKAGE, version: env.versions.web ?? env.versions.common, artifact: ARTIFACT, sizeBytes },
    msToLoad,
    threads: () => env.wasm.numThreads ?? 1,
    create: (source, options): Promise<NativeSession> =>
      typeof source === 'string' ? InferenceSession.create(source, options) : InferenceSession.create(source, options),
    tensor: ({ dtype, data, shape }: Tensor): NativeTensor =>
      new NativeTensorClass(dtype as 'float32', data as Float32Array, shape),
  };
}
