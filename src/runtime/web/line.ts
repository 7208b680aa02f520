import type { OpenLine } from '../remote.ts';
import type { Compile } from './compile.ts';
import type { Engines } from './engine.ts';
import { compiledMessage, type FromWorker, type ToWorker } from './messages.ts';

/** Workers that run models; ending one ends whatever it is doing. */
export function workerLines(script: string, engines: Engines, compile: Compile): OpenLine {
  return ({ onReply, onDeath }) => {
    const worker = startWorker(script);
    const post = (message: ToWorker) => {
      worker.postMessage(message);
    };
    const die = (how: string, cause?: unknown) => {
      worker.terminate();
      onDeath(how, cause);
    };
    worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === 'died') die(data.how);
      else if (data.kind === 'compile') void compiledMessage(data.wasm, compile).then(post);
      else onReply(data);
    });
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      // A script that cannot be loaded has no message.
      die(event.message || `its script cannot be loaded from ${script}`, event.error);
    });
    post({ kind: 'engines', engines });
    return {
      post,
      kill: () => {
        worker.terminate();
      },
    };
  };
}

/** A worker's script must be of the page's own origin; one that imports another script may be from anywhere. */
function startWorker(script: string): Worker {
  const options = { type: 'module', name: 'edgefold' } as const;
  if (new URL(script).origin === location.origin) return new Worker(script, options);
  const importing = new Blob([`import ${JSON.stringify(script)};`], { type: 'text/javascript' });
  const url = URL.createObjectURL(importing);
  const worker = new Worker(url, options);
  worker.addEventListener('message', () => {
    URL.revokeObjectURL(url);
  }, { once: true }); // prettier-ignore
  return worker;
}
