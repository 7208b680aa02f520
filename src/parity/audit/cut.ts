import { cloneGraph } from '../../onnx/clone.ts';
import { Value, type Graph } from '../../onnx/graph.ts';
import { refill } from '../../onnx/node-list.ts';
import type { Tensor } from '../../tensor.ts';
import { keepOnly } from './audit-graph.ts';
import { valuesOf } from './dataflow.ts';

/** A part of a graph as a model of its own. */
export interface Cut {
  readonly graph: Graph;
  /** What its inputs are given, by their names. */
  readonly inputs: ReadonlyMap<string, Tensor>;
}

/**
 * The part of a graph between some of its values and one that is made of them. The values become the inputs, of the
 * dtypes and shapes of their tensors, and keep their names; but one whose node stays, since something else that it
 * makes is needed, is read as `name_given`.
 */
export function cutGraph(graph: Graph, leaves: ReadonlyMap<string, Tensor>, output: string): Cut {
  const copy = cloneGraph(graph);
  const values = valuesOf(copy);
  const result = values.get(output)!;
  const given = [...leaves].flatMap(([name, tensor]) => {
    const value = values.get(name);
    return value ? [{ value, tensor, stand: standIn(value, name, tensor, copy) }] : [];
  });
  keepOnly(copy, [result]);
  const kept = new Set(copy.nodes);
  const used = given.filter(({ stand }) => stand.uses.size > 0);
  const inputs = used.map(({ value, tensor, stand }) => {
    const isMade = value.producer !== undefined && kept.has(value.producer);
    const input = isMade ? standIn(stand, copy.uniqueName(`${value.name}_given`), tensor, copy) : stand;
    return { input, tensor };
  });
  refill(copy.inputs, inputs.map(({ input }) => input)); // prettier-ignore
  refill(copy.outputs, [result]);
  copy.dropUnusedConstants();
  return { graph: copy, inputs: new Map(inputs.map(({ input, tensor }) => [input.name, tensor])) };
}

/** A value that is read in the place of another, except where that is the result. */
function standIn(value: Value, name: string, { dtype, shape }: Tensor, graph: Graph): Value {
  const stand = new Value(name, { dtype, shape });
  const { outputs } = graph;
  const before = [...outputs];
  graph.replaceUses(value, stand);
  refill(outputs, before);
  return stand;
}
