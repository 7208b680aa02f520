import { describe, expect, test } from 'vitest';
import { readOnnx } from '../../../src/onnx/read.ts';
import { sniff } from '../../../src/onnx/sniff.ts';
import { writeOnnx } from '../../../src/onnx/write.ts';
import { decode, faultOf, info, modelFile } from '../support.ts';

const messageOf = (graph: object): string => faultOf(() => readOnnx(modelFile(graph)), 'CORRUPT').message;

describe('a fault names its node', () => {
  const node = (fields: object) => ({ op_type: 'Relu', input: ['nowhere'], output: ['y'], ...fields });
  test.each([
    ['by its name', { name: 'first' }, 'first (Relu)'],
    ['without one by its first output', { output: ['', 'z'] }, 'z (Relu)'],
    ['with an empty one by its output', { name: '' }, 'y (Relu)'],
    ['with neither by a question mark', { output: [] }, '? (Relu)'],
  ])('%s', (_, fields, label) => {
    expect(messageOf({ name: 'g', node: [node(fields)], output: [] })).toContain(label);
  });

  test('and an initializer without a name is refused', () => {
    expect(messageOf({ name: 'g', initializer: [{ dims: [1], data_type: 1, float_data: [1] }] })).toMatch(
      /has no name/,
    );
  });

  test('and an output that nothing makes, or that is listed twice', () => {
    const graph = { name: 'g', input: [info('x', 1)], node: [{ op_type: 'Relu', input: ['x'], output: ['y'] }] };
    expect(messageOf({ ...graph, output: [info('z', 1)] })).toMatch(/output z: nothing in the graph makes it/);
    expect(messageOf({ ...graph, output: [info('y', 1), info('y', 1)] })).toMatch(/output y: it is listed twice/);
  });
});

describe('the standard operators have two names for their domain', () => {
  const graph = { name: 'g', input: [info('x', 1)], node: [{ op_type: 'Relu', domain: 'ai.onnx', input: ['x'], output: ['y'] }], output: [info('y', 1)] }; // prettier-ignore
  test('which are read as one and written as they were', () => {
    const read = readOnnx(modelFile(graph, { opset_import: [{ domain: 'ai.onnx', version: 15 }] }));
    expect(read.nodes[0]!.domain).toBe('');
    expect(read.model.opsets.get('')).toBe(15);
    const { graph: back } = decode('ModelProto', writeOnnx(read)) as unknown as {
      graph: { node: { domain: string }[] };
    };
    expect(back.node[0]!.domain).toBe('ai.onnx');
  });
});

describe('a sparse initializer', () => {
  const sparse = (values: object, indices: object, dims: number[]): object => ({
    name: 'g',
    sparse_initializer: [{ values: { name: 'w', ...values }, indices, dims }],
    node: [{ op_type: 'Relu', input: ['w'], output: ['y'] }],
    output: [info('y')],
  });
  const tensorOf = (graph: object) => readOnnx(modelFile(graph)).nodes[0]!.inputs[0]!.constant!.tensor();
  const INDICES = { dims: [2], data_type: 7, int64_data: [1, 4] };

  test('of bytes and of floats is spread by flat places and by coordinates', () => {
    const bytes = { dims: [2], data_type: 2, int32_data: [7, 9] };
    expect(tensorOf(sparse(bytes, INDICES, [2, 3]))).toEqual({ dtype: 'uint8', shape: [2, 3], data: Uint8Array.of(0, 7, 0, 0, 9, 0) }); // prettier-ignore
    const floats = { dims: [2], data_type: 1, float_data: [1.5, -2] };
    const places = { dims: [2, 2], data_type: 7, int64_data: [0, 2, 1, 0] };
    expect(tensorOf(sparse(floats, places, [2, 3])).data).toEqual(Float32Array.of(0, 0, 1.5, -2, 0, 0));
  });

  test.each([
    ['of four bits', { dims: [2], data_type: 21, int32_data: [0x21] }],
    ['of complex numbers', { dims: [2], data_type: 14, float_data: [1, 2, 3, 4] }],
    ['of texts', { dims: [2], data_type: 8, string_data: [new Uint8Array([97]), new Uint8Array([98])] }],
  ])('%s is refused', (_, values) => {
    faultOf(() => tensorOf(sparse(values, INDICES, [2, 3])), 'UNSUPPORTED');
  });

  test('whose places have another number of axes is refused', () => {
    const floats = { dims: [2], data_type: 1, float_data: [1.5, -2] };
    const places = { dims: [2, 3], data_type: 7, int64_data: [0, 0, 0, 1, 1, 0] };
    faultOf(() => tensorOf(sparse(floats, places, [2, 3])), 'CORRUPT');
  });
});

describe('a SavedModel begins with its schema version and its graph', () => {
  // saved_model_schema_version 1, then MetaGraphDef of 300 bytes, whose MetaInfoDef comes first.
  const START = [0x08, 0x01, 0x12, 0xac, 0x02, 0x0a];
  test('and is known by that alone', () => {
    expect(sniff(Uint8Array.from(START))).toBe('saved-model');
    expect(sniff(Uint8Array.of(0x08, 0x01, 0x12, 0x05, 0x0a))).toBe('saved-model');
  });

  test.each([0, 1, 2, 5])('and not where byte %i is another', (at) => {
    expect(sniff(Uint8Array.from(START).with(at, 0x55))).not.toBe('saved-model');
  });

  test('nor where the length does not end', () => {
    expect(sniff(Uint8Array.from([0x08, 0x01, 0x12, ...new Array<number>(12).fill(0x80), 0x0a]))).toBe('unknown');
  });
});
