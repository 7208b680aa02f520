import { fork } from 'node:child_process';
import { EdgefoldError } from '../errors.ts';
import { errorFrom } from '../runtime/protocol.ts';
import { programBeside } from './beside.ts';
import type { Measured, MeasureReply, Order } from './measure.ts';

/**
 * Times models in a new process.
 * @param name what is told of when that process dies.
 * @throws {EdgefoldError} DIED, and whatever loading and running find.
 */
export function measureApart(order: Order, name: string): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const child = fork(programBeside('measure'), {
      serialization: 'advanced',
      // The last is the guard's: it closes when this process ends, however it ends.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc', 'pipe'],
    });
    child.on('message', (message) => {
      const reply = message as MeasureReply;
      if (reply.kind === 'done') resolve(reply.value);
      else reject(errorFrom(reply.error));
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      reject(died(name, signal ?? `exit code ${String(code)}`));
    });
    // One that has died already tells so by its exit.
    child.send(order, () => undefined);
  });
}

const died = (name: string, received: string): EdgefoldError =>
  new EdgefoldError('DIED', 'the runtime died while it was measured', { where: name, received });
