import { EdgefoldError } from '../errors.ts';
import type { OriginalModel } from '../parity/original/tfjs.ts';
import type { ProofGraphs } from '../parity/proof.ts';
import type { ParityReport, Tolerance } from '../parity/report.ts';
import { SAMPLE_DEFAULTS, type Range, type SampleOptions } from '../parity/sample-options.ts';
import { OPTIMIZATION_LEVELS, type Load, type Model, type ModelSource } from '../runtime/model.ts';
import { badValue, type Arguments, type OptionSpecs } from './arguments.ts';
import type { Progress } from './progress.ts';

/** Options of every verb that compares two models. */
export const PARITY_OPTIONS = {
  samples: { value: 'N', help: 'how many seeded inputs to compare on (default 4)' },
  seed: { value: 'N', help: 'where the inputs begin; the same seed gives the same inputs everywhere (default 0)' },
  range: { value: 'LOW,HIGH', help: 'bounds of float inputs, such as 0,255 (default -1,1)' },
  indices: { value: 'LOW,HIGH', help: 'bounds of integer inputs, inclusive (default 0,1)' },
  dim: { value: 'NAME=N', multiple: true, help: 'size of a symbolic dimension' },
  tolerance: {
    value: 'T',
    help: "allowed difference as a share of the output's largest value, such as 1e-5, or one of exact, float32, float16, bfloat16 (default: by the dtype of each output)",
  },
  truth: {
    help: 'prove every changed site and measure both models against float64, however long it takes (default: where it is quick)',
  },
} as const satisfies OptionSpecs;

export interface ParitySettings extends SampleOptions {
  readonly tolerance?: Tolerance;
  readonly proof: 'auto' | 'always';
}

/** @throws {EdgefoldError} USAGE. */
export async function paritySettings(args: Arguments): Promise<ParitySettings> {
  const samples = args.integer('samples', [1, 100_000]);
  const seed = args.integer('seed', [0, 2 ** 32 - 1]);
  const floatRange = range(args, 'range', 'numbers', Number.isFinite);
  const integerRange = range(args, 'indices', 'whole numbers', Number.isSafeInteger);
  const tolerance = await toleranceOf(args);
  return {
    ...(samples !== undefined && { samples }),
    ...(seed !== undefined && { seed }),
    ...(floatRange && { floatRange }),
    ...(integerRange && { integerRange }),
    ...(tolerance && { tolerance }),
    proof: args.flag('truth') ? 'always' : 'auto',
    symbols: Object.fromEntries(args.texts('dim').map(symbolSize)),
  };
}

/** Share of the work that a proof is where it was asked for; unasked it is a small one. */
const PROOF_SHARE = { always: 0.9, auto: 0.2 } as const;

/** What there is beside the two models. */
export interface Evidence {
  readonly graphs?: ProofGraphs | undefined;
  /** Loads the model that both come from, in its own framework. */
  readonly original?: () => Promise<OriginalModel>;
}

/**
 * Runs both on onnxruntime: the reference as it is written, the candidate at every optimisation level. With their
 * graphs, what differs between them is proven to be rounding, or found to be a defect.
 */
export async function comparePair(
  reference: ModelSource,
  candidate: ModelSource,
  settings: ParitySettings,
  progress: Progress,
  { graphs, original }: Evidence = {},
): Promise<ParityReport> {
  const [{ verify }, { load }] = await Promise.all([import('../parity/verify.ts'), import('./runtime.ts')]);
  const total = (1 + OPTIMIZATION_LEVELS.length) * (settings.samples ?? SAMPLE_DEFAULTS.samples);
  let done = 0;
  const share = graphs ? PROOF_SHARE[settings.proof] : 0;
  const counting = counted(load, () => {
    progress.part((1 - share) * Math.min(1, ++done / total), 1);
  });
  const onProof = (proven: number) => {
    progress.part(1 - share + share * proven, 1);
  };
  const evidence = { ...(graphs && { graphs }), ...(original && { original }) };
  return verify({ load: counting, reference, candidate, onProof, ...settings, ...evidence });
}

/** The same loader; its models tell of every run. */
function counted(load: Load, onRun: () => void): Load {
  return async (source, options) => {
    const model = await load(source, options);
    const { inputs, outputs, report, metadata } = model;
    const run: Model['run'] = async (values, given) => {
      const results = await model.run(values, given);
      onRun();
      return results;
    };
    const dispose = () => model.dispose();
    const bind: Model['bind'] = (shapes) => model.bind(shapes);
    const stream: Model['stream'] = (items, given) => model.stream(items, given);
    return { inputs, outputs, report, metadata, run, bind, stream, dispose, [Symbol.asyncDispose]: dispose };
  };
}

function range(args: Arguments, option: string, what: string, isOne: (bound: number) => boolean): Range | undefined {
  const text = args.text(option);
  if (text === undefined) return undefined;
  const [low = NaN, high = NaN, ...more] = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (isOne(low) && isOne(high) && low <= high && more.length === 0) return [low, high];
  throw badValue(option, `two ${what}, the smaller first: LOW,HIGH`, text);
}

function symbolSize(text: string): readonly [string, number] {
  const at = text.lastIndexOf('=');
  const size = Number(text.slice(at + 1));
  if (at > 0 && Number.isSafeInteger(size) && size > 0) return [text.slice(0, at), size];
  throw badValue('dim', 'the name of a dimension and its size: NAME=N', text);
}

async function toleranceOf(args: Arguments): Promise<Tolerance | undefined> {
  const text = args.text('tolerance');
  if (text === undefined) return undefined;
  const { TOLERANCES } = await import('../parity/tolerances.ts');
  const tiers: Readonly<Record<string, Tolerance>> = TOLERANCES;
  if (Object.hasOwn(tiers, text)) return tiers[text];
  const share = Number(text);
  if (share >= 0 && Number.isFinite(share)) return { name: text, atol: 0, rtol: 0, range: share };
  throw badValue('tolerance', `a number such as 1e-5, or one of ${Object.keys(tiers).join(', ')}`, text);
}

/** Parity that was not asked for. */
export function notAskedFor(): { readonly verdict: 'not-run'; readonly reason: string } {
  return { verdict: 'not-run', reason: 'switched off with --no-verify' };
}

/** @throws {EdgefoldError} USAGE if options of the comparison are given together with `--no-verify`. */
export function checkNoVerify(args: Arguments): void {
  const idle = [...Object.keys(PARITY_OPTIONS), 'original'].find((option) => args.flag(option));
  if (!args.flag('no-verify') || !idle) return;
  throw new EdgefoldError('USAGE', `--${idle} has no effect with --no-verify`, { hint: 'Leave one of them out.' });
}
