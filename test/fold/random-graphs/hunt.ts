import fc from 'fast-check';
import { runTogether, type Elements, type Guest, type Level } from './batch.ts';
import { differences, judge, type Judged } from './laws.ts';
import { FAMILIES, type Family } from './families.ts';
import { grow, type Genome, type Specimen } from './networks.ts';

/** One graph that breaks a law: with this, and only this, it can be grown again. */
export interface Find {
  readonly family: Family;
  readonly genome: Genome;
  readonly complaints: readonly string[];
}

export interface Hunt {
  readonly graphs: number;
  readonly exact: number;
  /** How many had to be folded, or kept. */
  readonly gone: number;
  readonly kept: number;
  readonly finds: readonly Find[];
  /** How often each operator was grown, and how often each let an affine through or took one in. */
  readonly grown: ReadonlyMap<string, number>;
  readonly passed: ReadonlyMap<string, number>;
  readonly folds: number;
}

const number = fc.noBias(fc.nat(65_535));

export const genomes: fc.Arbitrary<Genome> = fc.record({
  head: fc.array(number, { minLength: 8, maxLength: 8 }),
  steps: fc.array(fc.array(number, { minLength: 12, maxLength: 12 }), { minLength: 1, maxLength: 10, size: 'max' }),
});

interface Candidate {
  readonly family: Family;
  readonly genome: Genome;
  readonly specimen: Specimen;
  readonly judged: Judged;
  readonly complaints: string[];
}

/** So many graphs share a session. */
const TOGETHER = 100;

/** Grows graphs from a seed and holds every law against each of them. */
export async function hunt(seed: number, graphs: number): Promise<Hunt> {
  const tally = new Tally();
  const waiting = new Map<number, Candidate[]>();
  const sampled = fc.sample(genomes, { numRuns: graphs, seed });
  for (const [index, genome] of sampled.entries()) {
    const candidate = candidateOf(FAMILIES[index % FAMILIES.length]!, genome);
    const { opset } = candidate.specimen.graph;
    const group = waiting.get(opset) ?? [];
    waiting.set(opset, group);
    group.push(candidate);
    if (group.length === TOGETHER) tally.add(await tried(group.splice(0)));
  }
  for (const group of waiting.values()) if (group.length > 0) tally.add(await tried(group));
  return tally;
}

function candidateOf(family: Family, genome: Genome): Candidate {
  const specimen = grow(genome, family);
  try {
    const judged = judge(specimen);
    return { family, genome, specimen, judged, complaints: [...judged.complaints] };
  } catch (error) {
    const judged = { folded: specimen.graph, report: undefined as never, complaints: [] };
    return { family, genome, specimen, judged, complaints: [error instanceof Error ? (error.stack ?? error.message) : String(error)] }; // prettier-ignore
  }
}

/** Adds what a run in onnxruntime has to complain about. */
async function tried(group: readonly Candidate[]): Promise<readonly Candidate[]> {
  try {
    await compare(group, 'disabled', 'inside');
    await compare(group, 'all', 'outside');
  } catch (error) {
    if (group.length > 1) for (const candidate of group) await tried([candidate]);
    else if (await loads(group[0]!)) group[0]!.complaints.push(`onnxruntime: ${String(error)}`);
  }
  return group;
}

/** onnxruntime cannot load some graphs at all, or breaks them by its own optimisations. */
async function loads({ specimen }: Candidate): Promise<boolean> {
  const guest = guestOf(specimen.graph, specimen, 'outside');
  try {
    for (const level of ['disabled', 'all'] as const) await runTogether([guest], level);
    return true;
  } catch {
    return false;
  }
}

/** Unfolded without any optimisation against folded, at a level of optimisation. */
async function compare(group: readonly Candidate[], level: Level, where: 'inside' | 'outside'): Promise<void> {
  const before = group.map(({ specimen }) => guestOf(specimen.graph, specimen, where));
  const after = group.map(({ specimen, judged }) => guestOf(judged.folded, specimen, where));
  const wanted = await runTogether(before, 'disabled');
  const got = await runTogether(after, level);
  for (const [index, { specimen, complaints }] of group.entries()) {
    const found = differences(wanted[index]!, got[index]!, specimen.exact);
    if (found.length === 0 || (await breaks(before[index]!, wanted[index]!, level))) continue;
    complaints.push(...found.map((what) => `${what}, at level ${level}`));
  }
}

/** Whether onnxruntime itself, by optimising, makes something else of a graph that has not been folded. */
async function breaks(guest: Guest, wanted: ReadonlyMap<string, Elements>, level: Level): Promise<boolean> {
  const [optimised] = level === 'disabled' ? [] : await runTogether([guest], level);
  return optimised !== undefined && differences(wanted, optimised, guest.exact).length > 0;
}

/** Inside means every value that kept its name, outside the outputs only, as a caller sees them. */
function guestOf(
  graph: Specimen['graph'],
  { sizes, observed, overridden, exact }: Specimen,
  where: 'inside' | 'outside',
): Guest {
  const values = where === 'inside' ? graph.nodes.flatMap(({ outputs }) => outputs) : graph.outputs;
  const wanted = values.flatMap((value) => (value?.producer && observed.has(value.name) ? [value.name] : []));
  return { graph, sizes, wanted: [...new Set(wanted)], overridden, exact };
}

class Tally implements Hunt {
  graphs = 0;
  exact = 0;
  gone = 0;
  kept = 0;
  folds = 0;
  readonly finds: Find[] = [];
  readonly grown = new Map<string, number>();
  readonly passed = new Map<string, number>();

  add(candidates: readonly Candidate[]): void {
    for (const { family, genome, specimen, judged, complaints } of candidates) {
      this.graphs++;
      this.exact += Number(specimen.exact);
      this.gone += Number(specimen.expected?.kind === 'gone');
      this.kept += Number(specimen.expected?.kind === 'kept');
      if (complaints.length > 0) this.finds.push({ family, genome, complaints });
      for (const name of specimen.grown) count(this.grown, name);
      for (const fold of complaints.length > 0 ? [] : judged.report.folds) this.#addFold(fold);
    }
  }

  #addFold({ direction, through, into }: Judged['report']['folds'][number]): void {
    this.folds++;
    for (const label of [...through, ...into])
      count(this.passed, `${/\((\w+)\)$/.exec(label)?.[1] ?? label} ${direction}`);
  }
}

const count = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);

/** What is wrong with one graph alone. */
export async function complaintsOf(genome: Genome, family: Find['family']): Promise<readonly string[]> {
  const [candidate] = await tried([candidateOf(family, genome)]);
  return candidate!.complaints;
}

/** The smallest graph with a complaint that fast-check finds from this one on. */
export async function shrunk({ genome, family }: Find): Promise<Find> {
  const isFine = fc.asyncProperty(genomes, async (candidate) => (await complaintsOf(candidate, family)).length === 0);
  const { counterexample } = await fc.check(isFine, { examples: [[genome]], numRuns: 1 });
  const smallest = counterexample?.[0] ?? genome;
  return { genome: smallest, family, complaints: await complaintsOf(smallest, family) };
}
