import { readInputFile } from '../../src/cli/inputs/input-file.ts';
import { fitInput } from '../../src/cli/inputs/fit-input.ts';
import { EdgefoldError } from '../../src/errors.ts';
import { exportSource } from '../../src/export/export-model.ts';
import { readSource } from '../../src/export/read/read-source.ts';
import type { SourceModel } from '../../src/export/source-model.ts';
import { openSource } from '../../src/files/source.ts';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import { readOnnxFile } from '../../src/node.ts';
import { checkGraph } from '../../src/onnx/check.ts';
import { evaluate } from '../../src/onnx/evaluate/evaluate.ts';
import type { Graph } from '../../src/onnx/graph.ts';
import { printGraph } from '../../src/onnx/print.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { allGraphs } from '../../src/onnx/subgraphs.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import type { Tensor } from '../../src/tensor.ts';
import type { Expected, Format, HostileFile } from './hostile-file.ts';
import { X as KERAS_X } from './write/keras-model.ts';
import { X as ONNX_X } from './write/onnx-file.ts';

const INPUTS: ReadonlySet<Format> = new Set(['png', 'npy', 'idx', 'json-input']);
const TOLERANCE = 1e-5;

/** What came of a file: how it ended, and what is wrong with that. */
export interface Outcome {
  /** `read`, or the code of the error. */
  readonly ending: string;
  readonly message: string;
  readonly complaint?: string;
}

/** Takes a model the whole way: everything that a user can ask for without running it. */
export async function passage({ format, expected }: HostileFile, path: string): Promise<Outcome> {
  try {
    if (INPUTS.has(format)) await readInput(path);
    else await readModel(format, expected, path);
  } catch (fault) {
    if (fault instanceof EdgefoldError) return judgeFault(fault, expected);
    const stack = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault);
    return { ending: 'untyped', message: stack, complaint: `an error that is not ours: ${stack}` };
  }
  const isRight = !('refused' in expected);
  return { ending: 'read', message: '', ...(!isRight && { complaint: 'it was not refused' }) };
}

function judgeFault(fault: EdgefoldError, expected: Expected): Outcome {
  const { code, message } = fault;
  const outcome = { ending: code, message };
  if ('either' in expected) return outcome;
  if (!('refused' in expected)) return { ...outcome, complaint: `it was refused: ${message}` };
  const isRight = expected.refused.includes(code) && expected.saying.test(message);
  return isRight ? outcome : { ...outcome, complaint: `expected ${expected.refused.join()} ${String(expected.saying)}, found ${code}: ${message}` }; // prettier-ignore
}

async function readInput(path: string): Promise<void> {
  fitInput(await readInputFile(path), { name: 'x', dtype: 'float32', shape: [1, 2, 3, 1] }, { scale: undefined, offset: undefined, take: undefined }); // prettier-ignore
}

async function readModel(format: Format, expected: Expected, path: string): Promise<void> {
  const isOnnx = format === 'onnx' || format === 'onnx-external';
  const graph = isOnnx ? await readOnnxFile(path) : await exported(path);
  touch(graph);
  const { graph: folded, report } = foldGraph(graph);
  checkGraph(folded);
  printGraph(folded);
  writeOnnx(graph);
  if (!isOnnx || format === 'onnx') readOnnx(writeOnnx(folded));
  if (!('answer' in expected)) return;
  await checkAnswer(graph, expected.answer, isOnnx ? ONNX_X : KERAS_X, 'as it is read');
  await checkAnswer(folded, expected.answer, isOnnx ? ONNX_X : KERAS_X, 'folded');
  const kept = report.batchNormalizations.kept.length;
  if (kept !== (expected.kept ?? 0)) throw new Error(`${kept} BatchNormalizations stay`);
}

async function exported(path: string): Promise<Graph> {
  const source = await readSource(await openSource(path));
  readWeights(source.model);
  return exportSource(source).graph;
}

function readWeights({ layers }: SourceModel): void {
  for (const { weights, model } of layers) {
    for (const weight of weights) weight.tensor();
    if (model) readWeights(model);
  }
}

/** Looks at every weight, bodies of loops included. */
function touch(graph: Graph): void {
  for (const { initializers, nodes } of allGraphs(graph)) {
    for (const { constant } of initializers) constant?.tensor();
    for (const { attributes } of nodes) for (const { kind, value } of attributes.values()) if (kind === 'tensor') value.tensor(); // prettier-ignore
  }
}

async function checkAnswer(graph: Graph, answer: readonly number[], x: Tensor, which: string): Promise<void> {
  const names = graph.inputs.filter(({ constant }) => !constant).map(({ name }) => name);
  const outputs = await evaluate(graph, Object.fromEntries(names.map((name) => [name, x])));
  const y = [...outputs.values()][0]!;
  const isRight = y.data.length === answer.length && answer.every((value, i) => agree(Number(y.data[i]), value));
  if (!isRight) throw new Error(`${which} it gives ${y.data.join(', ')} and not ${answer.join(', ')}`);
}

const agree = (a: number, b: number): boolean =>
  Object.is(a, b) || Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(b));
