import { EdgefoldError } from '../errors.ts';
import type { Graph } from '../onnx/graph.ts';
import type { ExternalData } from '../onnx/read.ts';
import type { Load } from '../runtime/model.ts';
import type { Tensor } from '../tensor.ts';
import type { FoldedNode } from './audit/regions.ts';
import type { AuditTotals, SiteAudit, TruthReport } from './audit/report.ts';
import type { Truth } from './truth.ts';

/** What is needed to prove, beyond what is needed to compare. */
export interface ProofGraphs {
  readonly reference: Graph;
  readonly candidate: Graph;
  /** The folds that made the one from the other, so that none of them goes without a proof unnoticed. */
  readonly folds?: readonly FoldedNode[];
  /** Reads weights that lie in other files. */
  readonly externalData?: ExternalData;
}

export interface ProofOptions {
  readonly graphs?: ProofGraphs;
  /**
   * `auto`: only as many samples as stay below {@link PROOF_BUDGET}, and nothing where one is too much; `always`: all
   * samples, however long it takes; `never`.
   */
  readonly proof?: 'auto' | 'always' | 'never';
  /** Share of the proof that is done, from 0 to 1. */
  readonly onProof?: (done: number) => void;
  readonly signal?: AbortSignal;
}

/** Multiply-adds in float64 that are spent unasked: about a third of a second on one core of 2024. */
export const PROOF_BUDGET = 2 ** 27;
/** The truth once; at each site both ways, each as it is and with magnitudes in the place of the elements. */
const EVALUATIONS = 5;

type Sample = Readonly<Record<string, Tensor>>;

export interface Proof {
  readonly truth: TruthReport;
  readonly audit: AuditTotals;
  readonly sites: readonly SiteAudit[];
  /** Whether the candidate is said to be the reference, folded, each parameter correctly rounded. */
  readonly isClaimed?: boolean;
  /** The truth itself and the unfolded results for it, to hold further runs against. */
  readonly exact?: Truth;
  readonly unfolded?: readonly Sample[];
}

/** What the two models gave, each as it is written. */
export interface Runs {
  readonly samples: readonly Sample[];
  readonly unfolded: readonly Sample[];
  readonly folded: (samples: readonly Sample[]) => Promise<readonly Sample[]>;
}

/** Audits every site that differs, and measures both models against float64, as far as that was asked for. */
export async function prove(
  { load, graphs, proof = 'auto', onProof, signal }: ProofOptions & { readonly load: Load },
  { samples, unfolded, folded }: Runs,
): Promise<Proof> {
  if (proof === 'never') return noProof('it was switched off');
  if (!graphs) return noProof('no graphs were given');
  const [{ costOf }, { audit }] = await Promise.all([import('./audit/cost.ts'), import('./audit/run-audit.ts')]);
  const costs = samples.map((sample) => costOf(graphs.reference, sample));
  const chosen = proof === 'always' ? samples : affordable(samples, costs.map(({ multiplyAdds }) => multiplyAdds)); // prettier-ignore
  if (chosen.length === 0) return noProof(tooMuch(costs[0]?.multiplyAdds ?? 0));
  const elementsOf = (name: string) => Math.max(...costs.map(({ elements }) => elements.get(name) ?? NaN));
  const isClaimed = graphs.folds !== undefined || isOurs(graphs.candidate);
  const result = await audit({
    load,
    ...graphs,
    names: isClaimed ? 'kept' : 'guessed',
    samples: chosen,
    elementsOf: ({ name }) => elementsOf(name) || undefined,
    onProgress: (done, total) => onProof?.((0.8 * done) / total),
    ...(signal && { signal }),
  });
  const onNode = (share: number) => onProof?.(0.8 + 0.2 * share);
  const measured = await measure(graphs.reference, chosen, { unfolded, folded, onNode, ...(signal && { signal }) });
  return { audit: result.totals, sites: result.sites, isClaimed, ...measured };
}

/** Whether folding has stamped it, which keeps names. */
const isOurs = ({ model }: Graph): boolean => model.metadata.has('edgefold.tool');

/** The first samples that together stay within the budget. */
function affordable(samples: readonly Sample[], multiplyAdds: readonly number[]): readonly Sample[] {
  let spent = 0;
  const count = multiplyAdds.findIndex((cost) => (spent += EVALUATIONS * cost) > PROOF_BUDGET);
  return count < 0 ? samples : samples.slice(0, count);
}

function tooMuch(multiplyAdds: number): string {
  const needed = (EVALUATIONS * multiplyAdds).toExponential(1);
  return `a proof takes ${needed} multiply-adds a sample, and ${PROOF_BUDGET.toExponential(1)} are spent unasked; proof: 'always' (--truth) asks for it`;
}

async function measure(
  graph: Graph,
  samples: readonly Sample[],
  { unfolded, folded, ...options }: Pick<Runs, 'unfolded' | 'folded'> & { readonly onNode: (share: number) => void; readonly signal?: AbortSignal }, // prettier-ignore
): Promise<Pick<Proof, 'truth' | 'exact' | 'unfolded'>> {
  const { againstTruth, truthOf } = await import('./truth.ts');
  try {
    const exact = await truthOf(graph, samples, options);
    const given = unfolded.slice(0, samples.length);
    const outputs = againstTruth(exact, given, await folded(samples));
    return { truth: { verdict: 'measured', samples: samples.length, outputs }, exact, unfolded: given };
  } catch (error) {
    if (!(error instanceof EdgefoldError) || error.code === 'ABORTED') throw error;
    return { truth: { verdict: 'not-run', reason: error.message } };
  }
}

export function noProof(reason: string): Proof {
  const none = { folds: 0, covered: 0, uncovered: [], reused: [], sites: 0, proven: 0, samples: 0, elements: 0, violations: 0, worstShare: 0, farther: 0, unexplained: 0 }; // prettier-ignore
  return { truth: { verdict: 'not-run', reason }, audit: { verdict: 'not-run', reason, ...none }, sites: [] };
}
