import { describe, expect, test } from 'vitest';
import { checkGraph } from '../../src/onnx/check.ts';
import { cloneGraph } from '../../src/onnx/clone.ts';
import { printGraph } from '../../src/onnx/print.ts';
import { onnx, type Message } from '../../src/onnx/proto/onnx.js';
import { concatenated, decodeModel, encodeModel } from '../../src/onnx/proto/wire.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { readShared, sharedPath, testShared } from '../support/shared.ts';
import { readdirSync } from 'node:fs';
import { encode, fixture, modelFile, untar } from './support.ts';

const ARCHIVE = 'conformance/onnx-backend-tests.tar.gz';

/** Makes every message forget its bytes, so that all of it is encoded anew. */
function forget(message: Message): void {
  message.$bytes = null;
  for (const field of Object.values(message).flat()) {
    if (typeof field === 'object' && field !== null && !ArrayBuffer.isView(field)) forget(field as Message);
  }
}

function encodedAnew(bytes: Uint8Array): Uint8Array {
  const model = decodeModel(bytes, 'test');
  forget(model);
  return concatenated(encodeModel(model));
}

describe('reading and writing', () => {
  test.each(['plain.onnx', 'tensors.onnx'])('gives %s back byte for byte', (name) => {
    const bytes = fixture(name);
    expect(writeOnnx(readOnnx(bytes))).toEqual(bytes);
    expect(writeOnnx(cloneGraph(readOnnx(bytes)))).toEqual(bytes);
  });

  test('gives every field of every message back, empty and unknown ones included, if all is encoded anew', () => {
    const bytes = fixture('everything.onnx');
    expect(encodedAnew(bytes)).toEqual(bytes);
  });

  test('writes large values at any depth as the library does, without copying them', () => {
    const tensor = (length: number) => ({
      dims: [length],
      data_type: 3,
      raw_data: new Uint8Array(length).fill(length % 251),
    });
    const branch = { name: 'then', initializer: [tensor(70_000), tensor(5), tensor(2_200_000)] };
    const node = { op_type: 'If', output: ['y'], attribute: [{ name: 'then_branch', type: 5, g: branch }] };
    const constant = { op_type: 'Constant', output: ['c'], attribute: [{ name: 'value', type: 4, t: tensor(65_536) }] };
    const model = decodeModel(
      modelFile({ node: [node, constant, node], initializer: [tensor(65_535), tensor(300_000)] }),
      'test',
    );
    forget(model);
    const pieces = encodeModel(model);
    expect(Buffer.compare(concatenated(pieces), onnx.ModelProto.encode(model).finish())).toBe(0);
    expect(pieces).toContain(model.graph!.initializer[1]!.raw_data);
  });

  test('keeps fields in an order that is not the usual one', () => {
    const usual = fixture('plain.onnx');
    const opset = encode('OperatorSetIdProto', { domain: 'late', version: 3 });
    const late = Uint8Array.of(...usual, 0x42, opset.length, ...opset);
    expect(writeOnnx(readOnnx(late))).toEqual(late);
    expect(encodedAnew(late)).not.toEqual(late);
  });

  test('keeps the bits of a NaN', () => {
    const elu = { op_type: 'Elu', output: ['y'], attribute: [{ name: 'alpha', type: 1, f: 1.5 }] };
    const bytes = modelFile({ node: [elu] });
    const at = Buffer.from(bytes).indexOf(Buffer.from(Float32Array.of(1.5).buffer));
    bytes.set([0x01, 0x00, 0xa0, 0x7f], at);
    const graph = readOnnx(bytes);
    expect(graph.nodes[0]!.float('alpha', 0)).toBeNaN();
    graph.model.metadata.set('edited', 'yes');
    expect(
      Buffer.from(writeOnnx(graph))
        .subarray(at, at + 4)
        .toString('hex'),
    ).toBe('0100a07f');
  });

  test('merges a graph that comes in two pieces, as protobuf says', () => {
    const head = encode('ModelProto', { ir_version: 8, opset_import: [{ version: 17 }], graph: { name: 'whole' } });
    const tail = encode('ModelProto', { graph: { node: [{ op_type: 'Constant', output: ['a'] }] } });
    const graph = readOnnx(Uint8Array.of(...head, ...tail));
    expect(graph.name).toBe('whole');
    expect(graph.nodes).toHaveLength(1);
    expect(writeOnnx(graph)).toEqual(Uint8Array.of(...head, ...tail));
    graph.model.metadata.set('edited', 'yes');
    expect(readOnnx(writeOnnx(graph)).nodes).toHaveLength(1);
  });

  testShared(ARCHIVE, 'gives all models of the ONNX test suite back byte for byte', () => {
    let models = 0;
    for (const { name, bytes } of untar(readShared(ARCHIVE))) {
      if (!name.endsWith('.onnx')) continue;
      models++;
      const graph = readOnnx(bytes, { name });
      checkGraph(graph);
      const copy = cloneGraph(graph);
      checkGraph(copy);
      const isSame = Buffer.compare(writeOnnx(copy), bytes) === 0 && Buffer.compare(encodedAnew(bytes), bytes) === 0;
      expect(isSame, name).toBe(true);
      expect(printGraph(copy) === printGraph(graph), name).toBe(true);
    }
    expect(models).toBe(1942);
  });

  testShared('corpus/onnx', 'gives real models back byte for byte', () => {
    for (const name of readdirSync(sharedPath('corpus/onnx'))) {
      const bytes = readShared(`corpus/onnx/${name}`);
      expect(Buffer.compare(writeOnnx(readOnnx(bytes)), bytes), name).toBe(0);
    }
  });
});

