import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/tensor.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { Graph } from '../../src/onnx/graph.ts';
import { faultOf, fixture, modelFile } from './support.ts';

const file = fixture('tensors.onnx');
const graph = readOnnx(file);
const expected = JSON.parse(readFileSync(new URL('fixtures/tensors.json', import.meta.url), 'utf8')) as Record<
  string,
  string
>;

const tensorOf = (name: string): Tensor => graph.initializers.find((value) => value.name === name)!.constant!.tensor();
const read = (tensor: object): Tensor => readOnnx(modelFile({ initializer: [{ name: 't', ...tensor }] })).initializers[0]!.constant!.tensor(); // prettier-ignore

const bytesOf = ({ data }: Tensor): Buffer => {
  if (!ArrayBuffer.isView(data)) throw new Error('strings');
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
};

describe('tensors written by the reference implementation', () => {
  test.each(Object.entries(expected))('%s has the same elements raw and typed', (dtype, hex) => {
    for (const form of ['raw', 'typed']) {
      const tensor = tensorOf(`${dtype}/${form}`);
      expect(tensor.dtype).toBe(dtype);
      expect(tensor.shape).toEqual([3]);
      expect(bytesOf(tensor).toString('hex')).toBe(hex);
    }
  });

  test('strings are text', () => {
    expect(tensorOf('string/typed').data).toEqual(['größe', '']);
  });

  test('raw elements of a byte are a view on the file', () => {
    const { data } = tensorOf('uint8/raw');
    expect((data as Uint8Array).buffer).toBe(file.buffer);
  });
});

describe('a tensor made here', () => {
  test.each([
    { dtype: 'float32', shape: [2], data: Float32Array.of(-0, 1e-45) },
    { dtype: 'int64', shape: [1, 2], data: BigInt64Array.of(-1n, 2n ** 62n) },
    { dtype: 'string', shape: [2], data: ['a', 'ß'] },
    { dtype: 'float64', shape: [], data: Float64Array.of(Math.PI) },
    { dtype: 'uint8', shape: [0], data: new Uint8Array() },
  ] as Tensor[])('comes back from a file: $dtype $shape', (tensor) => {
    const made = new Graph('made');
    made.constant('t', tensor);
    expect(readOnnx(writeOnnx(made)).initializers[0]!.constant!.tensor()).toEqual(tensor);
  });
});

describe('a damaged tensor', () => {
  const raw_data = new Uint8Array(8);
  test.each([
    ['raw data too short', { dims: [3], data_type: 1, raw_data }, /expected 12 bytes, found 8 bytes/],
    ['raw data too long', { dims: [1], data_type: 1, raw_data }, /expected 4 bytes, found 8 bytes/],
    ['no data', { dims: [2], data_type: 1 }, /expected 8 bytes, found 0 bytes/],
    ['a negative dimension', { dims: [-2], data_type: 1, raw_data }, /negative.*\[-2\]/],
    ['dimensions that overflow', { dims: [2 ** 31, 2 ** 31, 4], data_type: 1, raw_data }, /too large/],
    ['an overflow behind a zero', { dims: [0, 2 ** 40, 2 ** 40], data_type: 1 }, /too large/],
    ['two data fields', { dims: [2], data_type: 1, raw_data, float_data: [1, 2] }, /several places/],
    ['no type', { dims: [2], raw_data }, /unknown type/],
    ['type 999', { dims: [2], data_type: 999, raw_data }, /unknown type.*999/],
    ['elements in the wrong field', { dims: [2], data_type: 1, int32_data: [1, 2] }, /float_data, found int32_data/],
    ['too few elements', { dims: [3], data_type: 1, float_data: [1, 2] }, /expected 3 elements, found 2/],
    ['an element out of range', { dims: [1], data_type: 3, int32_data: [200] }, /element 0 is out of range.*200/],
    ['a uint32 out of range', { dims: [1], data_type: 12, uint64_data: [2 ** 33] }, /element 0 is out of range/],
    ['a string that is not UTF-8', { dims: [1], data_type: 8, string_data: [Uint8Array.of(0xff)] }, /not UTF-8/],
    ['strings as raw data', { dims: [1], data_type: 8, raw_data }, /strings/],
  ] as const)('is refused: %s', (_, tensor, message) => {
    expect(faultOf(() => read(tensor), 'CORRUPT').message).toMatch(message);
  });

  test('split into segments is not supported', () => {
    faultOf(() => read({ dims: [2], data_type: 1, raw_data, segment: { begin: 0, end: 2 } }), 'UNSUPPORTED');
  });
});

describe('a sparse tensor', () => {
  const sparse = (indices: object, dims: number[]): (() => Tensor) => {
    const values = { name: 's', dims: [2], data_type: 1, float_data: [1, 2] };
    const bytes = modelFile({ sparse_initializer: [{ values, indices: { data_type: 7, ...indices }, dims }] });
    return () => readOnnx(bytes).initializers[0]!.constant!.tensor();
  };

  test('is filled in from flat indices and from coordinates', () => {
    const data = Float32Array.of(0, 1, 0, 0, 0, 2);
    expect(sparse({ dims: [2], int64_data: [1, 5] }, [2, 3])().data).toEqual(data);
    expect(sparse({ dims: [2, 2], int64_data: [0, 1, 1, 2] }, [2, 3])().data).toEqual(data);
  });

  test.each([
    ['an index outside', { dims: [2], int64_data: [1, 6] }],
    ['a negative index', { dims: [2, 2], int64_data: [1, -1, 1, 2] }],
    ['a coordinate too few', { dims: [2, 1], int64_data: [1, 2] }],
    ['an index too few', { dims: [1], int64_data: [1] }],
  ])('is refused: %s', (_, indices) => {
    faultOf(sparse(indices, [2, 3]), 'CORRUPT');
  });

  test('that is huge when filled in is refused before memory is taken', () => {
    faultOf(sparse({ dims: [2], int64_data: [1, 5] }, [2 ** 20, 2 ** 20]), 'LIMIT');
  });
});
