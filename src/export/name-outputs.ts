import { bug } from '../errors.ts';
import { Node, Value, type Graph } from '../onnx/graph.ts';

/**
 * Makes the values the outputs of the graph, under the given names: the node that makes a value gets it renamed. An
 * Identity stands in only for an output that is also an input, or is there twice.
 *
 * A name that an inner value holds goes to the output (`dense` is the activated result; what its Gemm makes becomes
 * `dense/linear`); the name of an input or a constant stays with it.
 */
export function nameOutputs(graph: Graph, values: readonly Value[], names: readonly string[]): void {
  const taken = new Set<Value>();
  for (const value of values) {
    const output = value.producer === undefined || taken.has(value) ? copied(graph, value) : value;
    taken.add(output);
    graph.outputs.push(output);
  }
  dropDeadNodes(graph);
  const wanted = distinct(names, new Set([...graph.inputs, ...graph.initializers].map(({ name }) => name)));
  const owner = new Map(wanted.map((name, i) => [name, graph.outputs[i]!]));
  const inner = graph.nodes.flatMap(({ outputs }) => outputs.filter((value) => value !== undefined));
  for (const value of inner) {
    const place = owner.get(value.name);
    if (place && place !== value) rename(graph, value, graph.uniqueName(`${value.name}/linear`));
  }
  const outputs = [...graph.outputs];
  wanted.forEach((name, i) => {
    rename(graph, outputs[i]!, name);
    graph.reserveName(name);
  });
}

function copied(graph: Graph, value: Value): Value {
  return graph.node('Identity', {
    inputs: [value],
    output: { name: `${value.name}/output`, dtype: value.dtype, shape: value.shape },
  });
}

/** Takes out nodes whose results nobody reads: forms of a value that were offered and not needed. */
function dropDeadNodes(graph: Graph): void {
  const outputs = new Set(graph.outputs);
  const dead = new Set<Node>();
  for (const node of [...graph.nodes].reverse()) {
    if (node.outputs.some((value) => value && (value.uses.size > 0 || outputs.has(value)))) continue;
    dead.add(node);
    node.inputs.forEach((_, i) => {
      node.setInput(i, undefined);
    });
  }
  const live = graph.nodes.filter((node) => !dead.has(node));
  graph.nodes.length = 0;
  for (const node of live) graph.nodes.push(node);
  graph.dropUnusedConstants();
}

/** `name`, or `name_1`, `name_2`, … where an earlier one has it. */
function distinct(names: readonly string[], taken: Set<string>): string[] {
  return names.map((base) => {
    let name = base;
    for (let n = 1; taken.has(name); n++) name = `${base}_${n}`;
    taken.add(name);
    return name;
  });
}

/** Values keep their names for life, so the node is made anew around another value. */
function rename(graph: Graph, value: Value, name: string): void {
  const node = value.producer ?? bug(`output ${value.name} is made by no node`);
  if (value.name === name) return;
  const renamed = new Value(name, value);
  const { opType, domain, inputs } = node;
  const outputs = node.outputs.map((output) => (output === value ? renamed : output));
  const copy = new Node(opType, {
    name: node.name,
    domain,
    inputs,
    outputs,
    attributes: Object.fromEntries(node.attributes),
  });
  graph.replaceNode(node, copy);
  for (const index of node.inputs.keys()) node.setInput(index, undefined);
  graph.replaceUses(value, renamed);
}
