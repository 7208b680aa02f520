import { sizeOf, type Dim } from '../../tensor.ts';
import { cloneGraph } from '../clone.ts';
import type { Graph, Node, Value } from '../graph.ts';
import { inferTypes } from '../shapes/infer.ts';
import { subgraphsOf } from '../subgraphs.ts';

export type ShapeOf = (value: Value) => readonly Dim[] | undefined;

/**
 * Multiplications with an addition that evaluating a graph takes, as far as shapes are known: what it costs, within a
 * factor, before it is done. Bodies count once; a dimension that stays unknown counts as 1.
 * @param shapes of the inputs, by name, where the graph leaves them open.
 */
export function multiplyAdds(graph: Graph, shapes: Readonly<Record<string, readonly number[]>> = {}): number {
  const copy = cloneGraph(graph);
  for (const input of copy.inputs) if (Object.hasOwn(shapes, input.name)) input.shape = shapes[input.name];
  const types = inferTypes(copy);
  return graphWork(copy, (value) => types.shape(value));
}

function graphWork(graph: Graph, shapeOf: ShapeOf): number {
  return graph.nodes.reduce((sum, node) => {
    const bodies = subgraphsOf(node).reduce((work, { graph: body }) => work + graphWork(body, shapeOf), 0);
    return sum + bodies + nodeMultiplyAdds(node, shapeOf);
  }, 0);
}

/** The same for one node. An operator that does not sum counts its outputs. */
export function nodeMultiplyAdds(node: Node, shapeOf: ShapeOf): number {
  const shape = (value: Value | undefined): number[] => {
    return ((value && shapeOf(value)) ?? []).map((dim) => (typeof dim === 'number' ? dim : 1));
  };
  const [x, W] = [shape(node.inputs[0]), shape(node.inputs[1])];
  const y = sizeOf(shape(node.outputs[0]));
  return (TERMS[node.opType]?.(x, W, node) ?? 1) * (node.opType === 'ConvTranspose' ? sizeOf(x) : y);
}

/** How many terms each output sums; for ConvTranspose, how many each input goes to. */
const TERMS: Readonly<Record<string, (x: readonly number[], W: readonly number[], node: Node) => number>> = {
  Conv: (_, W) => sizeOf(W.slice(1)),
  FusedConv: (_, W) => sizeOf(W.slice(1)),
  ConvInteger: (_, W) => sizeOf(W.slice(1)),
  ConvTranspose: (_, W) => sizeOf(W.slice(1)),
  MatMul: (x) => x.at(-1) ?? 1,
  FusedMatMul: (x, _, node) => x.at(node.int('transA', 0) === 0 ? -1 : -2) ?? 1,
  MatMulInteger: (x) => x.at(-1) ?? 1,
  Gemm: (x, _, node) => x[node.int('transA', 0) === 0 ? 1 : 0] ?? 1,
  FusedGemm: (x, _, node) => x[node.int('transA', 0) === 0 ? 1 : 0] ?? 1,
  MaxPool: window,
  AveragePool: window,
  LpPool: window,
  GlobalAveragePool: (x) => sizeOf(x.slice(2)),
  GlobalMaxPool: (x) => sizeOf(x.slice(2)),
  LSTM: (x, W) => 4 * ((x[2] ?? 1) + (W[1] ?? 4) / 4),
  GRU: (x, W) => 3 * ((x[2] ?? 1) + (W[1] ?? 3) / 3),
  RNN: (x, W) => (x[2] ?? 1) + (W[1] ?? 1),
};

function window(_x: readonly number[], _W: readonly number[], node: Node): number {
  return sizeOf(node.ints('kernel_shape') ?? []);
}
