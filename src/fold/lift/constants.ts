import { decodeHalves } from '../../half.ts';
import { sizeOf, type Dim, type DType, type Tensor } from '../../tensor.ts';
import type { Constant } from '../../onnx/constant.ts';
import type { Graph, Node, Value } from '../../onnx/graph.ts';
import { isStandard } from '../../onnx/shapes/infer.ts';
import { overridableInitializers, storedTensor } from '../../onnx/shapes/initializers.ts';
import type { Types } from '../../onnx/shapes/types.ts';
import { vectorOf, type Vector } from '../algebra/affine.ts';
import { EVALUATE } from './constant-operators.ts';
import { exact, multiply, type DoubleDouble } from '../algebra/double-double.ts';

/** Elements known when folding, in the precision of `dtype`, or in about 106 bits where they were computed here. */
export interface Numbers {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
  /** The elements more precisely than `data`, where they were computed. */
  readonly values?: Vector;
  /** What `data` is the rounded product of, for those who multiply it again. */
  readonly product?: Product;
  /**
   * Elements `start` to `end`, for those who go through them in order: `data` would copy all of them first. Good until
   * the next stretch is asked for.
   */
  readonly stretch?: (start: number, end: number) => Float32Array;
  /** The same elements as they are stored, wherever in memory they begin, for those who look at bits. */
  readonly bytes?: Uint8Array;
  /** Whether `data` is all that is left of what was computed, rounded to float64. */
  readonly isRounded?: true;
}

/** Weights as they were, and what each was multiplied by. */
export interface Product {
  readonly weights: () => Numbers | undefined;
  readonly factorAt: (index: number) => DoubleDouble;
}

/** All elements, each as precisely as it is known. */
export const entriesOf = (numbers: Numbers): Vector => {
  const { data, values, product, isRounded } = numbers;
  if (values) return values;
  return product || isRounded ? Array.from(data, (_, index) => entryOf(numbers, index)) : vectorOf(data);
};

export function entryOf({ data, values, product, isRounded }: Numbers, index: number): DoubleDouble {
  const known = values?.[index] ?? (product && elementOf(product, index));
  return known ?? (isRounded ? rounded(data[index]!) : exact(data[index]!));
}

function elementOf({ weights, factorAt }: Product, index: number): DoubleDouble | undefined {
  const from = weights();
  return from && multiply(entryOf(from, index), factorAt(index));
}

/** A float64 that is the nearest to what it stands for. */
const rounded = (hi: number): DoubleDouble => ({ hi, lo: 0, error: Math.abs(hi) * 2 ** -53 });

/** Constant sub-graphs deeper than this are left to the runtime. */
const DEEPEST = 16;
/** Elements that may be computed for one graph: 2²⁶ float64 are 512 MiB. A file of bytes can ask for terabytes. */
const MOST_ELEMENTS = 2 ** 26;

/** The values whose elements are fixed: initializers, `Constant` nodes, and simple operators on those. */
export class Constants {
  readonly #graph: Graph;
  readonly #types: Types;
  readonly #overridable: ReadonlySet<Value>;
  readonly #known = new Map<Value, Numbers | undefined>();
  #budget = MOST_ELEMENTS;

  /** For a main graph and its subgraphs. */
  constructor(graph: Graph, types: Types, overridable: ReadonlySet<Value> = overridableInitializers(graph)) {
    this.#graph = graph;
    this.#types = types;
    this.#overridable = overridable;
  }

