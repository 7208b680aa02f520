import { webLoader, type WebLoad } from './web/loader.ts';
import { wasmEngine } from './web/wasm-engine.ts';

export type { CacheChoice, ModelCache } from './web/cache.ts';
export type { WebLoad, WebLoadOptions, WebSource } from './web/loader.ts';

/** {@link WebLoad} with the CPU only: an application that imports this carries one build of the runtime. */
export const load: WebLoad = webLoader(wasmEngine);
