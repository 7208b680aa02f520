import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { isIdx, readIdx } from '../../../src/cli/inputs/idx.ts';
import { readShared, testShared } from '../../support/shared.ts';

const header = (type: number, ...shape: number[]) => [0, 0, type, shape.length, ...shape.flatMap((n) => [0, 0, 0, n])];

describe('readIdx', () => {
  test('reads every element type, big-endian', () => {
    expect(readIdx(Uint8Array.from([...header(8, 1, 2), 7, 255]), 'x')).toEqual({
      dtype: 'uint8',
      shape: [1, 2],
      data: Uint8Array.of(7, 255),
    });
    expect(readIdx(Uint8Array.from([...header(9, 1), 255]), 'x').data).toEqual(Int8Array.of(-1));
    expect(readIdx(Uint8Array.from([...header(11, 1), 255, 254]), 'x').data).toEqual(Int16Array.of(-2));
    expect(readIdx(Uint8Array.from([...header(12, 1), 0, 1, 0, 2]), 'x').data).toEqual(Int32Array.of(65538));
    expect(readIdx(Uint8Array.from([...header(13, 1), 0x3f, 0x80, 0, 0]), 'x').data).toEqual(Float32Array.of(1));
    expect(readIdx(Uint8Array.from([...header(14, 1), 0x40, 0, 0, 0, 0, 0, 0, 0]), 'x').data).toEqual(
      Float64Array.of(2),
    );
  });

  test('refuses a file whose length is not what its header says', () => {
    expect(() => readIdx(Uint8Array.from([...header(8, 2, 2), 1, 2, 3]), 'digits')).toThrow(
      /digits: .*4 bytes.*\[2, 2\].*found 3/,
    );
    expect(() => readIdx(Uint8Array.of(0, 0, 8, 3, 0), 'digits')).toThrow(/a whole header/);
    const huge = Uint8Array.of(0, 0, 14, 3, ...new Array<number>(12).fill(255));
    expect(() => readIdx(huge, 'digits')).toThrow(/damaged/);
  });

  test('knows the format by its first bytes', () => {
    expect(isIdx(Uint8Array.from(header(8, 1)))).toBe(true);
    expect(isIdx(Uint8Array.of(0, 0, 8, 0))).toBe(false);
    expect(isIdx(Uint8Array.of(0, 0, 1, 2))).toBe(false);
  });

  testShared('corpus/data/t10k-labels-idx1-ubyte.gz', 'reads the labels of MNIST', () => {
    const { shape, data } = readIdx(gunzipSync(readShared('corpus/data/t10k-labels-idx1-ubyte.gz')), 'labels');
    expect(shape).toEqual([10_000]);
    expect(data.slice(0, 10)).toEqual(Uint8Array.of(7, 2, 1, 0, 4, 1, 4, 9, 5, 9));
  });
});
