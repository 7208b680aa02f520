import { expect, test } from 'vitest';
import { decodeFloat32, storedType } from '../../../src/export/read/decode.ts';

const bits16 = (...bits: number[]) => new Uint8Array(Uint16Array.from(bits).buffer);

/** From the table of IEEE 754 binary16: zero, smallest subnormal, largest subnormal, smallest normal, 1, 65504, ∞. */
test('decodes float16', () => {
  const bytes = bits16(0x0000, 0x0001, 0x03ff, 0x0400, 0x3c00, 0x7bff, 0x7c00, 0xfc00, 0xc000, 0x3555);
  expect([...decodeFloat32('float16', bytes)]).toEqual([
    0, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 1, 65504, Infinity, -Infinity, -2, 0.333251953125,
  ]); // prettier-ignore
  expect(decodeFloat32('float16', bits16(0x7e00))[0]).toBeNaN();
});

test('decodes bfloat16 as the upper half of float32', () => {
  expect([...decodeFloat32('bfloat16', bits16(0x3f80, 0xc000, 0x4049, 0x7f80))]).toEqual([1, -2, 3.140625, Infinity]);
});

test('rounds float64 and 64-bit integers once', () => {
  expect(decodeFloat32('float64', new Uint8Array(Float64Array.of(0.1, 1e300).buffer))).toEqual(
    Float32Array.of(0.1, Infinity),
  );
  expect(decodeFloat32('int64', new Uint8Array(BigInt64Array.of(-5n, 2n ** 60n).buffer))).toEqual(
    Float32Array.of(-5, 2 ** 60),
  );
});

test('views aligned float32 and copies the rest', () => {
  const bytes = new Uint8Array(12);
  expect(decodeFloat32('float32', bytes.subarray(4)).buffer === bytes.buffer).toBe(true);
  expect(decodeFloat32('float32', bytes.subarray(2, 10)).buffer === bytes.buffer).toBe(false);
  expect(decodeFloat32('float32', Buffer.from(bytes.buffer, 2, 8))).toHaveLength(2);
});

test('knows no weights of text', () => {
  expect(() => storedType('string', 'w')).toThrow(expect.objectContaining({ code: 'UNSUPPORTED', received: 'string' }));
  expect(() => storedType('toString', 'w')).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
});
