import type { Graph, Node, Value } from '../../onnx/graph.ts';
import { isRandom } from '../../onnx/random.ts';
import { overridableInitializers } from '../../onnx/shapes/initializers.ts';
import { allGraphs, subgraphsOf } from '../../onnx/subgraphs.ts';

/** A main graph by names and places, for those who follow its values backward. */
export interface Dataflow {
  readonly graph: Graph;
  /** Inputs, initializers and outputs of nodes by their names. */
  readonly values: ReadonlyMap<string, Value>;
  /** Place of each node in the graph, in which every value is made before it is read. */
  readonly order: ReadonlyMap<Node, number>;
  /** Values that depend on what the caller gives; all others are constants. */
  readonly activations: ReadonlySet<Value>;
}

export function dataflowOf(graph: Graph): Dataflow {
  const overridable = overridableInitializers(graph);
  const activations = new Set(graph.inputs.filter((value) => !value.constant || overridable.has(value)));
  const order = new Map<Node, number>();
  for (const node of graph.nodes) {
    order.set(node, order.size);
    if (!isRandom(node) && !readsOf(node).some((value) => activations.has(value))) continue;
    for (const output of node.outputs) if (output) activations.add(output);
  }
  return { graph, values: valuesOf(graph), order, activations };
}

/** Inputs, initializers and outputs of nodes by their names. */
export function valuesOf({ inputs, initializers, nodes }: Graph): Map<string, Value> {
  const made = nodes.flatMap(({ outputs }) => outputs.filter((output) => output !== undefined));
  return new Map([...inputs, ...initializers, ...made].map((value) => [value.name, value]));
}

/** Values of the graph that a node reads, those that its bodies take from outside included. */
export function readsOf(node: Node): readonly Value[] {
  const inputs = node.inputs.filter((input) => input !== undefined);
  const bodies = bodiesOf(node);
  if (bodies.length === 0) return inputs;
  const inner = new Set(madeWithin(node));
  const read = bodies.flatMap(({ nodes, outputs }) => [...outputs, ...nodes.flatMap((each) => each.inputs)]);
  return [...inputs, ...read.filter((value) => value !== undefined).filter((value) => !inner.has(value))];
}

/** Values that exist inside of the bodies of a node only. */
export function madeWithin(node: Node): readonly Value[] {
  return bodiesOf(node).flatMap(({ inputs, initializers, nodes }) => {
    return [
      ...inputs,
      ...initializers,
      ...nodes.flatMap(({ outputs }) => outputs.filter((value) => value !== undefined)),
    ];
  });
}

const bodiesOf = (node: Node): Graph[] => subgraphsOf(node).flatMap(({ graph }) => [...allGraphs(graph)]);

/** Operators that read how large a tensor is, and none of its elements. */
export const readsSizeOnly = ({ opType, domain }: Node): boolean =>
  domain === '' && (opType === 'Shape' || opType === 'Size');
