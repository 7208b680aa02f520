import type { Dim, DType } from '../tensor.ts';
import type { Graph, Node, Value } from '../onnx/graph.ts';
import { normalAxis } from '../onnx/shapes/dims.ts';
import type { Types } from '../onnx/shapes/types.ts';
import type { Vector } from './algebra/affine.ts';
import type { Constants, Numbers, Product } from './lift/constants.ts';

/** What lifting and the rules may ask about a graph while it is being folded. */
export class Facts {
  readonly graph: Graph;
  readonly #types: Types;
  readonly #constants: Constants;

  constructor(graph: Graph, types: Types, constants: Constants) {
    this.graph = graph;
    this.#types = types;
    this.#constants = constants;
  }

  get opset(): number {
    return this.graph.opset;
  }

  shape(value: Value | undefined): readonly Dim[] | undefined {
    return this.#types.shape(value);
  }

  rank(value: Value | undefined): number | undefined {
    return this.#types.shape(value)?.length;
  }

  /** NaN, which is no axis, where the rank is unknown. */
  lastAxis(value: Value | undefined): number {
    return (this.rank(value) ?? NaN) - 1;
  }

  /** An axis counted from the front; undefined where the value has none such, or its rank is unknown. */
  axis(value: Value | undefined, axis: number): number | undefined {
    return normalAxis(axis, this.rank(value) ?? NaN);
  }

  dtype(value: Value | undefined): DType | undefined {
    return this.#types.dtype(value);
  }

  /** The elements of a floating-point constant that nobody can override. */
  constant(value: Value | undefined): Numbers | undefined {
    return this.#constants.of(value);
  }

  /** Lets go of the elements of a constant that nobody reads any more. */
  forget(value: Value): void {
    this.#constants.forget(value);
  }

  /** Keeps a new constant from being rounded twice, should it be folded again. */
  rememberUnrounded(value: Value, values: Vector): void {
    this.#constants.remember(value, values);
  }

  /** Takes a new constant for what is stored. @returns whether it was known more precisely. */
  takeAsStored(value: Value): boolean {
    return this.#constants.takeAsStored(value);
  }

  /** The same for large weights, of which it is known what they were made of. */
  rememberProduct(value: Value, product: Product): void {
    this.#constants.rememberProduct(value, product);
  }

  /** The elements of a constant of rank 0 or 1 and any numeric dtype, such as axes; `undefined` if it has more than `most`. */
  numbers(value: Value | undefined, most?: number): readonly number[] | undefined {
    return this.#types.numbers(value, most);
  }

  /** A value that takes the place of another has its type. */
  copyType(from: Value, to: Value): void {
    this.#types.set(to, this.#types.of(from));
  }
}

/** Why something does not apply: a clause that begins with the node in the way. */
export interface Refusal {
  readonly kind: 'refuse';
  readonly reason: string;
}

export const refuse = (reason: string): Refusal => ({ kind: 'refuse', reason });

/** Integers that are an attribute in older opsets and input `index` in newer ones. */
export function intsOf(node: Node, attribute: string, index: number, facts: Facts): readonly number[] | undefined {
  return node.ints(attribute) ?? facts.numbers(node.inputs[index]);
}
