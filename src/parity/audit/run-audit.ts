import { bug, EdgefoldError } from '../../errors.ts';
import type { Graph, Node, Value } from '../../onnx/graph.ts';
import type { ExternalData } from '../../onnx/read.ts';
import { writeOnnx } from '../../onnx/write.ts';
import type { Load, Model } from '../../runtime/model.ts';
import type { Tensor } from '../../tensor.ts';
import { auditGraph, type AuditGraph } from './audit-graph.ts';
import type { Piece } from './pieces.ts';
import { regionsOf, type FoldedNode, type Region, type Regions } from './regions.ts';
import type { AuditTotals, SiteAudit } from './report.ts';
import { checkPiece, type PieceRun } from './run-site.ts';
import { isSameTensor } from './same-tensor.ts';
import { SiteCheck } from './site-check.ts';

export interface AuditOptions {
  readonly load: Load;
  readonly reference: Graph;
  readonly candidate: Graph;
  /** What is said to have been folded, so that it is noticed if nothing vouches for one of them. */
  readonly folds?: readonly FoldedNode[];
  readonly samples: readonly Readonly<Record<string, Tensor>>[];
  /** Reads weights that lie in other files. */
  readonly externalData?: ExternalData;
  /** Elements of a value for the largest sample, as far as they are known. */
  readonly elementsOf?: (value: Value) => number | undefined;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface Audit {
  readonly totals: AuditTotals;
  readonly sites: readonly SiteAudit[];
}

/** Float values that one run of the audit graph may give: 512 MiB of float32. */
const MOST_ELEMENTS = 2 ** 27;
const UNKNOWN_ELEMENTS = 2 ** 20;
const TURN_MS = 50;

/**
 * Runs every part that the candidate computes in another way, both ways, on the very values that the reference has
 * there, and holds both against proven bounds on their rounding errors. What agrees within them at every site is the
 * same function; what does not is a defect, whatever its size.
 */
export async function audit(options: AuditOptions): Promise<Audit> {
  const found = regionsOf(options.reference, options.candidate, options.folds);
  if (options.reference.opset !== options.candidate.opset) {
    return notRun(found, options, 'the two models are of different opsets, so their operators may differ');
  }
  const checks = new Map(found.regions.map((region) => [region, { check: new SiteCheck(), reason: '' }]));
  const progress = new Progress(options, found);
  for (const batch of batchesOf(found, options)) {
    try {
      await runBatch(batch, found, options, checks, progress);
    } catch (error) {
      if (!(error instanceof EdgefoldError) || error.code === 'ABORTED') throw error;
      return notRun(found, options, `it did not run: ${error.message}`);
    }
  }
  const sites = found.regions.map((region) => siteAudit(region, checks.get(region)!));
  return { totals: totalsOf(found, sites, options), sites };
}

type Checks = ReadonlyMap<Region, { readonly check: SiteCheck; reason: string }>;

/** Counts pieces, and gives other tasks of the thread their turn. */
class Progress {
  readonly #options: AuditOptions;
  readonly #total: number;
  #done = 0;
  #turn = performance.now();

  constructor(options: AuditOptions, { regions }: Regions) {
    this.#options = options;
    this.#total = options.samples.length * regions.reduce((sum, { pieces }) => sum + pieces.length, 0);
  }

