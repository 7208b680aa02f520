import { expect, test } from 'vitest';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import { cloneGraph } from '../../src/onnx/clone.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { decode, encode, info, modelFile } from './support.ts';
import { harvested, messageTypes, planted } from './unknown-fields.ts';

const floats = (name: string, dims: number[], values: number[]): object => ({ name, dims, data_type: 1, float_data: values }); // prettier-ignore
const entry = [{ key: 'key', value: 'value' }];
const shape = { dim: [{ dim_value: 2 }, { dim_param: 'n' }] };
const sparse = (name: string): object => ({
  values: floats(name, [1], [5]),
  indices: { dims: [1], data_type: 7, int64_data: [1] },
  dims: [3],
});
const tensorType = { tensor_type: { elem_type: 1, shape } };
const types = [
  tensorType,
  { sequence_type: { elem_type: tensorType } },
  { map_type: { key_type: 7, value_type: tensorType } },
  { optional_type: { elem_type: tensorType } },
  { sparse_tensor_type: { elem_type: 1, shape } },
  { opaque_type: { domain: 'somewhere', name: 'thing' } },
];
const placement = {
  configuration_id: 'two',
  sharding_spec: [
    {
      tensor_name: 'kept',
      device: [0],
      index_to_device_group_map: [{ key: 0, value: [0, 1] }],
      sharded_dim: [{ axis: 0, simple_sharding: [{ dim_value: 3, num_shards: 1 }] }],
    },
  ],
};
const inner = (name: string): object => ({
  name,
  node: [{ name: `${name} node`, op_type: 'Constant', output: [`${name} out`], attribute: [{ name: 'value_float', type: 1, f: 1.5 }] }], // prettier-ignore
  output: [info(`${name} out`)],
  metadata_props: entry,
});

/** Attributes of every kind that holds messages. */
const attributes = [
  { name: 'number', type: 2, i: 3 },
  { name: 'tensor', type: 4, t: { ...floats('', [1], [1]), metadata_props: entry } },
  { name: 'tensors', type: 9, tensors: [floats('', [1], [2])] },
  { name: 'graph', type: 5, g: inner('one') },
  { name: 'graphs', type: 10, graphs: [inner('two'), inner('three')] },
  { name: 'sparse', type: 11, sparse_tensor: sparse('') },
  { name: 'sparses', type: 12, sparse_tensors: [sparse('')] },
  { name: 'type', type: 13, tp: tensorType },
  { name: 'types', type: 14, type_protos: types },
];

/** Conv, then a frozen BatchNormalization that goes into it, then a node that nothing here knows. */
const GRAPH = {
  name: 'main',
  node: [
    { name: 'conv', op_type: 'Conv', input: ['x', 'W'], output: ['c'], attribute: [{ name: 'group', type: 2, i: 1 }], metadata_props: entry, device_configurations: [placement] }, // prettier-ignore
    { name: 'bn', op_type: 'BatchNormalization', input: ['c', 'scale', 'bias', 'mean', 'variance'], output: ['b'], metadata_props: entry }, // prettier-ignore
    { name: 'foreign', op_type: 'Foreign', domain: 'far', input: ['b', 'kept', 'S'], output: ['y'], attribute: attributes }, // prettier-ignore
  ],
  initializer: [
    floats('W', [2, 1, 1, 1], [1, 2]),
    ...['scale', 'bias', 'mean', 'variance'].map((name, i) => floats(name, [2], [i + 1, i + 2])),
    { ...floats('kept', [1], [1]), metadata_props: entry },
  ],
  sparse_initializer: [sparse('S')],
  input: [{ ...info('x', 1, 1, 3, 4), metadata_props: entry }],
  output: [info('y')],
  value_info: [info('c', 1, 2, 3, 4), ...types.map((type, i) => ({ name: `stray ${i}`, type }))],
  quantization_annotation: [{ tensor_name: 'kept', quant_parameter_tensor_names: entry }],
  metadata_props: entry,
};

