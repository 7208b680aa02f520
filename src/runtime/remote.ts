import { EdgefoldError } from '../errors.ts';
import { aborted, wordsOf } from './faults.ts';
import type { LoadProgress, Provider } from './model.ts';
import {
  errorFrom,
  type Description,
  type LoadRequest,
  type NamedTensors,
  type Reply,
  type Request,
} from './protocol.ts';
import type { Runner } from './runner.ts';

/** A worker or process that has been started. Requests that are posted before it is ready wait in the line. */
export interface Line {
  post(request: Request): void;
  /** Ends it at once, as far as the platform can; nothing comes from it any more. */
  kill(): void;
  /** Whether the caller's process has to live on for its answers. */
  hold?(isBusy: boolean): void;
}

export interface LineEvents {
  readonly onReply: (reply: Reply) => void;
  /** It has ended, and not by {@link Line.kill}. @param how such as `SIGFPE` or `exit code 1`. */
  readonly onDeath: (how: string, cause?: unknown) => void;
}

export type OpenLine = (events: LineEvents) => Line;

/** Requests on their way at once: the second waits over there, so that no time is lost between two runs. */
const WINDOW = 2;

/** What is not wanted any more may still finish by itself; starting anew costs more than that. */
const GRACE_MS = 40;

type Value = Description | NamedTensors | undefined;

interface Job {
  readonly request: Request;
  readonly onProgress: ((progress: LoadProgress) => void) | undefined;
  /** Replies that are still to come: one, or two where the model had to be loaded again. */
  pending: number;
  /** The next reply is that of the model's being loaded again. */
  isReloading: boolean;
  error: Error | undefined;
  isWanted: boolean;
  settle(value: Value, error?: Error): void;
}

/**
 * Models in a worker or process that may die or be ended at any time: it is started when there is something to do,
 * and models are loaded again when they are needed. What was being worked on at a death fails; what waited goes on.
 */
