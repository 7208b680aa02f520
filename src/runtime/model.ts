import type { Dim, DType, DTypeArray, Tensor } from '../tensor.ts';

/** Execution providers by onnxruntime's names. `cpu` is onnxruntime-node's, `wasm` onnxruntime-web's. */
export type Provider = 'cpu' | 'wasm' | 'webgpu' | 'cuda' | 'tensorrt' | 'coreml' | 'dml' | 'webnn';
export const PROVIDERS: readonly Provider[] = ['cpu', 'wasm', 'webgpu', 'cuda', 'tensorrt', 'coreml', 'dml', 'webnn'];

/**
 * What an input takes or an output gives. A nameless unknown dimension is `''`. onnxruntime reports a scalar and a
 * tensor of unknown rank alike, as `[]`, so an empty shape promises nothing about the rank.
 */
export interface TensorSpec {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}

/** onnxruntime's own graph optimiser; `disabled` runs the graph as it is written. */
export type OptimizationLevel = 'disabled' | 'basic' | 'extended' | 'all';
export const OPTIMIZATION_LEVELS: readonly OptimizationLevel[] = ['disabled', 'basic', 'extended', 'all'];

export interface LoadOptions {
  /** One provider, or several in order of preference; every refusal is recorded. Default `cpu` in Node. */
  readonly provider?: Provider | readonly Provider[];
  /** `none` (default): every node runs on the provider, or loading fails. `partial`: nodes may run on the CPU. */
  readonly allow?: 'none' | 'partial';
  /** Default `all`. */
  readonly optimization?: OptimizationLevel;
  /** Threads inside an operator. Default 1: right for models under about a millisecond; more is a measured choice. */
  readonly threads?: number;
}

/** Bytes of a model, or the path of its file (needed where weights lie in external files). */
export type ModelSource = Uint8Array | string;

/** A typed array is enough when at most one dimension is free; otherwise give the shape. */
export type Input =
  Tensor | DTypeArray[DType] | { readonly data: DTypeArray[DType]; readonly shape: readonly number[] };

export interface ProviderReport {
  readonly requested: readonly Provider[];
  readonly used: Provider;
  readonly refused: readonly { readonly provider: Provider; readonly reason: string }[];
  /**
   * How we know that `used` ran every node: the session has no other provider, or its creation forbids fallback.
   * `unproven` is what `allow: 'partial'` gives: nodes may have run on the CPU.
   */
  readonly evidence: 'single-provider' | 'no-fallback-flag' | 'unproven';
  readonly runtime: { readonly package: string; readonly version: string };
  readonly optimization: OptimizationLevel;
  readonly threads: number;
  readonly telemetry: false;
  readonly ms: { readonly runtime: number; readonly create: number };
}

/** A model that is ready to run. Overlapping `run()` calls are queued. */
export interface Model extends AsyncDisposable {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly report: ProviderReport;
  /**
   * Runs once. Keys are input names; the result has every output by name. Inputs are read when their turn in the
   * queue comes, so leave them unchanged until the promise settles.
   * @throws {EdgefoldError} INPUT (name, dtype or shape), RUNTIME, DISPOSED.
   */
  run(inputs: Readonly<Record<string, Input>>): Promise<Record<string, Tensor>>;
  /** Waits for the runs already asked for, then frees the session; a second call does nothing more. */
  dispose(): Promise<void>;
}

/**
 * @throws {EdgefoldError} FILE, USAGE (an option), PROVIDER (not available, or not all of the model runs there),
 * RUNTIME (the model was refused; the message holds the runtime's own words), UNSUPPORTED (an input or output that
 * is no tensor).
 */
export type Load = (source: ModelSource, options?: LoadOptions) => Promise<Model>;
