import type { Failure, Response, Studio } from './protocol.ts';

/** What went wrong in the worker, in words for the person at the page. */
export class StudioError extends Error {
  readonly hint: string | undefined;
  constructor({ message, hint }: Failure) {
    super(message);
    this.name = 'StudioError';
    this.hint = hint;
  }
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The studio in its worker: calls become messages, one after the other. A worker that dies fails what was asked. */
export function startStudio(onProgress: (message: string) => void): Studio {
  const waiting = new Map<number, Waiting>();
  let next = 0;
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'studio' });
  worker.addEventListener('message', ({ data }: MessageEvent<Response>) => {
    if ('progress' in data) {
      onProgress(data.progress);
      return;
    }
    const asked = waiting.get(data.id);
    waiting.delete(data.id);
    if (waiting.size === 0) onProgress('');
    if ('failure' in data) asked?.reject(new StudioError(data.failure));
    else asked?.resolve(data.result);
  });
  worker.addEventListener('error', ({ message }) => {
    const hint = 'Reload the page and try again.';
    for (const { reject } of waiting.values())
      reject(new StudioError({ message: `the worker failed: ${message}`, hint }));
    waiting.clear();
  });
  const ask =
    (method: keyof Studio) =>
    (...args: unknown[]) =>
      new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve, reject });
        worker.postMessage({ id, method, args });
      });
  const methods = ['open', 'run', 'verify', 'compare', 'measure', 'model', 'report'] as const;
  return Object.fromEntries(methods.map((method) => [method, ask(method)])) as unknown as Studio;
}
