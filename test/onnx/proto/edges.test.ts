import { describe, expect, test } from 'vitest';
import { int } from '../../../src/onnx/attribute.ts';
import { Constant } from '../../../src/onnx/constant.ts';
import { Functions } from '../../../src/onnx/functions.ts';
import { fixDims } from '../../../src/onnx/proto/fix-dims.ts';
import { functionReaders } from '../../../src/onnx/proto/read-function.ts';
import { readMetadata } from '../../../src/onnx/proto/metadata.ts';
import { readOnnx } from '../../../src/onnx/read.ts';
import { writeOnnx } from '../../../src/onnx/write.ts';
import { float32 } from '../../../src/tensor.ts';
import { decode, encode, faultOf, info, modelFile } from '../support.ts';

const relu = (fields: object = {}) => ({ op_type: 'Relu', input: ['x'], output: ['y'], ...fields });
const GRAPH = { name: 'g', node: [relu()], input: [info('x', 1)], output: [info('y', 1)] };

/** The graph of a file as protobufjs's own reflection sees it. */
type Plain = Readonly<Record<string, readonly Record<string, unknown>[]>>;
const graphIn = (bytes: Uint8Array): Plain => decode('ModelProto', bytes).graph as Plain;

describe('elements', () => {
  const read = (tensor: object) =>
    readOnnx(modelFile({ initializer: [{ name: 't', ...tensor }] })).initializers[0]!.constant!.tensor();

  test('of 64 bits without a sign may have their highest bit set', () => {
    const uint64_data = [{ low: 0, high: 256, unsigned: true }, { low: -1, high: -1, unsigned: true }]; // prettier-ignore
    expect(read({ dims: [2], data_type: 13, uint64_data }).data).toEqual(BigUint64Array.of(2n ** 40n, 2n ** 64n - 1n));
  });

  test('have 64 axes at most, as in numpy', () => {
    const ones = (count: number) => ({ dims: new Array<number>(count).fill(1), data_type: 1, float_data: [2] });
    expect(read(ones(64)).shape).toHaveLength(64);
    faultOf(() => read(ones(65)), 'LIMIT');
  });

  test.each([
    ['int32_data', 6],
    ['int64_data', 7],
    ['uint64_data', 13],
  ])('in %s are bounded by the parts that are allowed', (field, data_type) => {
    const file = (count: number) =>
      modelFile({ initializer: [{ name: 't', dims: [count], data_type, [field]: new Array<number>(count).fill(300) }] });
    expect(readOnnx(file(100), { maxParts: 100 }).initializers[0]!.shape).toEqual([100]);
    expect(faultOf(() => readOnnx(file(1000), { maxParts: 100 }), 'LIMIT').message).toMatch(/too many integers in lists/);
  }); // prettier-ignore
});

describe('types', () => {
  test('an output that says no type is of the type that is annotated', () => {
    const bytes = modelFile({ ...GRAPH, value_info: [info('y', 5)], output: [{ name: 'y' }] });
    const [output] = readOnnx(bytes).outputs;
    expect([output!.dtype, output!.shape]).toEqual(['float32', [5]]);
    expect(writeOnnx(readOnnx(bytes))).toEqual(bytes);
  });

  test('a dimension that became unknown is written with neither a size nor a name', () => {
    const graph = readOnnx(modelFile({ ...GRAPH, input: [info('x', 2, 3)] }));
    graph.inputs[0]!.shape = [2, ''];
    const [input] = graphIn(writeOnnx(graph)).input!;
    expect(input!.type).toEqual({ tensor_type: { elem_type: 1, shape: { dim: [{ dim_value: 2 }, {}] } } });
  });

  test('a dimension called null is not one without a name', () => {
    const dim = [{ dim_param: 'null' }, {}];
    const x = { name: 'x', type: { tensor_type: { elem_type: 1, shape: { dim } } } };
    const [input] = graphIn(fixDims(modelFile({ ...GRAPH, input: [x] }), { null: 4 })).input!;
    expect(input!.type).toEqual({ tensor_type: { elem_type: 1, shape: { dim: [{ dim_value: 4 }, {}] } } });
  });

  test('a value that an annotation names counts as named', () => {
    const scale = { name: 's', dims: [], data_type: 1, float_data: [0.5] };
    const quantization_annotation = [{ tensor_name: 'x', quant_parameter_tensor_names: [{ key: 'SCALE_TENSOR', value: 's' }, { key: 'ZERO_POINT_TENSOR', value: 'nowhere' }] }]; // prettier-ignore
    const graph = readOnnx(modelFile({ ...GRAPH, initializer: [scale], quantization_annotation }));
    expect(graph.initializers[0]!.isNamedElsewhere).toBe(true);
    expect(graph.inputs[0]!.isNamedElsewhere).toBe(false);
  });
});

