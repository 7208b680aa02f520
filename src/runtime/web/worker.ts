import { errorFrom } from '../protocol.ts';
import { serve } from '../serve.ts';
import { webBindings } from './bindings.ts';
import type { Compile, Compiled } from './compile.ts';
import type { CompiledMessage, FromWorker, ToWorker } from './messages.ts';

/*
 * What runs in a worker of a page: it answers requests until whoever started it ends it.
 */
let request: ReturnType<typeof serve> | undefined;

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'engines') request = serve(webBindings({ engines: data.engines, compile, die }), say);
  else if (data.kind !== 'compiled') request!(data);
});

function say(message: FromWorker, transfer: readonly ArrayBuffer[] = []): void {
  postMessage(message, { transfer: [...transfer] });
}

/** The page compiles, once for all of its workers. */
const compile: Compile = async (wasm) => {
  say({ kind: 'compile', wasm });
  const result = await new Promise<CompiledMessage['result']>((resolve) => {
    const onMessage = ({ data }: MessageEvent<ToWorker>) => {
      if (data.kind !== 'compiled' || data.wasm !== wasm) return;
      removeEventListener('message', onMessage);
      resolve(data.result);
    };
    addEventListener('message', onMessage);
  });
  if (!isCompiled(result)) throw errorFrom(result);
  return result;
};

const isCompiled = (result: CompiledMessage['result']): result is Compiled => 'module' in result;

function die(how: string): Promise<never> {
  say({ kind: 'died', how });
  return new Promise(() => undefined);
}
