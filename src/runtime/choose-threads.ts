import type { ModelSource, Provider } from './model.ts';
import { isWhole, type Settings } from './options.ts';
import type { ThreadChoice } from './threads.ts';

/** What a platform knows of itself. */
export interface ThreadPolicy {
  /** The most threads that a provider can use there. */
  limit(provider: Provider): ThreadChoice;
  /** The bytes of a model; undefined where it has more than `maxBytes`. */
  read(source: ModelSource, maxBytes: number): Promise<Uint8Array | undefined>;
}

/**
 * Below this, a second thread costs more than it brings. It is counted for a batch of 1, and where one brings little at
 * that size it nearly halves the time of a larger batch.
 */
const MULTIPLICATIONS_PER_THREAD = 2e6;

/** Larger files are not read for the sake of it: whoever has as many weights multiplies by most of them. */
const MAX_FILE_BYTES = 2 ** 26;

/** Settings with numbers of threads that suit the model, where the caller leaves that to us. */
export async function withThreads(settings: Settings, source: ModelSource, policy: ThreadPolicy): Promise<Settings> {
  if (!settings.hasAutoThreads || typeof settings.thread === 'object') return settings;
  let counted: Promise<number | undefined> | undefined;
  const count = () => (counted ??= costOf(source, policy));
  const choices: [Provider, ThreadChoice][] = [];
  for (const provider of settings.providers.filter(isWhole)) {
    choices.push([provider, await suited(policy.limit(provider), count)]);
  }
  return { ...settings, threadChoices: Object.fromEntries(choices) };
}

/** One thread for a small model, another for each two million multiplications of a larger one. */
async function suited(limit: ThreadChoice, count: () => Promise<number | undefined>): Promise<ThreadChoice> {
  if (limit.threads === 1) return limit;
  const multiplications = await count();
  if (multiplications === undefined) return { threads: 1, reason: 'what a run takes is not known' };
  const threads = Math.max(1, Math.min(limit.threads, Math.ceil(multiplications / MULTIPLICATIONS_PER_THREAD)));
  const words = multiplications === Infinity ? 'the model is large' : `a run takes ${compact(multiplications)} multiplications`; // prettier-ignore
  return { threads, reason: `${words}, and ${limit.reason}` };
}

/** Infinity for a model that is too large to be read for this. One that cannot be read is for onnxruntime to refuse. */
async function costOf(source: ModelSource, policy: ThreadPolicy): Promise<number | undefined> {
  const bytes = await policy.read(source, MAX_FILE_BYTES);
  if (!bytes) return Infinity;
  try {
    const [{ readOnnx }, { multiplicationsOf }] = await Promise.all([
      import('../onnx/read.ts'),
      import('../onnx/shapes/cost.ts'),
    ]);
    return multiplicationsOf(readOnnx(bytes));
  } catch {
    return undefined;
  }
}

const compact = (count: number): string =>
  count.toLocaleString('en', { notation: 'compact', maximumSignificantDigits: 2 });
