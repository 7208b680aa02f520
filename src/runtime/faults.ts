import { EdgefoldError } from '../errors.ts';

/** Keeps the runtime's own words, on one line. */
export function runtimeError(summary: string, cause: unknown, where?: string): EdgefoldError {
  return new EdgefoldError('RUNTIME', `${summary}: ${wordsOf(cause)}`, {
    cause,
    ...(where === undefined ? {} : { where }),
  });
}

export function wordsOf(cause: unknown): string {
  const words = cause instanceof Error ? cause.message : typeof cause === 'string' ? cause : wordFor(cause);
  return words.replace(/\s+/g, ' ').trim();
}

/** Any value in a message: what it is, not what is in it. Never throws, whatever its getters do. */
export function wordFor(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    return Object.prototype.toString.call(value).slice('[object '.length, -1);
  } catch {
    return 'an object that cannot be read';
  }
}

/** @throws {EdgefoldError} USAGE, for an option that makes no sense. */
export function usage(where: string, expected: string, received: string, cause?: unknown): never {
  throw new EdgefoldError('USAGE', 'the option makes no sense', { where, expected, received, cause });
}

/** @param what such as `the run`. */
export function aborted(what: string, signal: AbortSignal): EdgefoldError {
  const { reason } = signal as { reason: unknown };
  const isTimeout = reason instanceof DOMException && reason.name === 'TimeoutError';
  return new EdgefoldError('ABORTED', isTimeout ? `${what} took longer than it may` : `${what} was ended`, {
    cause: reason,
  });
}

export function disposed(): EdgefoldError {
  return new EdgefoldError('DISPOSED', 'the model was disposed of', { hint: 'Load it again.' });
}

/** Weights beside the model: for bytes there is no beside, WebAssembly opens no files, and files can be missing. */
export function withoutFiles(received: string, where?: string, cause?: unknown): EdgefoldError {
  return new EdgefoldError('FILE', 'weights of the model lie in another file, which cannot be read here', {
    ...(where !== undefined && { where }),
    received,
    hint: "Write the model as one file, with: edgefold fold MODEL -o ONE.onnx. In Node, provider 'cpu' takes it by its path.",
    ...(cause !== undefined && { cause }),
  });
}
