import { sizeOf, type DType, type Tensor } from '../tensor.ts';

/** Computes elements of float32 in order, some at a time; each lot is good until the next is asked for. */
export type ComputeFloats = () => Iterable<Float32Array>;

/**
 * A tensor held by the graph. A constant that came from a file keeps the message it was read from (`source`), so
 * that writing gives the same bytes back; its elements are decoded on the first call of {@link tensor}, as a view
 * on the file's bytes wherever their alignment allows.
 */
export class Constant {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The message as read; only `onnx/proto` looks inside. Absent for tensors made here. */
  readonly source: unknown;
  /** The elements as the file holds them, where {@link tensor} has to copy them all because they are not aligned. */
  readonly unaligned: Uint8Array | undefined;
  /** The elements where they are computed each time somebody asks, and nobody holds them. */
  readonly compute: ComputeFloats | undefined;
  readonly #decode: () => Tensor;
  #tensor: Tensor | undefined;

  private constructor(
    dtype: DType,
    shape: readonly number[],
    decode: () => Tensor,
    { source, unaligned, compute }: { source?: unknown; unaligned?: Uint8Array; compute?: ComputeFloats } = {},
  ) {
    this.dtype = dtype;
    this.shape = shape;
    this.source = source;
    this.unaligned = unaligned;
    this.compute = compute;
    this.#decode = decode;
  }

  static of(tensor: Tensor): Constant {
    return new Constant(tensor.dtype, tensor.shape, () => tensor);
  }

  /** For `onnx/proto`: decodes later, or never. */
  static lazy(
    dtype: DType,
    shape: readonly number[],
    decode: () => Tensor,
    source: unknown,
    unaligned?: Uint8Array,
  ): Constant {
    return new Constant(dtype, shape, decode, { source, ...(unaligned && { unaligned }) });
  }

  /** Elements that are too many to hold all of them at once, and can be computed as often as somebody asks. */
  static computed(shape: readonly number[], compute: ComputeFloats): Constant {
    return new Constant('float32', shape, () => ({ dtype: 'float32', shape, data: gathered(shape, compute) }), { compute }); // prettier-ignore
  }

  /**
   * The elements.
   * @throws {EdgefoldError} CORRUPT if the file holds fewer or more bytes than the shape needs.
   */
  tensor(): Tensor {
    return this.compute ? this.#decode() : (this.#tensor ??= this.#decode());
  }

  /** Lets go of elements that are in the file still, and that are decoded again when somebody asks. */
  release(): void {
    if (this.source !== undefined) this.#tensor = undefined;
  }
}

function gathered(shape: readonly number[], compute: ComputeFloats): Float32Array {
  const data = new Float32Array(sizeOf(shape));
  let end = 0;
  for (const lot of compute()) {
    data.set(lot, end);
    end += lot.length;
  }
  return data;
}
