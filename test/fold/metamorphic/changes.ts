import { float } from '../../../src/onnx/attribute.ts';
import { cloneGraph } from '../../../src/onnx/clone.ts';
import { Graph, Node, Value } from '../../../src/onnx/graph.ts';
import { allGraphs } from '../../../src/onnx/subgraphs.ts';
import { inferTypes } from '../../../src/onnx/shapes/infer.ts';
import { float32 } from '../../../src/tensor.ts';
import { copyInto, type Copying } from '../random-graphs/copying.ts';
import { Random } from '../random-graphs/tape.ts';
import { withFunctions } from '../with-functions.ts';

/** Ways to write the same network differently. Each gives a new graph. */

function rewritten(graph: Graph, copying: Omit<Copying, 'copies'>): Graph {
  const copies = new Map<Value, Value>();
  const copy = new Graph(graph.name, { ...graph.model, opsets: new Map(graph.model.opsets), source: undefined });
  copyInto(copy, graph, { ...copying, copies });
  copy.outputs.push(...graph.outputs.map((value) => copies.get(value)!));
  for (const { nodes, inputs, initializers } of allGraphs(copy)) {
    for (const { name } of [...inputs, ...initializers, ...nodes.flatMap(({ outputs }) => outputs)].filter((value) => value !== undefined)) copy.reserveName(name); // prettier-ignore
    for (const { name } of nodes) copy.reserveName(name);
  }
  return copy;
}

/** Every value, node and dimension under another name, in another alphabetical order. */
export function renamed(graph: Graph): Graph {
  const names = new Map<string, string>();
  const rename = (name: string) => {
    if (!names.has(name)) names.set(name, `${String.fromCharCode(122 - (names.size % 26))}${names.size}`);
    return names.get(name)!;
  };
  return rewritten(graph, { rename });
}

/** The nodes in another order in which every value is made before it is read. */
export function reordered(graph: Graph, seed: number): Graph {
  const random = new Random(seed);
  return rewritten(graph, { rename: (name) => name, order: (nodes) => shuffled(nodes, random) });
}

function shuffled(nodes: readonly Node[], random: Random): Node[] {
  const waiting = new Set(nodes);
  const order: Node[] = [];
  while (waiting.size > 0) {
    const next = random.pick([...waiting].filter((node) => !readsAny(node, waiting)));
    waiting.delete(next);
    order.push(next);
  }
  return order;
}

/** Whether the node, or a body of it, reads what one of these makes. */
function readsAny(node: Node, waiting: ReadonlySet<Node>): boolean {
  const bodies = [...node.attributes.values()].flatMap(({ kind, value }) => (kind === 'graph' ? [value] : []));
  const inside = bodies.flatMap((body) => [...allGraphs(body)]);
  const read = [node, ...inside.flatMap(({ nodes }) => nodes)].flatMap(({ inputs }) => inputs);
  const made = [...read, ...inside.flatMap(({ outputs }) => outputs)];
  return made.some((value) => value?.producer && value.producer !== node && waiting.has(value.producer));
}

/** The initializers in another order. */
export function shuffledConstants(graph: Graph): Graph {
  const copy = cloneGraph(graph);
  copy.initializers.reverse();
  return copy;
}

/** Twice the same network in one graph. */
export function twice(graph: Graph): Graph {
  const copy = new Graph(graph.name, { ...graph.model, opsets: new Map(graph.model.opsets), source: undefined });
  for (const prefix of ['a/', 'b/']) {
    const copies = new Map<Value, Value>();
    copyInto(copy, graph, { copies, rename: (name) => `${prefix}${name}` });
    copy.outputs.push(...graph.outputs.map((value) => copies.get(value)!));
  }
  return copy;
}

/** Another node between a value that a node makes and all that read it; the first of which this allows. */
export function inserted(
  graph: Graph,
  seed: number,
  make: (copy: Graph, x: Value) => Node | undefined,
): Graph | undefined {
  const copy = cloneGraph(graph);
  const made = copy.nodes.flatMap(({ outputs }) => outputs).filter((value) => value !== undefined);
  const values = made.filter((value) => value.uses.size > 0 && !copy.isOutput(value));
  if (values.length === 0) return undefined;
  const x = new Random(seed).pick(values);
  const readers = [...x.uses];
  const node = make(copy, x);
  if (!node) return undefined;
  copy.nodes.splice(copy.nodes.indexOf(x.producer!) + 1, 0, node);
  for (const { node: reader, index } of readers) reader.setInput(index, node.outputs[0]);
  return copy;
}

