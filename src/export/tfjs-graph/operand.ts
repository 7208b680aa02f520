import type { Value } from '../../onnx/graph.ts';
import { float32, sizeOf, transposed, type Dim, type Tensor } from '../../tensor.ts';
import { GraphWriter, type Workshop } from '../graph-writer.ts';
import { channelsFirstAxes, KERAS, type Handle, type Layout } from '../layout.ts';
import type { SourceWeight } from '../source-model.ts';
import type { Operator } from './operator.ts';

/** The types that TF.js computes in; 64-bit integers of TensorFlow are int32 there and here. */
export type Element = 'float32' | 'int32' | 'bool';
export type ElementTensor = Tensor<'float32'> | Tensor<'int32'> | Tensor<'bool'>;

/** A tensor that a node reads: what TensorFlow says about it, and how to get at it in the ONNX graph. */
export interface Operand {
  readonly shape: readonly Dim[];
  readonly dtype: Element;
  /** In the graph; a constant becomes an initializer when this is called. */
  readonly handle: () => Handle;
  /** Present for what stands in the file, or follows from what does. */
  readonly constant?: Constant;
  /** Elements of a small integer tensor of rank 0 or 1, as far as they follow from shapes: a size or its symbol. */
  readonly contents?: readonly Dim[] | undefined;
  /** The node that gives it. */
  readonly from?: Operator | undefined;
}

/** A tensor that is known when the model is exported, and the initializers made of it. */
export class Constant {
  readonly shape: readonly number[];
  readonly dtype: Element;
  readonly #name: string;
  readonly #tensor: () => ElementTensor;
  readonly #made = new Map<string, Value>();

  /** @param name initializers are named after it. */
  constructor(name: string, shape: readonly number[], dtype: Element, tensor: () => ElementTensor) {
    this.#name = name;
    this.shape = shape;
    this.dtype = dtype;
    this.#tensor = tensor;
  }

  tensor(): ElementTensor {
    return this.#tensor();
  }

  /** All elements, as numbers. */
  numbers(): number[] {
    return Array.from(this.tensor().data);
  }

  /** As float32, for weights. */
  floats(): Tensor<'float32'> {
    const tensor = this.tensor();
    return tensor.dtype === 'float32' ? tensor : float32(tensor.shape, tensor.data);
  }

  /**
   * The initializer made of it.
   * @param form names what `change` does; one initializer is made a form.
   */
  value(
    { workshop }: { readonly workshop: Workshop },
    form = 'as saved',
    change: (tensor: ElementTensor) => ElementTensor = (tensor) => tensor,
  ): Value {
    const made = this.#made.get(form) ?? new GraphWriter(workshop, this.#name).constant('value', change(this.tensor()));
    this.#made.set(form, made);
    return made;
  }

  /** {@link value} of the elements as float32. */
  weight(
    graph: GraphWriter,
    form: string,
    change: (tensor: Tensor<'float32'>) => Tensor<'float32'> = (tensor) => tensor,
  ): Value {
    return this.value(graph, `float32, ${form}`, () => change(this.floats()));
  }

  /** Seen with more axes of size 1 in front, laid out so that it broadcasts against a tensor of that rank and layout. */
  broadcast(graph: GraphWriter, rank: number, layout: Layout): Value {
    if (layout.kind !== 'channels-first' || this.shape.length === 0) return this.value(graph);
    const shape = [...new Array<number>(rank - this.shape.length).fill(1), ...this.shape];
    return this.value(graph, `channels first, rank ${rank}`, (tensor) => permuted({ ...tensor, shape }));
  }
}

/** Keras's order to channels first. Integers go through float64, which holds them exactly. */
function permuted(tensor: ElementTensor): ElementTensor {
  const axes = channelsFirstAxes(tensor.shape.length);
  if (tensor.dtype === 'float32') return transposed(tensor, axes);
  const moved = transposed({ ...tensor, dtype: 'float64', data: Float64Array.from(tensor.data) }, axes);
  const { shape, data } = moved;
  return tensor.dtype === 'int32'
    ? { dtype: 'int32', shape, data: Int32Array.from(data) }
    : { dtype: 'bool', shape, data: Uint8Array.from(data) };
}

/** Integer tensors up to this length may be shapes, axes and the like; no shape is longer. */
const MAX_CONTENTS = 64;

export function constantOperand(constant: Constant, workshop: Workshop): Operand {
  const { shape, dtype } = constant;
  const isSmall = dtype === 'int32' && shape.length <= 1 && sizeOf(shape) <= MAX_CONTENTS;
  let handle: Handle | undefined;
  return {
    shape,
    dtype,
    constant,
    contents: isSmall ? constant.numbers() : undefined,
    handle: () => (handle ??= { value: constant.value({ workshop }), shape, layout: KERAS }),
  };
}

export function weightConstant(name: string, weight: SourceWeight): Constant {
  const { shape, integers } = weight;
  if (!integers) return new Constant(name, shape, 'float32', () => weight.tensor());
  return new Constant(name, shape, integers().dtype, () => integers() as ElementTensor);
}

export function integerConstant(name: string, shape: readonly number[], values: readonly number[]): Constant {
  return new Constant(name, shape, 'int32', () => ({ dtype: 'int32', shape, data: Int32Array.from(values) }));
}

/** What a node gives, as an operand of its readers. */
export function handleOperand(handle: Handle, contents?: readonly Dim[], from?: Operator): Operand {
  const dtype = handle.value.dtype as Element;
  return { shape: handle.shape, dtype, contents, from, handle: () => handle };
}
