import { bug } from '../../errors.ts';
import { cloneGraph, copyAttribute } from '../../onnx/clone.ts';
import { Node, Value, type Graph } from '../../onnx/graph.ts';
import { refill } from '../../onnx/node-list.ts';
import { madeWithin, readsOf, valuesOf, type Dataflow } from './dataflow.ts';
import type { Tensor } from '../../tensor.ts';
import type { Piece } from './pieces.ts';

/** The reference with the candidate's pieces beside its own, each reading what the reference has computed. */
export interface AuditGraph {
  readonly graph: Graph;
  /** For each piece, the names under which the graph gives what the candidate makes of its outputs. */
  readonly renamed: ReadonlyMap<Piece, ReadonlyMap<string, string>>;
}

/**
 * One graph that gives, for every piece, its leaves, its outputs as the reference computes them and its outputs as
 * the candidate does. Both start from the very same float values, so what separates them arises inside the piece.
 */
export function auditGraph(a: Dataflow, b: Dataflow, pieces: readonly Piece[]): AuditGraph {
  const graph = cloneGraph(a.graph);
  graph.reserveNamesOf(b.graph);
  for (const [domain, version] of b.graph.model.opsets) {
    if (!graph.model.opsets.has(domain)) graph.model.opsets.set(domain, version);
  }
  graph.model.irVersion = Math.max(graph.model.irVersion, b.graph.model.irVersion);
  const values = valuesOf(graph);
  const wanted = pieces.flatMap(({ leaves, outputs }) => [...leaves, ...outputs]).map((name) => values.get(name)!);
  keepOnly(graph, wanted);
  const asked = new Set(wanted.filter((value) => value.producer));
  const constants = new Map<Value, Value>();
  const renamed = new Map(pieces.map((piece) => [piece, addPiece(piece, b, { graph, values, constants, asked })]));
  refill(graph.outputs, [...asked]);
  return { graph, renamed };
}

/** What the graph reads where the caller gives nothing: initializers that are inputs too. */
export const defaultsOf = ({ inputs }: Graph): Record<string, Tensor> =>
  Object.fromEntries(inputs.flatMap(({ name, constant }) => (constant ? [[name, constant.tensor()]] : [])));

/** Drops what none of these values needs; every input stays, so that the same samples fit. */
export function keepOnly(graph: Graph, wanted: readonly Value[]): void {
  const needed = new Set<Value>();
  const nodes = new Set<Node>();
  const queue = [...wanted];
  for (let value; (value = queue.pop());) {
    if (needed.has(value)) continue;
    needed.add(value);
    if (!value.producer || nodes.has(value.producer)) continue;
    nodes.add(value.producer);
    queue.push(...readsOf(value.producer));
  }
  for (const node of graph.nodes) {
    if (!nodes.has(node)) for (const index of node.inputs.keys()) node.setInput(index, undefined);
  }
  const inputs = new Set(graph.inputs);
  const isKept = (value: Value) => needed.has(value) || inputs.has(value);
  refill(
    graph.nodes,
    graph.nodes.filter((node) => nodes.has(node)),
  );
  refill(graph.initializers, graph.initializers.filter(isKept));
}

interface Target {
  readonly graph: Graph;
  readonly values: ReadonlyMap<string, Value>;
  /** Constants of the candidate that are in already. */
  readonly constants: Map<Value, Value>;
  readonly asked: Set<Value>;
}

/** Copies the candidate's nodes of a piece; gives the new names of its outputs. */
function addPiece({ candidate, leaves, outputs }: Piece, b: Dataflow, target: Target): Map<string, string> {
  const { graph, values, asked } = target;
  const copies = new Map(leaves.map((name) => [b.values.get(name)!, values.get(name)!]));
  const result = new Map<string, string>();
  for (const node of candidate) {
    for (const value of readsOf(node)) if (!copies.has(value)) copies.set(value, constantOf(value, target));
    // A leaf that the piece makes too is still read as it was.
    const made = node.outputs.map((output) => output && new Value(graph.uniqueName(output.name)));
    graph.nodes.push(copyOf(node, made, copies, graph));
    for (const [index, output] of node.outputs.entries()) {
      if (!output) continue;
      if (!copies.has(output)) copies.set(output, made[index]!);
      if (!outputs.includes(output.name)) continue;
      result.set(output.name, made[index]!.name);
      asked.add(made[index]!);
    }
  }
  return result;
}

/** Under names of its own, those inside of its bodies too: onnxruntime wants all of them to differ. */
function copyOf(node: Node, outputs: readonly (Value | undefined)[], copies: Map<Value, Value>, graph: Graph): Node {
  const { opType, domain, name, inputs, attributes } = node;
  for (const value of madeWithin(node)) {
    const inner = new Value(graph.uniqueName(value.name), value);
    inner.constant = value.constant;
    copies.set(value, inner);
  }
  const given = inputs.map((input) => input && copies.get(input));
  const copy = new Node(opType, { name: graph.uniqueName(name || opType), domain, inputs: given, outputs });
  for (const [key, attribute] of attributes) copy.attributes.set(key, copyAttribute(attribute, graph, copies));
  return copy;
}

function constantOf(value: Value, { graph, constants }: Target): Value {
  const known = constants.get(value);
  if (known) return known;
  const copy = new Value(graph.uniqueName(value.name), value);
  copy.constant = value.constant ?? bug(`${value.name} is made nowhere in its piece`);
  graph.initializers.push(copy);
  constants.set(value, copy);
  return copy;
}
