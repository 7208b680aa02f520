import { appendFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { EdgefoldError } from '../src/errors.ts';
import { foldGraph } from '../src/fold/fold-graph.ts';
import { exportModel, load, readOnnxFile } from '../src/node.ts';
import type { NumericReal } from '../src/onnx/evaluate/real.ts';
import { multiplyAdds } from '../src/onnx/evaluate/work.ts';
import type { Graph } from '../src/onnx/graph.ts';
import { writeOnnx } from '../src/onnx/write.ts';
import type { ParityReport } from '../src/parity/report.ts';
import { generateSamples } from '../src/parity/samples.ts';
import { againstTruth, truthOf } from '../src/parity/truth.ts';
import { verify } from '../src/parity/verify.ts';
import { describeMachine, describeVersions } from './machine.ts';
import { resNet50 } from './networks.ts';
import { withVariedWeights } from './varied-weights.ts';

/** Folds every model that is there and audits every site of every fold; see bench/README.md. */
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SHARED = process.env.EDGEFOLD_SHARED ?? join(ROOT, '../shared');
const RESULTS = fileURLToPath(new URL('results/audit.jsonl', import.meta.url));

/** A model, or a folder of small ones that make one row. */
interface Subject {
  readonly name: string;
  readonly graphs: () => Iterable<Graph> | AsyncIterable<Graph>;
}

const GENERATED: readonly Subject[] = [{ name: 'generated ResNet-50', graphs: () => [resNet50()] }];
/** More of them tell little more. */
const MOST_SAMPLES = 64;

/** Models of the project and, where it is there, of the shared folder; folders of patterns count as one. */
function subjects(): Subject[] {
  const found = [
    ...filesIn(ROOT, 'models').map((name) => ({ base: ROOT, name })),
    ...filesIn(SHARED, 'corpus').map((name) => ({ base: SHARED, name })),
  ].filter(({ name }) => /(\.keras|\.h5|model\.json|\.onnx)$/.test(name) && !/hostile\/|sudoku\/model\.h5$/.test(name));
  const patterns = filesIn(SHARED, 'conformance/fold-patterns').filter((name) => name.endsWith('.onnx'));
  const files = found.flatMap(({ base, name }) => [
    { name, graphs: () => readAll(base, [name]) },
    { name: `${name}, filled weights varied`, graphs: () => varied(readAll(base, [name])) },
  ]);
  const folder = { name: 'conformance/fold-patterns', graphs: () => readAll(SHARED, patterns) };
  return [...GENERATED, ...files, ...(patterns.length > 0 ? [folder] : [])];
}

function filesIn(base: string, folder: string): string[] {
  if (!existsSync(join(base, folder))) return [];
  const files = readdirSync(join(base, folder), { recursive: true, encoding: 'utf8' });
  return files.map((path) => `${folder}/${path.replaceAll('\\', '/')}`).toSorted();
}

async function* readAll(base: string, names: readonly string[]): AsyncGenerator<Graph> {
  for (const name of names) {
    const path = join(base, name);
    yield name.endsWith('.onnx') ? await readOnnxFile(path) : (await exportModel(path)).graph;
  }
}

/** Networks whose weights were filled with one number, with others in its place; none of the rest. */
async function* varied(graphs: AsyncIterable<Graph>): AsyncGenerator<Graph> {
  for await (const graph of graphs) {
    const found = withVariedWeights(graph);
    if (found) yield found;
  }
}

interface Row {
  readonly model: string;
  readonly models: number;
  readonly samples: number;
  /** Models that onnxruntime's CPU does not run as they are, so that nothing can be compared. */
  readonly notRun: number;
  readonly folds: number;
  readonly covered: number;
  readonly sites: number;
  readonly proven: number;
  readonly elements: number;
  readonly violations: number;
  readonly worstShare: number;
  /** Sites where folding costs a quarter or more, and those where rounded parameters do not account for it. */
  readonly farther: number;
  readonly unexplained: number;
  /** Largest rms error against float64, folded by unfolded, over the outputs; `null` where unfolded has none. */
  readonly worstRatio: number | null;
  /** The same for the folded model in exact arithmetic: what no runtime can avoid once the weights are rounded. */
  readonly worstRounded: number | null;
  readonly cpuS: number;
}

/** Those that a caller has to give. */
const inputsOf = ({ inputs }: Graph) => inputs.filter(({ constant }) => constant === undefined);

/** Samples that together take about this many multiply-adds to evaluate once, within bounds. */
function samplesFor(graph: Graph, work: number): number {
  const shapes = inputsOf(graph).map(({ name, shape }) => [name, (shape ?? []).map((dim) => (typeof dim === 'number' ? dim : 2))]); // prettier-ignore
  const each = multiplyAdds(graph, Object.fromEntries(shapes) as Record<string, number[]>);
  return Math.min(MOST_SAMPLES, Math.max(1, Math.floor(work / Math.max(1, each))));
}

/** @throws {EdgefoldError} if a file cannot be read. */
async function auditSubject({ name, graphs }: Subject, work: number): Promise<Row> {
  const start = process.cpuUsage();
  const reports: ParityReport[] = [];
  const rounded: (number | null)[] = [];
  for await (const reference of graphs()) {
    const { graph: candidate, report } = foldGraph(reference);
    const models = { reference: writeOnnx(reference), candidate: writeOnnx(candidate) };
    const proof = { graphs: { reference, candidate, folds: report.folds }, proof: 'always' as const };
    const samples = samplesFor(reference, work);
    const parity = await verify({ load, ...models, ...proof, samples, levels: ['disabled'] });
    reports.push(parity);
    rounded.push(...(await roundedRatios(reference, candidate, parity)));
  }
  const sum = (of: (report: ParityReport) => number) => reports.reduce((total, report) => total + of(report), 0);
  const ratios = reports.flatMap(({ truth }) => (truth.verdict === 'measured' ? Object.values(truth.outputs) : []));
  const { user, system } = process.cpuUsage(start);
  return {
    model: name,
    models: reports.length,
    samples: sum(({ samples }) => samples),
    notRun: sum(({ audit }) => Number(audit.verdict === 'not-run')),
    folds: sum(({ audit }) => audit.folds),
    covered: sum(({ audit }) => audit.covered),
    sites: sum(({ audit }) => audit.sites),
    proven: sum(({ audit }) => audit.proven),
    elements: sum(({ audit }) => audit.elements),
    violations: sum(({ audit }) => audit.violations),
    worstShare: Math.max(0, ...reports.map(({ audit }) => audit.worstShare)),
    farther: sum(({ audit }) => audit.farther),
    unexplained: sum(({ audit }) => audit.unexplained),
    worstRatio: largest(ratios.map(({ ratio }) => ratio)),
    worstRounded: largest(rounded),
    cpuS: Math.round((user + system) / 1e5) / 10,
  };
}

const largest = (ratios: readonly (number | null)[]): number | null =>
  ratios.reduce((most, ratio) => (ratio === null ? most : Math.max(most ?? 0, ratio)), null);

/** rms errors of the folded model in float64, by those of the unfolded run; the samples are the ones that `verify` made. */
async function roundedRatios(reference: Graph, candidate: Graph, report: ParityReport): Promise<(number | null)[]> {
  if (report.truth.verdict !== 'measured') return [];
  const { outputs } = report.truth;
  const specs = inputsOf(reference).map(({ name, dtype, shape }) => ({ name, dtype: dtype!, shape: shape ?? [] }));
  const samples = generateSamples(specs, { samples: report.samples, seed: report.seed });
  const truth = await truthOf(reference, samples);
  const exact = (await truthOf(candidate, samples)).map((values) => Object.fromEntries([...values].map(asTensor)));
  return Object.entries(againstTruth(truth, exact, exact)).map(([name, { folded }]) => {
    const unfolded = outputs[name]?.unfolded.rms ?? 0;
    return unfolded === 0 ? null : folded.rms / unfolded;
  });
}

const asTensor = ([name, { shape, data }]: [string, NumericReal]) =>
  [name, { dtype: 'float64', shape, data } as const] as const;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { work: { type: 'string', default: '1e9' }, 'dry-run': { type: 'boolean', default: false } },
  });
  const rows: Row[] = [];
  for (const subject of subjects()) {
    if (!positionals.every((word) => subject.name.includes(word))) continue;
    const row = await auditOrTell(subject, Number(values.work));
    if (!row || row.models === 0) continue;
    rows.push(row);
    console.log(line(row));
  }
  if (rows.length === 0) throw new EdgefoldError('USAGE', 'no model has every one of these words in its name');
  console.log(line(rows.reduce(total)));
  if (rows.some(({ violations, covered, folds }) => violations > 0 || covered < folds)) process.exitCode = 1;
  if (!values['dry-run']) append([...rows, rows.reduce(total)]);
}

