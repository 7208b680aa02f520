import { expect, test } from 'vitest';
import { fixDims } from '../../../src/onnx/proto/fix-dims.ts';
import { concatenated } from '../../../src/onnx/proto/wire.ts';
import { decode, encode, faultOf, info, modelFile } from '../support.ts';

const shaped = (name: string, ...dims: (string | number)[]): object => ({
  name,
  doc_string: `about ${name}`,
  type: {
    tensor_type: {
      elem_type: 1,
      shape: { dim: dims.map((dim) => (typeof dim === 'string' ? { dim_param: dim, denotation: 'D' } : { dim_value: dim })) },
    },
  },
}); // prettier-ignore

const GRAPH = {
  name: 'g',
  node: [
    { op_type: 'Relu', input: ['x'], output: ['h'] },
    { op_type: 'Neg', input: ['h'], output: ['y'] },
  ],
  input: [shaped('x', 'N', 3, 'H'), info('fixed', 2), { name: 'untyped' }],
  output: [shaped('y', 'N', 3, 'H')],
  value_info: [shaped('h', 'N', 3, 'H'), shaped('other', 'M')],
};

interface Graph {
  node: unknown[];
  input: unknown[];
  output: unknown[];
  value_info: unknown[];
}
const rewritten = (sizes: Record<string, number>, graph: object = GRAPH) =>
  decode('ModelProto', fixDims(modelFile(graph), sizes)).graph as Graph;
const plain = (graph: object) => decode('ModelProto', modelFile(graph)).graph as Graph;
const dimsOf = (value: unknown) => (value as { type: { tensor_type: { shape: { dim: object[] } } } }).type.tensor_type.shape.dim; // prettier-ignore

test('a named dimension has its size in inputs, outputs and annotations, and nothing else changes', () => {
  const fixed = rewritten({ N: 5 });
  const { input, output, value_info: annotations } = fixed;
  for (const value of [input[0], output[0], annotations[0]]) {
    expect(dimsOf(value)).toEqual([{ dim_value: 5, denotation: 'D' }, { dim_value: 3 }, { dim_param: 'H', denotation: 'D' }]); // prettier-ignore
  }
  const { input: before, value_info: annotated } = plain(GRAPH);
  expect({ ...fixed, ...plain({ ...GRAPH, node: [] }), node: fixed.node }).toEqual(plain(GRAPH));
  expect(input.slice(1)).toEqual(before.slice(1));
  expect(annotations[1]).toEqual(annotated[1]);
  expect(input[0]).toMatchObject({ name: 'x', doc_string: 'about x', type: { tensor_type: { elem_type: 1 } } });
});

test('several are fixed at once', () => {
  expect(dimsOf(rewritten({ N: 5, H: 7 }).output[0]).map((dim) => (dim as { dim_value: number }).dim_value)).toEqual([5, 3, 7]); // prettier-ignore
});

test('a name that no input has is refused, and those there are are told', () => {
  const fault = (sizes: Record<string, number>, graph: object = GRAPH) => faultOf(() => fixDims(modelFile(graph), sizes), 'USAGE'); // prettier-ignore
  expect(fault({ N: 5, W: 2 })).toMatchObject({ where: 'fixed W', expected: 'N, H' });
  expect(fault({ M: 2 })).toMatchObject({ where: 'fixed M' });
  expect(fault({ '': 2 })).toMatchObject({ expected: 'N, H' });
  expect(fault({ toString: 2 })).toMatchObject({ where: 'fixed toString' });
  expect(fault({ N: 2 }, { ...GRAPH, input: [info('fixed', 2)] })).toMatchObject({
    expected: 'no name: every dimension has its size',
  });
});

test('a dimension that has the name of a property of all objects stays', () => {
  const graph = { ...GRAPH, input: [shaped('x', 'N', 'constructor')], output: [shaped('y', 'N', 'constructor')] };
  expect(dimsOf(rewritten({ N: 2 }, graph).input[0])[1]).toEqual({ dim_param: 'constructor', denotation: 'D' });
});

test('a file without a graph is no model', () => {
  expect(faultOf(() => fixDims(encode('ModelProto', { ir_version: 8 }), {}, { name: 'a.onnx' }), 'FORMAT').where).toBe('a.onnx'); // prettier-ignore
});

test('what nobody asks about comes back byte for byte', () => {
  const bytes = modelFile(GRAPH);
  expect(concatenated([fixDims(bytes, {})])).toEqual(bytes);
});
