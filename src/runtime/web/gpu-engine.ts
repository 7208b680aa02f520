import type { Engine, Engines } from './engine.ts';

/** WebGPU and WebNN: the build that suspends WebAssembly where the browser can do that, else the larger one. */
export function gpuEngine(assets: URL | undefined): Engines {
  const engine = 'Suspending' in WebAssembly ? jspi(assets) : asyncify(assets);
  return { webgpu: engine, webnn: engine };
}

function jspi(assets: URL | undefined): Engine {
  const script = assets ? new URL('ort-jspi.js', assets) : new URL('./ort-jspi.js', import.meta.url);
  const wasm = assets
    ? new URL('ort-wasm-simd-threaded.jspi.wasm', assets)
    : new URL('./ort-wasm-simd-threaded.jspi.wasm', import.meta.url);
  return { script: script.href, wasm: wasm.href };
}

function asyncify(assets: URL | undefined): Engine {
  const script = assets ? new URL('ort-asyncify.js', assets) : new URL('./ort-asyncify.js', import.meta.url);
  const wasm = assets
    ? new URL('ort-wasm-simd-threaded.asyncify.wasm', assets)
    : new URL('./ort-wasm-simd-threaded.asyncify.wasm', import.meta.url);
  return { script: script.href, wasm: wasm.href };
}
