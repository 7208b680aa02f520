import type { DType, DTypeArray, Tensor } from '../tensor.ts';
import type { Adapter, ModelSource, Provider, RuntimeReport } from './model.ts';
import type { SessionOptions } from './options.ts';

/** The part of onnxruntime's JavaScript session that is used here; its Node and web packages share it. */
export interface NativeSession {
  readonly inputMetadata: readonly NativeMetadata[];
  readonly outputMetadata: readonly NativeMetadata[];
  run(feeds: NativeFeeds): Promise<NativeResults>;
  release(): Promise<void>;
}

export type NativeFeeds = Readonly<Record<string, NativeTensor>>;

export type NativeResults = Readonly<Record<string, NativeTensor>>;

export interface NativeTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

export type NativeMetadata =
  | { readonly name: string; readonly isTensor: false }
  | {
      readonly name: string;
      readonly isTensor: true;
      readonly type: string;
      readonly shape: readonly (number | string)[];
    };

/** One onnxruntime package where it runs. Everything above it is the same in Node and in browsers. */
export interface Binding {
  readonly runtime: RuntimeReport;
  /** What loading its code took. */
  readonly msToLoad: number;
  /** Browsers: `crossOriginIsolated`. */
  readonly isolated?: boolean;
  create(source: ModelSource, options: SessionOptions): Promise<NativeSession>;
  /** Profiles what `use` runs, and gives onnxruntime's profile: a JSON array of events. */
  profile?(
    source: ModelSource,
    options: SessionOptions,
    use: (session: NativeSession) => Promise<void>,
  ): Promise<string>;
  tensor(tensor: Tensor): NativeTensor;
  /** A run without what its package checks once more; absent where that cannot be had. */
  readonly quickRun?: (session: NativeSession) => ((feeds: NativeFeeds) => Promise<NativeResults>) | undefined;
  /**
   * Present where runs may be called while others are on their way, because each is carried out whole, in the order of
   * the calls; resolves when those called so far are done. Without it they must wait for each other.
   */
  readonly runsDone?: () => Promise<void>;
  adapter?(provider: Provider): Promise<Adapter | undefined>;
  /** Threads that it has when `threads` are asked for: WebAssembly has one unless the page is isolated. */
  threads?(asked: number): number;
}

/** Why a provider cannot be had here. */
export interface Missing {
  readonly reason: string;
  /** The package that it needs is not installed. */
  readonly isNotInstalled?: boolean;
  readonly cause?: unknown;
}

/** The package that has a provider, loaded when it is first asked for. */
export type Bindings = (provider: Provider, threads: number) => Promise<Binding | Missing>;

/** float16 comes as `Float16Array` where the engine has that class; its bits are what a {@link Tensor} holds. */
export function patternsOf({ type, data }: NativeTensor): DTypeArray[DType] {
  if (type !== 'float16' || data instanceof Uint16Array) return data as DTypeArray[DType];
  const { buffer, byteOffset, byteLength } = data as ArrayBufferView;
  return new Uint16Array(buffer as ArrayBuffer, byteOffset, byteLength / Uint16Array.BYTES_PER_ELEMENT);
}
