import { EdgefoldError } from '../../errors.ts';

/** Element types that weights are stored in. */
export type StoredType = 'float16' | 'bfloat16' | 'float32' | 'float64' | 'bool' | `${'u' | ''}int${8 | 16 | 32 | 64}`;

export const BYTES_PER_ELEMENT: Readonly<Record<StoredType, number>> = {
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
  bool: 1,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
};

type Decoder = (bytes: Uint8Array) => ArrayLike<number> | BigInt64Array | BigUint64Array;
type ViewConstructor<T> = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => T;

const DECODERS: Readonly<Record<StoredType, Decoder>> = {
  float16: (bytes) => Float32Array.from(view(Uint16Array, bytes), halfToNumber),
  bfloat16: (bytes) => {
    const high = view(Uint16Array, bytes);
    return new Float32Array(Uint32Array.from(high, (bits) => bits * 2 ** 16).buffer);
  },
  float32: (bytes) => view(Float32Array, bytes),
  float64: (bytes) => view(Float64Array, bytes),
  bool: (bytes) => bytes,
  int8: (bytes) => view(Int8Array, bytes),
  uint8: (bytes) => bytes,
  int16: (bytes) => view(Int16Array, bytes),
  uint16: (bytes) => view(Uint16Array, bytes),
  int32: (bytes) => view(Int32Array, bytes),
  uint32: (bytes) => view(Uint32Array, bytes),
  int64: (bytes) => view(BigInt64Array, bytes),
  uint64: (bytes) => view(BigUint64Array, bytes),
};

/**
 * Little-endian elements as numbers: a view on the bytes where the type and the alignment allow it.
 * 64-bit integers become doubles.
 */
export function decodeNumbers(type: StoredType, bytes: Uint8Array): ArrayLike<number> {
  const values = DECODERS[type](bytes);
  return values instanceof BigInt64Array || values instanceof BigUint64Array
    ? Float64Array.from(values as ArrayLike<bigint>, Number)
    : values;
}

/** Elements as float32, each rounded once; a view on the bytes for aligned float32. */
export function decodeFloat32(type: StoredType, bytes: Uint8Array): Float32Array {
  const values = decodeNumbers(type, bytes);
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

/** @throws {EdgefoldError} UNSUPPORTED for a type that no weight has. */
export function storedType(name: string, where: string): StoredType {
  if (Object.hasOwn(BYTES_PER_ELEMENT, name)) return name as StoredType;
  throw new EdgefoldError('UNSUPPORTED', 'weights of this type are not read', {
    where,
    expected: Object.keys(BYTES_PER_ELEMENT).join(', '),
    received: name,
  });
}

/** A copy where the place is not aligned (Node's Buffer.slice would make none). */
function view<T extends { readonly BYTES_PER_ELEMENT: number }>(
  Type: ViewConstructor<T> & { readonly BYTES_PER_ELEMENT: number },
  bytes: Uint8Array,
): T {
  const aligned = bytes.byteOffset % Type.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  return new Type(aligned.buffer, aligned.byteOffset, Math.floor(aligned.byteLength / Type.BYTES_PER_ELEMENT));
}

/** IEEE 754 binary16: 1 sign, 5 exponent (bias 15) and 10 fraction bits. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
