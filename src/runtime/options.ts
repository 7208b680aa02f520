import { EdgefoldError } from '../errors.ts';
import { OPTIMIZATION_LEVELS, PROVIDERS, type LoadOptions, type Provider, type ProviderReport } from './model.ts';

/** {@link LoadOptions} with every default filled in, and providers always a list. */
export interface LoadSettings extends Required<Omit<LoadOptions, 'provider'>> {
  readonly providers: readonly Provider[];
}

export const LOAD_DEFAULTS = { allow: 'none', optimization: 'all', threads: 1 } as const satisfies LoadOptions;

/** No processor has more; a larger number is a slip, and onnxruntime would try to start them all. */
const MAX_THREADS = 1024;

/**
 * Checks the options, which may come from a command line or from plain JavaScript.
 * @throws {EdgefoldError} USAGE.
 */
export function loadSettings(options: LoadOptions, defaultProvider: Provider): LoadSettings {
  const { provider = defaultProvider, ...given } = options;
  const providers = [...new Set(typeof provider === 'string' ? [provider] : provider)];
  const settings = { ...LOAD_DEFAULTS, ...given, providers };
  if (providers.length === 0) usage('provider', PROVIDERS.join(', '), 'an empty list');
  for (const name of providers) oneOf('provider', name, PROVIDERS);
  oneOf('allow', settings.allow, ['none', 'partial']);
  oneOf('optimization', settings.optimization, OPTIMIZATION_LEVELS);
  const { threads } = settings;
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS) {
    usage('threads', `a whole number from 1 to ${String(MAX_THREADS)}`, String(threads));
  }
  return settings;
}

function oneOf(option: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) usage(option, `one of ${allowed.join(', ')}`, `"${value}"`);
}

function usage(option: string, expected: string, received: string): never {
  throw new EdgefoldError('USAGE', 'the option makes no sense', { where: option, expected, received });
}

/**
 * Session options as onnxruntime's Node and web packages name them. The CPU is never listed behind another
 * provider: that would also silence what onnxruntime says about fallback.
 */
export function sessionOptions(provider: Provider, settings: LoadSettings) {
  const strict = evidenceFor(provider, settings) === 'no-fallback-flag';
  return {
    executionProviders: [provider],
    graphOptimizationLevel: settings.optimization,
    intraOpNumThreads: settings.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 4,
    extra: {
      session: { intra_op: { allow_spinning: '0' }, ...(strict ? { disable_cpu_ep_fallback: '1' } : {}) },
    },
  } as const;
}

/** Onnxruntime always adds the CPU (or wasm) behind another provider, unless its creation forbids that. */
export function evidenceFor(provider: Provider, { allow }: LoadSettings): ProviderReport['evidence'] {
  if (provider === 'cpu' || provider === 'wasm') return 'single-provider';
  return allow === 'none' ? 'no-fallback-flag' : 'unproven';
}
