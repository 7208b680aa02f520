import type { NodeAtFault } from '../errors.ts';
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

/**
 * Where a model runs.
 *
 * - `here`: in the thread of the caller, which is blocked while a run lasts. Least overhead.
 * - `worker`, or `{ pool: n }` for n of them: the caller's thread stays free.
 * - `process` (Node): a process of its own. A runtime that dies takes nothing with it, and a run can be ended: native
 *   code in a thread cannot be.
 */
export type Thread = 'here' | 'worker' | 'process' | { readonly pool: number };

/** How far loading has come. `runtime` and `model` are downloads or reads; sizes are absent where nobody tells them. */
export interface LoadProgress {
  readonly phase: 'runtime' | 'model' | 'create' | 'warmup';
  readonly loadedBytes?: number;
  readonly totalBytes?: number;
}

export interface LoadOptions {
  /**
   * One provider, or several in order of preference; every refusal is recorded. Default: in Node `cpu`, or `wasm`
   * where onnxruntime-node is not installed; in browsers `wasm`.
   */
  readonly provider?: Provider | readonly Provider[];
  /** `none` (default): every node runs on the provider, or loading fails. `partial`: nodes may run on the CPU. */
  readonly allow?: 'none' | 'partial';
  /** Default `all`. */
  readonly optimization?: OptimizationLevel;
  /** Sizes of symbolic dimensions, written into the graph before it is loaded. */
  readonly fixed?: Readonly<Record<string, number>>;
  /**
   * Threads inside an operator. Default `auto`: on the CPU one for a small model, and for a larger one as many as its
   * multiplications keep busy, up to the number of cores, or for WebAssembly half of the processors and at most 4; 1
   * everywhere else. The report tells number and reason.
   */
  readonly threads?: number | 'auto';
  /**
   * Whether those threads burn processor time while they wait, in a run and for tens of milliseconds after it. Faster
   * where no other process wants the processor, slower where one does. Default: true where `auto` chose more than one
   * thread, otherwise false.
   */
  readonly spin?: boolean;
  /** Default: in Node `here`, or `process` where a `signal` is given; in browsers `worker`. */
  readonly thread?: Thread;
  /**
   * Runs on zeros before `load` returns, every symbolic dimension 1: the first run compiles shaders and touches
   * memory. Default 1; a model that does not take such inputs is loaded all the same, and its report says so. If you
   * ask for runs, their failure is yours to see.
   */
  readonly warmup?: number;
  /** Whether to measure which node ran where; the warm-up does it. It is always measured with `allow: 'partial'`. */
  readonly placement?: boolean;
  /** `sha256-` and the digest in base64, as in HTML: anything else is not loaded. */
  readonly integrity?: string;
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Ends loading. */
  readonly signal?: AbortSignal;
}

/** Bytes of a model, or the path of its file (needed where weights lie in external files). */
export type ModelSource = Uint8Array | string;

/** In Node a string is a path, or an `http:`, `https:` or `file:` URL; in browsers a URL. */
export type LoadSource = ModelSource | URL | ArrayBuffer | Blob | Response | ReadableStream<Uint8Array>;

/** A typed array is enough when at most one dimension is free; otherwise give the shape. */
export type Input =
  Tensor | DTypeArray[DType] | { readonly data: DTypeArray[DType]; readonly shape: readonly number[] };

export type Inputs = Readonly<Record<string, Input>>;
export type Outputs = Record<string, Tensor>;

/** Which node ran where, as onnxruntime's profile of one run says; its optimiser has rewritten the graph by then. */
export interface Placement {
  readonly total: number;
  readonly byProvider: Readonly<Record<string, number>>;
  /** Nodes that did not run on the provider, copies left out. */
  readonly elsewhere: readonly NodeAtFault[];
  /** Copies between the provider's memory and the CPU's. */
  readonly copies: number;
}

/** The device behind a GPU provider, as far as it tells. */
export interface Adapter {
  readonly vendor: string;
  readonly architecture: string;
  /** A software adapter: right numbers, useless timings. */
  readonly isFallback: boolean;
  readonly hasFloat16: boolean;
}

export interface RuntimeReport {
  readonly package: string;
  readonly version: string;
  /** The WebAssembly file that was loaded, and its size. */
  readonly artifact?: string;
  readonly sizeBytes?: number;
}

