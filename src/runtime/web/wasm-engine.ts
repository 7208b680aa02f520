import type { Engines } from './engine.ts';

/** Where the worker's script is: beside this file, once it is built, or in a folder of the caller's choice. */
export function workerScript(assets: URL | undefined): string {
  return (assets ? new URL('worker.js', assets) : new URL('./worker.js', import.meta.url)).href;
}

/**
 * The CPU. Each URL is written out so that bundlers find the file behind it; a bundler takes what a module names, used
 * or not, so every build of onnxruntime-web that an application may do without has a module of its own.
 */
export function wasmEngine(assets: URL | undefined): Engines {
  const script = assets ? new URL('ort-wasm.js', assets) : new URL('./ort-wasm.js', import.meta.url);
  const wasm = assets
    ? new URL('ort-wasm-simd-threaded.wasm', assets)
    : new URL('./ort-wasm-simd-threaded.wasm', import.meta.url);
  return { wasm: { script: script.href, wasm: wasm.href } };
}
