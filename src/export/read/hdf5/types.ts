import type { StoredType } from '../decode.ts';
import type { Hdf5Bytes } from './bytes.ts';

/** An element type, as far as it matters here. */
export type ElementType =
  | { readonly kind: 'number'; readonly type: StoredType; readonly bytes: number; readonly isBigEndian: boolean }
  | { readonly kind: 'string'; readonly bytes: number }
  | { readonly kind: 'vlen-string'; readonly bytes: number }
  | { readonly kind: 'other'; readonly bytes: number };

const CLASS = { integer: 0, float: 1, string: 3, opaque: 5, vlen: 9 } as const;

/**
 * A datatype message: class and version in one byte, 24 bits of flags, the size, then properties by class.
 * Source: HDF5 File Format Specification 3.0, IV.A.2.d.
 */
export function readElementType(file: Hdf5Bytes, at: number): ElementType {
  const kind = file.u8(at) & 0x0f;
  const flags = file.u8(at + 1);
  const bytes = file.u32(at + 4);
  const isBigEndian = (flags & 1) === 1;
  if (kind === CLASS.string) return { kind: 'string', bytes };
  if (kind === CLASS.vlen && (flags & 0x0f) === 1) return { kind: 'vlen-string', bytes };
  const type =
    kind === CLASS.integer
      ? integerType(bytes, (flags & 0x08) !== 0)
      : kind === CLASS.float
        ? floatType(bytes, file.u8(at + 13))
        : opaqueType(kind, bytes);
  return type === undefined ? { kind: 'other', bytes } : { kind: 'number', type, bytes, isBigEndian };
}

function integerType(bytes: number, isSigned: boolean): StoredType | undefined {
  const bits = bytes * 8;
  if (bits !== 8 && bits !== 16 && bits !== 32 && bits !== 64) return undefined;
  return `${isSigned ? '' : 'u'}int${bits}`;
}

/** 16 bits hold binary16 (5 bits of exponent) or bfloat16 (8). */
function floatType(bytes: number, exponentBits: number): StoredType | undefined {
  if (bytes === 2) return exponentBits === 8 ? 'bfloat16' : 'float16';
  if (bytes === 4) return 'float32';
  return bytes === 8 ? 'float64' : undefined;
}

/** NumPy has no bfloat16, so Keras writes it as two opaque bytes. */
function opaqueType(kind: number, bytes: number): StoredType | undefined {
  return kind === CLASS.opaque && bytes === 2 ? 'bfloat16' : undefined;
}

/** A dataspace message; `null` is a dataspace of no elements. */
export function readShape(file: Hdf5Bytes, at: number): readonly number[] | null {
  const version = file.u8(at);
  const rank = file.u8(at + 1);
  if (version === 2 && file.u8(at + 3) === 2) return null;
  const first = at + (version === 2 ? 4 : 8);
  return Array.from({ length: rank }, (_, axis) => file.length(first + axis * file.lengthBytes));
}

const MAX_SHAPE_STORED = 1;

/** How far each axis may grow; `undefined` for one without bound, which HDF5 writes as all bits set. */
export function readMaxShape(file: Hdf5Bytes, at: number): readonly (number | undefined)[] {
  const shape = readShape(file, at) ?? [];
  if (!(file.u8(at + 2) & MAX_SHAPE_STORED)) return shape;
  const first = at + (file.u8(at) === 2 ? 4 : 8) + shape.length * file.lengthBytes;
  const sizes = shape.map((_, axis) => file.length(first + axis * file.lengthBytes));
  return sizes.map((size) => (size >= 256 ** file.lengthBytes - 1 ? undefined : size));
}
