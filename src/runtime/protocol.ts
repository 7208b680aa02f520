import { EdgefoldError, type ErrorCode, type ErrorDetails } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import type { LoadProgress, ModelSource, Provider, ProviderReport, TensorSpec } from './model.ts';
import type { Settings } from './options.ts';

/**
 * What goes to a worker or process that runs models, and what comes back: plain data that a structured clone carries.
 * Requests are carried out one after the other, in order, and each is answered once, in order; so whoever asks knows
 * what is being worked on. There is no request to stop: whoever wants that ends the worker or process.
 */
export type Request = PrepareRequest | LoadRequest | RunRequest | ReleaseRequest;

/** Loads the runtime's code, before there is a model. */
export interface PrepareRequest {
  readonly kind: 'prepare';
  readonly provider: Provider;
  readonly threads: number;
}

export interface LoadRequest {
  readonly kind: 'load';
  /** The number by which later requests call the model; the asker chooses it. */
  readonly model: number;
  readonly source: ModelSource;
  readonly settings: Settings;
}

export interface RunRequest {
  readonly kind: 'run';
  readonly model: number;
  readonly inputs: NamedTensors;
}

export interface ReleaseRequest {
  readonly kind: 'release';
  readonly model: number;
}

/** Pairs, because a name may be anything, `__proto__` too. */
export type NamedTensors = readonly (readonly [string, Tensor])[];

/** What is known of a model once it is loaded. */
export interface Description {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly report: ProviderReport;
}

/** The answer to a request, or, before the answer to a load, how far it has come. */
export type Reply =
  | { readonly kind: 'done'; readonly value: Description | NamedTensors | undefined }
  | { readonly kind: 'failed'; readonly error: ErrorData }
  | { readonly kind: 'progress'; readonly progress: LoadProgress };

/** An error as a structured clone carries it; the class of an error does not survive one. */
export interface ErrorData {
  /** Absent for an error that is not of ours. */
  readonly code?: ErrorCode;
  readonly summary: string;
  readonly details: ErrorDetails;
  readonly stack?: string;
}

export function errorData(error: unknown): ErrorData {
  if (error instanceof EdgefoldError) {
    const { code, summary, where, expected, received, hint, nodes, cause } = error;
    const all = { where, expected, received, hint, nodes, cause: cause instanceof Error ? cause.message : undefined };
    const details = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    return { code, summary, details };
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { summary: message, details: {}, ...(stack !== undefined && { stack }) };
}

export function errorFrom({ code, summary, details, stack }: ErrorData): Error {
  if (code !== undefined) return new EdgefoldError(code, summary, details);
  const error = new Error(summary);
  if (stack !== undefined) error.stack = stack;
  return error;
}
