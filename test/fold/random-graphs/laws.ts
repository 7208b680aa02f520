import { foldGraph } from '../../../src/fold/fold-graph.ts';
import type { FoldReport } from '../../../src/fold/report.ts';
import { checkGraph } from '../../../src/onnx/check.ts';
import type { Graph, Value } from '../../../src/onnx/graph.ts';
import { readOnnx } from '../../../src/onnx/read.ts';
import { allGraphs } from '../../../src/onnx/subgraphs.ts';
import { writeOnnx } from '../../../src/onnx/write.ts';
import type { Elements } from './batch.ts';
import type { Expectation } from './families.ts';
import type { Specimen } from './networks.ts';

/** What folding made of a specimen, and everything that is wrong about it apart from the numbers. */
export interface Judged {
  readonly folded: Graph;
  readonly report: FoldReport;
  readonly complaints: readonly string[];
}

/** Every law that needs no run: the same as `checkFold` demands, as sentences, and what theory expects. */
export function judge({ graph, expected }: Specimen): Judged {
  const before = writeOnnx(graph);
  const { graph: folded, report } = foldGraph(graph);
  const bytes = writeOnnx(folded);
  const laws: readonly (readonly [boolean, string])[] = [
    [equal(writeOnnx(graph), before), 'the input has changed'],
    [report.changed || equal(bytes, before), 'nothing is said to change, and the bytes differ'],
    ...accounts(graph, folded, report),
    [interfaceOf(folded) === interfaceOf(graph), `the interface was ${interfaceOf(graph)}, and is ${interfaceOf(folded)}`], // prettier-ignore
    [equal(writeOnnx(readOnnx(bytes)), bytes), 'it does not survive the file format'],
    [equal(writeOnnx(foldGraph(readOnnx(before)).graph), bytes), 'read from its file it folds to something else'],
    ...secondRun(folded, bytes),
    ...asExpected(graph, folded, report, expected),
  ];
  return { folded, report, complaints: [...laws.filter(([holds]) => !holds).map(([, what]) => what), ...faults(folded)] }; // prettier-ignore
}

const equal = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

type Laws = readonly (readonly [boolean, string])[];

function accounts(graph: Graph, folded: Graph, { batchNormalizations, nodes, changed, folds }: FoldReport): Laws {
  const { found, folded: gone, kept } = batchNormalizations;
  return [
    [found === count(graph, ['BatchNormalization']), 'not every BatchNormalization was found'],
    [kept.length === count(folded, ['BatchNormalization']), 'not every BatchNormalization that is left is reported'],
    [gone === found - kept.length, 'folded and kept do not add up'],
    [kept.every(({ reason }) => /\w+ \w+/.test(reason)), 'one is kept without a reason'],
    [nodes.after === count(folded), 'the number of nodes is wrong'],
    [folds.length === 0 || changed, 'there are folds, and nothing is said to change'],
  ];
}

const AFFINES = ['BatchNormalization', 'Mul', 'Add', 'Sub', 'Div', 'Neg', 'Sqrt'];

const count = (graph: Graph, opTypes?: readonly string[]) =>
  [...allGraphs(graph)].flatMap(({ nodes }) => nodes).filter(({ opType }) => opTypes?.includes(opType) ?? true).length;

function secondRun(folded: Graph, bytes: Uint8Array): Laws {
  const again = foldGraph(folded);
  return [
    [!again.report.changed, 'a second run says that it has changed something'],
    [equal(writeOnnx(again.graph), bytes), 'a second run changes something'],
  ];
}

function asExpected(graph: Graph, folded: Graph, { batchNormalizations }: FoldReport, expected?: Expectation): Laws {
  if (!expected) return [];
  const left = count(folded, AFFINES);
  if (expected.kind === 'kept')
    return [[batchNormalizations.folded === 0 && left > 0, 'something is folded that must stay']];
  return [[batchNormalizations.kept.length === 0 && left <= expected.most, `${left} of ${count(graph, AFFINES)} affines are left, and at most ${expected.most} should be`]]; // prettier-ignore
}

/** Inputs without constants, all overridable ones, and the outputs, in order, with their types. */
function interfaceOf(graph: Graph): string {
  const overridable = graph.inputs.some(({ constant }) => !constant);
  const typed = ({ name, dtype, shape }: Value) => `${name}: ${dtype ?? '?'}[${shape?.join() ?? '?'}]`;
  const inputs = graph.inputs.filter(({ constant }) => !constant || !overridable);
  return `${inputs.map(typed).join(', ')} => ${graph.outputs.map(typed).join(', ')}`;
}

function faults(folded: Graph): string[] {
  try {
    checkGraph(folded);
    return [];
  } catch (error) {
    return [String(error)];
  }
}

/** Largest difference relative to the largest element. */
const TOLERANCE = { exact: 0, real: 1e-4 };

/** Where two runs of a graph disagree. */
export function differences(
  wanted: ReadonlyMap<string, Elements>,
  got: ReadonlyMap<string, Elements>,
  exact: boolean,
): string[] {
  return [...got].flatMap(([name, { dims, data }]) => {
    const expected = wanted.get(name);
    if (!expected) return [`${name} was not there before`];
    if (dims.join() !== expected.dims.join()) return [`${name} is [${dims.join()}] and was [${expected.dims.join()}]`];
    const worst = distance(data, expected.data);
    const most = exact ? TOLERANCE.exact : TOLERANCE.real;
    return worst <= most ? [] : [`${name} differs by ${worst} of its largest element`];
  });
}

function distance(a: Float32Array, b: Float32Array): number {
  let [worst, largest] = [0, 0];
  for (let index = 0; index < b.length; index++) {
    largest = Math.max(largest, Math.abs(b[index]!));
    const difference = Math.abs(a[index]! - b[index]!);
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Infinity : difference;
  }
  return worst === 0 ? 0 : worst / (largest || 1);
}
