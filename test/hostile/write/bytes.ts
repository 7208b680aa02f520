/** Little pieces of which files are put together. */
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export const joined = (...parts: readonly Uint8Array[]): Uint8Array => joinedAll(parts);

/** The same of a list too long to be arguments. */
export function joinedAll(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}

/** An unsigned integer, little endian; beyond 2⁵³ as a bigint. */
export function uint(value: number | bigint, width: number): Uint8Array {
  const bits = BigInt.asUintN(8 * width, BigInt(value));
  return Uint8Array.from({ length: width }, (_, index) => Number((bits >> BigInt(8 * index)) & 255n));
}

export const floats = (values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

/** A copy with other bytes from a place on. */
export function patched(bytes: Uint8Array, at: number, by: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(by, at);
  return copy;
}

/** So many equal numbers in a row from `first` on: 1, 2, 3, … eighths. */
export const eighths = (count: number, first = 1): number[] => Array.from({ length: count }, (_, i) => (first + i) / 8);