const MODEL = {
  opset_import: [
    { domain: '', version: 17 },
    { domain: 'far', version: 1 },
    { domain: 'near', version: 1 },
  ],
  metadata_props: entry,
  training_info: [
    {
      initialization: {
        ...inner('start'),
        initializer: [{ ...floats('part', [1], [1]), segment: { begin: 0, end: 1 } }],
      },
      algorithm: inner('step'),
      initialization_binding: entry,
      update_binding: entry,
    },
  ],
  functions: [
    {
      name: 'Near',
      domain: 'near',
      input: ['a'],
      output: ['b'],
      attribute_proto: [{ name: 'alpha', type: 1, f: 0.5 }],
      node: [{ op_type: 'Identity', input: ['a'], output: ['b'] }],
      opset_import: [{ domain: '', version: 17 }],
      value_info: [info('b', 2)],
      metadata_props: entry,
    },
  ],
  configuration: [{ name: 'two', num_devices: 2, device: ['a', 'b'] }],
};

const { bytes, places } = planted(modelFile(GRAPH, MODEL));

test('the model has every message type of the schema, and an unknown field in each message', () => {
  const types = new Set([...places.values()].map(({ type }) => type));
  expect([...types].sort()).toEqual(messageTypes().sort());
  expect(harvested(bytes).sort()).toEqual([...places.keys()].sort());
});

test('every unknown field survives reading and writing, byte for byte', () => {
  expect(writeOnnx(readOnnx(bytes))).toEqual(bytes);
  expect(writeOnnx(cloneGraph(readOnnx(bytes)))).toEqual(bytes);
});

test('every unknown field survives changes of every part that the graph shows', () => {
  const graph = readOnnx(bytes);
  graph.model.metadata.set('edited', 'yes');
  graph.model.producerName = 'someone else';
  for (const node of graph.nodes) node.attributes.set('added', { kind: 'int', value: 1 });
  for (const value of [...graph.inputs, ...graph.outputs]) value.shape = value.shape?.map(() => 'other');
  expect(harvested(writeOnnx(graph)).sort()).toEqual([...places.keys()].sort());
});

test('folding loses the unknown fields of what it folds away, and no other', () => {
  const { graph, report } = foldGraph(readOnnx(bytes));
  expect(report.batchNormalizations.folded).toBe(1);
  const left = new Set(harvested(writeOnnx(graph)));
  const lost = [...places].filter(([content]) => !left.has(content)).map(([, { path }]) => path);
  const folded = /^\/graph main\/(node bn|initializer (W|scale|bias|mean|variance)|value_info c)(\/|$)/;
  expect(lost.filter((path) => !folded.test(path))).toEqual([]);
  expect(lost).toContain('/graph main/node bn');
  expect(left.size).toBe(places.size - lost.length);
});

test('a file in two pieces keeps the unknown fields of both', () => {
  const tail = planted(encode('ModelProto', { graph: { doc_string: 'the end' } }));
  const whole = Uint8Array.of(...bytes, ...tail.bytes);
  const graph = readOnnx(whole);
  graph.model.metadata.set('edited', 'yes');
  graph.nodes[0]!.attributes.set('added', { kind: 'int', value: 1 });
  expect(harvested(writeOnnx(graph)).sort()).toEqual([...places.keys(), ...tail.places.keys()].sort());
});

test('a value whose sizes change keeps the denotations of its type, and one of another rank those of its type alone', () => {
  const denoted = { denotation: 'IMAGE', tensor_type: { elem_type: 1, shape: { dim: [{ dim_value: 2, denotation: 'DATA_BATCH' }] } } }; // prettier-ignore
  const written = (shape: readonly number[]): object => {
    const input = { name: 'x', type: denoted };
    const graph = readOnnx(modelFile({ node: [{ op_type: 'Relu', input: ['x'], output: ['y'] }], input: [input], output: [info('y')] })); // prettier-ignore
    graph.inputs[0]!.shape = shape;
    return (decode('ModelProto', writeOnnx(graph)) as { graph: { input: [{ type: object }] } }).graph.input[0].type;
  };
  const dims = (...dim: object[]): object => ({ denotation: 'IMAGE', tensor_type: { elem_type: 1, shape: { dim } } });
  expect(written([7])).toEqual(dims({ dim_value: 7, denotation: 'DATA_BATCH' }));
  expect(written([7, 3])).toEqual(dims({ dim_value: 7 }, { dim_value: 3 }));
});
