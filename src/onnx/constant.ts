import type { DType, Tensor } from '../tensor.ts';

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
  /** Whether the elements are computed each time somebody asks, and nobody holds them. */
  readonly isComputed: boolean;
  readonly #decode: () => Tensor;
  #tensor: Tensor | undefined;

  private constructor(
    dtype: DType,
    shape: readonly number[],
    decode: () => Tensor,
    { source, unaligned, isComputed = false }: { source?: unknown; unaligned?: Uint8Array; isComputed?: boolean } = {},
  ) {
    this.dtype = dtype;
    this.shape = shape;
    this.source = source;
    this.unaligned = unaligned;
    this.isComputed = isComputed;
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
  static computed(dtype: DType, shape: readonly number[], compute: () => Tensor): Constant {
    return new Constant(dtype, shape, compute, { isComputed: true });
  }

  /**
   * The elements.
   * @throws {EdgefoldError} CORRUPT if the file holds fewer or more bytes than the shape needs.
   */
  tensor(): Tensor {
    return this.isComputed ? this.#decode() : (this.#tensor ??= this.#decode());
  }

  /** Lets go of elements that are in the file still, and that are decoded again when somebody asks. */
  release(): void {
    if (this.source !== undefined) this.#tensor = undefined;
  }
}
