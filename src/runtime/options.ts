import { usage, wordFor, wordsOf } from './faults.ts';
import { OPTIMIZATION_LEVELS, PROVIDERS, type LoadOptions, type Provider, type Thread } from './model.ts';
import { digestOf } from './source.ts';
import { spinsOn, threadsOn, type ThreadChoices } from './threads.ts';

/** What of {@link LoadOptions} concerns the session itself: plain data, as it goes to a worker or a process. */
export interface Settings {
  /** In order of preference. */
  readonly providers: readonly Provider[];
  /** The providers are ours and not the caller's: a runtime that is not installed is no reason to fail. */
  readonly isDefaultProvider: boolean;
  readonly allow: 'none' | 'partial';
  readonly optimization: NonNullable<LoadOptions['optimization']>;
  readonly threads: number;
  /** The number is for us to choose, by provider; until somebody does, it is 1. */
  readonly hasAutoThreads: boolean;
  readonly threadChoices?: ThreadChoices;
  /** Spinning is for us to choose. */
  readonly hasAutoSpin: boolean;
  readonly spin: boolean;
  readonly thread: Thread;
  readonly warmup: { readonly runs: number; readonly isRequired: boolean };
  readonly placement: boolean;
}

export const LOAD_DEFAULTS = {
  allow: 'none',
  optimization: 'all',
  threads: 'auto',
  warmup: 1,
  placement: false,
} as const satisfies LoadOptions;

/** What a platform does where the caller does not say. */
export interface PlatformDefaults {
  readonly providers: readonly Provider[];
  readonly thread: Thread;
  /** Kinds of {@link Thread} that it has. */
  readonly threads: readonly string[];
}

/** What every platform takes. */
export const OPTION_NAMES = [
  'provider',
  'allow',
  'optimization',
  'fixed',
  'threads',
  'spin',
  'thread',
  'warmup',
  'placement',
  'integrity',
  'onProgress',
  'signal',
] as const satisfies readonly (keyof LoadOptions)[];

/**
 * The options as a plain object, each read once; those that are `undefined` are not there. A name that there is not is
 * refused, because a slip of the pen would otherwise choose another provider.
 * @throws {EdgefoldError} USAGE.
 */
export function readOptions<T extends object>(options: T, names: readonly string[]): T {
  if (typeof options !== 'object' || (options as unknown) === null || Array.isArray(options)) {
    usage('options', 'an object', wordFor(options));
  }
  const read: [string, unknown][] = [];
  for (const name of Object.keys(options)) {
    oneOf('options', name, names);
    const value = attempt(name, () => options[name as keyof T]);
    if (value === null) usage(name, 'a value, or no such option', 'null');
    if (value !== undefined) read.push([name, value]);
  }
  return Object.fromEntries(read) as T;
}

function attempt<T>(option: string, get: () => T): T {
  try {
    return get();
  } catch (cause) {
    return usage(option, 'something that can be read', wordsOf(cause), cause);
  }
}

/** No processor has more; a larger number is a slip, and onnxruntime would try to start them all. */
const MAX_THREADS = 1024;
const MAX_WARMUP_RUNS = 10_000;

/**
 * Checks the options, which may come from a command line or from plain JavaScript.
 * @throws {EdgefoldError} USAGE.
 */
