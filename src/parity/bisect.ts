import type { Graph } from '../onnx/graph.ts';
import type { ExternalData } from '../onnx/read.ts';
import { writeOnnx } from '../onnx/write.ts';
import type { Load } from '../runtime/model.ts';
import type { Tensor } from '../tensor.ts';
import { auditGraph, defaultsOf } from './audit/audit-graph.ts';
import { cutGraph, type Cut } from './audit/cut.ts';
import { regionsOf, type Regions } from './audit/regions.ts';
import type { Piece } from './audit/pieces.ts';
import type { SiteAudit } from './audit/report.ts';
import { audit } from './audit/run-audit.ts';

export interface BisectOptions {
  readonly load: Load;
  readonly reference: Graph;
  readonly candidate: Graph;
  readonly samples: readonly Readonly<Record<string, Tensor>>[];
  /** Reads weights that lie in other files. */
  readonly externalData?: ExternalData;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Where two models part. */
export type Bisection =
  | {
      readonly verdict: 'found';
      /** The first site, in the order of the graph, of which an element leaves its proven bound. */
      readonly site: SiteAudit;
      /** Sites in front of it, all of which may be trusted. */
      readonly before: number;
      readonly sites: number;
      /** Both ways of computing the first tensor that is wrong, as models of their own, and what they were given. */
      readonly reference: Cut;
      readonly candidate: Cut;
    }
  | { readonly verdict: 'none' | 'unproven'; readonly sites: number; readonly reason: string };

/**
 * Finds the first tensor of the candidate that no rounding explains, given that everything it is made of is right:
 * each site is computed both ways from the values of the reference, so a defect shows where it is and nowhere behind.
 *
 * @returns `none` if every site stays within its bounds, `unproven` if none leaves them but not all could be judged.
 */
export async function bisect(options: BisectOptions): Promise<Bisection> {
  const { reference, candidate } = options;
  const { sites, totals } = await audit(options);
  const at = sites.findIndex(({ verdict }) => verdict === 'violated');
  const site = sites[at];
  if (!site) {
    if (totals.verdict === 'proven') return { verdict: 'none', sites: sites.length, reason: nothingFound(sites) };
    return { verdict: 'unproven', sites: totals.sites, reason: totals.reason ?? '' };
  }
  const found = regionsOf(reference, candidate);
  const piece = found.regions[at]!.pieces.find(({ outputs }) => outputs.includes(site.worst?.output ?? outputs[0]!))!;
  const leaves = await leavesOf(piece, found, options, site.worst?.sample ?? 0);
  const [output] = piece.outputs as [string];
  return {
    verdict: 'found',
    site,
    before: at,
    sites: sites.length,
    reference: cutGraph(reference, leaves, output),
    candidate: cutGraph(candidate, leaves, output),
  };
}

const nothingFound = (sites: readonly SiteAudit[]): string =>
  sites.length === 0 ? 'both models are the same, node by node' : `each of the ${sites.length} sites that differ stays within its proven bound`; // prettier-ignore

/** What the reference holds where the piece begins. */
async function leavesOf(
  piece: Piece,
  { a, b }: Regions,
  options: BisectOptions,
  sample: number,
): Promise<Map<string, Tensor>> {
  const { load, externalData, samples } = options;
  const given = samples[sample]!;
  const { graph } = auditGraph(a, b, [piece]);
  const model = await load(writeOnnx(graph, externalData && { externalData }), { optimization: 'disabled' });
  try {
    const inputs = Object.fromEntries(model.inputs.map(({ name }) => [name, given[name]!]));
    const values: Record<string, Tensor> = { ...defaultsOf(graph), ...given, ...(await model.run(inputs)) };
    return new Map(piece.leaves.map((name) => [name, values[name]!]));
  } finally {
    await model.dispose();
  }
}
