import type { Settings } from './options.ts';

/** What suits a model on this machine, and why. */
export interface ThreadChoice {
  readonly threads: number;
  readonly reason: string;
}

/** Settings with a number of threads that suits the model, where the caller leaves that to us. */
export async function withThreads(settings: Settings, choose: (() => Promise<ThreadChoice>) | undefined): Promise<Settings> {
  const { hasAutoThreads, providers, thread } = settings;
  if (!hasAutoThreads || !choose || providers[0] !== 'cpu') return settings;
  if (typeof thread === 'object') return settings;
  const { threads, reason } = await choose();
  const spin = settings.hasAutoSpin && threads > 1 ? true : settings.spin;
  return { ...settings, threads, threadsReason: reason, spin };
} // prettier-ignore

/** The choice is for the CPU: WebAssembly has its threads from the first model on, and a GPU has its own. */
export const threadsOn = (provider: string, { threads, hasAutoThreads }: Settings): number =>
  hasAutoThreads && provider !== 'cpu' ? 1 : threads;