export function checkOptions(options: LoadOptions, platform: PlatformDefaults): Settings {
  const { provider, warmup, ...given } = { ...LOAD_DEFAULTS, ...options, warmup: options.warmup };
  const asked = provider ?? platform.providers;
  if (typeof asked !== 'string' && !Array.isArray(asked))
    usage('provider', 'a name or a list of names', wordFor(asked));
  const providers = [...new Set<Provider>(typeof asked === 'string' ? [asked] : asked)];
  if (providers.length === 0) usage('provider', PROVIDERS.join(', '), 'an empty list');
  for (const name of providers) oneOf('provider', name, PROVIDERS);
  oneOf('allow', given.allow, ['none', 'partial']);
  oneOf('optimization', given.optimization, OPTIMIZATION_LEVELS);
  if (given.threads !== 'auto') whole('threads', given.threads, [1, MAX_THREADS], "'auto' or ");
  whole('warmup', warmup ?? LOAD_DEFAULTS.warmup, [0, MAX_WARMUP_RUNS]);
  flag('spin', given.spin ?? false);
  flag('placement', given.placement);
  checkOthers(options);
  return {
    providers,
    isDefaultProvider: provider === undefined,
    allow: given.allow,
    optimization: given.optimization,
    threads: given.threads === 'auto' ? 1 : given.threads,
    hasAutoThreads: given.threads === 'auto',
    spin: given.spin ?? false,
    hasAutoSpin: given.spin === undefined,
    thread: checkThread(given.thread ?? platform.thread, platform),
    warmup: { runs: warmup ?? LOAD_DEFAULTS.warmup, isRequired: warmup !== undefined },
    placement: given.placement || given.allow === 'partial',
  };
}

function checkOthers({ fixed = {}, integrity, onProgress, signal }: LoadOptions): void {
  if (typeof fixed !== 'object' || (fixed as unknown) === null) usage('fixed', 'sizes by name', wordFor(fixed));
  for (const name of Object.keys(fixed)) {
    const size = attempt(`fixed ${name}`, () => fixed[name]!);
    whole(`fixed ${name}`, size, [0, 2 ** 31 - 1]);
  }
  if (integrity !== undefined) digestOf(integrity);
  if (onProgress !== undefined && typeof onProgress !== 'function')
    usage('onProgress', 'a function', wordFor(onProgress));
  checkSignal(signal);
}

/** Signals of other windows are no instances of this one's class. @throws {EdgefoldError} USAGE. */
export function checkSignal(signal: unknown): void {
  if (signal === undefined) return;
  const { aborted, addEventListener } = Object(signal) as Partial<AbortSignal>;
  if (typeof aborted !== 'boolean' || typeof addEventListener !== 'function')
    usage('signal', 'an AbortSignal', wordFor(signal));
}

function checkThread(thread: Thread, { threads }: PlatformDefaults): Thread {
  if (typeof thread === 'string') oneOf('thread', thread, threads);
  else {
    if (typeof thread !== 'object' || (thread as unknown) === null)
      usage('thread', 'a name or { pool: n }', wordFor(thread));
    const pool = attempt('thread.pool', () => thread.pool);
    whole('thread.pool', pool, [1, MAX_THREADS]);
    return { pool };
  }
  return thread;
}

function oneOf(option: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) usage(option, `one of ${allowed.join(', ')}`, wordFor(value));
}

function flag(option: string, value: unknown): void {
  if (typeof value !== 'boolean') usage(option, 'true or false', wordFor(value));
}

export function whole(option: string, value: number, [low, high]: readonly [number, number], or = ''): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  usage(option, `${or}a whole number from ${String(low)} to ${String(high)}`, wordFor(value));
}

/** Providers that take every node: behind any other, onnxruntime adds one of these. */
export const isWhole = (provider: Provider): boolean => provider === 'cpu' || provider === 'wasm';

/**
 * Session options as onnxruntime's Node and web packages name them. The CPU is never listed behind another
 * provider: that would also silence what onnxruntime says about fallback.
 */
export function sessionOptions(provider: Provider, settings: Settings, isStrict: boolean) {
  return {
    executionProviders: [provider],
    graphOptimizationLevel: settings.optimization,
    intraOpNumThreads: threadsOn(provider, settings),
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 4,
    extra: {
      session: {
        intra_op: { allow_spinning: spinsOn(provider, settings) ? '1' : '0' },
        ...(isStrict ? { disable_cpu_ep_fallback: '1' } : {}),
      },
    },
  } as const;
}

export type SessionOptions = ReturnType<typeof sessionOptions>;
