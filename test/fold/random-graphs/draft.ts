import type { Attribute } from '../../../src/onnx/attribute.ts';
import { Constant } from '../../../src/onnx/constant.ts';
import { Graph, Node, Value } from '../../../src/onnx/graph.ts';
import { newModelInfo } from '../../../src/onnx/model-info.ts';
import { float32, int64, sizeOf, type Dim, type Tensor } from '../../../src/tensor.ts';
import type { Tape } from './tape.ts';

/** What is known of a float value while a graph is being drawn up. */
export interface Fact {
  readonly shape: readonly number[];
  /** No element is larger. */
  readonly max: number;
  /** Every element is a multiple of 2^step; −∞ where nothing of the kind is known. */
  readonly step: number;
}

export type Attributes = Readonly<Record<string, Attribute>>;

/** With so many bits between the step and the largest element, no sum of a few of them is ever rounded to 24. */
const MOST_BITS = 20;

/** Small integers for weights; the zeros keep sums from growing. */
const INTEGERS = [0, 1, -1, 2, 0, -1, 1, -2];

/**
 * A graph that is being drawn up by the decisions of a tape. In an exact one all constants are integers or powers of
 * two, and operators that would round anything are left out, so that folded and unfolded must agree to the bit.
 */
export class Draft {
  readonly graph: Graph;
  readonly exact: boolean;
  /** Every float value that a node makes or a caller gives. */
  readonly facts = new Map<Value, Fact>();
  /** Constants whose sign the caller may flip. */
  readonly weights: Value[] = [];
  readonly #elements = new Map<Value, Tensor>();

  constructor(opset: number, exact: boolean, graph = new Graph('random', newModelInfo(Math.max(opset, 13)))) {
    this.graph = graph;
    this.graph.model.opsets.set('', opset);
    this.exact = exact;
  }

  get opset(): number {
    return this.graph.opset;
  }

  /** A draft of a body of this one; it may read the values of this one. */
  inside(name: string): Draft {
    const draft = new Draft(this.opset, this.exact, new Graph(name, this.graph.model, this.graph));
    this.facts.forEach((fact, value) => draft.facts.set(value, fact));
    this.#elements.forEach((tensor, value) => draft.#elements.set(value, tensor));
    draft.weights.push(...this.weights);
    return draft;
  }

  fact(value: Value): Fact {
    return this.facts.get(value)!;
  }

  input(name: string, shape: readonly number[], declared: readonly Dim[] = shape): Value {
    const value = this.graph.input(name, { dtype: 'float32', shape: declared });
    this.facts.set(value, { shape, max: this.exact ? 2 : 1, step: this.exact ? 0 : -Infinity });
    return value;
  }

  /** Whether an exact draft can have such a value. */
  allows({ shape, max, step }: Fact): boolean {
    if (sizeOf(shape) > 4096 || shape.some((dim) => dim < 1)) return false;
    return !this.exact || max * 2 ** -step <= 2 ** MOST_BITS;
  }

  /** Weights for a sum of `terms`, at times those that another node has already. */
  weight(shape: readonly number[], terms: number, tape: Tape, name = 'W'): Value {
    const random = tape.random(this.weights.length);
    const known = this.weights.filter((value) => value.shape!.join() === shape.join());
    if (known.length > 0 && tape.flag(4)) return random.pick(known);
    const next = this.exact
      ? () => random.pick(INTEGERS)
      : () => Math.fround(((random.real() + random.real() - 1) * 2) / Math.sqrt(terms));
    const value = this.constant(shape, next, tape, name);
    this.weights.push(value);
    return value;
  }

  /** A constant in one of the ways in which exporters write one; its elements can be read from {@link elements}. */
  constant(shape: readonly number[], next: () => number, tape: Tape, name: string): Value {
    const tensor = float32(shape, Array.from({ length: sizeOf(shape) }, next));
    const form = tape.next(8);
    if (form === 6) return this.#constantNode(name, tensor);
    if (form === 7) return this.#computed(name, tensor);
    return this.graph.constant(name, tensor);
  }

  #constantNode(name: string, tensor: Tensor): Value {
    const attributes = { value: { kind: 'tensor', value: Constant.of(tensor) } } as const;
    return this.#known(this.graph.node('Constant', { inputs: [], attributes, output: { name } }), tensor);
  }

  #computed(name: string, tensor: Tensor): Value {
    const flat = this.graph.constant(`${name}_flat`, { ...tensor, shape: [sizeOf(tensor.shape)] });
    const inputs = [flat, this.integers([...tensor.shape])];
    return this.#known(this.graph.node('Reshape', { inputs, output: { name } }), tensor);
  }

  #known(value: Value, tensor: Tensor): Value {
    this.#elements.set(value, tensor);
    return Object.assign(value, { dtype: tensor.dtype, shape: tensor.shape });
  }

  elements(value: Value): ArrayLike<number> {
    return (this.#elements.get(value) ?? value.constant!.tensor()).data as Float32Array;
  }

  /** A list such as axes or pads. */
  integers(values: readonly number[], name = 'list'): Value {
    return this.graph.constant(name, int64(values));
  }

  scalar(value: number, name = 'scalar'): Value {
    return this.graph.constant(name, float32([], [value]));
  }

  node(opType: string, inputs: readonly (Value | undefined)[], attributes: Attributes, fact: Fact): Value {
    const given = inputs.slice(0, inputs.findLastIndex(Boolean) + 1);
    const value = this.graph.node(opType, { inputs: given, attributes, output: { name: opType.toLowerCase() } });
    this.facts.set(value, fact);
    return value;
  }

  /** A node with several outputs. */
  nodes(opType: string, inputs: readonly Value[], attributes: Attributes, facts: readonly Fact[]): Value[] {
    const outputs = facts.map((fact) => {
      const value = new Value(this.graph.uniqueName(opType.toLowerCase()));
      this.facts.set(value, fact);
      return value;
    });
    const name = this.graph.uniqueName(opType.toLowerCase());
    this.graph.nodes.push(new Node(opType, { name, inputs, outputs, attributes }));
    return outputs;
  }
}

/** The largest sum of magnitudes that goes into one output, and whether the elements are all integers. */
export function gain(data: ArrayLike<number>, outputOf: (index: number) => number): number {
  const sums: number[] = [];
  for (let index = 0; index < data.length; index++) {
    const output = outputOf(index);
    sums[output] = (sums[output] ?? 0) + Math.abs(data[index]!);
  }
  return sums.reduce((largest, sum) => Math.max(largest, sum), 0);
}

export const largest = (data: ArrayLike<number>): number => gain(data, (index) => index);

/** The largest power of two that divides all elements, as an exponent; at most 0. */
export function stepOf(data: ArrayLike<number>): number {
  let step = 0;
  for (const element of Array.from(data)) while (step > -60 && !Number.isInteger(element * 2 ** -step)) step--;
  return step;
}

export const divisors = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % d === 0);
