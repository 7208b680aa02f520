import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as OnnxRuntime from 'onnxruntime-node';
import type { Tensor } from '../../tensor.ts';
import type { Binding, Missing, NativeFeeds, NativeResults, NativeSession, NativeTensor } from '../binding.ts';
import { wordsOf } from '../faults.ts';
import type { ModelSource, Provider } from '../model.ts';
import { checkTelemetry } from './telemetry.ts';

const PACKAGE = 'onnxruntime-node';

type Runtime = typeof OnnxRuntime;
type Loaded = { readonly runtime: Runtime; readonly msToLoad: number } | Missing;

let loading: Promise<Loaded> | undefined;

/** onnxruntime-node, or why it or the provider is missing. */
export async function nativeBinding(provider: Provider): Promise<Binding | Missing> {
  const loaded = await (loading ??= importRuntime());
  if ('reason' in loaded) return loaded;
  const reason = whyMissing(loaded.runtime, provider);
  return reason === undefined ? bindingOf(loaded.runtime, loaded.msToLoad) : { reason };
}

async function importRuntime(): Promise<Loaded> {
  checkTelemetry();
  const start = performance.now();
  try {
    const runtime: Runtime = await import('onnxruntime-node');
    runtime.env.logLevel = 'fatal';
    return { runtime, msToLoad: performance.now() - start };
  } catch (cause) {
    const where = `${process.platform} ${process.arch}`;
    return { reason: `${PACKAGE} cannot be loaded on ${where}: ${wordsOf(cause)}`, isNotInstalled: true, cause };
  }
}

/** What onnxruntime itself says about where it can run; it lists providers whose libraries may yet be missing. */
function whyMissing(runtime: Runtime, provider: Provider): string | undefined {
  if (provider === 'webnn') return 'it exists in browsers only';
  const listed = runtime.listSupportedBackends().map(({ name }) => name);
  if (listed.includes(provider)) return undefined;
  return `${PACKAGE} has ${listed.join(', ')} on ${process.platform} ${process.arch}`;
}

function bindingOf(runtime: Runtime, msToLoad: number): Binding {
  const version = runtime.env.versions.node ?? runtime.env.versions.common;
  const create: Binding['create'] = (source, options) => createSession(runtime, source, options);
  return {
    runtime: { package: PACKAGE, version },
    msToLoad,
    create,
    // It puts each run, which blocks the thread, into the queue of `setImmediate`.
    runsDone: () => new Promise((resolve) => void setImmediate(resolve)),
    quickRun,
    tensor: ({ dtype, data, shape }: Tensor): NativeTensor =>
      new runtime.Tensor(dtype as 'float32', data as Float32Array, shape),
    profile: (source, options, use) => profile(runtime, source, options, use),
  };
}

/** What onnxruntime's session calls when it has checked what we have checked; not part of its public interface. */
interface Handler {
  run(feeds: NativeFeeds, fetches: Readonly<Record<string, null>>, options: object): Promise<NativeResults>;
}

function quickRun(session: NativeSession): ((feeds: NativeFeeds) => Promise<NativeResults>) | undefined {
  const handler = (session as { readonly handler?: Partial<Handler> }).handler;
  if (typeof handler?.run !== 'function') return undefined;
  const fetches = Object.fromEntries(session.outputMetadata.map(({ name }) => [name, null]));
  const options = {};
  return (feeds) => (handler as Handler).run(feeds, fetches, options);
}

function createSession(
  { InferenceSession }: Runtime,
  source: ModelSource,
  options: OnnxRuntime.InferenceSession.SessionOptions,
): Promise<NativeSession & OnnxRuntime.InferenceSession> {
  return typeof source === 'string'
    ? InferenceSession.create(source, options)
    : InferenceSession.create(source, options);
}

/** onnxruntime writes its profile into a file, which goes when it has been read. */
async function profile(
  runtime: Runtime,
  source: ModelSource,
  options: OnnxRuntime.InferenceSession.SessionOptions,
  use: (session: NativeSession) => Promise<void>,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'edgefold-profile-'));
  try {
    const watching = { ...options, enableProfiling: true, profileFilePrefix: join(folder, 'run') };
    const session = await createSession(runtime, source, watching);
    try {
      await use(session);
      session.endProfiling();
    } finally {
      await session.release();
    }
    const [name] = await readdir(folder);
    return await readFile(join(folder, name!), 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
