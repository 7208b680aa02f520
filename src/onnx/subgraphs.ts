import type { Graph, Node } from './graph.ts';

/** The graphs that a node holds (bodies of If, Loop, Scan), each with the name of its attribute. */
export function subgraphsOf(node: Node): { readonly name: string; readonly graph: Graph }[] {
  return [...node.attributes].flatMap(([name, { kind, value }]) => {
    if (kind === 'graph') return [{ name, graph: value }];
    return kind === 'graphs' ? value.map((graph) => ({ name, graph })) : [];
  });
}

/** A graph and everything inside it, outermost first. */
export function* allGraphs(graph: Graph): Generator<Graph> {
  yield graph;
  for (const node of graph.nodes) for (const { graph: inner } of subgraphsOf(node)) yield* allGraphs(inner);
}
