import type { Attribute } from './attribute.ts';
import { Graph, Node, Value } from './graph.ts';
import { referenceOf, type LocalFunction } from './proto/read-function.ts';

/** Nodes that compute what the call of a function computes, under names that nothing in the model has. */
export function inlined(call: Node, callee: LocalFunction, into: Graph): Node[] {
  return new Inlining(call, callee, into).run();
}

/** Why the call cannot be replaced by what the function consists of; undefined if it can. */
export function whyNotInlined(call: Node, { body, defaults, opsets }: LocalFunction, into: Graph): string | undefined {
  for (const [domain, version] of opsets) {
    const own = into.model.opsets.get(domain) ?? version;
    if (own !== version) return `it is for opset ${version} of ${domain || 'ai.onnx'}, and the model for ${own}`;
  }
  if (call.inputs.length > body.inputs.length) return 'the call has more inputs than the function';
  if (call.outputs.length > body.outputs.length) return 'the call has more outputs than the function';
  if (body.outputs.some((output) => body.isInput(output) && !call.inputs[body.inputs.indexOf(output)]))
    return 'it hands on an input that the call leaves out';
  const given = new Map([...defaults, ...call.attributes]);
  const isOdd = [...referencesIn(body)].some((name) => ['graph', 'graphs', 'opaque'].includes(given.get(name)?.kind ?? '')); // prettier-ignore
  return isOdd ? 'it refers to an attribute of a kind that is not read here' : undefined;
}

function* referencesIn({ nodes }: Graph): Generator<string> {
  for (const { attributes } of nodes) {
    for (const attribute of attributes.values()) {
      const name = referenceOf(attribute);
      if (name !== undefined) yield name;
      for (const graph of graphsOf(attribute)) yield* referencesIn(graph);
    }
  }
}

function graphsOf({ kind, value }: Attribute): readonly Graph[] {
  if (kind === 'graph') return [value];
  return kind === 'graphs' ? value : [];
}

class Inlining {
  readonly #call: Node;
  readonly #callee: LocalFunction;
  readonly #into: Graph;
  readonly #prefix: string;
  readonly #values = new Map<Value, Value | undefined>();

  constructor(call: Node, callee: LocalFunction, into: Graph) {
    this.#call = call;
    this.#callee = callee;
    this.#into = into;
    this.#prefix = call.name || (call.outputs.find(Boolean)?.name ?? call.opType);
  }

  run(): Node[] {
    const { body } = this.#callee;
    body.inputs.forEach((input, index) => this.#values.set(input, this.#call.inputs[index]));
    const handedOn = body.outputs.flatMap((output, index) => this.#output(output, this.#call.outputs[index]));
    return [...body.nodes.map((node) => this.#node(node, this.#into)), ...handedOn];
  }

  /** An output of the function is the one of the call, or a copy where the function hands on what it was given. */
  #output(output: Value, called: Value | undefined): Node[] {
    if (!called) return [];
    if (output.producer) this.#values.set(output, called);
    if (output.producer) return [];
    const name = this.#into.uniqueName(`${this.#prefix}/Identity`);
    return [new Node('Identity', { name, inputs: [this.#values.get(output)], outputs: [called] })];
  }

  #node(node: Node, graph: Graph): Node {
    const { opType, domain, source } = node;
    const inputs = node.inputs.map((input) => input && this.#value(input));
    const made = new Node(opType, {
      name: graph.uniqueName(`${this.#prefix}/${node.name || opType}`),
      domain,
      source,
      inputs: inputs.slice(0, inputs.findLastIndex(Boolean) + 1),
      outputs: node.outputs.map((output) => output && this.#value(output)),
    });
    for (const [name, attribute] of node.attributes) {
      const given = this.#attribute(attribute, graph);
      if (given) made.attributes.set(name, given);
    }
    return made;
  }

  #value(value: Value): Value | undefined {
    if (!this.#values.has(value)) this.#values.set(value, this.#fresh(value));
    return this.#values.get(value);
  }

  #fresh(value: Value): Value {
    const made = new Value(this.#into.uniqueName(`${this.#prefix}/${value.name}`), value);
    made.constant = value.constant;
    return made;
  }

  #attribute(attribute: Attribute, graph: Graph): Attribute | undefined {
    const reference = referenceOf(attribute);
    if (reference !== undefined) {
      const given = this.#call.attributes.get(reference) ?? this.#callee.defaults.get(reference);
      return given && ({ kind: given.kind, value: given.value } as Attribute);
    }
    if (attribute.kind === 'graph') return { kind: 'graph', value: this.#graph(attribute.value, graph) };
    if (attribute.kind === 'graphs') return { kind: 'graphs', value: attribute.value.map((each) => this.#graph(each, graph)) }; // prettier-ignore
    return attribute;
  }

  #graph(graph: Graph, parent: Graph): Graph {
    const copy = new Graph(graph.name, parent.model, parent);
    const copyOf = (value: Value) => this.#value(value)!;
    for (const input of graph.inputs) copy.inputs.push(copyOf(input));
    for (const initializer of graph.initializers) copy.initializers.push(copyOf(initializer));
    for (const node of graph.nodes) copy.nodes.push(this.#node(node, copy));
    for (const output of graph.outputs) copy.outputs.push(copyOf(output));
    return copy;
  }
}
