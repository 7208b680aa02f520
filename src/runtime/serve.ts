import type { Bindings } from './binding.ts';
import { openSession } from './open-session.ts';
import { errorData, type Description, type NamedTensors, type Reply, type Request } from './protocol.ts';
import { LocalRunner, Turns, type Runner } from './runner.ts';

/** The other end of a line, as a worker or process sees it. */
export type Answer = (reply: Reply, transfer: readonly ArrayBuffer[]) => void;

/**
 * Carries out requests in the thread that it is called in, one after the other.
 * @returns what to call with each request that comes in.
 */
export function serve(bindings: Bindings, answer: Answer): (request: Request) => void {
  const turns = new Turns();
  const models = new Map<number, Runner>();
  return (request) => {
    void turns.take(async () => {
      try {
        const value = await carryOut(request, models, bindings, answer);
        answer({ kind: 'done', value }, request.kind === 'run' ? buffersOf(value as NamedTensors) : []);
      } catch (error) {
        answer({ kind: 'failed', error: errorData(error) }, []);
      }
    });
  };
}

async function carryOut(
  request: Request,
  models: Map<number, Runner>,
  bindings: Bindings,
  answer: Answer,
): Promise<Description | NamedTensors | undefined> {
  if (request.kind === 'prepare') {
    await bindings(request.provider, request.threads);
    return undefined;
  }
  if (request.kind === 'load') {
    const open = await openSession(bindings, request.source, request.settings, (progress) => {
      answer({ kind: 'progress', progress }, []);
    });
    models.set(request.model, new LocalRunner(open, new Turns()));
    return { inputs: open.inputs, outputs: open.outputs, report: open.report };
  }
  const model = models.get(request.model);
  if (!model) throw new Error(`bug: model ${String(request.model)} is not loaded`);
  if (request.kind === 'run') return model.run(request.inputs);
  models.delete(request.model);
  await model.dispose();
  return undefined;
}

/** The memory of the results, each buffer once, where it holds nothing but one result and can change its owner. */
function buffersOf(tensors: NamedTensors): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const [, { data }] of tensors) {
    if (!ArrayBuffer.isView(data)) continue;
    const { buffer, byteLength } = data;
    if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffers.add(buffer);
  }
  return [...buffers];
}
