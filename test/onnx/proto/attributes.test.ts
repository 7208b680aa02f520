import { describe, expect, test } from 'vitest';
import { float, int, ints, string, type Attribute, type AttributeKind } from '../../../src/onnx/attribute.ts';
import { Constant } from '../../../src/onnx/constant.ts';
import type { Graph } from '../../../src/onnx/graph.ts';
import { readOnnx } from '../../../src/onnx/read.ts';
import { writeOnnx } from '../../../src/onnx/write.ts';
import { float32 } from '../../../src/tensor.ts';
import { decode, info, modelFile } from '../support.ts';

const TENSOR = { dims: [2], data_type: 1, float_data: [1.5, -2] };
const body = (name: string) => ({ name, node: [{ op_type: 'Constant', output: [name], attribute: [] }], output: [info(name, 1)] }); // prettier-ignore
const utf8 = (text: string) => new TextEncoder().encode(text);

/** By its fields, the number of its type in onnx.proto, and what is read of it. */
const KINDS: readonly (readonly [kind: AttributeKind, type: number, fields: object, value: unknown])[] = [
  ['float', 1, { f: 0.25 }, 0.25],
  ['int', 2, { i: 7 }, 7],
  ['string', 3, { s: utf8('SAME') }, 'SAME'],
  ['tensor', 4, { t: TENSOR }, undefined],
  ['graph', 5, { g: body('a') }, undefined],
  ['floats', 6, { floats: [0.5, 2] }, [0.5, 2]],
  ['ints', 7, { ints: [3, -4] }, [3, -4]],
  ['strings', 8, { strings: [utf8('a'), utf8('')] }, ['a', '']],
  ['tensors', 9, { tensors: [TENSOR, TENSOR] }, undefined],
  ['graphs', 10, { graphs: [body('a'), body('b')] }, undefined],
];

const fileWith = (attribute: object): Uint8Array =>
  modelFile({
    name: 'g',
    node: [{ name: 'n', op_type: 'Odd', input: ['x'], output: ['y'], attribute: [{ name: 'a', doc_string: 'why', ...attribute }] }],
    input: [info('x', 1)],
    output: [info('y', 1)],
  }); // prettier-ignore

const attributeOf = (bytes: Uint8Array) => readOnnx(bytes).nodes[0]!.attributes.get('a')!;
const written = (graph: Graph): Record<string, unknown> => {
  const model = decode('ModelProto', writeOnnx(graph)) as unknown as { graph: { node: { attribute: Record<string, unknown>[] }[] } }; // prettier-ignore
  return model.graph.node[0]!.attribute[0]!;
};

describe('an attribute of each kind', () => {
  test.each(KINDS)('is read by its type, or without one by what it holds: %s', (kind, type, fields, value) => {
    for (const given of [{ type, ...fields }, fields]) {
      const attribute = attributeOf(fileWith(given));
      expect(attribute.kind).toBe(kind);
      if (value !== undefined) expect(attribute.value).toEqual(value);
    }
  });

  test.each(KINDS)('comes back as it was, with its doc string: %s', (_, type, fields) => {
    const bytes = fileWith({ type, ...fields });
    expect(writeOnnx(readOnnx(bytes))).toEqual(bytes);
  });

  test('is of an unknown kind where it is a reference, or holds nothing and says no type', () => {
    expect(attributeOf(fileWith({ type: 1, ref_attr_name: 'alpha' })).kind).toBe('opaque');
    expect(attributeOf(fileWith({})).kind).toBe('opaque');
  });
});

const MADE: readonly (readonly [type: number, attribute: Attribute, fields: object])[] = [
  [1, float(0.25), { f: 0.25 }],
  [2, int(-3), { i: -3 }],
  [3, string('abc'), {}],
  [6, { kind: 'floats', value: [0.5] }, { floats: [0.5] }],
  [7, ints([1, 2]), { ints: [1, 2] }],
  [8, { kind: 'strings', value: ['x', 'yz'] }, {}],
  [4, { kind: 'tensor', value: Constant.of(float32([2], [1, 2])) }, {}],
  [9, { kind: 'tensors', value: [Constant.of(float32([1], [3]))] }, {}],
];

describe('an attribute that is made', () => {
  test.each(MADE)('is written with its type: %i', (type, attribute, fields) => {
    const graph = readOnnx(fileWith({ type: 2, i: 7 }));
    graph.nodes[0]!.attributes.set('a', attribute);
    const proto = written(graph);
    expect(proto).toMatchObject({ name: 'a', type, ...fields });
    if (!attribute.kind.startsWith('tensor')) expect(attributeOf(writeOnnx(graph)).value).toEqual(attribute.value);
    // What was there before says another thing.
    expect(proto).not.toHaveProperty('doc_string');
    if (attribute.kind !== 'int') expect(proto).not.toHaveProperty('i');
  });

  test('of several graphs is written anew where one of them changes, and keeps its doc string', () => {
    const graph = readOnnx(fileWith({ type: 10, graphs: [body('a'), body('b')] }));
    const attribute = graph.nodes[0]!.attributes.get('a')!;
    if (attribute.kind !== 'graphs') throw new Error('these are graphs');
    attribute.value[1]!.nodes[0]!.attributes.set('value_int', int(5));
    const proto = written(graph) as {
      type: number;
      doc_string: string;
      graphs: { node: { attribute?: object[] }[] }[];
    };
    expect(proto).toMatchObject({ type: 10, doc_string: 'why' });
    expect(proto.graphs.map(({ node }) => node[0]!.attribute?.length ?? 0)).toEqual([0, 1]);
  });

  test('of several graphs is written anew where one goes', () => {
    const graph = readOnnx(fileWith({ type: 10, graphs: [body('a'), body('b')] }));
    const attribute = graph.nodes[0]!.attributes.get('a')!;
    if (attribute.kind !== 'graphs') throw new Error('these are graphs');
    graph.nodes[0]!.attributes.set('a', { ...attribute, value: attribute.value.slice(1) });
    expect((written(graph) as { graphs: { name: string }[] }).graphs.map(({ name }) => name)).toEqual(['b']);
  });
});
