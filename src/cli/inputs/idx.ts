import { EdgefoldError } from '../../errors.ts';
import { sizeOf, type DType, type Tensor } from '../../tensor.ts';

/**
 * IDX, the format of MNIST: two zero bytes, an element type, the rank, one big-endian uint32 a dimension, then the
 * elements, big-endian, row-major.
 *
 * Source: "The IDX file format" in http://yann.lecun.com/exdb/mnist/
 * @throws {EdgefoldError} CORRUPT.
 */
export function readIdx(bytes: Uint8Array, where: string): Tensor {
  const type = ELEMENT_TYPES.get(bytes[2] ?? 0);
  const rank = bytes[3] ?? 0;
  const start = 4 + 4 * rank;
  if (!type || bytes.length < start) throw corrupt(where, 'a whole header', `${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = sizeOf(shape);
  if (bytes.length - start !== size * type.bytes) {
    const expected = `${size * type.bytes} bytes of elements for [${shape.join(', ')}]`;
    throw corrupt(where, expected, String(bytes.length - start));
  }
  const data = type.make(size);
  for (let index = 0; index < size; index++) data[index] = type.read(view, start + index * type.bytes);
  return { dtype: type.dtype, shape, data };
}

/** Two zero bytes, a type of the table and a rank: no other format read here begins so. */
export function isIdx(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && bytes[1] === 0 && ELEMENT_TYPES.has(bytes[2] ?? 0) && (bytes[3] ?? 0) > 0;
}

interface ElementType {
  readonly dtype: DType;
  readonly bytes: number;
  make(size: number): Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;
  read(view: DataView, offset: number): number;
}

const ELEMENT_TYPES: ReadonlyMap<number, ElementType> = new Map<number, ElementType>([
  [0x08, { dtype: 'uint8', bytes: 1, make: (size) => new Uint8Array(size), read: (view, at) => view.getUint8(at) }],
  [0x09, { dtype: 'int8', bytes: 1, make: (size) => new Int8Array(size), read: (view, at) => view.getInt8(at) }],
  [0x0b, { dtype: 'int16', bytes: 2, make: (size) => new Int16Array(size), read: (view, at) => view.getInt16(at) }],
  [0x0c, { dtype: 'int32', bytes: 4, make: (size) => new Int32Array(size), read: (view, at) => view.getInt32(at) }],
  [
    0x0d,
    { dtype: 'float32', bytes: 4, make: (size) => new Float32Array(size), read: (view, at) => view.getFloat32(at) },
  ],
  [
    0x0e,
    { dtype: 'float64', bytes: 8, make: (size) => new Float64Array(size), read: (view, at) => view.getFloat64(at) },
  ],
]);

function corrupt(where: string, expected: string, received: string): EdgefoldError {
  return new EdgefoldError('CORRUPT', 'the IDX file is damaged', { where, expected, received });
}
