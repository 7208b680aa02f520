import { EdgefoldError } from '../errors.ts';
import { OPTIMIZATION_LEVELS, PROVIDERS, type LoadOptions, type Provider, type Thread } from './model.ts';

/** What of {@link LoadOptions} concerns the session itself: plain data, as it goes to a worker or a process. */
export interface Settings {
  /** In order of preference. */
  readonly providers: readonly Provider[];
  /** The providers are ours and not the caller's: a runtime that is not installed is no reason to fail. */
  readonly isDefaultProvider: boolean;
  readonly allow: 'none' | 'partial';
  readonly optimization: NonNullable<LoadOptions['optimization']>;
  readonly threads: number;
  readonly spin: boolean;
  readonly thread: Thread;
  readonly warmup: { readonly runs: number; readonly isRequired: boolean };
  readonly placement: boolean;
}

export const LOAD_DEFAULTS = {
  allow: 'none',
  optimization: 'all',
  threads: 1,
  spin: false,
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
const OPTION_NAMES = [
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

/** A slip of the pen would otherwise choose another provider. @throws {EdgefoldError} USAGE. */
export function checkNames(options: LoadOptions, more: readonly string[] = []): void {
  if (typeof options !== 'object' || (options as unknown) === null) usage('options', 'an object', typeof options);
  for (const name of Object.keys(options)) oneOf('options', name, [...OPTION_NAMES, ...more]);
}

/** No processor has more; a larger number is a slip, and onnxruntime would try to start them all. */
const MAX_THREADS = 1024;
const MAX_WARMUP_RUNS = 10_000;

/**
 * Checks the options, which may come from a command line or from plain JavaScript.
 * @throws {EdgefoldError} USAGE.
 */
export function checkOptions(options: LoadOptions, platform: PlatformDefaults): Settings {
  const { provider, warmup, ...given } = { ...LOAD_DEFAULTS, ...present(options), warmup: options.warmup };
  const asked = provider ?? platform.providers;
  if (typeof asked !== 'string' && !Array.isArray(asked)) usage('provider', 'a name or a list of names', typeof asked);
  const providers = [...new Set<Provider>(typeof asked === 'string' ? [asked] : asked)];
  if (providers.length === 0) usage('provider', PROVIDERS.join(', '), 'an empty list');
  for (const name of providers) oneOf('provider', name, PROVIDERS);
  oneOf('allow', given.allow, ['none', 'partial']);
  oneOf('optimization', given.optimization, OPTIMIZATION_LEVELS);
  whole('threads', given.threads, [1, MAX_THREADS]);
  whole('warmup', warmup ?? LOAD_DEFAULTS.warmup, [0, MAX_WARMUP_RUNS]);
  flag('spin', given.spin);
  flag('placement', given.placement);
  for (const [name, size] of Object.entries(given.fixed ?? {})) whole(`fixed ${name}`, size, [0, 2 ** 31 - 1]);
  return {
    providers,
    isDefaultProvider: provider === undefined,
    allow: given.allow,
    optimization: given.optimization,
    threads: given.threads,
    spin: given.spin,
    thread: checkThread(given.thread ?? platform.thread, platform),
    warmup: { runs: warmup ?? LOAD_DEFAULTS.warmup, isRequired: warmup !== undefined },
    placement: given.placement || given.allow === 'partial',
  };
}

/** `{ threads: undefined }` means the default. */
function present(options: LoadOptions): LoadOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function checkThread(thread: Thread, { threads }: PlatformDefaults): Thread {
  if (typeof thread === 'string') oneOf('thread', thread, threads);
  else {
    if (typeof thread !== 'object' || (thread as unknown) === null)
      usage('thread', 'a name or { pool: n }', typeof thread);
    whole('thread.pool', thread.pool, [1, MAX_THREADS]);
    return { pool: thread.pool };
  }
  return thread;
}

function oneOf(option: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) usage(option, `one of ${allowed.join(', ')}`, `"${value}"`);
}

function flag(option: string, value: unknown): void {
  if (typeof value !== 'boolean') usage(option, 'true or false', String(value));
}

function whole(option: string, value: number, [low, high]: readonly [number, number]): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  usage(option, `a whole number from ${String(low)} to ${String(high)}`, String(value));
}

function usage(option: string, expected: string, received: string): never {
  throw new EdgefoldError('USAGE', 'the option makes no sense', { where: option, expected, received });
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
    intraOpNumThreads: settings.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 4,
    extra: {
      session: {
        intra_op: { allow_spinning: settings.spin ? '1' : '0' },
        ...(isStrict ? { disable_cpu_ep_fallback: '1' } : {}),
      },
    },
  } as const;
}

export type SessionOptions = ReturnType<typeof sessionOptions>;