export const identityOf = (graph: Graph, x: Value): Node =>
  new Node('Identity', { name: graph.uniqueName('inserted'), inputs: [x], outputs: [new Value(graph.uniqueName('same'))] }); // prettier-ignore

/** A BatchNormalization that changes nothing; undefined where the number of channels is not known. */
export function neutralBatchNormalization(graph: Graph, x: Value): Node | undefined {
  const types = inferTypes(graph);
  const channels = types.shape(x)?.[1];
  if (typeof channels !== 'number' || types.dtype(x) !== 'float32' || !isComputed(x)) return undefined;
  const vector = (value: number) => graph.constant('neutral', float32([channels], new Array<number>(channels).fill(value))); // prettier-ignore
  const inputs = [x, vector(1), vector(0), vector(0), vector(1 - 2 ** -10)];
  const attributes = { epsilon: float(2 ** -10) };
  return new Node('BatchNormalization', { name: graph.uniqueName('neutral'), inputs, outputs: [new Value(graph.uniqueName('same'))], attributes }); // prettier-ignore
}

/** Whether the value depends on an input of the graph. */
function isComputed({ producer, constant }: Value): boolean {
  return producer ? producer.inputs.some((input) => input && isComputed(input)) : !constant;
}

/** The whole network in both branches of an If. */
export function insideIf(graph: Graph): Graph | undefined {
  const copy = new Graph(graph.name, { ...graph.model, opsets: new Map(graph.model.opsets), source: undefined });
  copy.inputs.push(...graph.inputs.map((value) => new Value(value.name, value)));
  if (graph.inputs.some(({ constant }) => constant) || graph.outputs.some(({ producer }) => !producer))
    return undefined;
  const outer = new Map(graph.inputs.map((value, index) => [value, copy.inputs[index]!]));
  const cond = copy.constant('condition', { dtype: 'bool', shape: [], data: Uint8Array.of(1) });
  const bodies = ['then', 'else'].map((branch) => bodyOf(copy, graph, branch, outer));
  const outputs = graph.outputs.map(({ name, dtype, shape }) => new Value(name, { dtype, shape }));
  const attributes = { then_branch: { kind: 'graph', value: bodies[0]! }, else_branch: { kind: 'graph', value: bodies[1]! } } as const; // prettier-ignore
  copy.nodes.push(new Node('If', { name: 'if', inputs: [cond], outputs, attributes }));
  copy.outputs.push(...outputs);
  return copy;
}

function bodyOf(parent: Graph, graph: Graph, branch: string, outer: ReadonlyMap<Value, Value>): Graph {
  const body = new Graph(branch, parent.model, parent);
  const rename = (name: string) => `${branch}/${name}`;
  copyInto(body, { ...partsOf(graph), inputs: [] }, { copies: new Map(outer), rename });
  return body;
}

/** The whole network as a function of the model, to which its constants are given; undefined where it has bodies. */
export function insideFunction(graph: Graph): Graph | undefined {
  const isPlain = graph.nodes.every(({ opType }) => opType !== 'If') && graph.inputs.every(({ constant }) => !constant);
  if (!isPlain || graph.outputs.some(({ producer }) => !producer)) return undefined;
  const copy = new Graph(graph.name, { ...graph.model, opsets: new Map(graph.model.opsets), source: undefined });
  const outer = new Map<Value, Value>();
  copyInto(copy, { ...partsOf(graph), nodes: [], outputs: [] }, { copies: outer, rename: (name) => name });
  const body = new Graph('body', { ...graph.model, opsets: new Map(graph.model.opsets), source: undefined });
  const given = [...outer.keys()];
  const copies = new Map(given.map((value) => [value, new Value(`given/${value.name}`)]));
  body.inputs.push(...copies.values());
  copyInto(body, { ...partsOf(graph), inputs: [], initializers: [] }, { copies, rename: (name) => name });
  body.outputs.push(...graph.outputs.map((value) => copies.get(value)!));
  const outputs = graph.outputs.map(({ name, dtype, shape }) => new Value(name, { dtype, shape }));
  copy.nodes.push(new Node('Whole', { name: 'whole', domain: 'acme', inputs: [...outer.values()], outputs }));
  copy.outputs.push(...outputs);
  return withFunctions(copy, [{ name: 'Whole', body }]);
}

const partsOf = ({ inputs, initializers, nodes, outputs }: Graph) => ({ inputs, initializers, nodes, outputs });
