import { nearestBfloat16, nearestFloat16 } from '../../half.ts';
import { sizeOf, stridesOf, type DType } from '../../tensor.ts';
import type { Node } from '../../onnx/graph.ts';
import { broadcast, normalAxis, isPermutation, sliceOf } from '../../onnx/shapes/dims.ts';
import { entryOf, type Numbers } from './constants.ts';
import {
  add,
  divide,
  exact,
  multiply,
  negate,
  ONE,
  squareRoot,
  subtract,
  ZERO,
  type DoubleDouble,
} from '../algebra/double-double.ts';

/** One operator whose inputs may be constants. */
export interface Application {
  readonly node: Node;
  /** Undefined for what is no constant. */
  readonly inputs: readonly (Numbers | undefined)[];
  readonly dtype: DType | undefined;
  readonly shape: readonly number[];
  /** The elements of a small integer input, or of the attribute of that name in older opsets. */
  readonly ints: (attribute: string, index: number) => readonly number[] | undefined;
}

export type Evaluate = (application: Application) => Numbers | undefined;

/** Larger results are kept in float64: they are weights, and no parameters of a normalisation. */
const MOST_ENTRIES = 2 ** 20;

/** Where each element of the result is found in the input; a number is moved as it is, to the last bit. */
function picked(x: Numbers | undefined, shape: readonly number[], sourceOf: (flat: number) => number) {
  if (!x) return undefined;
  const { dtype, data, values, isRounded } = x;
  const size = sizeOf(shape);
  const moved = data instanceof Float32Array ? new Float32Array(size) : new Float64Array(size);
  for (let flat = 0; flat < size; flat++) moved[flat] = data[sourceOf(flat)]!;
  if (isRounded || (values && size > MOST_ENTRIES)) return { dtype, shape, data: moved, isRounded: true } as const;
  if (!values) return { dtype, shape, data: moved };
  return { dtype, shape, data: moved, values: Array.from(moved, (_, flat) => values[sourceOf(flat)]!) };
}

const reshaped: Evaluate = ({ inputs: [x], shape }) => (x && sizeOf(shape) === sizeOf(x.shape) ? { ...x, shape } : undefined); // prettier-ignore

const permuted: Evaluate = ({ inputs: [x], node, shape }) => {
  if (!x) return undefined;
  const permutation = node.ints('perm') ?? x.shape.map((_, axis) => x.shape.length - 1 - axis);
  if (!isPermutation(permutation, x.shape.length)) return undefined;
  const strides = stridesOf(x.shape);
  const steps = permutation.map((axis) => strides[axis]!);
  return picked(x, shape, walk(shape, steps));
};

const expanded: Evaluate = ({ inputs: [x], shape }) => {
  if (!x || broadcast(x.shape, shape).join() !== shape.join()) return undefined;
  return picked(x, shape, walk(shape, stepsWithin(x, shape)));
};

const sliced: Evaluate = ({ inputs: [x], shape, ints, node }) => {
  const [starts, ends] = [ints('starts', 1), ints('ends', 2)];
  const axes = ints('axes', 3) ?? (node.inputs[3] ? undefined : starts?.map((_, axis) => axis));
  const steps = node.inputs[4] ? ints('steps', 4) : starts?.map(() => 1);
  if (!x || !starts || !ends || !axes || !steps || steps.some((step) => step < 1)) return undefined;
  const strides = stridesOf(x.shape);
  let first = 0;
  const strideOf = strides.map((stride, axis) => {
    const at = axes.findIndex((own) => normalAxis(own, strides.length) === axis);
    if (at < 0) return stride;
    first += sliceOf(x.shape[axis]!, starts[at]!, ends[at]!, steps[at]!).first * stride;
    return stride * steps[at]!;
  });
  const from = walk(shape, strideOf);
  return picked(x, shape, (flat) => first + from(flat));
};

const joined: Evaluate = ({ inputs, node, shape }) => {
  const axis = normalAxis(node.int('axis', 1), shape.length);
  const [first] = inputs;
  if (axis === undefined || !first || !inputs.every((part) => part?.dtype === first.dtype)) return undefined;
  const after = sizeOf(shape.slice(axis + 1));
  const ends = inputs.map((_, index) => sum(inputs.slice(0, index + 1).map((before) => before!.shape[axis]!)));
  return computed(first.dtype, shape, (flat) => {
    const [row, rest] = [Math.floor(flat / (shape[axis]! * after)), flat % (shape[axis]! * after)];
    const at = ends.findIndex((end) => rest < end * after);
    const run = inputs[at]!.shape[axis]! * after;
    return entryOf(inputs[at]!, row * run + rest - (ends[at]! * after - run));
  });
};

const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0);

const filled: Evaluate = ({ node, shape, dtype }) => {
  const value = node.attributes.get('value');
  const tensor = value?.kind === 'tensor' ? value.value.tensor() : undefined;
  const entry = tensor ? (tensor.data as ArrayLike<number>)[0] : 0;
  if (typeof entry !== 'number' || !(dtype === 'float32' || dtype === 'float64')) return undefined;
  const array = dtype === 'float32' ? new Float32Array(sizeOf(shape)) : new Float64Array(sizeOf(shape));
  return { dtype, shape, data: array.fill(entry) };
};

