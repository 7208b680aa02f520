import type { Load } from '../runtime/model.ts';
import type { SharedProcess } from '../runtime/node.ts';

let sharing: Promise<SharedProcess> | undefined;

async function shared(): Promise<SharedProcess> {
  sharing ??= import('../runtime/node.ts').then(({ shareProcess }) => shareProcess());
  return sharing;
}

/**
 * Runs every model of this command in a process of its own: a file that makes the runtime crash ends in a message. A
 * model is not warmed up, because it hardly runs twice.
 */
export const load: Load = async (source, options) => (await shared()).load(source, { warmup: 0, ...options });

/** Starts that process while there is something else to do. */
export async function startRuntime(): Promise<void> {
  (await shared()).prepare();
}