/** What a cache of models did; one that fails, for want of room say, costs nothing but time. */
export interface CacheReport {
  readonly kind: 'cache-api' | 'opfs' | 'custom';
  readonly outcome: 'hit' | 'stored' | 'failed';
  readonly reason?: string;
}

export interface ProviderReport {
  readonly requested: readonly Provider[];
  readonly used: Provider;
  readonly refused: readonly { readonly provider: Provider; readonly reason: string }[];
  /**
   * How we know what ran where: `single-provider`, the session has no other; `no-fallback-flag`, its creation forbids
   * fallback; `profile`, see `placement`. `unproven`: nodes were allowed to run on the CPU and no run could be
   * watched.
   */
  readonly evidence: 'single-provider' | 'no-fallback-flag' | 'profile' | 'unproven';
  readonly placement?: Placement;
  readonly adapter?: Adapter;
  /** Why a GPU's adapter is not told. */
  readonly adapterUnknown?: string;
  readonly runtime: RuntimeReport;
  readonly optimization: OptimizationLevel;
  readonly threads: number;
  /** Why that many, where the choice was not the caller's or the caller did not get them. */
  readonly threadsReason?: string;
  /** Absent where no thread spins. */
  readonly spin?: true;
  readonly thread: Thread;
  /** Browsers: whether the page is cross-origin isolated, without which there is one thread. */
  readonly isolated?: boolean;
  /** Browsers: where the caller asked for a cache. */
  readonly cache?: CacheReport;
  readonly telemetry: false;
  readonly warmup: { readonly runs: number; readonly failure?: string };
  /** Loading, part by part: the runtime's code, the model's bytes, the session, the warm-up. */
  readonly ms: {
    readonly runtime: number;
    readonly fetch: number;
    readonly create: number;
    readonly warmup: number;
  };
}

export interface RunOptions {
  /** Ends the run. `here` cannot keep that promise, and refuses it; see {@link Thread}. */
  readonly signal?: AbortSignal;
}

/** Inputs to write into, outputs to read from; both stay where they are. */
export interface Bound {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** One run at a time. */
  run(): Promise<void>;
}

export interface StreamOptions {
  /**
   * Most items in one run. Default 1. More is right only for a model that treats the rows of its first dimension apart
   * from one another, which its signature cannot tell: a Softmax over axis 0 mixes them.
   */
  readonly batch?: number;
  /** How long the first item of a batch waits for more. Default 2. */
  readonly maxDelayMs?: number;
  readonly signal?: AbortSignal;
}

/** A model that is ready to run. Overlapping `run()` calls are queued. */
export interface Model extends AsyncDisposable {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly report: ProviderReport;
  /** `metadata_props` of the file: labels, preprocessing, where it comes from. */
  readonly metadata: ReadonlyMap<string, string>;
  /**
   * Runs once. Keys are input names; the result has every output by name. Inputs are read when their turn in the
   * queue comes, so leave them unchanged until the promise settles.
   * @throws {EdgefoldError} INPUT (name, dtype or shape), RUNTIME, DIED, ABORTED, DISPOSED.
   */
  run(inputs: Inputs, options?: RunOptions): Promise<Outputs>;
  /**
   * Memory for inputs and outputs that is used again and again. Shapes are needed for inputs with symbolic dimensions;
   * one run on zeros tells the shapes of the outputs.
   */
  bind(shapes?: Readonly<Record<string, readonly number[]>>): Promise<Bound>;
  /**
   * Runs one item after the other; with `batch`, several at once where the first dimension of every input and output
   * is the same symbol. Each item is a batch of its own, often of 1. Outputs come in the order of the items.
   */
  stream(items: AsyncIterable<Inputs> | Iterable<Inputs>, options?: StreamOptions): AsyncIterable<Outputs>;
  /** Waits for the runs already asked for, then frees the session; a second call does nothing more. */
  dispose(): Promise<void>;
}

/**
 * @throws {EdgefoldError} FILE, USAGE (an option), INTEGRITY, PROVIDER (not available), PARTIAL (not all of the model
 * runs there; `nodes` lists what does not), RUNTIME (the model was refused; the message holds the runtime's own
 * words), UNSUPPORTED (an input or output that is no tensor), DIED, ABORTED.
 */
export type Load = (source: LoadSource, options?: LoadOptions) => Promise<Model>;
