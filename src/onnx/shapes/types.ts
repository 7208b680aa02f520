import type { Dim, DType } from '../../tensor.ts';
import type { Node, Value, ValueType } from '../graph.ts';
import { storedTensor } from './initializers.ts';

/** Integer tensors longer than this are data, not shapes. */
const LONGEST_SHAPE_CONTENT = 64;

/** What is known of each value, kept beside the graph. */
export class Types {
  readonly #types = new Map<Value, ValueType>();
  readonly #contents = new Map<Value, readonly Dim[]>();
  readonly #overridable: ReadonlySet<Value>;

  constructor(overridable: ReadonlySet<Value>) {
    this.#overridable = overridable;
  }

  of(value: Value): ValueType {
    const { dtype, shape } = value.constant ?? this.#types.get(value) ?? value;
    return { dtype, shape };
  }

  shape(value: Value | undefined): readonly Dim[] | undefined {
    return value && this.of(value).shape;
  }

  dtype(value: Value | undefined): DType | undefined {
    return value && this.of(value).dtype;
  }

  set(value: Value, type: ValueType): void {
    this.#types.set(value, type);
  }

  /** The elements of a small constant of any numeric dtype. */
  numbers(value: Value | undefined, most = LONGEST_SHAPE_CONTENT): readonly number[] | undefined {
    const { shape } = value ? this.of(value) : {};
    if (!value || this.#overridable.has(value) || !shape) return undefined;
    if (shape.length > 1 || typeof (shape[0] ?? 1) !== 'number' || Number(shape[0] ?? 1) > most) return;
    const tensor = storedTensor(value);
    return tensor && tensor.dtype !== 'string'
      ? Array.from(tensor.data as ArrayLike<number | bigint>, Number)
      : undefined;
  }

  /** The elements of an integer tensor of rank 0 or 1 that is constant or computed from shapes. */
  content(value: Value | undefined): readonly Dim[] | undefined {
    return value && (this.#contents.get(value) ?? this.numbers(value));
  }

  setContent(value: Value, content: readonly Dim[]): void {
    if (content.length <= LONGEST_SHAPE_CONTENT) this.#contents.set(value, content);
  }
}

/** What a shape rule may ask about the node it is for; inputs by index. */
export class Operands {
  readonly node: Node;
  readonly opset: number;
  readonly #types: Types;

  constructor(node: Node, opset: number, types: Types) {
    this.node = node;
    this.opset = opset;
    this.#types = types;
  }

  has(index: number): boolean {
    return this.node.inputs[index] !== undefined;
  }

  shape(index: number): readonly Dim[] | undefined {
    return this.#types.shape(this.node.inputs[index]);
  }

  dtype(index: number): DType | undefined {
    return this.#types.dtype(this.node.inputs[index]);
  }

  content(index: number): readonly Dim[] | undefined {
    return this.#types.content(this.node.inputs[index]);
  }

  numbers(index: number): readonly number[] | undefined {
    return this.#types.numbers(this.node.inputs[index]);
  }

  /**
   * Integers given by an attribute in older opsets and by input `index` in newer ones. "Until the end" is often
   * written as the largest int64, so numbers beyond 2⁵³ are as good as they come.
   */
  ints(attribute: string, index: number): readonly number[] | undefined {
    const given = this.node.attributes.get(attribute);
    return given?.kind === 'ints' ? given.value.map(Number) : this.numbers(index);
  }
}

/** The types of a node's outputs, in order; a rule that cannot tell leaves the shape out. */
export type ShapeRule = (operands: Operands) => readonly ValueType[];
