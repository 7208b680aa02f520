import { EdgefoldError } from '../errors.ts';

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
