import { EdgefoldError } from '../errors.ts';
import type { DType, DTypeArray, Tensor } from '../tensor.ts';
import { checkInputs, isRunnable } from './inputs.ts';
import type { Input, Model, ProviderReport, TensorSpec } from './model.ts';

/** The part of onnxruntime's JavaScript session that is used here; its Node and web packages share it. */
export interface NativeSession {
  readonly inputMetadata: readonly NativeMetadata[];
  readonly outputMetadata: readonly NativeMetadata[];
  run(feeds: Readonly<Record<string, NativeTensor>>): Promise<Readonly<Record<string, NativeTensor>>>;
  release(): Promise<void>;
}

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

/** A {@link Model} over one onnxruntime session. Runs wait for each other; disposal waits for the runs. */
export class SessionModel implements Model {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly report: ProviderReport;
  readonly #session: NativeSession;
  readonly #toNative: (tensor: Tensor) => NativeTensor;
  #queue: Promise<unknown> = Promise.resolve();
  #disposal: Promise<void> | undefined;

  constructor(session: NativeSession, report: ProviderReport, toNative: (tensor: Tensor) => NativeTensor) {
    this.inputs = session.inputMetadata.map((value) => specOf('input', value));
    this.outputs = session.outputMetadata.map((value) => specOf('output', value));
    this.report = report;
    this.#session = session;
    this.#toNative = toNative;
  }

  async run(inputs: Readonly<Record<string, Input>>): Promise<Record<string, Tensor>> {
    if (this.#disposal) throw new EdgefoldError('DISPOSED', 'the model was disposed of', { hint: 'Load it again.' });
    const tensors = checkInputs(this.inputs, inputs);
    const result = this.#queue.then(() => this.#runNow(tensors));
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async dispose(): Promise<void> {
    this.#disposal ??= this.#queue.then(() => this.#session.release());
    return this.#disposal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #runNow(tensors: ReadonlyMap<string, Tensor>): Promise<Record<string, Tensor>> {
    const feeds = Object.fromEntries([...tensors].map(([name, tensor]) => [name, this.#toNative(tensor)]));
    const results = await this.#session.run(feeds).catch((error: unknown) => {
      throw runtimeError('the model failed while running', error);
    });
    return Object.fromEntries(this.outputs.map(({ name }) => [name, tensorOf(name, results)]));
  }
}

/** Keeps the runtime's own words, on one line. */
export function runtimeError(summary: string, cause: unknown, where?: string): EdgefoldError {
  return new EdgefoldError('RUNTIME', `${summary}: ${wordsOf(cause)}`, {
    cause,
    ...(where === undefined ? {} : { where }),
  });
}

export function wordsOf(cause: unknown): string {
  const words = cause instanceof Error ? cause.message : String(cause);
  return words.replace(/\s+/g, ' ').trim();
}

function specOf(kind: 'input' | 'output', value: NativeMetadata): TensorSpec {
  if (value.isTensor && isRunnable(value.type)) {
    return { name: value.name, dtype: value.type, shape: value.shape };
  }
  throw new EdgefoldError('UNSUPPORTED', 'only tensors can be passed to and from a model', {
    where: `${kind} ${value.name}`,
    received: value.isTensor ? value.type : 'a sequence, map or optional',
  });
}

function tensorOf(name: string, results: Readonly<Record<string, NativeTensor>>): Tensor {
  const native = Object.hasOwn(results, name) ? results[name] : undefined;
  if (!native) throw new EdgefoldError('RUNTIME', 'the runtime gave no such output', { where: `output ${name}` });
  return { dtype: native.type as DType, shape: [...native.dims], data: patternsOf(native) };
}

/** float16 comes as `Float16Array` where the engine has that class; its bits are what a {@link Tensor} holds. */
function patternsOf({ type, data }: NativeTensor): DTypeArray[DType] {
  if (type !== 'float16' || data instanceof Uint16Array) return data as DTypeArray[DType];
  const { buffer, byteOffset, byteLength } = data as ArrayBufferView;
  return new Uint16Array(buffer as ArrayBuffer, byteOffset, byteLength / Uint16Array.BYTES_PER_ELEMENT);
}
