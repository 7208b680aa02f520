import type { Graph, Node } from './graph.ts';

interface Subgraph {
  readonly name: string;
  readonly graph: Graph;
}

/** The graphs that a node holds (bodies of If, Loop, Scan), each with the name of its attribute. */
export function subgraphsOf(node: Node): Subgraph[] {
  const found: Subgraph[] = [];
  node.attributes.forEach(({ kind, value }, name) => {
    if (kind === 'graph') found.push({ name, graph: value });
    if (kind === 'graphs') for (const graph of value) found.push({ name, graph });
  });
  return found;
}

/** A graph and everything inside it, outermost first. */
export function* allGraphs(graph: Graph): Generator<Graph> {
  yield graph;
  for (const node of graph.nodes) for (const { graph: inner } of subgraphsOf(node)) yield* allGraphs(inner);
}
