import { EdgefoldError } from '../errors.ts';
import {
  OPTIMIZATION_LEVELS,
  type Input,
  type Load,
  type Model,
  type ModelSource,
  type OptimizationLevel,
  type TensorSpec,
} from '../runtime/model.ts';
import type { Tensor } from '../tensor.ts';
import { checkInputs } from '../runtime/inputs.ts';
import { interfaceDifference } from './interface.ts';
import { largest, MetricsBuilder } from './metrics.ts';
import { noProof, prove, type Proof, type ProofOptions } from './proof.ts';
import type { OriginalModel } from './original/tfjs.ts';
import type { OriginalReport, OutputMetrics, ParityReport, ParityRun, Tolerance } from './report.ts';
import { SAMPLE_DEFAULTS, type SampleOptions } from './sample-options.ts';
import { generateSamples } from './samples.ts';
import { toleranceFor, TOLERANCES } from './tolerances.ts';
import { overall, worstOutputs } from './verdict.ts';
import { vocabulariesOf } from './vocabularies.ts';
import { judge, type Judgement } from './judge.ts';

export interface VerifyOptions extends SampleOptions, ProofOptions {
  readonly load: Load;
  /** What is right by definition; run as it is written, with onnxruntime's optimiser off. */
  readonly reference: ModelSource;
  /** What must agree with it, at every optimisation level: the optimiser must not undo or misread the folding. */
  readonly candidate: ModelSource;
  /** Samples of your own, in place of seeded ones. */
  readonly inputs?: readonly Readonly<Record<string, Input>>[];
  /** For float outputs; default: the tier of each output's dtype. */
  readonly tolerance?: Tolerance;
  /** Default: all of them. */
  readonly levels?: readonly OptimizationLevel[];
  /** Loads the model in the framework that it comes from, which then has a say too. */
  readonly original?: () => Promise<OriginalModel>;
}

/** What the reference gave: the yardstick of every run. */
interface Yardstick {
  readonly model: Pick<Model, 'inputs' | 'outputs' | 'report'>;
  readonly samples: readonly Readonly<Record<string, Tensor>>[];
  readonly results: readonly Readonly<Record<string, Tensor>>[];
  /** max|expected| by output name, over all samples. */
  readonly scales: ReadonlyMap<string, number>;
}

/** Faults of a model or a runtime rather than of the call. */
const MODEL_FAULTS: readonly string[] = ['PROVIDER', 'PARTIAL', 'RUNTIME', 'DIED', 'UNSUPPORTED', 'LIMIT'];

/**
 * Runs two models on the same inputs and reports how far apart they are.
 *
 * The verdict is `pass` only when every output of every run had elements and all of them lie within the tolerance.
 * A site that breaks a proven bound fails it whatever the tolerance, and where every site is proven, rounding beyond
 * the tier of a dtype is no fault; a tolerance that was asked for is kept to. It is `not-run` when nothing could be compared: no samples, no outputs, an output that stays empty, or a reference
 * that does not load or run; and `fail` when the candidate has another interface, does not load or run, or differs.
 * An original that differs fails it too; one that cannot be run says why, and changes nothing.
 *
 * @throws {EdgefoldError} FILE, USAGE; INPUT if `inputs` do not fit the reference.
 */
export async function verify(options: VerifyOptions): Promise<ParityReport> {
  const yardstick = await measureReference(options);
  if (typeof yardstick === 'string') {
    const judgement = { verdict: 'not-run', reason: yardstick } as const;
    return reportOf(options, [], { judgement, proof: noProof(yardstick) });
  }
  const runs: ParityRun[] = [];
  for (const level of options.levels ?? OPTIMIZATION_LEVELS) {
    const run = await runCandidate(options, yardstick, level);
    runs.push(run.verdict === 'fail' && level !== 'disabled' ? await withBlame(run, options, yardstick, level) : run);
  }
  const proof = await proofOf(options, yardstick, runs);
  const judgement = await judge(runs, proof, options.tolerance, (level) => {
    return rerun(options, level, yardstick.samples.slice(0, proof.exact?.length));
  });
  const original = await originalReport(options, yardstick, proof);
  const report = reportOf(options, runs, { judgement, proof, yardstick });
  if (!original) return report;
  if (original.verdict !== 'fail' || report.verdict === 'fail') return { ...report, original };
  return { ...report, verdict: 'fail', reason: `the original differs: ${original.reason ?? ''}`, original };
}

async function originalReport(
  { original, tolerance, ...options }: VerifyOptions,
  { model: { outputs }, samples, results: unfolded }: Yardstick,
  proof: Proof,
): Promise<OriginalReport | undefined> {
  if (!original) return undefined;
  try {
    const candidate = await rerun(options, 'disabled', samples);
    const { againstOriginal } = await import('./original/against-original.ts');
    return await againstOriginal({ original, samples, outputs, candidate, unfolded, tolerance, proof });
  } catch (error) {
    return { verdict: 'not-run', reason: `the candidate did not run: ${faultOf(error)}` };
  }
}

/** Only models that can take each other's place are looked into. */
async function proofOf(options: VerifyOptions, yardstick: Yardstick, runs: readonly ParityRun[]): Promise<Proof> {
  const broken = runs.find(({ outputs }) => Object.keys(outputs).length === 0);
  if (broken) return noProof('the candidate cannot take the place of the reference');
  const { samples, results } = yardstick;
  const folded = (given: Yardstick['samples']) => rerun(options, 'disabled', given);
  return prove(options, { samples, unfolded: results, folded });
}

