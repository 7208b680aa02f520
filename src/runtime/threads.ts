import type { Provider } from './model.ts';
import type { Settings } from './options.ts';

/** A number of threads, and why that many. */
export interface ThreadChoice {
  readonly threads: number;
  readonly reason: string;
}

/** What was chosen, by provider. A GPU has threads of its own. */
export type ThreadChoices = Readonly<Partial<Record<Provider, ThreadChoice>>>;

type Chosen = Pick<Settings, 'threads' | 'hasAutoThreads' | 'threadChoices' | 'spin' | 'hasAutoSpin'>;

export const threadsOn = (provider: Provider, { threads, hasAutoThreads, threadChoices }: Chosen): number =>
  hasAutoThreads ? (threadChoices?.[provider]?.threads ?? 1) : threads;

/** Threads of our own choice spin, where the caller does not say. */
export const spinsOn = (provider: Provider, settings: Chosen): boolean =>
  settings.hasAutoSpin && settings.hasAutoThreads ? threadsOn(provider, settings) > 1 : settings.spin;

/** onnxruntime-web's own limit: half of the processors, because two may share a core, and no more than four. */
export function threadsOfWebAssembly(processors: number): ThreadChoice {
  const threads = Math.min(4, Math.ceil(processors / 2));
  const words = processors === 1 ? 'there is one processor' : `there are ${String(processors)} processors`;
  return { threads, reason: `${words}, of which WebAssembly gets ${String(threads)}` };
}

/** Why a provider has `threads`. Undefined where the caller asked for them and got them. */
export function threadsReason(
  provider: Provider,
  settings: Chosen,
  { threads, isolated }: { readonly threads: number; readonly isolated: boolean | undefined },
): string | undefined {
  const reason = settings.hasAutoThreads ? settings.threadChoices?.[provider]?.reason : undefined;
  if (threads === threadsOn(provider, settings)) return reason;
  if (isolated === false) return NOT_ISOLATED;
  const words = `the runtime has had ${String(threads)} since its first model`;
  return reason === undefined ? words : `${words}; for this one, ${reason}`;
}

export const NOT_ISOLATED = 'the page is not cross-origin isolated';