const ROUND: Readonly<Partial<Record<DType, (x: number) => number>>> = {
  float64: (x) => x,
  float32: Math.fround,
  float16: nearestFloat16,
  bfloat16: nearestBfloat16,
};

/** A Cast rounds; it is the one operator here that is meant to. */
const cast: Evaluate = ({ inputs: [x], shape, dtype, ints }) => {
  const round = dtype && ROUND[dtype];
  const source = x?.data ?? ints('', 0);
  if (!round || source?.length !== sizeOf(shape)) return undefined;
  return { dtype, shape, data: Float64Array.from(source, round) };
};

const each =
  (operation: (x: DoubleDouble) => DoubleDouble): Evaluate =>
  ({ inputs: [x], shape }) =>
    x && computed(x.dtype, shape, (flat) => operation(entryOf(x, flat)));

const paired =
  (operation: (a: DoubleDouble, b: DoubleDouble) => DoubleDouble | undefined): Evaluate =>
  ({ inputs: [a, b], node, shape }) => {
    if (!b || a?.dtype !== b.dtype) return undefined;
    // Until opset 6 an attribute said where the second operand is aligned.
    if (node.attributes.has('axis') || broadcast(a.shape, b.shape).join() !== shape.join()) return undefined;
    const [fromA, fromB] = [a, b].map((operand) => walk(shape, stepsWithin(operand, shape))) as [Walk, Walk];
    return computed(a.dtype, shape, (flat) => operation(entryOf(a, fromA(flat)), entryOf(b, fromB(flat))));
  };

function computed(
  dtype: DType,
  shape: readonly number[],
  elementAt: (flat: number) => DoubleDouble | undefined,
): Numbers | undefined {
  const data = new Float64Array(sizeOf(shape));
  const values: DoubleDouble[] = [];
  let isExact = true;
  for (let flat = 0; flat < data.length; flat++) {
    const element = elementAt(flat);
    if (!element) return undefined;
    data[flat] = element.hi;
    isExact &&= element.lo === 0 && element.error === 0;
    if (data.length <= MOST_ENTRIES) values.push(element);
  }
  if (values.length > 0) return { dtype, shape, data, values };
  return isExact ? { dtype, shape, data } : { dtype, shape, data, isRounded: true };
}

/** Small whole and half exponents, which need nothing but products and roots: those are the same on every platform. */
function power(x: DoubleDouble, { hi: exponent, lo }: DoubleDouble): DoubleDouble | undefined {
  const twice = 2 * exponent;
  if (lo !== 0 || !Number.isInteger(twice) || Math.abs(twice) > 8 || (twice % 2 !== 0 && !(x.hi > 0))) return undefined;
  const base = twice % 2 === 0 ? x : squareRoot(x);
  let result = ONE;
  for (let n = Math.abs(twice % 2 === 0 ? exponent : twice); n > 0; n--) result = multiply(result, base);
  return exponent < 0 ? divide(ONE, result) : result;
}

const root = (x: DoubleDouble) => (x.hi > 0 ? squareRoot(x) : exact(Math.sqrt(x.hi)));

type Walk = (flat: number) => number;

/** The offset of an element of the result in an operand that takes these steps along each of its axes. */
function walk(shape: readonly number[], steps: readonly number[]): Walk {
  const strides = stridesOf(shape);
  return (flat) => {
    let [offset, rest] = [0, flat];
    for (let axis = 0; axis < shape.length; axis++) {
      const index = Math.floor(rest / strides[axis]!);
      rest -= index * strides[axis]!;
      offset += index * steps[axis]!;
    }
    return offset;
  };
}

/** The strides of an operand that is aligned from the right, 0 where it is repeated. */
function stepsWithin({ shape }: Numbers, result: readonly number[]): number[] {
  const strides = stridesOf(shape);
  const skip = result.length - shape.length;
  return result.map((_, axis) => (axis < skip || shape[axis - skip] === 1 ? 0 : strides[axis - skip]!));
}

/** The operators that are computed on constants, all in about 106 bits. */
export const EVALUATE: ReadonlyMap<string, Evaluate> = new Map(
  Object.entries({
    Abs: each((x) => (x.hi < 0 ? negate(x) : x)),
    Add: paired(add),
    Cast: cast,
    Concat: joined,
    ConstantOfShape: filled,
    Div: paired(divide),
    Expand: expanded,
    Flatten: reshaped,
    Identity: reshaped,
    Mul: paired(multiply),
    Neg: each(negate),
    Pow: paired(power),
    Reciprocal: each((x) => divide(ONE, x)),
    Relu: each((x) => (x.hi > 0 ? x : ZERO)),
    Reshape: reshaped,
    Slice: sliced,
    Sqrt: each(root),
    Squeeze: reshaped,
    Sub: paired(subtract),
    Transpose: permuted,
    Unsqueeze: reshaped,
  } satisfies Record<string, Evaluate>),
);