/** What the candidate gives at one level. */
function rerun(
  { load, candidate }: VerifyOptions,
  optimization: OptimizationLevel,
  samples: Yardstick['samples'],
): Promise<Yardstick['results']> {
  return withModel(load(candidate, { optimization }), (model) => runAll(model, samples));
}

/** The yardstick, or why there is none. */
async function measureReference(options: VerifyOptions): Promise<Yardstick | string> {
  try {
    return await withModel(options.load(options.reference, { optimization: 'disabled' }), async (model) => {
      const samples =
        options.inputs?.map((given) => Object.fromEntries(checkInputs(model.inputs, given))) ??
        generateSamples(model.inputs, withWords(options));
      if (samples.length === 0) return 'there are no samples';
      if (model.outputs.length === 0) return 'the reference has no outputs';
      const results = await runAll(model, samples);
      const { inputs, outputs, report } = model;
      return { model: { inputs, outputs, report }, samples, results, scales: scalesOf(outputs, results) };
    });
  } catch (error) {
    return `the reference did not run: ${faultOf(error)}`;
  }
}

/** String inputs get the words that the reference looks up, unless others are given. */
function withWords({ graphs, ...options }: VerifyOptions): SampleOptions {
  return graphs ? { ...options, words: { ...vocabulariesOf(graphs.reference), ...options.words } } : options;
}

/** Frees the model whatever happens; `await using` would need a symbol that some browsers lack. */
async function withModel<T>(loading: Promise<Model>, use: (model: Model) => Promise<T>): Promise<T> {
  const model = await loading;
  try {
    return await use(model);
  } finally {
    await model.dispose();
  }
}

async function runAll(model: Model, samples: Yardstick['samples']): Promise<Record<string, Tensor>[]> {
  const results = [];
  for (const sample of samples) results.push(await model.run(sample));
  return results;
}

function scalesOf(outputs: readonly TensorSpec[], results: Yardstick['results']): Map<string, number> {
  return new Map(outputs.map(({ name }) => [name, Math.max(...results.map((result) => largest(result[name]!)))]));
}

async function runCandidate(
  { load, candidate, tolerance }: VerifyOptions,
  yardstick: Yardstick,
  optimization: OptimizationLevel,
): Promise<ParityRun> {
  const label = `optimisation ${optimization}`;
  let provider: ParityRun['provider'] = null;
  try {
    return await withModel(load(candidate, { optimization }), async (model) => {
      provider = model.report;
      const difference = interfaceDifference(yardstick.model, model);
      if (difference !== undefined) return { label, provider, verdict: 'fail', reason: difference, outputs: {} };
      const outputs = await compareAll(model, yardstick, tolerance);
      return { label, provider, ...overall(outputs), outputs };
    });
  } catch (error) {
    return { label, provider, verdict: 'fail', reason: `the candidate did not run: ${faultOf(error)}`, outputs: {} };
  }
}

/** Says so where onnxruntime's optimiser changes the reference too: then it is at fault, and not the candidate. */
async function withBlame(
  run: ParityRun,
  options: VerifyOptions,
  yardstick: Yardstick,
  level: OptimizationLevel,
): Promise<ParityRun> {
  const own = await runCandidate({ ...options, candidate: options.reference }, yardstick, level);
  const isFinite = Object.values(own.outputs).every(({ nonFinite }) => nonFinite === 0);
  if (own.verdict !== 'fail' || !isFinite) return run;
  const blame = 'so does the reference: onnxruntime itself changes what it computes at this level';
  return { ...run, reason: `${run.reason ?? ''}; ${blame}` };
}

/** Compares each sample as it comes, so that only one result of the candidate is held at a time. */
async function compareAll(
  model: Model,
  { samples, results, scales }: Yardstick,
  tolerance: Tolerance | undefined,
): Promise<Readonly<Record<string, OutputMetrics>>> {
  const builders = model.outputs.map(({ name, dtype }) => {
    return [name, new MetricsBuilder(toleranceFor(dtype, tolerance), scales.get(name)!)] as const;
  });
  for (const [sample, inputs] of samples.entries()) {
    const result = await model.run(inputs);
    for (const [name, builder] of builders) builder.add(sample, result[name]!, results[sample]![name]!);
  }
  return Object.fromEntries(builders.map(([name, builder]) => [name, builder.result()]));
}

/** The message of a fault that belongs in the report; any other goes on to the caller. */
function faultOf(error: unknown): string {
  if (error instanceof EdgefoldError && (error.code === 'PARITY' || MODEL_FAULTS.includes(error.code)))
    return error.message;
  throw error;
}

interface Findings {
  readonly judgement: Judgement;
  readonly proof: Proof;
  readonly yardstick?: Yardstick;
}

function reportOf(
  { seed = SAMPLE_DEFAULTS.seed, tolerance = TOLERANCES.float32 }: VerifyOptions,
  runs: readonly ParityRun[],
  { judgement, proof: { truth, audit, sites }, yardstick }: Findings,
): ParityReport {
  return {
    ...judgement,
    seed,
    samples: yardstick?.samples.length ?? 0,
    tolerance,
    outputs: worstOutputs(runs),
    runs,
    reference: yardstick ? { label: 'optimisation disabled', provider: yardstick.model.report } : null,
    truth,
    audit,
    sites,
  };
}
