import { EdgefoldError } from '../errors.ts';
import type { Graph, Node, Value } from './graph.ts';
import { subgraphsOf } from './subgraphs.ts';

/**
 * Checks what every graph owes its readers: an opset for each domain that is used; names that are there once;
 * values made once and before they are read; and links between values, producers and uses that are true.
 * @throws {EdgefoldError} CORRUPT.
 */
export function checkGraph(graph: Graph): void {
  const uses = new Map<Value, number>();
  new Check(graph, undefined, uses).run();
  for (const [value, count] of uses) {
    const areTrue = [...value.uses].every(({ node, index }) => node.inputs[index] === value);
    if (value.uses.size !== count || !areTrue) fault(value.name, 'its list of readers does not agree with the graph');
  }
}

class Check {
  readonly #graph: Graph;
  readonly #parent: Check | undefined;
  readonly #uses: Map<Value, number>;
  readonly #scope = new Map<string, Value>();

  constructor(graph: Graph, parent: Check | undefined, uses: Map<Value, number>) {
    this.#graph = graph;
    this.#parent = parent;
    this.#uses = uses;
  }

  run(): void {
    const { inputs, initializers, nodes, outputs } = this.#graph;
    for (const input of inputs) this.#define(input, undefined);
    for (const value of initializers) this.#initializer(value);
    for (const node of nodes) this.#node(node);
    if (new Set(outputs).size !== outputs.length) fault(this.#graph.name, 'an output is listed twice');
    for (const output of outputs) {
      if (this.#scope.get(output.name) !== output) fault(`output ${output.name}`, 'nothing in the graph makes it');
    }
  }

  #initializer(value: Value): void {
    if (!value.constant) fault(value.name, 'an initializer without a constant');
    if (this.#scope.get(value.name) !== value) this.#define(value, undefined);
  }

  #node(node: Node): void {
    const { functions, opsets } = this.#graph.model;
    if (node.opType === '') fault(node.label, 'it names no operator');
    const isKnown = opsets.has(node.domain) || functions.has(`${node.domain}:${node.opType}`);
    if (!isKnown) fault(node.label, `the model gives no opset of ${node.domain || 'ai.onnx'}`);
    for (const input of node.inputs) if (input) this.#read(node, input);
    for (const { graph } of subgraphsOf(node)) new Check(graph, this, this.#uses).run();
    for (const output of node.outputs) if (output) this.#define(output, node);
  }

  #read(node: Node, input: Value): void {
    if (this.#lookUp(input.name) !== input) fault(node.label, `it reads ${input.name}, which is not made before it`);
    this.#uses.set(input, this.#uses.get(input)! + 1);
  }

  #define(value: Value, producer: Node | undefined): void {
    if (value.name === '') fault(producer?.label ?? this.#graph.name, 'a value without a name');
    if (this.#scope.has(value.name)) fault(value.name, 'two values of one graph have this name');
    if (value.producer !== producer) fault(value.name, `it thinks that ${value.producer?.label ?? 'no node'} makes it`);
    this.#scope.set(value.name, value);
    this.#uses.set(value, 0);
  }

  #lookUp(name: string): Value | undefined {
    return this.#scope.get(name) ?? (this.#parent ? this.#parent.#lookUp(name) : undefined);
  }
}

function fault(where: string, summary: string): never {
  throw new EdgefoldError('CORRUPT', summary, { where });
}
