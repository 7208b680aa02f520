import { parentPort } from 'node:worker_threads';
import type { Request } from '../protocol.ts';
import { serve } from '../serve.ts';
import { bindings } from './bindings.ts';
import { guard } from './guard.ts';

/*
 * What runs in a worker thread or in a process of its own: it answers requests until whoever started it is gone.
 */
if (parentPort) {
  const port = parentPort;
  const request = serve(bindings, (reply, transfer) => {
    port.postMessage(reply, transfer);
  });
  port.on('message', (message: Request) => {
    request(message);
  });
} else if (process.send) {
  guard();
  const request = serve(bindings, (reply) => {
    process.send!(reply);
  });
  process.on('message', (message) => {
    request(message as Request);
  });
  process.on('disconnect', () => process.exit());
  // An interrupt from the keyboard goes to every process in front; it is for whoever started this one.
  process.on('SIGINT', () => undefined);
}
