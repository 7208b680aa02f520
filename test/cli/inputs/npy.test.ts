import { describe, expect, test } from 'vitest';
import { isNpy, readNpy, writeNpy } from '../../../src/cli/inputs/npy.ts';

const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));

/** Written by NumPy 2 with `numpy.lib.format.write_array`. */
const FILES = {
  // numpy.array([[1.5, -2, 0.1], [4, 5, inf]], '<f4')
  float32: bytes(
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAMA/AAAAwM3MzD0AAIBAAACgQAAAgH8=',
  ),
  // numpy.array([0.1, 1e300], '<f8'), version 2
  float64: bytes(
    'k05VTVBZAgB0AAAAeydkZXNjcic6ICc8ZjgnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMiwpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAqamZmZmZm5P5x1AIg85Dd+',
  ),
  // numpy.array([[-1], [2**31 - 1]], '<i4'), version 3
  int32: bytes(
    'k05VTVBZAwB0AAAAeydkZXNjcic6ICc8aTQnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMiwgMSksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAr/////////fw==',
  ),
  // numpy.array(-2**53 - 1, '<i8')
  int64: bytes(
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGk4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAr////////f/w==',
  ),
  // numpy.array([[[0, 255]]], 'u1')
  uint8: bytes(
    'k05VTVBZAQB2AHsnZGVzY3InOiAnfHUxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDEsIDEsIDIpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoA/w==',
  ),
  // numpy.array([True, False])
  bool: bytes(
    'k05VTVBZAQB2AHsnZGVzY3InOiAnfGIxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoBAA==',
  ),
  // numpy.asfortranarray([[1, 2], [3, 4]])
  columns: bytes(
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMiksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAIA/AABAQAAAAEAAAIBA',
  ),
  // numpy.array([1, 2], '>f4')
  bigEndian: bytes(
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPmY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAo/gAAAQAAAAA==',
  ),
  // numpy.array([1 + 2j], '<c8')
  complex: bytes(
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGM4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDEsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAIA/AAAAQA==',
  ),
};

describe('readNpy', () => {
  test('reads what NumPy wrote, in all three versions of the format', () => {
    const float32 = Float32Array.of(1.5, -2, 0.1, 4, 5, Infinity);
    expect(readNpy(FILES.float32, 'x.npy')).toEqual({ dtype: 'float32', shape: [2, 3], data: float32 });
    expect(readNpy(FILES.float64, 'x.npy')).toEqual({
      dtype: 'float64',
      shape: [2],
      data: Float64Array.of(0.1, 1e300),
    });
    expect(readNpy(FILES.int32, 'x.npy')).toEqual({
      dtype: 'int32',
      shape: [2, 1],
      data: Int32Array.of(-1, 2147483647),
    });
    expect(readNpy(FILES.int64, 'x.npy')).toEqual({
      dtype: 'int64',
      shape: [],
      data: BigInt64Array.of(-9007199254740993n),
    });
    expect(readNpy(FILES.uint8, 'x.npy')).toEqual({ dtype: 'uint8', shape: [1, 1, 2], data: Uint8Array.of(0, 255) });
    expect(readNpy(FILES.bool, 'x.npy')).toEqual({ dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) });
  });

  test('refuses what it would misread, and says how to save it', () => {
    expect(() => readNpy(FILES.columns, 'x.npy')).toThrow(/x\.npy: .*column by column.*ascontiguousarray/);
    expect(() => readNpy(FILES.bigEndian, 'x.npy')).toThrow(/found >f4.*astype/);
    expect(() => readNpy(FILES.complex, 'x.npy')).toThrow(/found <c8/);
  });

  test('refuses every file that is cut off or too long', () => {
    for (let length = 6; length < FILES.float32.length; length++) {
      expect(() => readNpy(FILES.float32.slice(0, length), 'x.npy')).toThrow(/x\.npy: the \.npy file is damaged/);
    }
    expect(() => readNpy(Uint8Array.from([...FILES.float32, 0]), 'x.npy')).toThrow(/24 bytes of elements.*found 25/);
  });

  test('refuses a header that claims more than the file holds', () => {
    const claim = new TextDecoder('latin1').decode(FILES.float32).replace('(2, 3), }', '(9999999, 9999999999), }');
    expect(() =>
      readNpy(
        Uint8Array.from(claim, (c) => c.charCodeAt(0)),
        'x.npy',
      ),
    ).toThrow(/damaged/);
  });

  test('knows the format by its first bytes', () => {
    expect(isNpy(FILES.uint8)).toBe(true);
    expect(isNpy(new Uint8Array(4))).toBe(false);
  });
});

test.each(['float32', 'int64', 'uint8', 'bool'] as const)('a %s array is written as NumPy writes it', (name) => {
  expect(new Uint8Array(Buffer.concat(writeNpy(readNpy(FILES[name], 'x.npy'))))).toEqual(FILES[name]);
});

test('a type that NumPy does not have is refused', () => {
  expect(() => writeNpy({ dtype: 'string', shape: [1], data: ['a'] })).toThrow('NumPy has no string');
});