describe('attributes', () => {
  test('of several tensors hold the elements of each', () => {
    const tensors = [
      { dims: [2], data_type: 1, float_data: [1.5, -2] },
      { dims: [], data_type: 7, int64_data: [3] },
    ];
    const attribute = [{ name: 'a', type: 9, tensors }];
    const { value } = readOnnx(modelFile({ ...GRAPH, node: [relu({ attribute })] })).nodes[0]!.attributes.get('a')!;
    const elements = (value as readonly Constant[]).map((constant) => constant.tensor().data);
    expect(elements).toEqual([Float32Array.of(1.5, -2), BigInt64Array.of(3n)]);
  });

  test('of a graph keep their doc string where the graph changes', () => {
    const then_branch = { name: 'then', node: [relu({ output: ['t'] })], output: [info('t', 1)] };
    const attribute = [{ name: 'then_branch', type: 5, doc_string: 'why', g: then_branch }];
    const graph = readOnnx(modelFile({ ...GRAPH, node: [relu({ op_type: 'Odd', attribute })] }));
    const branch = graph.nodes[0]!.attributes.get('then_branch')!;
    if (branch.kind !== 'graph') throw new Error('not a graph');
    branch.value.nodes[0]!.attributes.set('new', int(1));
    const [written] = graphIn(writeOnnx(graph)).node![0]!.attribute as Record<string, unknown>[];
    expect(written!.doc_string).toBe('why');
    expect((written!.g as Plain).node![0]!.attribute).toEqual([{ name: 'new', type: 2, i: 1 }]);
  });

  test('hold tensors without a name where they are made here', () => {
    const graph = readOnnx(modelFile(GRAPH));
    graph.nodes[0]!.attributes.set('value', { kind: 'tensor', value: Constant.of(float32([1], [2])) });
    const [written] = graphIn(writeOnnx(graph)).node![0]!.attribute as Record<string, unknown>[];
    expect(Object.keys(written!.t as object).sort()).toEqual(['data_type', 'dims', 'raw_data']);
  });
});

describe('a model', () => {
  test('says who made it now', () => {
    const graph = readOnnx(modelFile(GRAPH, { producer_name: 'first' }));
    graph.model.producerName = 'second';
    expect(decode('ModelProto', writeOnnx(graph)).producer_name).toBe('second');
  });

  test.each([0, -1])('whose standard opset is %i is refused, and the opset called by its name', (version) => {
    const bytes = modelFile(GRAPH, { opset_import: [{ domain: '', version }] });
    expect(faultOf(() => readOnnx(bytes), 'CORRUPT').message).toMatch(/the opset of ai\.onnx is not a version/);
  });

  test('in whose metadata the key comes as a number too has the key that is text', () => {
    // key "k", value "v", and field 1 as a varint, which protobuf takes for an unknown field.
    const entry = [0x0a, 1, 0x6b, 0x12, 1, 0x76, 0x08, 0x61];
    const bytes = Uint8Array.of(0x72, entry.length, ...entry);
    const found = readMetadata((offset, length) => bytes.subarray(offset, offset + length), bytes.length);
    expect([...found]).toEqual([['k', 'v']]);
  });
});

describe('functions', () => {
  const OPSETS = [{ domain: '', version: 17 }];
  const F = { name: 'F', input: ['x'], output: ['y'], node: [relu()], opset_import: OPSETS };

  test('alone in a file stay alone, and a graph without nodes stays beside them', () => {
    for (const graph of [undefined, { name: 'through', input: [info('x', 1)], output: [info('x', 1)] }]) {
      const bytes = encode('ModelProto', { ir_version: 8, opset_import: OPSETS, functions: [{ domain: 'acme', ...F }], ...(graph && { graph }) }); // prettier-ignore
      const read = readOnnx(bytes);
      expect(writeOnnx(read)).toEqual(bytes);
      read.model.metadata.set('edited', 'yes');
      expect(Object.hasOwn(decode('ModelProto', writeOnnx(read)), 'graph')).toBe(graph !== undefined);
    }
  });

  test('without a domain or an overload are those of the standard domain', () => {
    const graph = readOnnx(modelFile({ ...GRAPH, node: [relu({ op_type: 'F' })] }, { functions: [F] }));
    expect([...functionReaders(graph.model).keys()]).toEqual([':F']);
  });

  test('bring the opsets along that the model does not have, and leave those that it has', () => {
    const body = [relu({ domain: 'other', op_type: 'Odd' })];
    const opset_import = [...OPSETS, { domain: 'other', version: 3 }];
    const called = { ...F, domain: 'acme', node: body, opset_import };
    const model = { functions: [called], opset_import: [...OPSETS, { domain: 'acme', version: 1 }] };
    const graph = readOnnx(modelFile({ ...GRAPH, node: [relu({ domain: 'acme', op_type: 'F' })] }, model));
    const { left } = new Functions(graph.model).expand(graph, () => true);
    expect([...left]).toEqual([]);
    expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Odd']);
    expect([...graph.model.opsets].sort()).toEqual([['', 17], ['acme', 1], ['other', 3]]); // prettier-ignore
  });
});
