import { EdgefoldError } from '../errors.ts';
import type { DType, Tensor } from '../tensor.ts';
import { patternsOf, type NativeFeeds, type NativeResults } from './binding.ts';
import { runtimeError } from './faults.ts';
import type { OpenSession } from './open-session.ts';
import type { Description, NamedTensors } from './protocol.ts';

/** A model where it runs: in this thread, in a worker, in a process. What it is given has been checked. */
export interface Runner extends Description {
  run(inputs: NamedTensors, signal?: AbortSignal): Promise<NamedTensors>;
  /** Runs on the same memory again and again: what `inputs` holds by then. `write` is handed each result. */
  bound?(inputs: NamedTensors, write: (results: NativeResults) => void): () => Promise<void>;
  /** Waits for the runs already asked for. */
  dispose(): Promise<void>;
}

/** Lets one piece of work after the other have its turn: a WebAssembly module does not survive two at once. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/** Runs in the thread of the caller. */
export class LocalRunner implements Runner {
  readonly inputs;
  readonly outputs;
  readonly report;
  readonly #open: OpenSession;
  readonly #turns: Turns;
  readonly #runSession: (feeds: NativeFeeds) => Promise<NativeResults>;
  #disposal: Promise<void> | undefined;

  /** @param turns shared by all sessions of one WebAssembly module. */
  constructor(open: OpenSession, turns: Turns) {
    const { session, binding } = open;
    this.inputs = open.inputs;
    this.outputs = open.outputs;
    this.report = open.report;
    this.#open = open;
    this.#turns = turns;
    const run = binding.quickRun?.(session) ?? ((feeds: NativeFeeds) => session.run(feeds));
    this.#runSession = binding.runsDone ? run : (feeds) => turns.take(() => run(feeds));
  }

  run(inputs: NamedTensors): Promise<NamedTensors> {
    return this.#runSession(this.#feeds(inputs)).then(this.#named, failed);
  }

  bound(inputs: NamedTensors, write: (results: NativeResults) => void): () => Promise<void> {
    const feeds = this.#feeds(inputs);
    return () => this.#runSession(feeds).then(write, failed);
  }

  dispose(): Promise<void> {
    this.#disposal ??= this.#turns.take(async () => {
      const { binding, session } = this.#open;
      await binding.runsDone?.();
      await session.release();
    });
    return this.#disposal;
  }

  #feeds(inputs: NamedTensors): NativeFeeds {
    const { binding } = this.#open;
    const feeds: Record<string, ReturnType<typeof binding.tensor>> = {};
    for (const [name, tensor] of inputs) set(feeds, name, binding.tensor(tensor));
    return feeds;
  }

  readonly #named = (results: NativeResults): NamedTensors =>
    this.outputs.map(({ name }) => [name, tensorOf(name, results)]);
}

/** Sets an own property, whatever its name. */
export function set<T>(record: Record<string, T>, name: string, value: T): void {
  if (name === '__proto__') Object.defineProperty(record, name, { value, enumerable: true });
  else record[name] = value;
}

function failed(error: unknown): never {
  if (error instanceof EdgefoldError) throw error;
  throw runtimeError('the model failed while running', error);
}

/** One output among those that a run gave. @throws {EdgefoldError} RUNTIME. */
export function tensorOf(name: string, results: NativeResults): Tensor {
  const native = Object.hasOwn(results, name) ? results[name] : undefined;
  if (!native) throw new EdgefoldError('RUNTIME', 'the runtime gave no such output', { where: `output ${name}` });
  return { dtype: native.type as DType, shape: [...native.dims], data: patternsOf(native) };
}
