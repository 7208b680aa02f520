import { Worker } from 'node:worker_threads';

/** Of a process that runs models, the end of a pipe whose other end closes with whoever started it. */
export const GUARD_FD = 4;

/** Threads run on while native code holds the main one. */
const WATCH = `
  const { Socket } = require('node:net');
  const pipe = new Socket({ fd: ${String(GUARD_FD)} });
  pipe.on('error', () => undefined);
  pipe.on('close', () => process.kill(process.pid, 'SIGKILL'));
  pipe.resume();
`;

/**
 * Ends this process when whoever started it is gone: in an endless native call, its main thread would not notice, and
 * run for ever.
 */
export function guard(): void {
  // Without an environment and arguments of its own the thread starts sooner.
  new Worker(WATCH, { eval: true, execArgv: [], env: {} }).unref();
}
