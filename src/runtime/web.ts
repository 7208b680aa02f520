import { gpuEngine } from './web/gpu-engine.ts';
import { webLoader, type WebLoad } from './web/loader.ts';
import { wasmEngine } from './web/wasm-engine.ts';

export type { CacheChoice, ModelCache } from './web/cache.ts';
export type { WebLoad, WebLoadOptions, WebSource } from './web/loader.ts';

/**
 * Loads a model on onnxruntime-web, in a worker, without silent fallback. Of the runtime's builds only the one that
 * the provider needs is downloaded, from beside this package.
 *
 * @example
 * await using model = await load('model.onnx', { provider: ['webgpu', 'wasm'] });
 * const { probabilities } = await model.run({ image: new Float32Array(784) });
 */
export const load: WebLoad = webLoader((assets) => ({ ...wasmEngine(assets), ...gpuEngine(assets) }));
