import { EdgefoldError } from '../errors.ts';
import type { Dim, DType, Tensor } from '../tensor.ts';
import type { Attribute, AttributeValues } from './attribute.ts';
import { Constant } from './constant.ts';
import { newModelInfo, type ModelInfo } from './model-info.ts';
import { NodeList, refill } from './node-list.ts';

/** One place where a value is read: input `index` of `node`, which may sit in a subgraph. */
export interface Use {
  readonly node: Node;
  readonly index: number;
}

/** What a value is known to hold; either part may be unknown. */
export interface ValueType {
  readonly dtype?: DType | undefined;
  /** Absent when not even the rank is known; a nameless unknown dimension is `''`. */
  readonly shape?: readonly Dim[] | undefined;
}

/** A tensor that flows through the graph: an input, the output of a node, or a constant (initializer). */
export class Value {
  readonly name: string;
  dtype: DType | undefined;
  shape: readonly Dim[] | undefined;
  /** The node that makes it; absent for inputs and constants. */
  producer: Node | undefined;
  /** Present for initializers. An initializer that is also a graph input may be overridden by the caller. */
  constant: Constant | undefined;
  /** Something other than a node refers to it by name, so that it must not go: a scale that an annotation names. */
  isNamedElsewhere = false;
  /** Type information as read; only `onnx/proto` looks inside. */
  source: unknown;
  readonly #uses = new Set<Use>();

  constructor(name: string, { dtype, shape }: ValueType = {}) {
    this.name = name;
    this.dtype = dtype;
    this.shape = shape;
  }

  /** Every place that reads this value, subgraphs included; being a graph output is not one of them. */
  get uses(): ReadonlySet<Use> {
    return this.#uses;
  }

  /** @internal */
  addUse(use: Use): void {
    this.#uses.add(use);
  }

  /** @internal */
  dropUse(use: Use): void {
    this.#uses.delete(use);
  }
}

export interface NodeOptions {
  readonly name?: string;
  readonly domain?: string;
  /** `undefined` leaves an optional input out. */
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly (Value | undefined)[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly source?: unknown;
}

/** One operator. Inputs are changed through {@link setInput} only, so that uses stay true. */
export class Node {
  readonly opType: string;
  /** `''` is ai.onnx. */
  readonly domain: string;
  readonly name: string;
  readonly attributes: Map<string, Attribute>;
  /** Outputs left out are `undefined`. */
  readonly outputs: readonly (Value | undefined)[];
  /** The message as read; only `onnx/proto` looks inside. */
  readonly source: unknown;
  readonly #inputs: (Value | undefined)[] = [];
  readonly #uses: (Use | undefined)[] = [];

  constructor(opType: string, { name = '', domain = '', inputs, outputs, attributes = {}, source }: NodeOptions) {
    this.opType = opType;
    this.domain = domain === 'ai.onnx' ? '' : domain;
    this.name = name;
    this.attributes = new Map(Object.entries(attributes));
    this.source = source;
    this.outputs = outputs;
    for (const output of outputs) if (output) output.producer = this;
    inputs.forEach((input, index) => {
      this.setInput(index, input);
    });
  }

  get inputs(): readonly (Value | undefined)[] {
    return this.#inputs;
  }

  /** Rewires one input; an index beyond the last appends. */
  setInput(index: number, value: Value | undefined): void {
    const old = this.#uses[index];
    if (old) this.#inputs[index]?.dropUse(old);
    while (this.#inputs.length < index) this.#inputs.push(undefined);
    this.#inputs[index] = value;
    const use = value && { node: this, index };
    this.#uses[index] = use;
    if (value && use) value.addUse(use);
  }

  /** Integer attribute. @throws {EdgefoldError} CORRUPT if it is of another kind or beyond 2⁵³. */
  int(name: string): number | undefined;
  int(name: string, otherwise: number): number;
  int(name: string, otherwise?: number): number | undefined {
    const value = this.#attribute(name, 'int') ?? otherwise;
    return value === undefined ? undefined : this.#exact(name, value);
  }

  /** Integer list attribute. @throws {EdgefoldError} CORRUPT, as {@link int}. */
  ints(name: string): readonly number[] | undefined {
    return this.#attribute(name, 'ints')?.map((value) => this.#exact(name, value));
  }

  /** Float attribute; ONNX stores float32, so the value is one. @throws {EdgefoldError} CORRUPT if of another kind. */
  float(name: string, otherwise: number): number {
    return this.#attribute(name, 'float') ?? Math.fround(otherwise);
  }

  /** String attribute. @throws {EdgefoldError} CORRUPT if of another kind. */
  string(name: string, otherwise: string): string {
    return this.#attribute(name, 'string') ?? otherwise;
  }

  /** How messages name this node: its name and operator, or its operator and first output. */
  get label(): string {
    return `${this.name || (this.outputs.find(Boolean)?.name ?? '?')} (${this.opType})`;
  }

  #attribute<K extends keyof AttributeValues>(name: string, kind: K): AttributeValues[K] | undefined {
    const attribute = this.attributes.get(name);
    if (!attribute) return undefined;
    if (attribute.kind === kind) return attribute.value as AttributeValues[K];
    throw new EdgefoldError('CORRUPT', `attribute ${name} is of the wrong kind`, {
      where: this.label,
      expected: kind,
      received: attribute.kind,
    });
  }