  async step(): Promise<void> {
    const { signal, onProgress } = this.#options;
    if (signal?.aborted) throw new EdgefoldError('ABORTED', 'the audit was ended', { cause: signal.reason });
    onProgress?.(++this.#done, this.#total);
    if (performance.now() - this.#turn < TURN_MS) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#turn = performance.now();
  }
}

/** Regions whose values fit into memory together. */
function batchesOf({ a, regions }: Regions, { elementsOf = () => undefined }: AuditOptions): Region[][] {
  const batches: Region[][] = [];
  let free = 0;
  for (const region of regions) {
    const names = region.pieces.flatMap(({ leaves, outputs }) => [...leaves, ...outputs, ...outputs]);
    const size = names.reduce((sum, name) => sum + (elementsOf(a.values.get(name)!) ?? UNKNOWN_ELEMENTS), 0);
    if (size > free || batches.length === 0) {
      batches.push([]);
      free = MOST_ELEMENTS;
    }
    batches.at(-1)!.push(region);
    free -= size;
  }
  return batches;
}

async function runBatch(
  regions: readonly Region[],
  found: Regions,
  options: AuditOptions,
  checks: Checks,
  progress: Progress,
): Promise<void> {
  const graph = auditGraph(found.a, found.b, regions.flatMap(({ pieces }) => pieces)); // prettier-ignore
  const { load, externalData, samples } = options;
  const bytes = writeOnnx(graph.graph, externalData && { externalData });
  const model = await load(bytes, { optimization: 'disabled' });
  const isRounded = roundedIn(found);
  try {
    for (const [sample, inputs] of samples.entries()) {
      const results = await model.run(inputsOf(model, inputs));
      for (const region of regions) {
        for (const piece of region.pieces) {
          const state = checks.get(region)!;
          const run = pieceRun(piece, graph, sample, { ...inputs, ...results });
          state.reason ||= whyUnproven(() => {
            checkPiece(piece, run, { ...found, isRounded }, state.check);
          });
          await progress.step();
        }
      }
    }
  } finally {
    await model.dispose();
  }
}

/** Runs, and gives the reason where there is no bound; empty where there is one. */
function whyUnproven(run: () => void): string {
  try {
    run();
    return '';
  } catch (error) {
    if (error instanceof EdgefoldError) return error.message;
    throw error;
  }
}

function inputsOf({ inputs }: Model, given: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  return Object.fromEntries(inputs.map(({ name }) => [name, given[name]!]));
}

function pieceRun(
  piece: Piece,
  { renamed }: AuditGraph,
  sample: number,
  values: Readonly<Record<string, Tensor>>,
): PieceRun {
  const names = renamed.get(piece) ?? bug('a piece is not in its audit graph');
  const tensor = (name: string) => (Object.hasOwn(values, name) ? values[name]! : bug(`the audit gave no ${name}`));
  return {
    sample,
    leaves: new Map(piece.leaves.map((name) => [name, tensor(name)])),
    unfolded: new Map(piece.outputs.map((name) => [name, tensor(name)])),
    folded: new Map(piece.outputs.map((name) => [name, tensor(names.get(name)!)])),
  };
}

/** Constants of the candidate that the reference does not have: they were computed and rounded. */
function roundedIn({ a }: Regions): (value: Value) => boolean {
  const known = new Map<Value, boolean>();
  return (value) => {
    const before = known.get(value);
    if (before !== undefined) return before;
    const [made, original] = [value.constant, a.values.get(value.name)?.constant];
    const isSame = made && original?.dtype === made.dtype && (made === original || isSameTensor(made.tensor(), original.tensor())); // prettier-ignore
    known.set(value, !isSame);
    return !isSame;
  };
}

function siteAudit({ pieces, folds }: Region, { check, reason }: { check: SiteCheck; reason: string }): SiteAudit {
  const result = check.result();
  const operators = (side: 'reference' | 'candidate') => pieces.flatMap((piece) => piece[side]).map(({ opType }: Node) => opType); // prettier-ignore
  const why = reason || (result.unbounded > 0 ? `${result.unbounded} elements are infinite, NaN or near the largest float` : result.elements === 0 ? 'it had no elements' : ''); // prettier-ignore
  return {
    verdict: result.violations > 0 ? 'violated' : why ? 'unproven' : 'proven',
    ...(why && { reason: why }),
    folds,
    outputs: pieces.flatMap(({ outputs }) => outputs),
    operators: { unfolded: operators('reference'), folded: operators('candidate') },
    ...result,
  };
}

function totalsOf({ uncovered }: Regions, sites: readonly SiteAudit[], { samples }: AuditOptions): AuditTotals {
  const violated = sites.find(({ verdict }) => verdict === 'violated');
  const unproven = sites.find(({ verdict }) => verdict === 'unproven');
  const reason = violated
    ? describeViolation(violated)
    : uncovered.length > 0
      ? `no site has the folds of ${uncovered.join(', ')}`
      : unproven && `${unproven.outputs.join(', ')}: ${unproven.reason ?? ''}`;
  const covered = sites.reduce((sum, { folds }) => sum + folds.length, 0);
  return {
    verdict: violated ? 'violated' : reason === undefined ? 'proven' : 'unproven',
    ...(reason !== undefined && { reason }),
    folds: covered + uncovered.length,
    covered,
    uncovered,
    sites: sites.length,
    proven: sites.filter(({ verdict }) => verdict === 'proven').length,
    samples: samples.length,
    elements: sites.reduce((sum, { elements }) => sum + elements, 0),
    violations: sites.reduce((sum, { violations }) => sum + violations, 0),
    worstShare: sites.reduce((most, { worstShare }) => Math.max(most, worstShare), 0),
  };
}

function describeViolation({ outputs, folds, violations, elements, worst }: SiteAudit): string {
  const site = `${outputs.join(', ')}${folds.length > 0 ? ` (fold of ${folds.join(', ')})` : ''}`;
  const place = worst ? `; at [${worst.index.join(', ')}] of ${worst.output}, sample ${worst.sample}, folded ${worst.folded}, unfolded ${worst.unfolded}, exact ${worst.exact}, bound ${worst.bound}` : ''; // prettier-ignore
  return `a defect, not rounding: ${violations} of ${elements} elements of ${site} break a proven bound${place}`;
}

function notRun({ regions, uncovered }: Regions, { samples, folds = [] }: AuditOptions, reason: string): Audit {
  const totals: AuditTotals = {
    verdict: 'not-run',
    reason,
    folds: folds.length,
    covered: folds.length - uncovered.length,
    uncovered,
    sites: regions.length,
    proven: 0,
    samples: samples.length,
    elements: 0,
    violations: 0,
    worstShare: 0,
  };
  return { totals, sites: [] };
}
