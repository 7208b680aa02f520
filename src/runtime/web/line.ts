import type { OpenLine } from '../remote.ts';
import type { Compile } from './compile.ts';
import type { Engines } from './engine.ts';
import { whyUnusable } from './downloads.ts';
import { compiledMessage, type FromWorker, type ToWorker } from './messages.ts';
import { startWorker } from './start-worker.ts';

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
      if (event.message) die(event.message, event.error);
      else void unloadable(script).then(die);
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

async function unloadable(script: string): Promise<string> {
  const why = await whyUnusable(script);
  return `its script cannot be loaded from ${script}${why === undefined ? '' : `: ${why}`}`;
}
