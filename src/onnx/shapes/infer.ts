import { EdgefoldError } from '../../errors.ts';
import type { Dim } from '../../tensor.ts';
import type { Graph, Node, Value, ValueType } from '../graph.ts';
import { subgraphsOf } from '../subgraphs.ts';
import { CONTENT_RULES } from './contents.ts';
import { overridableInitializers, storedTensor } from './initializers.ts';
import { SHAPE_RULES } from './rules.ts';
import { Operands, Types } from './types.ts';

/**
 * Dtypes and shapes of all values of a graph and its subgraphs, from the types of inputs and constants. Symbolic
 * dimensions keep their names. What an operator without a rule makes is known only as far as the file declares it.
 * Never throws on an odd graph: what makes no sense is unknown. The graph is untouched.
 *
 * @param overridable values from whose content nothing follows.
 */
export function inferTypes(graph: Graph, overridable: ReadonlySet<Value> = overridableInitializers(graph)): Types {
  const types = new Types(overridable);
  inferGraph(graph, types);
  return types;
}

/** Writes what {@link inferTypes} finds into the values whose dtype or shape is unknown or only partly known. */
export function inferShapes(graph: Graph): void {
  fill(graph, inferTypes(graph));
}

function fill(graph: Graph, types: Types): void {
  for (const node of graph.nodes) {
    for (const output of node.outputs) if (output) Object.assign(output, types.of(output));
    for (const { graph: body } of subgraphsOf(node)) fill(body, types);
  }
}

function inferGraph(graph: Graph, types: Types): void {
  for (const node of graph.nodes) {
    const opType = shapedLike(node, graph);
    if (opType) inferNode(node, opType, graph.opset, types);
    for (const { graph: body } of subgraphsOf(node)) inferGraph(body, types);
  }
}

/** What onnxruntime's optimiser writes in place of an operator and its activation; the shapes are those of the first. */
const FUSED: ReadonlyMap<string, string> = new Map([
  ['com.microsoft:FusedConv', 'Conv'],
  ['com.microsoft:FusedGemm', 'Gemm'],
]);

/** The standard operator whose outputs have the shapes of the node's. */
function shapedLike(node: Node, graph: Graph): string | undefined {
  if (isStandard(node, graph)) return node.opType;
  return callsFunction(node, graph) ? undefined : FUSED.get(`${node.domain}:${node.opType}`);
}

/** Whether the operator is the one of the ONNX standard, not of another domain or a function of the model. */
export function isStandard(node: Node, graph: Graph): boolean {
  return node.domain === '' && graph.model.opsets.has('') && !callsFunction(node, graph);
}

/** Whether the model has a function of this name; the standard operators have two names for their domain. */
export function callsFunction({ domain, opType }: Node, graph: Graph): boolean {
  const { functions } = graph.model;
  if (functions.size === 0) return false;
  return functions.has(`${domain}:${opType}`) || (domain === '' && functions.has(`ai.onnx:${opType}`));
}

function inferNode(node: Node, opType: string, opset: number, types: Types): void {
  const operands = new Operands(node, opset, types);
  const found = unlessCorrupt(() => inferOutputs(node, opType, operands)) ?? [];
  node.outputs.forEach((output, index) => {
    if (output) types.set(output, merge(output, found[index] ?? {}));
  });
  const [output] = node.outputs;
  const content = unlessCorrupt(() => CONTENT_RULES.get(opType)?.(operands));
  if (output && content && (types.shape(output)?.length ?? 2) < 2) types.setContent(output, content);
}

function inferOutputs(node: Node, opType: string, operands: Operands): readonly ValueType[] | undefined {
  if (opType !== 'Constant') return SHAPE_RULES.get(opType)?.(operands);
  return node.outputs.flatMap((output) => (output && storedTensor(output)) ?? []);
}

/** A number that follows from the inputs wins, then one that the file declares, then a name. */
function merge(declared: Value, found: ValueType): ValueType {
  const dtype = found.dtype ?? declared.dtype;
  const { shape } = declared;
  if (found.shape?.length !== shape?.length) return { dtype, shape: found.shape ?? shape };
  return { dtype, shape: found.shape?.map((dim, axis) => mergeDim(dim, shape![axis]!)) };
}

function mergeDim(found: Dim, declared: Dim): Dim {
  if (typeof found === 'number') return found;
  return typeof declared === 'number' || found === '' ? declared : found;
}

/** Attributes of the wrong kind make the node unknown; that is reported by whoever has to understand it. */
function unlessCorrupt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof EdgefoldError) return undefined;
    throw error;
  }
}
