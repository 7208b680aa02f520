import { bug } from '../../errors.ts';
import { cloneGraph } from '../clone.ts';
import { Functions } from '../functions.ts';
import type { Graph, Value } from '../graph.ts';

/**
 * The graph with the calls of the model's own functions replaced by what they consist of, and what stands for some of
 * its values there; the graph itself if the model has no functions.
 */
export function inlinedFunctions(graph: Graph, values: readonly Value[]): { graph: Graph; values: readonly Value[] } {
  const functions = new Functions(graph.model);
  if (functions.isEmpty || graph.parent) return { graph, values };
  const copy = cloneGraph(graph);
  functions.expand(copy, () => true);
  const named = new Map<string, Value>();
  for (const value of [...copy.inputs, ...copy.initializers]) named.set(value.name, value);
  for (const { outputs } of copy.nodes) for (const value of outputs) if (value) named.set(value.name, value);
  return { graph: copy, values: values.map(({ name }) => named.get(name) ?? bug(`${name} is not in the graph`)) };
}
