import { EdgefoldError, type NodeAtFault } from '../errors.ts';
import { ARRAY_OF, sizeOf, type Tensor } from '../tensor.ts';
import type { Binding, Bindings, Missing, NativeMetadata, NativeSession, NativeTensor } from './binding.ts';
import { runtimeError, withoutFiles, wordsOf } from './faults.ts';
import { isRunnable, storedLength } from './inputs.ts';
import type { LoadProgress, ModelSource, Placement, Provider, ProviderReport, TensorSpec } from './model.ts';
import { isWhole, sessionOptions, type Settings } from './options.ts';
import { readPlacement, strayText } from './placement.ts';
import type { Description } from './protocol.ts';
import { spinsOn, threadsOn, threadsReason } from './threads.ts';

/** A session that is ready to run. */
export interface OpenSession extends Description {
  readonly session: NativeSession;
  readonly binding: Binding;
}

interface Refusal {
  readonly provider: Provider;
  readonly reason: string;
  readonly nodes?: readonly NodeAtFault[];
  readonly missing?: Missing;
}

/** One provider's try. */
interface Attempt {
  readonly binding: Binding;
  readonly source: ModelSource;
  readonly provider: Provider;
  readonly settings: Settings;
  readonly onProgress: (progress: LoadProgress) => void;
}

/**
 * Opens a model on the first provider that takes it, wholly unless `allow` says otherwise, and warms it up.
 * @throws {EdgefoldError} PROVIDER, PARTIAL, RUNTIME, UNSUPPORTED.
 */
export async function openSession(
  bindings: Bindings,
  source: ModelSource,
  settings: Settings,
  onProgress: (progress: LoadProgress) => void = () => undefined,
): Promise<OpenSession> {
  const refused: Refusal[] = [];
  for (const provider of settings.providers) {
    onProgress({ phase: 'runtime' });
    const binding = await bindings(provider, threadsOn(provider, settings));
    if ('reason' in binding) {
      refused.push({ provider, reason: binding.reason, missing: binding });
      continue;
    }
    const opened = await tryProvider({ binding, source, provider, settings, onProgress });
    if (!('reason' in opened)) return withRefusals(opened, settings, refused);
    refused.push(opened);
  }
  throw nobody(refused);
}

/** Providers of our own choice that are not installed are nothing that anybody asked for. */
function withRefusals(opened: OpenSession, { isDefaultProvider }: Settings, refused: readonly Refusal[]): OpenSession {
  if (isDefaultProvider && refused.length === 0) {
    return { ...opened, report: { ...opened.report, requested: [opened.report.used] } };
  }
  return { ...opened, report: { ...opened.report, refused: refused.map(({ provider, reason }) => ({ provider, reason })) } }; // prettier-ignore
}