describe('writing an edited graph', () => {
  const edit = (): { graph: ReturnType<typeof readOnnx>; before: onnx.ModelProto } => {
    const bytes = fixture('plain.onnx');
    return { graph: readOnnx(bytes), before: decodeModel(bytes, 'test') };
  };

  test('leaves everything as it was but the node that changed', () => {
    const { graph, before } = edit();
    const sum = graph.nodes.find(({ name }) => name === 'sum')!;
    sum.attributes.set('keepdims', { kind: 'int', value: 1 });
    const after = decodeModel(writeOnnx(graph), 'test');
    expect(after.graph!.node[1]!.attribute[0]!.i!.low).toBe(1);
    expect(after.graph!.node[1]!.name).toBe('sum');
    for (const index of [0, 2, 3, 4]) {
      expect(after.graph!.node[index]!.$bytes).toEqual(before.graph!.node[index]!.$bytes);
    }
    expect(after.functions).toEqual(before.functions);
    expect(after.training_info).toEqual(before.training_info);
    expect(after.graph!.metadata_props).toEqual(before.graph!.metadata_props);
    expect(after.graph!.sparse_initializer).toEqual(before.graph!.sparse_initializer);
  });

  test('keeps the unknown fields of what it writes anew', () => {
    const unknown = Uint8Array.of(0xc2, 0x3e, 3, 1, 2, 3);
    const model = decodeModel(fixture('plain.onnx'), 'test');
    const messages = [model, model.graph!, model.graph!.node[1]!];
    forget(model);
    for (const message of messages) message.$unknowns = [unknown];
    const graph = readOnnx(concatenated(encodeModel(model)));
    graph.model.metadata.set('new', 'entry');
    graph.nodes[1]!.attributes.delete('keepdims');
    const after = decodeModel(writeOnnx(graph), 'test');
    for (const message of [after, after.graph!, after.graph!.node[1]!]) expect(message.$unknowns).toEqual([unknown]);
  });

  test('drops the types and annotations of values that are gone, and keeps those that never had a value', () => {
    const { graph } = edit();
    const [twice, sum] = graph.nodes;
    const h = twice!.outputs[0]!;
    graph.replaceUses(h, graph.inputs[0]!);
    graph.removeNode(twice!);
    expect(sum!.inputs[0]).toBe(graph.inputs[0]);
    checkGraph(graph);
    const after = decodeModel(writeOnnx(graph), 'test').graph!;
    expect(after.value_info.map(({ name }) => name)).toEqual(['gone']);
    expect(after.quantization_annotation).toEqual([]);
  });

  test('writes the new type of a value whose type was changed, and of no other', () => {
    const { graph, before } = edit();
    graph.inputs[0]!.shape = ['batch', 2];
    const after = decodeModel(writeOnnx(graph), 'test').graph!;
    expect(after.input[0]!.type!.tensor_type!.shape!.dim[0]!.dim_param).toBe('batch');
    expect(after.output[0]!.$bytes).toEqual(before.graph!.output[0]!.$bytes);
  });

  test('writes a subgraph anew when a node inside it changes', () => {
    const { graph } = edit();
    const branch = graph.nodes.find(({ opType }) => opType === 'If')!.attributes.get('then_branch')!;
    if (branch.kind !== 'graph') throw new Error('not a graph');
    const constant = branch.value.constant('c', { dtype: 'float32', shape: [2, 2], data: new Float32Array(4) });
    branch.value.nodes[0]!.setInput(1, constant);
    const again = readOnnx(writeOnnx(graph));
    checkGraph(again);
    expect(printGraph(again)).toContain('then_y = MatMul(h, c_1)');
  });

  test('writes metadata, opsets and producer as they are now', () => {
    const { graph } = edit();
    graph.model.metadata.delete('author');
    graph.model.metadata.set('added', 'later');
    graph.model.opsets.set('', 18);
    graph.model.producerVersion = '2';
    const { model } = readOnnx(writeOnnx(graph));
    expect([...model.metadata]).toEqual([
      ['__proto__', 'a key'],
      ['added', 'later'],
    ]);
    expect([...model.opsets]).toEqual([
      ['local', 1],
      ['', 18],
    ]);
    expect(model.producerVersion).toBe('2');
    expect(model.producerName).toBe('fixture');
  });
});
