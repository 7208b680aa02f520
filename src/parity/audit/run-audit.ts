import { bug, EdgefoldError } from '../../errors.ts';
import type { Graph, Value } from '../../onnx/graph.ts';
import type { ExternalData } from '../../onnx/read.ts';
import { writeOnnx } from '../../onnx/write.ts';
import type { Load, Model } from '../../runtime/model.ts';
import type { Tensor } from '../../tensor.ts';
import { auditGraph, defaultsOf, type AuditGraph } from './audit-graph.ts';
import { notRun, siteAudit, totalsOf } from './conclude.ts';
import { ConstantCache } from './bounds/fragment.ts';
import type { Piece } from './pieces.ts';
import { regionsOf, type FoldedNode, type Region, type Regions } from './regions.ts';
import type { Audit } from './report.ts';
import { checkPiece, type PieceRun } from './run-site.ts';
import { isSameTensor } from './same-tensor.ts';
import { SiteCheck } from './site-check.ts';

export interface AuditOptions {
  readonly load: Load;
  readonly reference: Graph;
  readonly candidate: Graph;
  /** What is said to have been folded, so that it is noticed if nothing vouches for one of them. */
  readonly folds?: readonly FoldedNode[];
  /**
   * Whether a name says what a value holds, as it does where Edgefold folds (`kept`, the default). Other tools give
   * the names of values that they take out to what is there instead: with `guessed` a name within the network is
   * given up where the two values disagree, and what lies around it is looked at as one site.
   */
  readonly names?: 'kept' | 'guessed';
  readonly samples: readonly Readonly<Record<string, Tensor>>[];
  /** Reads weights that lie in other files. */
  readonly externalData?: ExternalData;
  /** Elements of a value for the largest sample, as far as they are known. */
  readonly elementsOf?: (value: Value) => number | undefined;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Float values that one run of the audit graph may give: 512 MiB of float32. */
const MOST_ELEMENTS = 2 ** 27;
const UNKNOWN_ELEMENTS = 2 ** 20;
const TURN_MS = 50;
/** Each gives up at least one name; who reuses them everywhere is not looked into for long. */
const MOST_ROUNDS = 8;

/**
 * Runs every part that the candidate computes in another way, both ways, on the very values that the reference has
 * there, and holds both against proven bounds on their rounding errors. What agrees within them at every site is the
 * same function; what does not is a defect, whatever its size.
 */
export async function audit(options: AuditOptions): Promise<Audit> {
  const without = new Set<string>();
  for (let round = 1; ; round++) {
    const { result, regions } = await auditOnce(options, without);
    const isOver = options.names !== 'guessed' || round === MOST_ROUNDS;
    const reused = isOver ? [] : reusedNames(result, regions, options.reference);
    if (reused.length === 0) return result;
    for (const name of reused) without.add(name);
  }
}

/**
 * Values within the network that differ by more than rounding. What is made of such a value differs too, so it gets
 * another chance without its name.
 */
function reusedNames({ sites }: Audit, regions: readonly Region[], { outputs }: Graph): string[] {
  const kept = new Set(outputs.map(({ name }) => name));
  const reused = new Set<string>();
  for (const [index, { pieces }] of regions.entries()) {
    const isInherited = pieces.some(({ leaves }) => leaves.some((leaf) => reused.has(leaf)));
    if (sites[index]?.verdict !== 'violated' || isInherited) continue;
    for (const name of pieces.flatMap((piece) => piece.outputs)) if (!kept.has(name)) reused.add(name);
  }
  return [...reused];
}

interface Round {
  readonly result: Audit;
  readonly regions: readonly Region[];
}

async function auditOnce(options: AuditOptions, without: ReadonlySet<string>): Promise<Round> {
  const found = regionsOf(options.reference, options.candidate, options.folds, without);
  const conditions = { ...options, without };
  const failed = (reason: string): Round => ({ result: notRun(found, conditions, reason), regions: [] });
  if (options.reference.opset !== options.candidate.opset) {
    return failed('the two models are of different opsets, so their operators may differ');
  }
  const checks = new Map(found.regions.map((region) => [region, { check: new SiteCheck(), reason: '' }]));
  const progress = new Progress(options, found);
  for (const batch of batchesOf(found, options)) {
    try {
      await runBatch(batch, found, options, checks, progress);
    } catch (error) {
      if (!(error instanceof EdgefoldError) || error.code === 'ABORTED') throw error;
      return failed(`it did not run: ${error.message}`);
    }
  }
  const sites = found.regions.map((region) => siteAudit(region, checks.get(region)!));
  return { result: { totals: totalsOf(found, sites, conditions), sites }, regions: found.regions };
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
  const defaults = defaultsOf(graph.graph);
  const surroundings = { ...found, isRounded: roundedIn(found), constants: new ConstantCache() };
  try {
    for (const [sample, inputs] of samples.entries()) {
      const values = { ...defaults, ...inputs, ...(await model.run(inputsOf(model, inputs))) };
      for (const region of regions) {
        for (const piece of region.pieces) {
          const state = checks.get(region)!;
          const run = pieceRun(piece, graph, sample, values);
          state.reason ||= whyUnproven(() => {
            checkPiece(piece, run, surroundings, state.check);
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