function nobody(refused: readonly Refusal[]): EdgefoldError {
  const received = refused.map(({ provider, reason }) => `${provider}: ${reason}`).join('; ');
  const nodes = refused.flatMap((refusal) => refusal.nodes ?? []);
  const cause = refused.find(({ missing }) => missing?.cause !== undefined)?.missing?.cause;
  if (nodes.length > 0) {
    return new EdgefoldError('PARTIAL', 'no provider that was asked for runs the whole model', {
      received,
      nodes,
      hint: "Let these nodes run on the CPU with allow: 'partial', or add 'cpu' ('wasm' in browsers) to the providers.",
    });
  }
  const hint = refused.every(({ missing }) => missing?.isNotInstalled)
    ? 'Install it with: npm install onnxruntime-node'
    : refused.some(({ provider }) => isWhole(provider))
      ? undefined
      : "Add 'cpu' ('wasm' in browsers) to the providers.";
  return new EdgefoldError('PROVIDER', 'no provider that was asked for runs this model', {
    received,
    ...(hint !== undefined && { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The session, or why this provider does not take it. On the CPU a refusal is the model's fault, so it throws. */
async function tryProvider(attempt: Attempt): Promise<OpenSession | Refusal> {
  const { binding, source, provider, settings } = attempt;
  const isStrict = !isWhole(provider) && settings.allow === 'none';
  attempt.onProgress({ phase: 'create' });
  const start = performance.now();
  let session: NativeSession;
  try {
    session = await binding.create(source, sessionOptions(provider, settings, isStrict));
  } catch (error) {
    if (error instanceof EdgefoldError) throw error;
    if (/external data/i.test(wordsOf(error))) throw withoutFiles(wordsOf(error), nameOf(source), error);
    if (isWhole(provider)) throw runtimeError('onnxruntime refused the model', error, nameOf(source));
    return refusal(attempt, wordsOf(error));
  }
  const create = performance.now() - start;
  try {
    return await warmedUp(attempt, session, create);
  } catch (error) {
    await session.release();
    if (isWhole(provider) || !(error instanceof EdgefoldError) || error.code !== 'RUNTIME') throw error;
    return { provider, reason: wordsOf(error) };
  }
}

const nameOf = (source: ModelSource): string | undefined => (typeof source === 'string' ? source : undefined);

const FALLBACK = 'fallback to CPU EP';

/** Of a model that is not taken wholly, the nodes that are not; onnxruntime's refusal does not name them. */
async function refusal(attempt: Attempt, reason: string): Promise<Refusal> {
  const { provider } = attempt;
  if (!reason.includes(FALLBACK)) return { provider, reason };
  const placement = await measurePlacement(attempt).catch(() => undefined);
  if (!placement || placement.elsewhere.length === 0) return { provider, reason };
  return { provider, reason: strayText(placement), nodes: placement.elsewhere };
}

async function warmedUp(attempt: Attempt, session: NativeSession, create: number): Promise<OpenSession> {
  const { binding, provider, settings } = attempt;
  const inputs = session.inputMetadata.map((value) => specOf('input', value));
  const outputs = session.outputMetadata.map((value) => specOf('output', value));
  attempt.onProgress({ phase: 'warmup' });
  const start = performance.now();
  const placement = settings.placement ? await measurePlacement(attempt).catch(() => undefined) : undefined;
  const warmup = await warmUp(attempt, session, inputs);
  const adapter = await binding.adapter?.(provider);
  const asked = threadsOn(provider, settings);
  const threads = binding.threads?.(asked) ?? asked;
  const reason = threadsReason(provider, settings, { threads, isolated: binding.isolated });
  const report: ProviderReport = {
    requested: settings.providers,
    used: provider,
    refused: [],
    evidence: evidenceFor(provider, settings, placement),
    ...(placement && { placement }),
    ...(adapter && { adapter }),
    ...(!adapter &&
      !isWhole(provider) && { adapterUnknown: `${binding.runtime.package} does not tell which device it took` }),
    runtime: binding.runtime,
    optimization: settings.optimization,
    threads,
    ...(reason !== undefined && { threadsReason: reason }),
    ...(isWhole(provider) && spinsOn(provider, settings) && { spin: true as const }),
    thread: settings.thread,
    ...(binding.isolated !== undefined && { isolated: binding.isolated }),
    telemetry: false,
    warmup,
    ms: { runtime: binding.msToLoad, fetch: 0, create, warmup: performance.now() - start },
  };
  return { session, binding, inputs, outputs, report };
}

function evidenceFor(provider: Provider, { allow }: Settings, placement?: Placement): ProviderReport['evidence'] {
  if (isWhole(provider)) return 'single-provider';
  if (allow === 'none') return 'no-fallback-flag';
  return placement ? 'profile' : 'unproven';
}

async function warmUp(
  { binding, provider, settings: { warmup } }: Attempt,
  session: NativeSession,
  inputs: readonly TensorSpec[],
): Promise<ProviderReport['warmup']> {
  try {
    for (let i = 0; i < warmup.runs; i++) await session.run(zeroFeeds(binding, inputs));
    return { runs: warmup.runs };
  } catch (error) {
    // Zeros may be nothing that the model takes; a GPU that cannot compile it shows first here.
    if (warmup.isRequired || !isWhole(provider)) throw runtimeError('the model failed at its warm-up', error);
    return { runs: 0, failure: wordsOf(error) };
  }
}

/** Nothing where the runtime keeps no profile. */
async function measurePlacement({ binding, source, provider, settings }: Attempt): Promise<Placement | undefined> {
  const profile = await binding.profile?.(source, sessionOptions(provider, settings, false), async (session) => {
    await session.run(zeroFeeds(binding, session.inputMetadata.map((value) => specOf('input', value)))); // prettier-ignore
  });
  return profile === undefined ? undefined : readPlacement(profile, provider);
}

function zeroFeeds(binding: Binding, inputs: readonly TensorSpec[]): Record<string, NativeTensor> {
  return Object.fromEntries(inputs.map((spec) => [spec.name, binding.tensor(zeros(spec))]));
}

/** Zeros, or empty strings; symbolic dimensions are 1 unless `shape` says otherwise. */
export function zeros({ dtype, shape: dims }: TensorSpec, shape?: readonly number[]): Tensor {
  const sizes = shape ?? dims.map((dim) => (typeof dim === 'number' ? dim : 1));
  if (dtype === 'string') return { dtype, shape: sizes, data: new Array<string>(sizeOf(sizes)).fill('') };
  return { dtype, shape: sizes, data: new ARRAY_OF[dtype](storedLength(dtype, sizes)) };
}

function specOf(kind: 'input' | 'output', value: NativeMetadata): TensorSpec {
  if (value.isTensor && isRunnable(value.type)) {
    return { name: value.name, dtype: value.type, shape: value.shape };
  }
  throw new EdgefoldError('UNSUPPORTED', 'only tensors can be passed to and from a model', {
    where: `${kind} ${value.name}`,
    received: value.isTensor ? value.type : 'a sequence, map or optional',
  });
}
