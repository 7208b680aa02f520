import { createHash } from 'node:crypto';
import type { Attribute } from '../../src/onnx/attribute.ts';
import { Graph, Node, Value } from '../../src/onnx/graph.ts';
import { subgraphsOf } from '../../src/onnx/subgraphs.ts';

/** A generator of integers below `range`, the same ones for the same seed. */
export function randomOf(seed: number): (range: number) => number {
  let state = seed + 1;
  return (range) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * range);
  };
}

/** The same graph with its nodes in another order in which each value is made before it is read. */
export function reordered(graph: Graph, random: (range: number) => number): void {
  const waits = new Map<Node, number>();
  const readers = new Map<Node, Node[]>();
  for (const node of graph.nodes) {
    const producers = new Set(readIn(node).flatMap(({ producer }) => (producer && producer !== node && graph.nodes.includes(producer) ? [producer] : []))); // prettier-ignore
    waits.set(node, producers.size);
    for (const producer of producers) readers.set(producer, [...(readers.get(producer) ?? []), node]);
  }
  const ready = graph.nodes.filter((node) => waits.get(node) === 0);
  const order: Node[] = [];
  while (ready.length > 0) {
    const [node] = ready.splice(random(ready.length), 1);
    order.push(node!);
    for (const reader of readers.get(node!) ?? []) {
      waits.set(reader, waits.get(reader)! - 1);
      if (waits.get(reader) === 0) ready.push(reader);
    }
  }
  graph.nodes.splice(0, Infinity, ...order);
  for (const node of order) for (const { graph: body } of subgraphsOf(node)) reordered(body, random);
}

const readIn = (node: Node): Value[] => [
  ...node.inputs.filter((input) => input !== undefined),
  ...subgraphsOf(node).flatMap(({ graph }) => graph.nodes.flatMap(readIn)),
];

/** The same graph with all but its inputs and outputs called something else, initializers in another order. */
export function renamed(graph: Graph, random: (range: number) => number): Graph {
  const copy = new Graph(graph.name, { ...graph.model, source: undefined });
  const names = new Map<Value, Value>();
  let count = 0;
  const copyOf = (value: Value, isPublic = graph.isInput(value) || graph.isOutput(value)): Value => {
    const known = names.get(value);
    if (known) return known;
    const made = new Value(isPublic ? value.name : `t${random(1e9)}_${++count}`, value);
    made.constant = value.constant;
    copy.reserveName(made.name);
    names.set(value, made);
    return made;
  };
  const fill = (to: Graph, from: Graph): Graph => {
    to.inputs.push(...from.inputs.map((value) => copyOf(value)));
    const initializers = [...from.initializers];
    while (initializers.length > 0)
      to.initializers.push(copyOf(initializers.splice(random(initializers.length), 1)[0]!));
    for (const node of from.nodes) {
      const made = new Node(node.opType, {
        name: node.name && `n${random(1e9)}_${++count}`,
        domain: node.domain,
        inputs: node.inputs.map((input) => input && copyOf(input)),
        outputs: node.outputs.map((output) => output && copyOf(output)),
      });
      if (made.name) copy.reserveName(made.name);
      node.attributes.forEach((attribute, key) => made.attributes.set(key, nested(attribute, to)));
      to.nodes.push(made);
    }
    to.outputs.push(...from.outputs.map((value) => copyOf(value)));
    return to;
  };
  const nested = (attribute: Attribute, parent: Graph): Attribute =>
    attribute.kind === 'graph' ? { kind: 'graph', value: fill(new Graph('body', copy.model, parent), attribute.value) } : attribute; // prettier-ignore
  return fill(copy, graph);
}

/**
 * What the outputs of a graph are, whatever things in it are called and however its nodes are ordered: operators,
 * attributes, and every bit of the constants.
 */
export function essence(graph: Graph): string {
  const known = new Map<Value, string>();
  const digest = (text: string, bytes?: Uint8Array) => createHash('sha1').update(text).update(bytes ?? '').digest('hex'); // prettier-ignore
  const ofValue = (value: Value | undefined): string => {
    if (!value) return '-';
    const before = known.get(value);
    if (before !== undefined) return before;
    // Loops would end here; graphs have none.
    const found = value.producer ? ofOutput(value, value.producer) : ofLeaf(value);
    known.set(value, found);
    return found;
  };
  const ofLeaf = ({ constant, name }: Value): string => {
    if (!constant) return digest(`input ${name}`);
    const { dtype, shape, data } = constant.tensor();
    const bytes = ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new TextEncoder().encode(data.join()); // prettier-ignore
    return digest(`${dtype} ${shape.join()}`, bytes);
  };
  const ofOutput = (value: Value, node: Node): string => {
    const attributes = [...node.attributes].map(([key, attribute]) => `${key}=${ofAttribute(attribute)}`).sort();
    return digest(`${node.outputs.indexOf(value)} of ${node.domain}.${node.opType}(${node.inputs.map(ofValue).join()}) ${attributes.join()}`); // prettier-ignore
  };
  const ofAttribute = ({ kind, value }: Attribute): string => {
    if (kind === 'graph') {
      value.inputs.forEach((input, index) => known.set(input, `body input ${index}`));
      return value.outputs.map(ofValue).join();
    }
    if (kind === 'tensor') {
      const { data } = value.tensor();
      return ArrayBuffer.isView(data) ? digest('', new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) : data.join(); // prettier-ignore
    }
    return `${kind} ${JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? each.toString() : each))}`;
  };
  // Deepest first, so that no chain is too long for the stack.
  for (const node of graph.nodes) for (const output of node.outputs) ofValue(output);
  return digest(graph.outputs.map((output) => `${output.name} ${ofValue(output)}`).join());
}