async function auditOrTell(subject: Subject, work: number): Promise<Row | undefined> {
  try {
    return await auditSubject(subject, work);
  } catch (error) {
    if (!(error instanceof EdgefoldError)) throw error;
    console.log(`${subject.name}: left out, ${error.message}`);
    process.exitCode = 1;
    return undefined;
  }
}

function total(a: Row, b: Row): Row {
  const sums = (
    [
      'models',
      'notRun',
      'samples',
      'folds',
      'covered',
      'sites',
      'proven',
      'elements',
      'violations',
      'farther',
      'unexplained',
    ] as const
  ).map((key) => [key, a[key] + b[key]] as const);
  return {
    ...b,
    model: 'TOTAL',
    ...(Object.fromEntries(sums) as Pick<Row, (typeof sums)[number][0]>),
    worstShare: Math.max(a.worstShare, b.worstShare),
    worstRatio: largest([a.worstRatio, b.worstRatio]),
    worstRounded: largest([a.worstRounded, b.worstRounded]),
    cpuS: Math.round(10 * (a.cpuS + b.cpuS)) / 10,
  };
}

function line({
  model,
  folds,
  covered,
  sites,
  proven,
  elements,
  violations,
  worstShare,
  farther,
  unexplained,
  worstRatio,
  worstRounded,
  cpuS,
}: Row): string {
  return [
    model.padEnd(58),
    `${covered}/${folds} folds`.padStart(14),
    `${proven}/${sites} proven`.padStart(16),
    `${elements.toExponential(2)} elements`.padStart(19),
    `${violations} violations`.padStart(14),
    `share ${worstShare.toPrecision(3)}`.padStart(13),
    `farther ${farther} (${unexplained} unexplained)`.padStart(28),
    `ratio ${worstRatio?.toPrecision(3) ?? '-'} (rounded ${worstRounded?.toPrecision(3) ?? '-'})`.padStart(28),
    `${cpuS} s`.padStart(8),
  ].join('');
}

function append(rows: readonly object[]): void {
  mkdirSync(new URL('results/', import.meta.url), { recursive: true });
  const conditions = {
    date: new Date().toISOString(),
    ...describeVersions(),
    machine: describeMachine(),
    loadAverage: Math.round(loadavg()[0]! * 100) / 100,
  };
  appendFileSync(RESULTS, rows.map((row) => `${JSON.stringify({ ...row, ...conditions })}\n`).join(''));
}

await main();