  #exact(name: string, value: number | bigint): number {
    const number = Number(value);
    if (Number.isSafeInteger(number)) return number;
    throw new EdgefoldError('CORRUPT', `attribute ${name} is out of range`, {
      where: this.label,
      expected: 'an integer below 2^53',
      received: String(value),
    });
  }
}

/**
 * A graph: inputs, outputs, initializers, and nodes in an order in which every value is made before it is read.
 * Values are shared by reference; a subgraph reads values of its parents by holding the same objects.
 */
export class Graph {
  readonly name: string;
  readonly model: ModelInfo;
  readonly parent: Graph | undefined;
  readonly inputs: Value[] = [];
  /** Values with a constant, in file order. */
  readonly initializers: Value[] = [];
  /** The message as read; only `onnx/proto` looks inside. */
  source: unknown;
  /** Every name of the model, and the number that was last put behind it. */
  readonly #names: Map<string, number>;
  readonly #nodes = new NodeList();
  readonly #outputs: Value[] = [];
  /** Where each output is among them, and how many there were then. */
  #places: { readonly of: Map<Value, number[]>; readonly total: number } | undefined;

  constructor(name: string, model: ModelInfo = newModelInfo(), parent?: Graph) {
    this.name = name;
    this.model = model;
    this.parent = parent;
    this.#names = parent ? parent.#names : new Map<string, number>();
  }

  get nodes(): Node[] {
    return this.#nodes.current;
  }

  /** Whoever asks for the list may change it, so what was derived from it is forgotten. */
  get outputs(): Value[] {
    this.#places = undefined;
    return this.#outputs;
  }

  /** ai.onnx version; 0 for a model that uses no operator of it. */
  get opset(): number {
    return this.model.opsets.get('') ?? 0;
  }

  /** Marks a name as taken, in this graph and all that belong to the same model. */
  reserveName(name: string): void {
    if (!this.#names.has(name)) this.#names.set(name, 0);
  }

  /** Marks every name of another model as taken here too. */
  reserveNamesOf(other: Graph): void {
    for (const name of other.#names.keys()) this.reserveName(name);
  }

  /** `base` if no value or node of the model has it yet, else `base_1`, `base_2`, …; reserves what it returns. */
  uniqueName(base: string): string {
    let name = base;
    let n = this.#names.get(base) ?? 0;
    while (this.#names.has(name)) name = `${base}_${String(++n)}`;
    if (n > 0) this.#names.set(base, n);
    this.#names.set(name, 0);
    return name;
  }

  /** Adds a graph input; its name is taken as it is. */
  input(name: string, type: ValueType): Value {
    this.reserveName(name);
    const value = new Value(name, type);
    this.inputs.push(value);
    return value;
  }

  /** Adds an initializer under a fresh name derived from `name`. */
  constant(name: string, tensor: Tensor | Constant): Value {
    const value = new Value(this.uniqueName(name), tensor);
    value.constant = tensor instanceof Constant ? tensor : Constant.of(tensor);
    this.initializers.push(value);
    return value;
  }

  /**
   * Appends a node with one output, named after `output.name` (made unique), and returns that output.
   * The node takes the output's name too.
   */
  node(
    opType: string,
    options: {
      readonly inputs: readonly (Value | undefined)[];
      readonly attributes?: Readonly<Record<string, Attribute>>;
      readonly output: { readonly name: string } & ValueType;
      readonly domain?: string;
    },
  ): Value {
    const output = new Value(this.uniqueName(options.output.name), options.output);
    this.nodes.push(new Node(opType, { ...options, name: output.name, outputs: [output] }));
    return output;
  }

  isOutput(value: Value): boolean {
    return this.#placesOf().has(value);
  }

  #placesOf(): Map<Value, number[]> {
    if (this.#places?.total === this.#outputs.length) return this.#places.of;
    const of = new Map<Value, number[]>();
    for (const [place, value] of this.#outputs.entries()) {
      const known = of.get(value);
      if (known) known.push(place);
      else of.set(value, [place]);
    }
    this.#places = { of, total: this.#outputs.length };
    return of;
  }

  isInput(value: Value): boolean {
    return this.inputs.includes(value);
  }

  /** Makes every reader of `from`, subgraphs and graph outputs included, read `to`. */
  replaceUses(from: Value, to: Value): void {
    for (const { node, index } of [...from.uses]) node.setInput(index, to);
    const places = this.#placesOf();
    const moved = places.get(from);
    if (!moved || from === to) return;
    for (const place of moved) this.#outputs[place] = to;
    places.delete(from);
    places.set(to, [...(places.get(to) ?? []), ...moved]);
  }

  /** Takes a node out and lets go of its inputs. Its outputs must have no reader left. */
  removeNode(node: Node): void {
    this.#nodes.remove(node);
    for (const index of node.inputs.keys()) node.setInput(index, undefined);
  }

  /** Puts a node in the place of another, which keeps its inputs. */
  replaceNode(node: Node, by: Node): void {
    this.#nodes.replace(node, by);
  }

  insertBefore(node: Node, made: Node): void {
    this.#nodes.insertBefore(node, made);
  }

  insertAfter(node: Node, made: Node): void {
    this.#nodes.insertAfter(node, made);
  }

  /** Drops initializers that nothing reads and that are not outputs. */
  dropUnusedConstants(): void {
    const asked = new Set([...this.inputs, ...this.#outputs]);
    refill(
      this.initializers,
      this.initializers.filter((value) => value.uses.size > 0 || value.isNamedElsewhere || asked.has(value)),
    );
  }
}
