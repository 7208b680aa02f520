import { expect, test } from 'vitest';
import { namesFiles } from '../../src/onnx/proto/names-files.ts';
import { perceptron, randomLayers } from '../support/runnable-models.ts';
import { decode, encode, modelFile } from './support.ts';

const outside = { name: 'W', dims: [4], data_type: 1, data_location: 1, external_data: [{ key: 'location', value: 'w' }] }; // prettier-ignore
const inside = { name: 'V', dims: [1], data_type: 1, float_data: [3], data_location: 0 };

const nodesWith = (attribute: object) => [
  { op_type: 'Relu', input: ['x'] },
  { op_type: 'Constant', attribute: [{ name: 'i', type: 7, i: 3, ints: [1, 14] }, attribute] },
];

const PLACES: Readonly<Record<string, (tensor: object) => Uint8Array>> = {
  'an initializer': (tensor) => modelFile({ initializer: [inside, tensor] }),
  'a Constant': (t) => modelFile({ node: nodesWith({ name: 'value', type: 4, t }) }),
  'a list of tensors': (tensor) =>
    modelFile({ node: nodesWith({ name: 'values', type: 9, tensors: [inside, tensor] }) }),
  'the body of an If': (t) =>
    modelFile({ node: nodesWith({ name: 'body', type: 5, g: { node: nodesWith({ name: 'value', type: 4, t }) } }) }),
  'one of many bodies': (tensor) =>
    modelFile({ node: nodesWith({ name: 'bodies', type: 10, graphs: [{}, { initializer: [tensor] }] }) }),
  'values of a sparse tensor': (values) => modelFile({ sparse_initializer: [{ values }] }),
  'places of a sparse tensor': (indices) =>
    modelFile({ node: nodesWith({ name: 's', type: 11, sparse_tensor: { values: inside, indices } }) }),
  'a list of sparse tensors': (values) =>
    modelFile({ node: nodesWith({ name: 's', type: 12, sparse_tensors: [{ values }] }) }),
  'a function': (t) => modelFile({}, { functions: [{ name: 'f', node: nodesWith({ name: 'value', type: 4, t }) }] }),
  'a default of a function': (t) =>
    modelFile({}, { functions: [{ name: 'f', attribute_proto: [{ name: 'a', type: 4, t }] }] }),
};

test.each(Object.entries(PLACES))('elements in another file are seen in %s', (_, place) => {
  expect(namesFiles(place(outside))).toBe(true);
  expect(namesFiles(place(inside))).toBe(false);
});

test('a model that holds all of its elements names no file, whatever its weights look like', () => {
  expect(namesFiles(perceptron(randomLayers([8, 8, 3], 5)))).toBe(false);
  const raw_data = encode('TensorProto', outside);
  expect(namesFiles(modelFile({ initializer: [{ ...inside, raw_data }] }, { doc_string: 'location' }))).toBe(false);
});

const varint = (value: bigint): number[] => (value < 128n ? [Number(value)] : [Number(value % 128n) | 128, ...varint(value / 128n)]); // prettier-ignore
const field = (number: number, bytes: readonly number[]): number[] => [...varint(BigInt(number * 8 + 2)), ...varint(BigInt(bytes.length)), ...bytes]; // prettier-ignore
const located = (location: readonly number[]) => field(7, field(5, [...field(8, [87]), 14 * 8, ...location]));

/** What protobuf reads, and no tool would write so. */
test.each([
  ['of ten bytes', located([0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00])],
  ['beyond 32 bits', located(varint(2n ** 32n + 1n))],
  ['behind a group', [...varint(99n * 8n + 3n), 2 * 8, 1, ...varint(99n * 8n + 4n), ...located([1])]],
  ['behind a number of 4 bytes', [...varint(99n * 8n + 5n), 1, 2, 3, 4, ...located([1])]],
  ['behind a number of 8 bytes', [...varint(99n * 8n + 1n), 1, 2, 3, 4, 5, 6, 7, 8, ...located([1])]],
  ['behind a first part of the graph', [...field(7, field(2, [103])), ...located([1])]],
])('a location %s is seen, as protobuf sees it', (_, numbers) => {
  const bytes = Uint8Array.from(numbers);
  expect(decode('ModelProto', bytes)).toMatchObject({ graph: { initializer: [{ name: 'W', data_location: 1 }] } });
  expect(namesFiles(bytes)).toBe(true);
});

test('what is cut off or nested without end is no model, and ends', () => {
  const whole = Uint8Array.from(located([1]));
  for (let end = 0; end < whole.length; end++) expect(namesFiles(whole.subarray(0, end))).toBe(false);
  let deep = field(5, [14 * 8, 1]);
  for (let depth = 0; depth < 100; depth++) deep = field(1, field(5, field(6, deep)));
  expect(namesFiles(Uint8Array.from(field(7, deep)))).toBe(false);
  expect(namesFiles(new Uint8Array(40).fill(0xff))).toBe(false);
});