  /** The elements of a floating-point constant. */
  of(value: Value | undefined, depth = 0): Numbers | undefined {
    if (!value || depth > DEEPEST || this.#overridable.has(value)) return undefined;
    if (!this.#known.has(value)) this.#known.set(value, this.#stored(value) ?? this.#computed(value, depth));
    return this.#known.get(value);
  }

  /** Elements that are more precise than those stored in an initializer. */
  remember(value: Value, values: Vector): void {
    const stored = this.#stored(value);
    if (stored) this.#known.set(value, { ...stored, values });
  }

  /** As {@link remember}, without holding numbers for each element. */
  rememberProduct(value: Value, product: Product): void {
    const stored = value.constant?.compute ? undefined : this.#stored(value);
    if (stored) this.#known.set(value, { ...stored, product });
    else if (value.constant) this.#known.set(value, onDemand(value.constant, { product }));
  }

  /** From now on the elements are what is stored. @returns whether they were known more precisely. */
  takeAsStored(value: Value): boolean {
    return value.constant !== undefined && this.#known.get(value)?.values !== undefined && this.#known.delete(value);
  }

  /** Lets go of the elements of a value that has no reader left; a file may hold more of them than memory does. */
  forget(value: Value): void {
    this.#known.delete(value);
    value.constant?.release();
  }

  /** Whether the value is an initializer, or computed from nothing but constants, and cannot be overridden. */
  isFixed(value: Value): boolean {
    if (this.#overridable.has(value)) return false;
    return value.constant !== undefined || storedTensor(value) !== undefined || this.of(value) !== undefined;
  }

  #stored(value: Value): Numbers | undefined {
    const { constant } = value;
    if (constant?.compute) return onDemand(constant, {});
    if (constant?.unaligned && constant.unaligned.length >= LARGE) return inStretches(constant, constant.unaligned);
    const tensor = storedTensor(value);
    return tensor && decoded(tensor);
  }

  #computed({ producer }: Value, depth: number): Numbers | undefined {
    const evaluate = producer && isStandard(producer, this.#graph) ? EVALUATE.get(producer.opType) : undefined;
    const output = producer?.outputs[0];
    const shape = this.#types.shape(output);
    if (!evaluate || !shape || !isStatic(shape) || sizeOf(shape) > this.#budget) return undefined;
    const node = producer!;
    const inputs = node.inputs.map((input) => this.of(input, depth + 1));
    const ints = (attribute: string, index: number) => this.#ints(node, attribute, index);
    const result = evaluate({ node, inputs, dtype: this.#types.dtype(output), shape, ints });
    if (result) this.#budget -= sizeOf(shape);
    return result;
  }

  /** "Until the end" is often written as the largest int64, so numbers beyond 2⁵³ are as good as they come. */
  #ints(node: Node, attribute: string, index: number): readonly number[] | undefined {
    const given = node.attributes.get(attribute);
    return given?.kind === 'ints' ? given.value.map(Number) : this.#types.numbers(node.inputs[index]);
  }
}

/** Bytes of weights that are better not copied as a whole. */
const LARGE = 2 ** 20;

/** The elements of a float32 constant, which are brought together when somebody asks for all of them. */
function onDemand(constant: Constant, more: Partial<Numbers>): Numbers {
  const { dtype, shape } = constant;
  let data: ArrayLike<number> | undefined;
  return {
    dtype,
    shape,
    get data() {
      return (data ??= constant.tensor().data as Float32Array);
    },
    ...more,
  };
}

function inStretches(constant: Constant, bytes: Uint8Array): Numbers {
  let elements = new Float32Array();
  let copied = new Uint8Array();
  return onDemand(constant, {
    bytes,
    stretch(start, end) {
      if (elements.length < end - start) {
        elements = new Float32Array(end - start);
        copied = new Uint8Array(elements.buffer);
      }
      copied.set(bytes.subarray(4 * start, 4 * end));
      return elements;
    },
  });
}

/** Sizes all known; a file may ask for one below zero. */
const isStatic = (shape: readonly Dim[]): shape is readonly number[] => shape.every((dim) => typeof dim === 'number' && dim >= 0); // prettier-ignore

/** Halves become numbers, which float32 holds exactly. */
function decoded({ dtype, shape, data }: Tensor): Numbers | undefined {
  if (dtype === 'float32' || dtype === 'float64') return { dtype, shape, data: data as Float32Array | Float64Array };
  if (dtype !== 'float16' && dtype !== 'bfloat16') return undefined;
  return { dtype, shape, data: decodeHalves(dtype, data as Uint16Array) };
}
