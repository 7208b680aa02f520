import { bug, EdgefoldError } from '../../errors.ts';
import type { Graph, Value } from '../../onnx/graph.ts';
import { callOrder, refsOf } from '../call-order.ts';
import { GraphWriter, type Workshop } from '../graph-writer.ts';
import type { OutputShapes } from '../lower-model.ts';
import type { ChangedInput, InputOptions } from '../model-inputs.ts';
import { asKeras } from '../reorder.ts';
import type { SourceFile, SourceLayer, SourceModel, TensorRef } from '../source-model.ts';
import { contentsOf } from './contents.ts';
import { graphInputs } from './graph-inputs.ts';
import { isHandle, type OperatorLowering, type Result } from './lowering.ts';
import { constantOperand, handleOperand, integerConstant, weightConstant, type Operand } from './operand.ts';
import { allKnown, Operator } from './operator.ts';
import { OPERATOR_LOWERINGS } from './operators/index.ts';
import { Refusals } from './refusals.ts';

/** A TensorFlow graph in ONNX. */
export interface LoweredGraph {
  readonly outputs: readonly Value[];
  readonly warnings: ReadonlySet<string>;
  readonly changedInputs: readonly ChangedInput[];
  readonly outputShapes: ReadonlyMap<string, OutputShapes>;
}

interface Job {
  readonly origin: SourceFile;
  readonly workshop: Workshop;
  readonly lowerings: ReadonlyMap<string, OperatorLowering>;
  readonly refusals: Refusals;
  /** What each node gives; nodes that could not be lowered have no entry. */
  readonly made: Map<string, readonly Operand[]>;
}

/**
 * Writes the nodes of a TF.js graph model that its outputs depend on.
 *
 * @throws {EdgefoldError} UNSUPPORTED once for all operators that cannot be exported, WEIGHTS for a Const without its
 * weight, CORRUPT for a graph that makes no sense.
 */
export function lowerTfjsGraph(source: SourceFile, graph: Graph, options: InputOptions): LoweredGraph {
  const { model } = source;
  const lowerings = new Map(OPERATOR_LOWERINGS.flatMap((lowering) => lowering.ops.map((op) => [op, lowering])));
  const refusals = new Refusals();
  for (const layer of dependencies(model)) {
    if (!lowerings.has(layer.className) && !SOURCES.has(layer.className)) refusals.add(layer);
  }
  // The old form of loops goes in circles, which have no order.
  refusals.throwIfCircular();
  const workshop: Workshop = {
    graph,
    constants: new Map(),
    forms: new Map(),
    unmasked: new Set(),
    warnings: new Set(),
    lowerInner: () => bug('an operator holds no layer'),
  };
  const { made, changed: changedInputs } = graphInputs(model, source, workshop, options);
  const job: Job = { origin: source, workshop, lowerings, refusals, made };
  for (const { layer } of callOrder(model)) lowerNode(job, layer);
  refusals.throwIfAny();
  const outputs = model.outputs.map((ref, i) => {
    const writer = new GraphWriter(workshop, model.names?.outputs[i] ?? ref.layer);
    return asKeras(writer, find(job, ref, model.name)!.handle()).value;
  });
  const outputShapes = new Map([...made].map(([name, operands]) => [name, operands.map(({ shape }) => shape)]));
  return { outputs, warnings: workshop.warnings, changedInputs, outputShapes };
}

/** Operators that only give what is there already. */
const SOURCES: ReadonlySet<string> = new Set(['Const', 'Placeholder']);

/** The nodes that the outputs depend on, in any order, circles or not. */
function dependencies(model: SourceModel): SourceLayer[] {
  const layers = new Map(model.layers.map((layer) => [layer.name, layer]));
  const reached = new Set<SourceLayer>();
  const pending = model.outputs.map(({ layer }) => layer);
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const layer = layers.get(name);
    if (!layer || reached.has(layer)) continue;
    reached.add(layer);
    for (const call of layer.calls) pending.push(...refsOf(call).map((ref) => ref.layer));
  }
  return [...reached];
}

function lowerNode(job: Job, layer: SourceLayer): void {
  if (job.made.has(layer.name)) return;
  if (layer.className === 'Const') {
    job.made.set(layer.name, [constOperand(layer, job.workshop)]);
    return;
  }
  const inputs = refsOf(layer.calls[0]!).map((ref) => find(job, ref, layer.name));
  if (layer.className === 'Placeholder') {
    job.refusals.note(`${layer.name} (Placeholder): the signature does not name it as an input`);
  }
  const lowering = job.lowerings.get(layer.className);
  if (!lowering || !inputs.every((input) => input !== undefined)) return;
  const op = new Operator(layer, job.origin, inputs);
  try {
    const results: Result[] = [lowering.lower(op, new GraphWriter(job.workshop, layer.name))].flat();
    job.made.set(layer.name, asOperands(op, results, job.workshop));
  } catch (error) {
    if (!(error instanceof EdgefoldError) || error.code !== 'UNSUPPORTED') throw error;
    job.refusals.note(error.message);
  }
}

/** A tensor that a node reads; `undefined` if what makes it could not be lowered. */
function find({ made }: Job, { layer, tensor }: TensorRef, reader: string): Operand | undefined {
  const operands = made.get(layer);
  if (!operands) return undefined;
  return operands[tensor] ?? missing(reader, layer, tensor);
}

function missing(reader: string, layer: string, tensor: number): never {
  throw new EdgefoldError('CORRUPT', `it reads tensor ${tensor} of ${layer}, which does not give as many`, {
    where: reader,
  });
}

function constOperand({ name, weights: [weight] }: SourceLayer, workshop: Workshop): Operand {
  if (weight) return constantOperand(weightConstant(name, weight), workshop);
  throw new EdgefoldError('WEIGHTS', 'a constant of the graph has no value', {
    where: name,
    expected: 'a weight of that name in the weightsManifest',
    hint: 'The weights may belong to another version of the model.',
  });
}

/** What is known without the graph is no part of it. */
function asOperands(op: Operator, results: readonly Result[], workshop: Workshop): Operand[] {
  if (results.length !== 1) return results.map((result) => (isHandle(result) ? handleOperand(result) : result));
  const [result] = results as [Result];
  const contents = contentsOf(op);
  if (contents && allKnown(contents) && allKnown(result.shape)) {
    return [constantOperand(integerConstant(op.name, result.shape, contents), workshop)];
  }
  return [isHandle(result) ? handleOperand(result, contents, op) : result];
}
