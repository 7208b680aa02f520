import { EdgefoldError } from '../errors.ts';
import type { DType, Tensor } from '../tensor.ts';
import { patternsOf, type NativeResults } from './binding.ts';
import { runtimeError } from './faults.ts';
import type { OpenSession } from './open-session.ts';
import type { Description, NamedTensors } from './protocol.ts';

/** A model where it runs: in this thread, in a worker, in a process. What it is given has been checked. */
export interface Runner extends Description {
  run(inputs: NamedTensors, signal?: AbortSignal): Promise<NamedTensors>;
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

  /** Everything that has been asked for so far is done. */
  async rest(): Promise<void> {
    await this.#last;
  }
}

/** Runs in the thread of the caller. */
export class LocalRunner implements Runner {
  readonly inputs;
  readonly outputs;
  readonly report;
  readonly #open: OpenSession;
  readonly #turns: Turns;
  #disposal: Promise<void> | undefined;

  /** @param turns shared by all sessions of one WebAssembly module. */
  constructor(open: OpenSession, turns: Turns) {
    this.inputs = open.inputs;
    this.outputs = open.outputs;
    this.report = open.report;
    this.#open = open;
    this.#turns = turns;
  }

  run(inputs: NamedTensors): Promise<NamedTensors> {
    return this.#turns.take(() => this.#runNow(inputs));
  }

  dispose(): Promise<void> {
    this.#disposal ??= this.#turns.take(() => this.#open.session.release());
    return this.#disposal;
  }

  async #runNow(inputs: NamedTensors): Promise<NamedTensors> {
    const { session, binding } = this.#open;
    const feeds = Object.fromEntries(inputs.map(([name, tensor]) => [name, binding.tensor(tensor)]));
    const results = await session.run(feeds).catch((error: unknown) => {
      throw runtimeError('the model failed while running', error);
    });
    return this.outputs.map(({ name }) => [name, tensorOf(name, results)]);
  }
}

function tensorOf(name: string, results: NativeResults): Tensor {
  const native = Object.hasOwn(results, name) ? results[name] : undefined;
  if (!native) throw new EdgefoldError('RUNTIME', 'the runtime gave no such output', { where: `output ${name}` });
  return { dtype: native.type as DType, shape: [...native.dims], data: patternsOf(native) };
}
