import { bug } from '../errors.ts';
import type { Attribute } from './attribute.ts';
import { Graph, Node, Value } from './graph.ts';
import type { ModelInfo } from './model-info.ts';
import { refill } from './node-list.ts';

/** A copy that can be edited without the original noticing: all structure is new, the weights are shared. */
export function cloneGraph(graph: Graph): Graph {
  if (graph.parent) bug('only a main graph is cloned; its subgraphs come with it');
  const copy = new Graph(graph.name, cloneModel(graph.model));
  copy.reserveNamesOf(graph);
  copyInto(copy, graph, new Map());
  return copy;
}

function cloneModel(model: ModelInfo): ModelInfo {
  return { ...model, opsets: new Map(model.opsets), metadata: new Map(model.metadata) };
}

function copyInto(copy: Graph, graph: Graph, copies: Map<Value, Value>): void {
  const copyOf = (value: Value): Value => {
    const known = copies.get(value);
    if (known) return known;
    const made = new Value(value.name, value);
    made.constant = value.constant;
    made.isNamedElsewhere = value.isNamedElsewhere;
    made.source = value.source;
    copies.set(value, made);
    return made;
  };
  copy.source = graph.source;
  refill(copy.inputs, graph.inputs.map(copyOf));
  refill(copy.initializers, graph.initializers.map(copyOf));
  const { nodes } = copy;
  for (const node of graph.nodes) nodes.push(copyNode(node, copy, copies, copyOf));
  refill(copy.outputs, graph.outputs.map(copyOf));
}

function copyNode(node: Node, into: Graph, copies: Map<Value, Value>, copyOf: (value: Value) => Value): Node {
  const { opType, name, domain, source } = node;
  const copy = new Node(opType, {
    name,
    domain,
    source,
    inputs: node.inputs.map((input) => input && copyOf(input)),
    outputs: node.outputs.map((output) => output && copyOf(output)),
  });
  for (const [key, attribute] of node.attributes) copy.attributes.set(key, copyAttribute(attribute, into, copies));
  return copy;
}

/** A body is copied for another graph, and reads what `copies` says in the place of outer values. */
export function copyAttribute(attribute: Attribute, parent: Graph, copies: Map<Value, Value>): Attribute {
  const copyGraph = (graph: Graph): Graph => {
    const copy = new Graph(graph.name, parent.model, parent);
    copyInto(copy, graph, copies);
    return copy;
  };
  if (attribute.kind === 'graph') return { ...attribute, value: copyGraph(attribute.value) };
  return attribute.kind === 'graphs' ? { ...attribute, value: attribute.value.map(copyGraph) } : attribute;
}
