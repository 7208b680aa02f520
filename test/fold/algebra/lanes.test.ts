import { afterEach, describe, expect, test, vi } from 'vitest';
import { newLanes } from '../../../src/fold/algebra/lanes.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

/** A little more than fits into the module's memory at once, and no multiple of four. */
const MANY = 2 ** 14 + 7;

const numbers = (length: number) =>
  Float32Array.from({ length }, (_, index) => Math.sin(index + 1) * 2 ** ((index % 40) - 20));

/** The same numbers, `offset` bytes into an array. */
function unaligned(floats: Float32Array, offset: number): Uint8Array {
  const bytes = new Uint8Array(floats.byteLength + offset).subarray(offset);
  bytes.set(new Uint8Array(floats.buffer));
  return bytes;
}

describe('four lanes at a time', () => {
  const lanes = newLanes()!;

  test.each([1, 3, 4, 5, 64, 2 ** 14, MANY])('scale %i numbers as one at a time do', (length) => {
    const floats = numbers(length);
    for (const factor of [1 / 3, -7.25e-12, 0, 3e38]) {
      const target = new Float32Array(length + 5).fill(9);
      expect(lanes.scale(unaligned(floats, length % 4), { low: factor, high: factor }, target, 2)).toBe(true);
      const wanted = floats.map((number) => number * factor);
      expect(Buffer.compare(Buffer.from(target.slice(2, 2 + length).buffer), Buffer.from(wanted.buffer))).toBe(0);
      expect([target[1], target[length + 2]]).toEqual([9, 9]);
    }
  });

  test.each([0, 1, 2, 3, 4, 5, 2 ** 14, MANY - 1])('tell that number %i is between two floats, or none', (index) => {
    const floats = new Float32Array(MANY).fill(1);
    const factors = { low: 1.5, high: 1.5 + 2 ** -25 };
    expect(lanes.scale(unaligned(floats, 1), factors, new Float32Array(MANY), 0)).toBe(true);
    floats[index] = 1 + 3 * 2 ** -23; // times 1.5 it is the middle of two floats, the lower of them even
    expect(lanes.scale(unaligned(floats, 1), factors, new Float32Array(MANY), 0)).toBe(false);
    floats[index] = NaN;
    expect(lanes.scale(unaligned(floats, 1), factors, new Float32Array(MANY), 0)).toBe(false);
  });

  test.each([1, 2, 3, 4, 6, 2 ** 14, MANY])('find the largest magnitude of %i numbers, or NaN', (length) => {
    const floats = numbers(length);
    for (const index of [0, length >> 1, length - 1]) {
      const changed = floats.slice();
      changed[index] = -1e30;
      expect(lanes.largest(unaligned(changed, 3))).toBe(Math.fround(1e30));
      changed[index] = NaN;
      expect(lanes.largest(unaligned(changed, 3))).toBeNaN();
    }
    expect(lanes.largest(unaligned(floats, 1))).toBe(floats.reduce((most, each) => Math.max(most, Math.abs(each)), 0));
  });

  test('are not there without WebAssembly', () => {
    vi.stubGlobal('WebAssembly', undefined);
    expect(newLanes()).toBeUndefined();
  });
});
