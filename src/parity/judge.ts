import type { OptimizationLevel } from '../runtime/model.ts';
import type { Tensor } from '../tensor.ts';
import type { Proof } from './proof.ts';
import type { ParityReport, ParityRun, Tolerance } from './report.ts';
import { describeFailure } from './verdict.ts';

export type Judgement = Pick<ParityReport, 'verdict' | 'reason' | 'note'>;

type Results = readonly Readonly<Record<string, Tensor>>[];

/** How much farther from the truth than the unfolded model a run may be, rms, to be called rounding. */
const LARGEST_RATIO = 2;

/**
 * What the runs and the proof come to.
 *
 * - A site that breaks a proven bound is a defect, and fails whatever the tolerance allows; but two models of which
 *   nobody says that one is the other, folded by the rules, may differ by what the tolerance allows, with a note.
 * - A run that is beyond a tolerance that was asked for fails, even where every site is proven.
 * - A run that is only beyond the tier of its dtype passes if every site is proven and its outputs are no more than
 *   twice as far from the float64 truth as those of the unfolded model: then the network itself amplifies rounding.
 */
export async function judge(
  runs: readonly ParityRun[],
  proof: Proof,
  tolerance: Tolerance | undefined,
  rerun: (level: OptimizationLevel) => Promise<Results>,
): Promise<Judgement> {
  const { audit } = proof;
  const plain = describeFailure(runs);
  const broken = audit.verdict === 'violated' ? (audit.reason ?? 'a proven bound is broken') : undefined;
  if (broken !== undefined && proof.isClaimed) return { verdict: 'fail', reason: broken };
  if (broken !== undefined && plain.verdict === 'pass') return { ...plain, note: broken };
  const isProven = audit.verdict === 'proven' && audit.covered === audit.folds;
  if (plain.verdict !== 'fail' || !isProven || !runs.every(isFinite)) return plain;
  const rounding = `rounding, and no defect: all ${audit.sites} changed sites are within their proven bounds`;
  const failing = runs.filter(({ verdict }) => verdict === 'fail');
  if (tolerance) return { ...plain, reason: `${plain.reason ?? ''} (${rounding})` };
  for (const run of failing) if (!(await isNearTruth(run, proof, rerun))) return plain;
  return { verdict: 'pass', note: `${plain.reason ?? ''}: ${rounding}` };
}

const isFinite = ({ outputs }: ParityRun): boolean =>
  Object.values(outputs).every(({ nonFinite, elements }) => nonFinite === 0 && elements > 0);

async function isNearTruth(
  { provider }: ParityRun,
  { exact, truth, unfolded }: Proof,
  rerun: (level: OptimizationLevel) => Promise<Results>,
): Promise<boolean> {
  if (!provider || !exact || !unfolded || truth.verdict !== 'measured') return false;
  const { againstTruth } = await import('./truth.ts');
  const outputs = againstTruth(exact, unfolded, await rerun(provider.optimization));
  return Object.values(outputs).every(({ ratio }) => ratio !== null && ratio <= LARGEST_RATIO);
}
