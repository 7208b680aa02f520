import { EdgefoldError } from './errors.ts';

/** Element types by their ONNX names in lower case (`FLOAT` is float32, `DOUBLE` float64). */
export type DType = keyof DTypeArray;

/**
 * The array that holds each dtype. float16 and bfloat16 are raw 16-bit patterns; bool is one byte an element,
 * 0 or 1; types under 8 bits are packed as ONNX packs them, first element in the low bits.
 */
export interface DTypeArray {
  float32: Float32Array;
  float64: Float64Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  int8: Int8Array;
  uint8: Uint8Array;
  int16: Int16Array;
  uint16: Uint16Array;
  int32: Int32Array;
  uint32: Uint32Array;
  int64: BigInt64Array;
  uint64: BigUint64Array;
  bool: Uint8Array;
  string: readonly string[];
  complex64: Float32Array;
  complex128: Float64Array;
  float8e4m3fn: Uint8Array;
  float8e4m3fnuz: Uint8Array;
  float8e5m2: Uint8Array;
  float8e5m2fnuz: Uint8Array;
  float8e8m0: Uint8Array;
  float4e2m1: Uint8Array;
  uint4: Uint8Array;
  int4: Uint8Array;
  uint2: Uint8Array;
  int2: Uint8Array;
}

/** The class of {@link DTypeArray} that holds each dtype; strings have a plain array. */
export const ARRAY_OF = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
  complex64: Float32Array,
  complex128: Float64Array,
  float8e4m3fn: Uint8Array,
  float8e4m3fnuz: Uint8Array,
  float8e5m2: Uint8Array,
  float8e5m2fnuz: Uint8Array,
  float8e8m0: Uint8Array,
  float4e2m1: Uint8Array,
  uint4: Uint8Array,
  int4: Uint8Array,
  uint2: Uint8Array,
  int2: Uint8Array,
} as const satisfies Record<Exclude<DType, 'string'>, unknown>;

/** Dense row-major tensor. */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: DTypeArray[D];
}

/** A dimension: a size, or the name of a symbolic one. */
export type Dim = number | string;

/** Bits of one element; a string has none of its own. */
export const BITS_PER_ELEMENT: Readonly<Record<Exclude<DType, 'string'>, number>> = {
  float32: 32,
  float64: 64,
  float16: 16,
  bfloat16: 16,
  int8: 8,
  uint8: 8,
  int16: 16,
  uint16: 16,
  int32: 32,
  uint32: 32,
  int64: 64,
  uint64: 64,
  bool: 8,
  complex64: 64,
  complex128: 128,
  float8e4m3fn: 8,
  float8e4m3fnuz: 8,
  float8e5m2: 8,
  float8e5m2fnuz: 8,
  float8e8m0: 8,
  float4e2m1: 4,
  uint4: 4,
  int4: 4,
  uint2: 2,
  int2: 2,
};

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dim) => size * dim, 1);
}

/** Bytes that a dense tensor of this shape occupies. */
export function byteLengthOf(dtype: Exclude<DType, 'string'>, shape: readonly number[]): number {
  return Math.ceil((sizeOf(shape) * BITS_PER_ELEMENT[dtype]) / 8);
}

/** A float32 tensor from any numbers, each rounded once; checks that they fill the shape. */
export function float32(shape: readonly number[], values: ArrayLike<number>): Tensor<'float32'> {
  if (values.length !== sizeOf(shape)) {
    throw new EdgefoldError('INPUT', 'the values do not fill the shape', {
      expected: `${String(sizeOf(shape))} values for [${shape.join(', ')}]`,
      received: `${String(values.length)} values`,
    });
  }
  return { dtype: 'float32', shape, data: values instanceof Float32Array ? values : Float32Array.from(values) };
}

/** An int64 tensor of rank 1, the form in which ONNX takes shapes, axes and pads. */
export function int64(values: readonly number[]): Tensor<'int64'> {
  return { dtype: 'int64', shape: [values.length], data: BigInt64Array.from(values, BigInt) };
}

/** Row-major strides in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** A copy with the axes permuted: axis `i` of the result is axis `permutation[i]` of the source. */
export function transposed<D extends 'float32' | 'float64'>(
  { dtype, shape, data }: Tensor<D>,
  permutation: readonly number[],
): Tensor<D> {
  const source = stridesOf(shape);
  const newShape = permutation.map((axis) => shape[axis]!);
  const target = stridesOf(newShape);
  const axes = permutation.map((axis, i) => ({ size: shape[axis]!, from: source[axis]!, to: target[i]! }));
  const result = data.slice() as DTypeArray[D];
  const moving = mergedAxes(axes);
  if (moving.length > 1 && result.length > 0) move(data as Float32Array, result as Float32Array, moving);
  return { dtype, shape: newShape, data: result };
}

/** An axis and how far apart its elements lie before and after. */
interface MovedAxis {
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

/** Without axes of one element, and with those joined that stay neighbours: in the order of the result. */
function mergedAxes(axes: readonly MovedAxis[]): MovedAxis[] {
  const merged: MovedAxis[] = [];
  for (const axis of axes.filter(({ size }) => size !== 1)) {
    const last = merged.at(-1);
    const isNeighbour = last?.from === axis.from * axis.size;
    if (last && isNeighbour) merged[merged.length - 1] = { ...axis, size: last.size * axis.size };
    else merged.push(axis);
  }
  return merged;
}

/** Plane by plane of the axis that is densest before and the one that is densest after, which both like caches. */
function move(data: Float32Array, result: Float32Array, axes: readonly MovedAxis[]): void {
  const columns = axes.at(-1)!;
  const rows = axes.reduce((best, axis) => (axis.from < best.from ? axis : best));
  const inner = rows === columns ? { size: 1, from: 0, to: 0 } : rows;
  const others = axes.filter((axis) => axis !== rows && axis !== columns);
  const visit = (depth: number, from: number, to: number): void => {
    const axis = others[depth];
    if (axis) for (let i = 0; i < axis.size; i++) visit(depth + 1, from + i * axis.from, to + i * axis.to);
    else movePlane(data, result, { rows: inner, columns, from, to });
  };
  visit(0, 0, 0);
}

/** As many rows of a plane as stay in the nearest cache. */
const BAND = 16;

interface Plane {
  readonly rows: MovedAxis;
  readonly columns: MovedAxis;
  readonly from: number;
  readonly to: number;
}

function movePlane(data: Float32Array, result: Float32Array, { rows, columns, from, to }: Plane): void {
  for (let start = 0; start < rows.size; start += BAND) {
    const end = Math.min(start + BAND, rows.size);
    for (let j = 0; j < columns.size; j++) {
      let source = from + start * rows.from + j * columns.from;
      let target = to + start * rows.to + j * columns.to;
      for (let i = start; i < end; i++) {
        result[target] = data[source]!;
        source += rows.from;
        target += rows.to;
      }
    }
  }
}
