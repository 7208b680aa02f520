import type { Bindings } from '../binding.ts';
import { nativeBinding } from './native.ts';
import { wasmBinding } from './wasm.ts';

/** `wasm` is onnxruntime-web's; every other provider is onnxruntime-node's. */
export const bindings: Bindings = (provider, threads) =>
  provider === 'wasm' ? wasmBinding(threads) : nativeBinding(provider);
