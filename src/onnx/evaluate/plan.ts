import type { Graph, Node, Value } from '../graph.ts';
import { subgraphsOf } from '../subgraphs.ts';

/** The nodes that some values need, in the order of the graph, and how many of them read each value. */
export interface Plan {
  readonly nodes: readonly Node[];
  readonly readers: ReadonlyMap<Value, number>;
}

/** Everything a node reads once: its inputs, and what its bodies take from outside of them. */
export function readsOf(node: Node): ReadonlySet<Value> {
  const reads = new Set<Value>();
  for (const input of node.inputs) if (input) reads.add(input);
  for (const { graph } of subgraphsOf(node)) for (const value of outerReads(graph)) reads.add(value);
  return reads;
}

function outerReads(body: Graph): ReadonlySet<Value> {
  const own = new Set<Value>([...body.inputs, ...body.initializers]);
  for (const { outputs } of body.nodes) for (const output of outputs) if (output) own.add(output);
  const reads = new Set(body.outputs.filter((value) => !own.has(value)));
  for (const node of body.nodes) for (const value of readsOf(node)) if (!own.has(value)) reads.add(value);
  return reads;
}

/** Only what the wanted values need; what one of `given` holds needs nothing. */
export function planFor(graph: Graph, wanted: readonly Value[], given: ReadonlySet<Value> = new Set()): Plan {
  const open = new Set(wanted);
  const nodes: Node[] = [];
  const readers = new Map<Value, number>();
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => output && open.has(output) && !given.has(output))) continue;
    nodes.push(node);
    for (const value of readsOf(node)) {
      open.add(value);
      readers.set(value, (readers.get(value) ?? 0) + 1);
    }
  }
  return { nodes: nodes.reverse(), readers };
}

/** The nodes of a plan and of all bodies inside it. */
export function* allNodes(nodes: readonly Node[]): Generator<Node> {
  for (const node of nodes) {
    yield node;
    for (const { graph } of subgraphsOf(node)) yield* allNodes(graph.nodes);
  }
}
