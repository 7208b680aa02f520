import type { Attribute } from '../../../src/onnx/attribute.ts';
import { Graph, Node, Value } from '../../../src/onnx/graph.ts';
import type { Dim } from '../../../src/tensor.ts';

export interface Copying {
  /** The copies made so far. */
  readonly copies: Map<Value, Value>;
  /** For values, nodes, graphs and symbolic dimensions. */
  readonly rename: (name: string) => string;
  /** The nodes of a graph in another order. */
  readonly order?: (nodes: readonly Node[]) => readonly Node[];
}

type Content = Pick<Graph, 'inputs' | 'initializers' | 'nodes' | 'outputs'>;

/** Puts a copy of everything in a graph into another, under other names; only a body has its outputs copied too. */
export function copyInto(into: Graph, from: Content, copying: Copying): void {
  const { rename, order } = copying;
  const copyOf = (value: Value) => copied(value, copying);
  into.inputs.push(...from.inputs.map(copyOf));
  into.initializers.push(...from.initializers.map(copyOf));
  for (const { opType, domain, name, inputs, outputs, attributes } of order?.(from.nodes) ?? from.nodes) {
    const node = new Node(opType, {
      domain,
      name: name && rename(name),
      inputs: inputs.map((value) => value && copyOf(value)),
      outputs: outputs.map((value) => value && copyOf(value)),
    });
    attributes.forEach((attribute, key) => node.attributes.set(key, copiedAttribute(attribute, into, copying)));
    into.nodes.push(node);
  }
  if (into.parent) into.outputs.push(...from.outputs.map(copyOf));
}

function copied(value: Value, { copies, rename }: Copying): Value {
  const known = copies.get(value);
  if (known) return known;
  const shape = value.shape?.map((dim): Dim => (typeof dim === 'string' && dim !== '' ? rename(dim) : dim));
  const copy = new Value(rename(value.name), { dtype: value.dtype, shape });
  copy.constant = value.constant;
  copies.set(value, copy);
  return copy;
}

function copiedAttribute(attribute: Attribute, parent: Graph, copying: Copying): Attribute {
  if (attribute.kind !== 'graph') return attribute;
  const body = new Graph(copying.rename(attribute.value.name), parent.model, parent);
  copyInto(body, attribute.value, copying);
  return { kind: 'graph', value: body };
}
