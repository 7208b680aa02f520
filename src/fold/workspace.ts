import { bug } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import type { Attribute } from '../onnx/attribute.ts';
import type { Constant } from '../onnx/constant.ts';
import { Node, Value, type Graph } from '../onnx/graph.ts';
import type { Vector } from './algebra/affine.ts';
import { refuse, type Facts, type Refusal } from './facts.ts';
import { lift, type Lifted } from './lift/lift.ts';
import type { Written } from './plan/materialise.ts';
import type { LinearEdit, World } from './plan/plan.ts';
import { Patience } from './plan/patience.ts';
import { ReaderIndex, type Readers } from './plan/readers.ts';
import type { GraphEditor } from './rules/rule.ts';

type Change = Parameters<GraphEditor['replace']>[1] & {
  readonly name?: string;
  readonly outputs?: readonly (Value | undefined)[];
};

/** Room for numbers that nobody keeps. */
export class Scratch {
  #floats = new Float32Array();

  /** Good until somebody asks again. */
  floats(length: number): Float32Array {
    if (this.#floats.length < length) this.#floats = new Float32Array(length);
    return this.#floats.subarray(0, length);
  }
}

/** One graph while it is being folded: the edits that wait for its weights, and safe ways to rewire it. */
export class Workspace implements World, GraphEditor {
  readonly graph: Graph;
  readonly facts: Facts;
  /** What the nodes with weights will have absorbed; nothing of it is written yet. */
  readonly edits = new Map<Node, LinearEdit>();
  /** The parameters that have been written, and how they were rounded. */
  readonly written: Written[] = [];
  /** New labels of nodes that have got another output or operator, by the old ones. */
  readonly relabelled = new Map<string, string>();
  /** Inputs that a node has let go of; some may have no reader left. */
  readonly released = new Set<Value>();
  /** Names of nodes that folding itself has put in. */
  readonly added = new Set<string>();
  readonly scratch = new Scratch();
  /** Whether the caller wants the node left alone. */
  readonly isKept: (node: Node) => boolean;
  readonly patience: Patience;
  readonly #members: Set<Node>;
  readonly #readers: ReaderIndex;
  readonly #lifted = new Map<Node, Lifted | Refusal>();
  readonly #renamed = new Set<Value>();

  constructor(facts: Facts, isKept: (node: Node) => boolean, patience = new Patience(facts.graph.nodes.length)) {
    this.facts = facts;
    this.graph = facts.graph;
    this.isKept = isKept;
    this.#members = new Set(this.graph.nodes);
    this.#readers = new ReaderIndex(this.graph);
    this.patience = patience;
  }

  lifted(node: Node): Lifted | Refusal {
    const known = this.#lifted.get(node);
    if (known) return known;
    const found = this.isKept(node) ? refuse(`${node.label} is to be kept`) : lift(node, this.facts);
    if (found.kind === 'affine') this.patience.gain(found.affine.scale.length);
    this.#lifted.set(node, found);
    return found;
  }

  owns(node: Node): boolean {
    return this.#members.has(node);
  }

  readers(value: Value): Readers {
    return this.#readers.of(value);
  }

  edit(node: Node): LinearEdit | undefined {
    return this.edits.get(node);
  }

  get opset(): number {
    return this.facts.opset;
  }

  rank(value: Value | undefined): number | undefined {
    return this.facts.rank(value);
  }

  /** An initializer under a fresh name; `unrounded` are its elements before they were stored. */
  constant(name: string, tensor: Tensor | Constant, unrounded?: Vector): Value {
    const value = this.graph.constant(name, tensor);
    if (unrounded) this.facts.rememberUnrounded(value, unrounded);
    return value;
  }

  /** Takes the constants of a node for what is stored of them. @returns whether any was known more precisely. */
  takeAsStored(node: Node): boolean {
    const changed = node.inputs.filter((value) => value && this.facts.takeAsStored(value));
    return changed.length > 0 && this.#lifted.delete(node);
  }

  replace(node: Node, change: Change): Node {
    const { name = node.name, opType = node.opType, inputs = [...node.inputs], outputs = node.outputs } = change;
    const attributes = change.attributes ?? (opType === node.opType ? node.attributes : new Map<string, Attribute>());
    const source = opType === node.opType && name === node.name ? node.source : undefined;
    this.disconnect(node);
    const given = inputs.slice(0, inputs.findLastIndex(Boolean) + 1);
    const made = new Node(opType, { name, domain: node.domain, inputs: given, outputs, source });
    attributes.forEach((attribute, key) => made.attributes.set(key, attribute));
    if (made.label !== node.label) this.relabelled.set(node.label, made.label);
    this.graph.replaceNode(node, made);
    this.#members.delete(node);
    this.#members.add(made);
    const edit = this.edits.get(node);
    if (edit && this.edits.delete(node)) this.edits.set(made, edit);
    return made;
  }

  append(node: Node, opType: string, constant: Value, attributes: Readonly<Record<string, Attribute>> = {}): void {
    const output = node.outputs[0] ?? bug(`${node.label} has no output`);
    const between = this.fresh(output);
    const first = this.replace(node, { outputs: [between, ...node.outputs.slice(1)] });
    const name = this.graph.uniqueName(`${node.name || output.name}_${opType}`);
    const made = new Node(opType, { name, inputs: [between, constant], outputs: [output], attributes });
    this.graph.insertAfter(first, made);
    this.added.add(name);
    this.#members.add(made);
  }

  insertBefore(node: Node, made: Node): void {
    this.graph.insertBefore(node, made);
    this.added.add(made.name);
    this.#members.add(made);
  }

  /** Takes out a node whose readers shall read its input instead. */
  bypass(node: Node, input: Value): void {
    const output = node.outputs[0] ?? bug(`${node.label} has no output`);
    this.graph.replaceUses(output, input);
    this.remove(node);
  }

  remove(node: Node): void {
    node.inputs.forEach((value) => value && this.released.add(value));
    this.graph.removeNode(node);
    this.#members.delete(node);
  }

  dropIfUnread(node: Node): void {
    const isRead = node.outputs.some((output) => output && (output.uses.size > 0 || this.graph.isOutput(output)));
    if (this.owns(node) && !isRead) this.remove(node);
  }

  /** Makes the producer of `value` write `name` instead, which all readers then read. */
  rename(value: Value, name: Value): void {
    const producer = value.producer ?? bug(`${value.name} has no producer`);
    this.replace(producer, { outputs: producer.outputs.map((output) => (output === value ? name : output)) });
    this.graph.replaceUses(value, name);
  }

  /** Gives a value that no longer holds what its name says a new one. */
  renew(value: Value): void {
    if (!this.#renamed.has(value)) this.rename(value, this.fresh(value));
  }

  /** A new value of the same type, named after another. */
  fresh(value: Value): Value {
    const made = new Value(this.graph.uniqueName(value.name));
    this.facts.copyType(value, made);
    this.#renamed.add(made);
    return made;
  }

  /** Lets go of all that the node reads. */
  disconnect(node: Node): void {
    node.inputs.forEach((value, index) => {
      if (value) this.released.add(value);
      node.setInput(index, undefined);
    });
  }
}