export class Remote {
  readonly #open: OpenLine;
  #line: Line | undefined;
  readonly #waiting: Job[] = [];
  readonly #sent: Job[] = [];
  readonly #models = new Map<number, LoadRequest>();
  readonly #loaded = new Set<number>();
  #lastModel = 0;
  #grace: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(open: OpenLine) {
    this.#open = open;
  }

  /** Starts it, and has it load the code of a provider, before there is something to do. Nobody need wait for that. */
  prepare(provider: Provider): void {
    void this.#ask({ kind: 'prepare', provider, threads: 1 }, {}).catch(() => undefined);
  }

  /** Jobs that are not done. */
  get load(): number {
    return this.#waiting.length + this.#sent.length;
  }

  async loadModel(
    request: Omit<LoadRequest, 'kind' | 'model'>,
    options: { readonly signal?: AbortSignal | undefined; readonly onProgress?: (progress: LoadProgress) => void } = {},
  ): Promise<Runner> {
    const load: LoadRequest = { kind: 'load', model: ++this.#lastModel, ...request };
    const description = (await this.#ask(load, options)) as Description;
    this.#models.set(load.model, load);
    return {
      ...description,
      run: async (inputs, signal) =>
        (await this.#ask({ kind: 'run', model: load.model, inputs }, { signal })) as NamedTensors,
      dispose: async () => {
        await this.#release(load.model);
      },
    };
  }

  /** Ends it. What is not done fails. */
  close(): void {
    this.#isClosed = true;
    this.#line?.kill();
    this.#forgetLine();
    for (const job of [...this.#sent.splice(0), ...this.#waiting.splice(0)]) job.settle(undefined, closed());
  }

  /** A model of a line that is gone needs no release. */
  async #release(model: number): Promise<void> {
    await this.#ask({ kind: 'release', model }, {});
    this.#models.delete(model);
  }

  #ask(
    request: Request,
    { signal, onProgress }: { signal?: AbortSignal | undefined; onProgress?: Job['onProgress'] },
  ): Promise<Value> {
    return new Promise((resolve, reject) => {
      const what = request.kind === 'run' ? 'the run' : 'loading';
      if (this.#isClosed || signal?.aborted) {
        reject(signal?.aborted ? aborted(what, signal) : closed());
        return;
      }
      const onAbort = () => {
        reject(aborted(what, signal!));
        this.#abandon(job);
      };
      const settle = (value: Value, error?: Error) => {
        signal?.removeEventListener('abort', onAbort);
        if (error) reject(error);
        else resolve(value);
      };
      const job: Job = {
        request,
        onProgress,
        pending: 0,
        isReloading: false,
        error: undefined,
        isWanted: true,
        settle,
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(job);
      this.#pump();
    });
  }

  #abandon(job: Job): void {
    job.isWanted = false;
    const at = this.#waiting.indexOf(job);
    if (at >= 0) this.#waiting.splice(at, 1);
    this.#watchHead();
  }

  /** Ends the line if it goes on working at something that nobody wants. */
  #watchHead(): void {
    clearTimeout(this.#grace);
    const head = this.#sent[0];
    if (!head || head.isWanted) return;
    this.#grace = setTimeout(() => {
      if (this.#sent[0] !== head) return;
      this.#line?.kill();
      this.#onDeath('ended');
    }, GRACE_MS);
  }

  #pump(): void {
    while (this.#sent.length < WINDOW && this.#waiting.length > 0) this.#send(this.#waiting.shift()!);
    this.#line?.hold?.(this.#sent.some(({ request }) => request.kind !== 'prepare'));
    this.#watchHead();
  }

  #send(job: Job): void {
    const { request } = job;
    if (request.kind === 'release' && !this.#loaded.delete(request.model)) {
      job.settle(undefined);
      return;
    }
    this.#line ??= this.#opened();
    this.#sent.push(job);
    job.pending = 0;
    const again =
      request.kind === 'run' && !this.#loaded.has(request.model) ? this.#models.get(request.model) : undefined;
    job.isReloading = again !== undefined;
    try {
      for (const each of again ? [again, request] : [request]) {
        this.#line.post(each);
        job.pending++;
        if (each.kind === 'load') this.#loaded.add(each.model);
      }
    } catch (cause) {
      job.error = uncloneable(request, cause);
      if (job.pending > 0) return;
      this.#sent.pop();
      job.settle(undefined, job.error);
    }
  }

  #opened(): Line {
    const line: Line = this.#open({
      onReply: (reply) => {
        if (this.#line === line) this.#onReply(reply);
      },
      onDeath: (how, cause) => {
        if (this.#line === line) this.#onDeath(how, cause);
      },
    });
    return line;
  }

  #onReply(reply: Reply): void {
    const job = this.#sent[0];
    if (!job) throw new Error('bug: an answer to nothing');
    if (reply.kind === 'progress') {
      if (job.isWanted) job.onProgress?.(reply.progress);
      return;
    }
    if (reply.kind === 'failed') {
      job.error ??= errorFrom(reply.error);
      const { request } = job;
      if (request.kind === 'load' || (request.kind === 'run' && job.isReloading)) this.#loaded.delete(request.model);
    }
    job.isReloading = false;
    if (--job.pending > 0) return;
    this.#sent.shift();
    this.#pump();
    job.settle(reply.kind === 'done' ? reply.value : undefined, job.error);
  }

  #onDeath(how: string, cause?: unknown): void {
    this.#forgetLine();
    const [victim, ...others] = this.#sent.splice(0);
    this.#waiting.unshift(...others.filter((job) => job.isWanted));
    this.#pump();
    // What has died has released its models.
    if (victim?.request.kind === 'release') victim.settle(undefined);
    else victim?.settle(undefined, died(victim.request, how, cause));
  }

  #forgetLine(): void {
    clearTimeout(this.#grace);
    this.#line = undefined;
    this.#loaded.clear();
  }
}

const closed = () => new EdgefoldError('DISPOSED', 'the worker or process of the model was closed');

function uncloneable({ kind }: Request, cause: unknown): EdgefoldError {
  const [code, what] = kind === 'run' ? (['INPUT', 'the inputs'] as const) : (['USAGE', 'the options'] as const);
  return new EdgefoldError(code, `${what} cannot be passed to the worker or process: ${wordsOf(cause)}`, { cause });
}

function died({ kind }: Request, how: string, cause: unknown): EdgefoldError {
  const summary = `the runtime died while ${kind === 'run' ? 'running' : 'loading'} the model`;
  return new EdgefoldError('DIED', summary, { received: how, ...(cause === undefined ? {} : { cause }) });
}
