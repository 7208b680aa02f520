import { EdgefoldError } from '../../errors.ts';
import type { TensorSpec } from '../../runtime/model.ts';
import type { Tensor } from '../../tensor.ts';
import { largest, MetricsBuilder } from '../metrics.ts';
import type { Proof } from '../proof.ts';
import type { OriginalReport, OutputMetrics, Tolerance } from '../report.ts';
import { toleranceFor } from '../tolerances.ts';
import { overall } from '../verdict.ts';
import type { OriginalModel } from './tfjs.ts';

type Sample = Readonly<Record<string, Tensor>>;

/** What the original is held against. */
export interface OriginalRun {
  readonly original: () => Promise<OriginalModel>;
  readonly samples: readonly Sample[];
  readonly outputs: readonly TensorSpec[];
  /** What the candidate gives as it is written. */
  readonly candidate: readonly Sample[];
  /** What the unfolded model gives. */
  readonly unfolded: readonly Sample[];
  readonly tolerance: Tolerance | undefined;
  readonly proof: Proof;
}

/**
 * Runs the model in the framework that it comes from, and compares the candidate with it: expected is what the original
 * gives. `not-run`, with the reason, where the framework is not there or lacks something that the model uses.
 *
 * A difference beyond the tier of a dtype is rounding, and passes with a note, if neither the original nor the
 * candidate is more than twice as far from the float64 truth as the unfolded model: then all compute the same function.
 */
export async function againstOriginal(run: OriginalRun): Promise<OriginalReport> {
  let label: string | undefined;
  try {
    const model = await run.original();
    label = model.label;
    try {
      const results: Sample[] = [];
      for (const sample of run.samples) results.push(await model.run(sample));
      return await judged(run, label, results);
    } finally {
      model.dispose();
    }
  } catch (error) {
    if (!(error instanceof EdgefoldError)) throw error;
    if (error.code === 'PARITY' && label !== undefined)
      return { verdict: 'fail', label, reason: error.message, outputs: {} };
    return { verdict: 'not-run', ...(label !== undefined && { label }), reason: error.message };
  }
}

async function judged(run: OriginalRun, label: string, results: readonly Sample[]): Promise<OriginalReport> {
  const outputs = compared(run, results);
  const { verdict, reason = '' } = overall(outputs);
  if (verdict === 'pass') return { verdict, label, outputs };
  if (verdict === 'not-run') return { verdict, label, reason };
  const isRounding = run.tolerance === undefined && (await isNearTruth(run, results));
  if (!isRounding) return { verdict, label, reason, outputs };
  return { verdict: 'pass', label, note: `${reason}: rounding, since both are as near to the float64 truth`, outputs };
}

function compared(run: OriginalRun, results: readonly Sample[]): Readonly<Record<string, OutputMetrics>> {
  return Object.fromEntries(
    run.outputs.map(({ name, dtype }) => {
      const expected = results.map((result) => likeCandidate(result[name], run.candidate[0]?.[name]));
      const scale = Math.max(...expected.map(largest));
      const builder = new MetricsBuilder(toleranceFor(dtype, run.tolerance), scale);
      expected.forEach((tensor, sample) => {
        builder.add(sample, run.candidate[sample]![name]!, tensor);
      });
      return [name, builder.result()];
    }),
  );
}

/** TF.js has one integer type, and gives booleans as numbers in places; the values are what is compared. */
function likeCandidate(tensor: Tensor | undefined, { dtype }: Pick<Tensor, 'dtype'> = { dtype: 'float32' }): Tensor {
  if (!tensor) throw new EdgefoldError('PARITY', 'the original has other outputs');
  if (tensor.dtype === dtype) return tensor;
  const numbers = Array.from(tensor.data as ArrayLike<number>);
  const { shape } = tensor;
  if (dtype === 'int64') return { dtype, shape, data: BigInt64Array.from(numbers.map((value) => BigInt(value))) };
  if (dtype === 'int32') return { dtype, shape, data: Int32Array.from(numbers) };
  return dtype === 'bool' ? { dtype, shape, data: Uint8Array.from(numbers) } : tensor;
}

/** How much farther from the truth than the unfolded model either may be, rms, to compute the same function. */
const LARGEST_RATIO = 2;

async function isNearTruth(run: OriginalRun, results: readonly Sample[]): Promise<boolean> {
  const { proof, samples, candidate } = run;
  const { exact, truth, unfolded } = proof;
  if (!exact || !unfolded || truth.verdict !== 'measured' || exact.length < samples.length) return false;
  const { againstTruth } = await import('../truth.ts');
  const sides = [results, candidate].flatMap((side) => Object.values(againstTruth(exact, unfolded, side)));
  const ratios = sides.map(({ ratio }) => ratio);
  return ratios.every((ratio) => ratio !== null && ratio <= LARGEST_RATIO);
}
