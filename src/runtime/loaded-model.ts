import { EdgefoldError } from '../errors.ts';
import { bind } from './bind.ts';
import { disposed } from './faults.ts';
import { checkedInputs } from './inputs.ts';
import type {
  Bound,
  CacheReport,
  Inputs,
  Model,
  Outputs,
  ProviderReport,
  RunOptions,
  StreamOptions,
  TensorSpec,
} from './model.ts';
import { checkSignal, readOptions } from './options.ts';
import { set, type Runner } from './runner.ts';
import { stream } from './stream.ts';

/** What is known of a model beside where it runs. */
export interface Surroundings {
  readonly metadata: ReadonlyMap<string, string>;
  readonly msToFetch: number;
  readonly cache?: CacheReport | undefined;
  /** Whether a run can be ended. */
  readonly canAbort: boolean;
  /** Frees what belongs to this model alone, after its session. */
  readonly close?: () => void;
}

/** A {@link Model} over the place where it runs. */
export class LoadedModel implements Model {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly report: ProviderReport;
  readonly metadata: ReadonlyMap<string, string>;
  readonly #runner: Runner;
  readonly #surroundings: Surroundings;
  #disposal: Promise<void> | undefined;

  constructor(runner: Runner, surroundings: Surroundings) {
    const { report } = runner;
    const { cache, msToFetch } = surroundings;
    this.inputs = runner.inputs;
    this.outputs = runner.outputs;
    this.report = { ...report, ...(cache && { cache }), ms: { ...report.ms, fetch: msToFetch } };
    this.metadata = surroundings.metadata;
    this.#runner = runner;
    this.#surroundings = surroundings;
  }

  async run(inputs: Inputs, options?: RunOptions): Promise<Outputs> {
    if (this.#disposal) throw disposed();
    const signal = options === undefined ? undefined : signalOf(options);
    if (signal && !this.#surroundings.canAbort) throw unabortable();
    const results = await this.#runner.run(checkedInputs(this.inputs, inputs), signal);
    const outputs: Outputs = {};
    for (const [name, tensor] of results) set(outputs, name, tensor);
    return outputs;
  }

  async bind(shapes: Readonly<Record<string, readonly number[]>> = {}): Promise<Bound> {
    if (this.#disposal) throw disposed();
    return bind(this, this.#runner, shapes, () => this.#disposal !== undefined);
  }

  stream(items: AsyncIterable<Inputs> | Iterable<Inputs>, options: StreamOptions = {}): AsyncIterable<Outputs> {
    return stream(this, items, options);
  }

  async dispose(): Promise<void> {
    this.#disposal ??= this.#runner.dispose().finally(() => this.#surroundings.close?.());
    return this.#disposal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

function signalOf(options: RunOptions): AbortSignal | undefined {
  const { signal } = readOptions(options, ['signal']);
  checkSignal(signal);
  return signal;
}

function unabortable(): EdgefoldError {
  return new EdgefoldError('USAGE', 'a run in this thread cannot be ended', {
    where: 'signal',
    hint: "Load the model with thread: 'process' (Node) or thread: 'worker' (browsers).",
  });
}
