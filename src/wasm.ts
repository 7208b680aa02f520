/** The entry for pages that only run models, on the CPU: `load`, and one build of onnxruntime-web. */
export { EdgefoldError, type ErrorCode, type ErrorDetails } from './errors.ts';
export type { Dim, DType, DTypeArray, Tensor } from './tensor.ts';
export { load, type CacheChoice, type ModelCache, type WebLoad, type WebLoadOptions, type WebSource } from './runtime/wasm.ts'; // prettier-ignore
export type {
  Bound,
  Input,
  Inputs,
  LoadProgress,
  Model,
  Outputs,
  ProviderReport,
  TensorSpec,
} from './runtime/model.ts';
