import { stat } from 'node:fs/promises';
import { isMainThread } from 'node:worker_threads';
import type * as OnnxRuntime from 'onnxruntime-node';
import { EdgefoldError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import type { Load, Model, ModelSource, Provider, ProviderReport } from './model.ts';
import { evidenceFor, loadSettings, sessionOptions, type LoadSettings } from './options.ts';
import { runtimeError, SessionModel, wordsOf, type NativeSession, type NativeTensor } from './session.ts';

const PACKAGE = 'onnxruntime-node';
const TELEMETRY_SWITCH = 'ORT_DISABLE_TELEMETRY';
const BROWSER_ONLY: readonly Provider[] = ['wasm', 'webnn'];

type Runtime = typeof OnnxRuntime;

/**
 * Loads a model on onnxruntime-node, without telemetry and without silent fallback.
 *
 * @example
 * await using model = await load('model.onnx');
 * const { probabilities } = await model.run({ image: new Float32Array(784) });
 */
export const load: Load = async (source, options = {}) => {
  const settings = loadSettings(options, 'cpu');
  await checkFile(source);
  const start = performance.now();
  const runtime = await importRuntime();
  const ms = performance.now() - start;
  const refused: ProviderReport['refused'][number][] = [];
  for (const provider of settings.providers) {
    const model = await loadOn(runtime, source, provider, settings, { refused: [...refused], ms });
    if ('reason' in model) refused.push({ provider, reason: model.reason });
    else return model;
  }
  throw refusal(refused);
};

/**
 * Switches onnxruntime's telemetry off for the whole process. `load` does this itself on the main thread; call it
 * there before starting a worker that loads models, because a worker's `process.env` is a copy that native code
 * never reads.
 */
export function disableTelemetry(): void {
  process.env[TELEMETRY_SWITCH] = '1';
}

async function checkFile(source: ModelSource): Promise<void> {
  if (typeof source !== 'string') return;
  const kind = await stat(source).then(
    (stats) => (stats.isFile() ? 'file' : 'something else'),
    (error: unknown) => wordsOf(error),
  );
  if (kind !== 'file') {
    throw new EdgefoldError('FILE', 'the model cannot be read', { where: source, expected: 'a file', received: kind });
  }
}

/** The environment as native code sees it; in a worker only a diagnostic report shows it. */
function nativeEnvironment(): Readonly<Record<string, string | undefined>> {
  if (isMainThread) return process.env;
  const { report } = process as unknown as { report: { excludeNetwork: boolean; getReport(): object } };
  report.excludeNetwork = true;
  return (report.getReport() as { environmentVariables: Record<string, string> }).environmentVariables;
}

async function importRuntime(): Promise<Runtime> {
  if (isMainThread) disableTelemetry();
  if (nativeEnvironment()[TELEMETRY_SWITCH] !== '1') {
    throw new EdgefoldError('RUNTIME', 'onnxruntime would send telemetry from this worker thread', {
      hint: `Call disableTelemetry() on the main thread first, or start Node with ${TELEMETRY_SWITCH}=1.`,
    });
  }
  const runtime: Runtime = await import('onnxruntime-node').catch((cause: unknown) => {
    throw new EdgefoldError('PROVIDER', `${PACKAGE} cannot be loaded: ${wordsOf(cause)}`, {
      where: `${process.platform} ${process.arch}`,
      hint: `Install it with: npm install ${PACKAGE}`,
      cause,
    });
  });
  runtime.env.logLevel = 'fatal';
  return runtime;
}

function refusal(refused: ProviderReport['refused']): EdgefoldError {
  const reasons = refused.map(({ provider, reason }) => `${provider}: ${reason}`).join('; ');
  const partial = reasons.includes('fallback to CPU EP') ? ", or let nodes run on the CPU with allow: 'partial'" : '';
  return new EdgefoldError('PROVIDER', 'no provider that was asked for runs this model', {
    received: reasons,
    hint: `Add 'cpu' to the providers${partial}.`,
  });
}

interface Circumstances {
  readonly refused: ProviderReport['refused'];
  readonly ms: number;
}

/** The model, or why this provider does not take it. On the CPU a refusal is the model's fault, so it throws. */
async function loadOn(
  runtime: Runtime,
  source: ModelSource,
  provider: Provider,
  settings: LoadSettings,
  { refused, ms }: Circumstances,
): Promise<Model | { readonly reason: string }> {
  const missing = whyMissing(runtime, provider);
  if (missing !== undefined) return { reason: missing };
  const start = performance.now();
  let session: NativeSession;
  try {
    session = await create(runtime, source, sessionOptions(provider, settings));
  } catch (error) {
    if (provider !== 'cpu') return { reason: wordsOf(error) };
    throw runtimeError('onnxruntime refused the model', error, typeof source === 'string' ? source : undefined);
  }
  const { providers: requested, optimization, threads } = settings;
  const version = runtime.env.versions.node ?? runtime.env.versions.common;
  return modelOver(session, runtime, {
    requested,
    used: provider,
    refused,
    evidence: evidenceFor(provider, settings),
    runtime: { package: PACKAGE, version },
    optimization,
    threads,
    telemetry: false,
    ms: { runtime: ms, create: performance.now() - start },
  });
}

/** What onnxruntime itself says about where it can run; it lists providers whose libraries may yet be missing. */
function whyMissing(runtime: Runtime, provider: Provider): string | undefined {
  if (BROWSER_ONLY.includes(provider)) return 'it exists in browsers only';
  const listed = runtime.listSupportedBackends().map(({ name }) => name);
  if (listed.includes(provider)) return undefined;
  return `${PACKAGE} has ${listed.join(', ')} on ${process.platform} ${process.arch}`;
}

async function create(
  { InferenceSession }: Runtime,
  source: ModelSource,
  options: OnnxRuntime.InferenceSession.SessionOptions,
): Promise<NativeSession> {
  return typeof source === 'string'
    ? InferenceSession.create(source, options)
    : InferenceSession.create(source, options);
}

/** A session whose inputs and outputs cannot be served is freed before the error goes on. */
async function modelOver(session: NativeSession, runtime: Runtime, report: ProviderReport): Promise<Model> {
  const toNative = ({ dtype, data, shape }: Tensor): NativeTensor =>
    new runtime.Tensor(dtype as 'float32', data as Float32Array, shape);
  try {
    return new SessionModel(session, report, toNative);
  } catch (error) {
    await session.release();
    throw error;
  }
}
