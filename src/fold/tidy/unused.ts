import type { Graph, Node, Value } from '../../onnx/graph.ts';
import { refill } from '../../onnx/node-list.ts';
import { allGraphs } from '../../onnx/subgraphs.ts';
import type { Constants } from '../lift/constants.ts';

/**
 * Drops the constants that folding has left without a reader, and the nodes that only computed such. What nobody
 * read before stays: it is not ours to judge.
 */
export function dropUnused(root: Graph, released: Iterable<Value>, constants: Constants): void {
  const graphs = [...allGraphs(root)];
  const homes = new Map(graphs.flatMap((graph) => graph.nodes.map((node): [Node, Graph] => [node, graph])));
  const outputs = new Set(graphs.flatMap((graph) => graph.outputs));
  const unused = new Set<Value>();
  const queue = [...released];
  for (let value; (value = queue.pop());) {
    const isAsked = value.uses.size > 0 || value.isNamedElsewhere || outputs.has(value);
    if (isAsked || unused.has(value) || !constants.isFixed(value)) continue;
    unused.add(value);
    if (value.producer) queue.push(...removeNode(value.producer, homes, outputs));
  }
  if (unused.size > 0) for (const graph of graphs) removeInitializers(graph, unused);
}

/** Its inputs, which may have lost their last reader. */
function removeNode(node: Node, homes: ReadonlyMap<Node, Graph>, asked: ReadonlySet<Value>): Value[] {
  const inputs = node.inputs.filter((input) => input !== undefined);
  if (node.outputs.some((output) => output && (output.uses.size > 0 || asked.has(output)))) return [];
  homes.get(node)?.removeNode(node);
  return inputs;
}

function removeInitializers({ initializers, inputs }: Graph, unused: ReadonlySet<Value>): void {
  const isUsed = (value: Value) => !unused.has(value);
  refill(initializers, initializers.filter(isUsed));
  refill(
    inputs,
    inputs.filter((value) => isUsed(value) || !value.constant),
  );
}
