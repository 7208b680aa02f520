import { float32, sizeOf, stridesOf, transposed, type Dim, type DType, type Tensor } from '../tensor.ts';
import type { Graph, Node, Value } from '../onnx/graph.ts';
import { broadcast } from '../onnx/shapes/dims.ts';
import { isStandard } from '../onnx/shapes/infer.ts';
import { overridableInitializers, storedTensor } from '../onnx/shapes/initializers.ts';
import type { Types } from '../onnx/shapes/types.ts';

/** Elements known when folding: float32 or float64 as `dtype` says, in float64 where they were computed here. */
export interface Numbers {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** Constant sub-graphs deeper than this are left to the runtime. */
const DEEPEST = 16;
/** Elements that may be computed for one graph: 2²⁶ float64 are 512 MiB. A file of bytes can ask for terabytes. */
const MOST_ELEMENTS = 2 ** 26;

type Evaluate = (inputs: readonly (Numbers | undefined)[], node: Node, shape: readonly number[]) => Numbers | undefined;

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
  remember(value: Value, data: Float64Array): void {
    const stored = this.#stored(value);
    if (stored) this.#known.set(value, { ...stored, data });
  }

  /** Whether the value is an initializer, or computed from nothing but constants, and cannot be overridden. */
  isFixed(value: Value): boolean {
    if (this.#overridable.has(value)) return false;
    return value.constant !== undefined || storedTensor(value) !== undefined || this.of(value) !== undefined;
  }

  #stored(value: Value): Numbers | undefined {
    const tensor = storedTensor(value);
    return tensor && isFloat(tensor) ? tensor : undefined;
  }

  #computed({ producer }: Value, depth: number): Numbers | undefined {
    const evaluate = producer && isStandard(producer, this.#graph) ? EVALUATE.get(producer.opType) : undefined;
    const shape = this.#types.shape(producer?.outputs[0]);
    if (!evaluate || !shape || !isStatic(shape) || sizeOf(shape) > this.#budget) return undefined;
    const inputs = producer!.inputs.map((input) => this.of(input, depth + 1));
    const result = evaluate(inputs, producer!, shape);
    if (result) this.#budget -= sizeOf(shape);
    return result;
  }
}

const isStatic = (shape: readonly Dim[]): shape is readonly number[] => shape.every((dim) => typeof dim === 'number');

function isFloat(tensor: Tensor): tensor is Tensor<'float32' | 'float64' | 'float16' | 'bfloat16'> {
  return ['float32', 'float64', 'float16', 'bfloat16'].includes(tensor.dtype);
}

const isComputable = (numbers: Numbers | undefined): numbers is Numbers =>
  numbers?.dtype === 'float32' || numbers?.dtype === 'float64';

const reshaped: Evaluate = ([x], _, shape) => x && sizeOf(shape) === sizeOf(x.shape) ? { ...x, shape } : undefined; // prettier-ignore

const permuted: Evaluate = ([x], node) => {
  if (!isComputable(x)) return undefined;
  const permutation = node.ints('perm') ?? x.shape.map((_, axis) => x.shape.length - 1 - axis);
  const { shape, data } = x;
  if (data instanceof Float32Array) return transposed({ dtype: 'float32', shape, data }, permutation);
  return { ...transposed({ dtype: 'float64', shape, data: Float64Array.from(data) }, permutation), dtype: x.dtype };
};

const filled: Evaluate = (_, node, shape) => {
  const value = node.attributes.get('value');
  const tensor = value?.kind === 'tensor' ? value.value.tensor() : float32([], [0]);
  if (tensor.dtype !== 'float32') return undefined;
  return { dtype: 'float32', shape, data: new Float32Array(sizeOf(shape)).fill((tensor.data as Float32Array)[0]!) };
};

const each =
  (operation: (x: number) => number): Evaluate =>
  ([x], _, shape) =>
    isComputable(x) ? { dtype: x.dtype, shape, data: Float64Array.from(x.data, operation) } : undefined;

const paired =
  (operation: (a: number, b: number) => number): Evaluate =>
  ([a, b], node, shape) => {
    if (!isComputable(a) || !isComputable(b) || a.dtype !== b.dtype) return undefined;
    // Until opset 6 an attribute said where the second operand is aligned.
    if (node.attributes.has('axis')) return undefined;
    if (broadcast(a.shape, b.shape).join() !== shape.join()) return undefined;
    const [fromA, fromB] = [reader(a, shape), reader(b, shape)];
    const data = Float64Array.from({ length: sizeOf(shape) }, (_, flat) => operation(fromA(flat), fromB(flat)));
    return { dtype: a.dtype, shape, data };
  };

/** Reads a broadcast operand at a flat index of the result. */
function reader({ shape, data }: Numbers, result: readonly number[]): (flat: number) => number {
  if (data.length === 1) return () => data[0]!;
  const outer = stridesOf(result);
  const own = stridesOf(shape);
  const skip = result.length - shape.length;
  return (flat) =>
    data[own.reduce((at, stride, axis) => {
      const index = Math.floor(flat / outer[axis + skip]!) % result[axis + skip]!;
      return at + (shape[axis] === 1 ? 0 : index * stride);
    }, 0)]!; // prettier-ignore
}

const EVALUATE: ReadonlyMap<string, Evaluate> = new Map(
  Object.entries({
    Add: paired((a, b) => a + b),
    ConstantOfShape: filled,
    Div: paired((a, b) => a / b),
    Flatten: reshaped,
    Identity: reshaped,
    Mul: paired((a, b) => a * b),
    Neg: each((x) => -x),
    Reciprocal: each((x) => 1 / x),
    Reshape: reshaped,
    Sqrt: each(Math.sqrt),
    Squeeze: reshaped,
    Sub: paired((a, b) => a - b),
    Transpose: permuted,
    Unsqueeze: reshaped,
  }),
);
