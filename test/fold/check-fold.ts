import { expect } from 'vitest';
import { foldGraph, type FoldOptions } from '../../src/fold/fold-graph.ts';
import type { FoldReport } from '../../src/fold/report.ts';
import { checkGraph } from '../../src/onnx/check.ts';
import { cloneGraph } from '../../src/onnx/clone.ts';
import type { Graph } from '../../src/onnx/graph.ts';
import { printGraph } from '../../src/onnx/print.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { allGraphs } from '../../src/onnx/subgraphs.ts';
import { inferShapes } from '../../src/onnx/shapes/infer.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { LEVELS, runGraph, type Outputs, type Seeding } from './run-graph.ts';

/** Largest |folded − unfolded| of an output, relative to the largest |unfolded|. */
export const TOLERANCES = {
  /** Integers and powers of two: nothing is rounded. */
  exact: 0,
  /** One layer of ordinary float32 weights. */
  layer: 1e-5,
  /** A whole network of float32 layers, relative to its largest output. */
  network: 1e-4,
  /** One layer of float16 weights: the unfolded form alone rounds four times to 11 bits. */
  half: 4e-3,
  /** One layer of float64 weights. */
  double: 1e-13,
} as const;

export interface CheckOptions extends FoldOptions {
  readonly tolerance?: keyof typeof TOLERANCES;
  /** Sizes for symbolic dimensions; 3 for those not named. */
  readonly sizes?: Readonly<Record<string, number>>;
  /** False for graphs that onnxruntime itself cannot load. */
  readonly runs?: boolean;
  readonly seeding?: Seeding;
  /** For models that onnxruntime itself computes less precisely at some levels, folded or not. */
  readonly levels?: readonly (typeof LEVELS)[number][];
  /** For models that take seconds to run: outputs only, and one optimisation level. */
  readonly brief?: boolean;
}

/** Every law that a fold owes, checked in every fold test. `expected` lists the nodes of the folded graph. */
export async function checkFold(
  graph: Graph,
  expected: readonly string[] | undefined,
  options: CheckOptions = {},
): Promise<FoldReport> {
  const before = printGraph(graph);
  const { graph: folded, report } = foldGraph(graph, options);
  if (expected) expect(nodeLines(folded)).toEqual(expected);
  expect(printGraph(graph), 'the input is untouched').toBe(before);
  checkAccounts(graph, folded, report);
  checkCertificates(report);
  if (!report.changed) expect(haveEqualBytes(folded, graph), 'nothing to fold, nothing changed').toBe(true);
  checkInterface(graph, folded);
  checkGraph(folded);
  checkSecondRun(folded, options);
  expect(printGraph(readOnnx(writeOnnx(folded))), 'survives the file format').toBe(printGraph(folded));
  if (options.runs !== false) await checkNumbers(graph, folded, options);
  return report;
}

/** The nodes as text, without the constants. */
export function nodeLines(graph: Graph): string[] {
  return printGraph(graph).split('\n').map((line) => line.trim()).filter((line) => line.includes(' = ') && !line.includes('] = {')); // prettier-ignore
}

/** Every BatchNormalization is either gone or named with a reason. */
function checkAccounts(graph: Graph, folded: Graph, { changed, nodes, batchNormalizations, folds }: FoldReport): void {
  const { found, folded: gone, kept } = batchNormalizations;
  const count = (of: Graph) => [...allGraphs(of)].flatMap((g) => g.nodes).filter(isBatchNormalization).length;
  expect(found).toBe(count(graph));
  expect(kept.length).toBe(count(folded));
  expect(gone).toBe(found - kept.length);
  expect(kept.every(({ reason }) => /\w+ \w+/.test(reason))).toBe(true);
  expect(nodes.after).toBe([...allGraphs(folded)].reduce((sum, { nodes: { length } }) => sum + length, 0));
  if (folds.length > 0) expect(changed).toBe(true);
}

const isBatchNormalization = ({ opType, domain }: Graph['nodes'][number]) =>
  opType === 'BatchNormalization' && domain === '';

/** Bounds, condition numbers and growths are numbers, and none is negative. */
function checkCertificates({ folds, written }: FoldReport): void {
  for (const { certificate } of folds) {
    if (!certificate) continue;
    const { bound, kappa, boundInRange, growth, uncounted, maxAbsScale, minAbsScale, parameters } = certificate;
    const both = [bound.unfolded, bound.folded].flatMap(({ perUnit, constant }) => [perUnit, constant]);
    const sizes = [...both, ...[kappa, boundInRange, growth].flatMap((own) => Object.values(own ?? {}) as number[])];
    expect([...sizes, minAbsScale].every((size) => size >= 0)).toBe(true);
    expect(maxAbsScale).toBeGreaterThanOrEqual(minAbsScale);
    expect(uncounted.every((label) => / \(\w+\)$/.test(label))).toBe(true);
    if (parameters) expect(parameters.total).toBeGreaterThan(0);
  }
  for (const { total, correctlyRounded } of written) expect(total).toBeGreaterThanOrEqual(correctlyRounded);
}

function checkInterface(graph: Graph, folded: Graph): void {
  const outputs = (of: Graph) => of.outputs.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
  expect(outputs(folded)).toEqual(outputs(graph));
  const inputs = (of: Graph) =>
    of.inputs.filter(({ constant }) => !constant).map(({ name, shape }) => ({ name, shape }));
  expect(inputs(folded)).toEqual(inputs(graph));
}

function checkSecondRun(folded: Graph, options: CheckOptions): void {
  const again = foldGraph(folded, options);
  expect(again.report.changed, 'a second run finds nothing').toBe(false);
  expect(haveEqualBytes(again.graph, folded), 'and changes nothing').toBe(true);
}

/** vitest's own comparison takes minutes for megabytes. */
const haveEqualBytes = (a: Graph, b: Graph) => Buffer.compare(writeOnnx(a), writeOnnx(b)) === 0;

/** Under every optimisation level, and for every value that kept its name. */
async function checkNumbers(graph: Graph, folded: Graph, options: CheckOptions): Promise<void> {
  const wanted = await runGraph(options.brief ? graph : withAllValues(graph), 'disabled', options);
  for (const level of options.brief ? (['all'] as const) : (options.levels ?? LEVELS)) {
    compare(await runGraph(folded, level, options), wanted, options, level);
  }
  if (!options.brief) compare(await runGraph(withAllValues(folded), 'disabled', options), wanted, options, 'inside');
}

/** A copy whose outputs are all float values of the main graph. */
function withAllValues(graph: Graph): Graph {
  const copy = cloneGraph(graph);
  inferShapes(copy);
  for (const output of copy.nodes.flatMap((node) => node.outputs)) {
    if (output && /^float(16|32|64)$/.test(output.dtype ?? '') && !copy.isOutput(output)) copy.outputs.push(output);
  }
  return copy;
}

function compare(got: Outputs, wanted: Outputs, { tolerance = 'exact' }: CheckOptions, where: string): void {
  for (const [name, actual] of got) {
    const expected = wanted.get(name);
    if (!expected) continue;
    expect(actual.dims, name).toEqual(expected.dims);
    const scale = expected.data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    const worst = actual.data.reduce((most, value, i) => Math.max(most, distance(value, expected.data[i]!)), 0);
    expect(worst / (scale || 1), `${name}, ${where}`).toBeLessThanOrEqual(TOLERANCES[tolerance]);
  }
}

/** NaN and ±∞ agree with themselves only. */
const distance = (a: number, b: number) => (Object.is(a, b) ? 0 : Number.isFinite(a - b) ? Math.abs(a - b) : Infinity);
