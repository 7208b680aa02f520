import type { Call, Request, Response } from './protocol.ts';
import { LocalStudio } from './local-studio.ts';

/** The worker's side of the page. A long comparison does not hold up a run: each waits for runtimes of its own. */
const send = (response: Response) => {
  postMessage(response);
};
const studio = new LocalStudio((progress) => {
  send({ progress });
});

addEventListener('message', ({ data }: MessageEvent<Request>) => {
  void answer(data);
});

async function answer({ id, ...call }: Request): Promise<void> {
  try {
    send({ id, result: await perform(call) });
  } catch (error) {
    const { message, hint } = error as { message?: string; hint?: string };
    send({ id, failure: { message: message ?? String(error), ...(hint !== undefined && { hint }) } });
  }
}

function perform({ method, args }: Call): Promise<unknown> {
  const methods = studio as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>>;
  return methods[method]!(...args);
}
