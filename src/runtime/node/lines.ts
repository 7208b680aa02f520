import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Tensor } from '../../tensor.ts';
import type { NamedTensors, Reply } from '../protocol.ts';
import type { Line, LineEvents } from '../remote.ts';
import { GUARD_FD } from './guard.ts';
import { disableTelemetry, TELEMETRY_SWITCH } from './telemetry.ts';

/** What runs at the other end; it lies beside this file. */
const HOST = new URL('./host.js', import.meta.url);

/** A worker thread. Ending it takes effect between two native calls only. */
export function openWorker({ onReply, onDeath }: LineEvents): Line {
  disableTelemetry();
  const worker = new Worker(HOST, { execArgv: [] });
  let failure: unknown;
  worker.on('message', onReply);
  worker.on('error', (error) => {
    failure = error;
  });
  worker.on('exit', (code) => {
    onDeath(failure instanceof Error ? failure.message : `exit code ${String(code)}`, failure);
  });
  return {
    post(request) {
      worker.postMessage(request);
    },
    kill() {
      worker.unref();
      void worker.terminate();
    },
    hold(isBusy) {
      if (isBusy) worker.ref();
      else worker.unref();
    },
  };
}

/** Of what a process says before it dies, the end. */
const WORDS_KEPT = 2048;

const alive = new Set<ChildProcess>();

/** A process of its own, which can be ended whatever it is doing. */
export function openProcess({ onReply, onDeath }: LineEvents): Line {
  const child = fork(fileURLToPath(HOST), {
    serialization: 'advanced',
    execArgv: [],
    env: { ...process.env, [TELEMETRY_SWITCH]: '1' },
    // The last is the guard's: it closes when this process ends, however it ends.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
  });
  let isHeld: boolean | undefined;
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-WORDS_KEPT);
  });
  for (const pipe of [child.stderr, child.stdio[GUARD_FD]]) (pipe as { unref?(): void } | null)?.unref?.();
  child.on('message', (reply) => {
    onReply(owned(reply as Reply));
  });
  child.on('error', (error) => {
    onDeath(error.message, error);
  });
  child.on('exit', (code, signal) => {
    const how = signal ?? `exit code ${String(code)}`;
    onDeath(how, words.trim() === '' ? undefined : new Error(words.trim()));
  });
  keep(child);
  return {
    post(request) {
      // One that has just died tells so by its exit.
      if (child.connected) child.send(request, () => undefined);
    },
    kill() {
      child.kill('SIGKILL');
    },
    hold(isBusy) {
      if (isBusy === isHeld) return;
      isHeld = isBusy;
      for (const handle of [child, child.channel]) {
        if (isBusy) handle?.ref();
        else handle?.unref();
      }
    },
  };
}

/** Small arrays arrive as views of a buffer that other answers share. */
function owned(reply: Reply): Reply {
  if (reply.kind !== 'done' || !Array.isArray(reply.value)) return reply;
  const tensors = reply.value as NamedTensors;
  return { kind: 'done', value: tensors.map(([name, tensor]) => [name, ownedTensor(tensor)] as const) };
}

function ownedTensor(tensor: Tensor): Tensor {
  const { data } = tensor;
  if (!ArrayBuffer.isView(data) || data.byteLength === data.buffer.byteLength) return tensor;
  return { ...tensor, data: data.slice() };
}

/** A process in an endless native call does not notice that nobody is there any more. */
function keep(child: ChildProcess): void {
  if (alive.size === 0) process.on('exit', killAll);
  alive.add(child);
  child.once('exit', () => {
    alive.delete(child);
    if (alive.size === 0) process.off('exit', killAll);
  });
}

function killAll(): void {
  for (const child of alive) child.kill('SIGKILL');
}
