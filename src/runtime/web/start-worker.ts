import { EdgefoldError } from '../../errors.ts';
import { wordsOf } from '../faults.ts';
import { trustedScript } from './policy.ts';

const OPTIONS = { type: 'module', name: 'edgefold' } as const;

/**
 * A worker of any script. Browsers take a script of the page's own origin only; one that imports another may be from
 * anywhere. A page without an origin, such as one in a sandbox, takes such a worker from a `data:` URL and from nothing
 * else.
 * @throws {EdgefoldError} PROVIDER.
 */
export function startWorker(script: string): Worker {
  if (typeof Worker === 'undefined') throw unavailable('there is no Worker in this page, worker or browser');
  try {
    return new Worker(trustedScript(script), OPTIONS);
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== 'SecurityError') throw unavailable(wordsOf(error), error);
  }
  const importing = `import ${JSON.stringify(script)};`;
  return origin === 'null' ? new Worker(trustedScript(`data:text/javascript,${encodeURIComponent(importing)}`), OPTIONS) : fromBlob(importing); // prettier-ignore
}

function fromBlob(code: string): Worker {
  const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  const worker = new Worker(trustedScript(url), OPTIONS);
  worker.addEventListener('message', () => {
    URL.revokeObjectURL(url);
  }, { once: true }); // prettier-ignore
  return worker;
}

function unavailable(received: string, cause?: unknown): EdgefoldError {
  return new EdgefoldError('PROVIDER', 'no worker can be started here', {
    received,
    hint: "Load with thread: 'here', which blocks this thread while a run lasts.",
    ...(cause !== undefined && { cause }),
  });
}
