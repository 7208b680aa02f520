import { serve } from '../serve.ts';
import { webBindings } from './bindings.ts';
import type { FromWorker, ToWorker } from './messages.ts';

/*
 * What runs in a worker of a page: it answers requests until whoever started it ends it.
 */
let request: ReturnType<typeof serve> | undefined;

const say = (message: FromWorker, transfer: readonly ArrayBuffer[] = []): void => {
  postMessage(message, { transfer: [...transfer] });
};

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind !== 'engines') {
    request!(data);
    return;
  }
  const die = (how: string): Promise<never> => {
    say({ kind: 'died', how });
    return new Promise(() => undefined);
  };
  request = serve(webBindings(data.engines, die), say);
});
