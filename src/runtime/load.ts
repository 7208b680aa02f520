import { EdgefoldError } from '../errors.ts';
import type { Bindings } from './binding.ts';
import { withThreads, type ThreadPolicy } from './choose-threads.ts';
import { LoadedModel } from './loaded-model.ts';
import type { CacheReport, Load, LoadOptions, LoadSource, ModelSource, Thread } from './model.ts';
import { openSession } from './open-session.ts';
import { checkOptions, OPTION_NAMES, readOptions, type PlatformDefaults, type Settings } from './options.ts';
import { poolOf } from './pool.ts';
import { Remote, type OpenLine } from './remote.ts';
import { LocalRunner, type Runner, type Turns } from './runner.ts';
import { checkIntegrity } from './source.ts';

/** What tells a file that is no ONNX model from one that is. */
export const HEAD_BYTES = 512;

/** What Node and browsers do each in their own way. */
export interface Platform {
  defaults(options: LoadOptions): PlatformDefaults;
  /** Bytes, or a path that onnxruntime reads itself. */
  read(source: LoadSource, options: LoadOptions): Promise<ModelSource>;
  bytesOf(source: ModelSource): Promise<Uint8Array>;
  /** How the model begins; at least {@link HEAD_BYTES} if it has them. */
  headOf(source: ModelSource): Promise<Uint8Array>;
  /** @throws {EdgefoldError} for a model that must not reach the runtime. */
  checkBytes?(bytes: Uint8Array): void;
  metadata(source: ModelSource): ReadonlyMap<string, string>;
  /** Writes sizes of symbolic dimensions into the graph. */
  fixDims(source: ModelSource, sizes: Readonly<Record<string, number>>): Promise<Uint8Array>;
  /** Models that run `here`. */
  readonly here: { readonly bindings: Bindings; readonly turns: Turns };
  readonly openLine: (thread: Exclude<Thread, 'here'>, options: LoadOptions) => OpenLine;
  /** Where every model runs that does not run `here`; without it, each has a worker or a process of its own. */
  readonly shared?: Remote;
  /** Whether ending a worker or process ends what it is doing. */
  canAbort(settings: Settings): boolean;
  readonly threadPolicy: ThreadPolicy;
  /** Options beside those of every platform. */
  readonly optionNames?: readonly string[];
  /** What a cache did for the model that was read. */
  cacheReport?(): CacheReport | undefined;
}

/** {@link Load} on a platform. */
export function loader(platform: Platform): Load {
  return async (source, given = {}) => {
    const { options, check } = watched(readOptions(given, [...OPTION_NAMES, ...(platform.optionNames ?? [])]));
    const checked = checkOptions(options, platform.defaults(options));
    const canAbort = platform.canAbort(checked);
    if (options.signal && !canAbort) throw unabortable(checked.thread);
    const start = performance.now();
    const model = await prepared(platform, source, options);
    await checkHead(await platform.headOf(model), model);
    if (typeof model !== 'string') platform.checkBytes?.(model);
    const metadata = platform.metadata(model);
    const settings = await withThreads(checked, model, platform.threadPolicy);
    const msToFetch = performance.now() - start;
    check();
    const { runner, close } = await started(platform, model, settings, options);
    try {
      check();
    } catch (error) {
      await runner.dispose();
      close();
      throw error;
    }
    return new LoadedModel(runner, { metadata, msToFetch, cache: platform.cacheReport?.(), canAbort, close });
  };
}

/** What the caller's own `onProgress` throws fails loading, wherever it was called from; it is called no more. */
function watched(options: LoadOptions): { readonly options: LoadOptions; readonly check: () => void } {
  const { onProgress } = options;
  let failure: { readonly error: unknown } | undefined;
  if (typeof onProgress !== 'function') return { options, check: () => undefined };
  const watching: typeof onProgress = (progress) => {
    try {
      if (!failure) onProgress(progress);
    } catch (error) {
      failure = { error };
    }
  };
  const check = () => {
    if (failure) throw failure.error;
  };
  return { options: { ...options, onProgress: watching }, check };
}

async function prepared(platform: Platform, source: LoadSource, options: LoadOptions): Promise<ModelSource> {
  let model = await platform.read(source, options);
  const { fixed = {}, integrity } = options;
  if (integrity !== undefined) {
    // The bytes that were checked are those that are loaded, and loaded again: the file may be another by then.
    model = await platform.bytesOf(model);
    await checkIntegrity(model, integrity);
  }
  return Object.keys(fixed).length === 0 ? model : platform.fixDims(model, fixed);
}

/** ONNX files begin with their IR version; for what does not, there may be better words than that it cannot be parsed. */
async function checkHead(head: Uint8Array, model: ModelSource): Promise<void> {
  if (head[0] === FIRST_FIELD && head[1] !== 1) return;
  const { checkOnnx } = await import('./not-onnx.ts');
  checkOnnx(head, typeof model === 'string' ? model : 'the model');
}

const FIRST_FIELD = 0x08;

interface Started {
  readonly runner: Runner;
  readonly close: () => void;
}

async function started(
  { here, openLine, shared }: Platform,
  source: ModelSource,
  settings: Settings,
  options: LoadOptions,
): Promise<Started> {
  const { onProgress, signal } = options;
  const { thread } = settings;
  if (thread === 'here') {
    const open = await here.turns.take(() => openSession(here.bindings, source, settings, onProgress));
    return { runner: new LocalRunner(open, here.turns), close: () => undefined };
  }
  const size = typeof thread === 'string' ? 1 : thread.pool;
  const remotes = shared ? [shared] : Array.from({ length: size }, () => new Remote(openLine(thread, options)));
  const close = () => {
    if (!shared) for (const remote of remotes) remote.close();
  };
  try {
    const wanted = { signal, ...(onProgress && { onProgress }) };
    const runners = await Promise.all(
      remotes.map((remote, index) => remote.loadModel({ source, settings }, index === 0 ? wanted : { signal })),
    );
    return { runner: poolOf(runners, remotes), close };
  } catch (error) {
    close();
    throw error;
  }
}

function unabortable(thread: Thread): EdgefoldError {
  return new EdgefoldError('USAGE', 'loading and running could not be ended there', {
    where: 'signal',
    received: `thread: ${JSON.stringify(thread)}`,
    hint: "Load with thread: 'process' (Node) or thread: 'worker' (browsers).",
  });
}
