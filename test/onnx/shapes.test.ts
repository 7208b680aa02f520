import { describe, expect, test } from 'vitest';
import { float, int, ints, string, type Attribute } from '../../src/onnx/attribute.ts';
import { Graph, type Value } from '../../src/onnx/graph.ts';
import { newModelInfo } from '../../src/onnx/model-info.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { broadcast, dimOf, productOf, quotient } from '../../src/onnx/shapes/dims.ts';
import { inferShapes, inferTypes } from '../../src/onnx/shapes/infer.ts';
import { printGraph } from '../../src/onnx/print.ts';
import { float32, int64, type Dim } from '../../src/tensor.ts';
import { runGraph } from '../fold/run-graph.ts';
import { readShared, testShared } from '../support/shared.ts';
import { untar } from './support.ts';

type Given = readonly Dim[] | Value;

/** One node on inputs of these shapes; the shape of its output. */
function shapeAfter(opType: string, given: readonly Given[], attributes: Record<string, Attribute> = {}, opset = 17) {
  const graph = new Graph('g', newModelInfo(opset));
  const inputs = given.map((one, index) => {
    if (!Array.isArray(one)) graph.initializers.push(one as Value);
    return Array.isArray(one) ? graph.input(`x${index}`, { dtype: 'float32', shape: one as Dim[] }) : (one as Value);
  });
  const output = graph.node(opType, { inputs, attributes, output: { name: 'y' } });
  return inferTypes(graph).shape(output);
}

const constant = (...values: number[]) => new Graph('').constant('c', int64(values));
const scales = (...values: number[]) => new Graph('').constant('c', float32([values.length], values));

describe('a symbolic dimension keeps its name', () => {
  const cases: [string, readonly Given[], Record<string, Attribute>, readonly Dim[]][] = [
    ['Relu', [['N', 3]], {}, ['N', 3]],
    [
      'Add',
      [
        ['N', 1, 5],
        [4, 1],
      ],
      {},
      ['N', 4, 5],
    ],
    ['Add', [['N'], ['M']], {}, ['']],
    [
      'MatMul',
      [
        ['N', 'T', 5],
        [5, 7],
      ],
      {},
      ['N', 'T', 7],
    ],
    ['MatMul', [['N', 5], [5]], {}, ['N']],
    [
      'Gemm',
      [
        [5, 'N'],
        [7, 5],
      ],
      { transA: int(1), transB: int(1) },
      ['N', 7],
    ],
    [
      'Conv',
      [
        ['N', 3, 'H', 8],
        [7, 3, 3, 3],
      ],
      { pads: ints([1, 1, 1, 1]) },
      ['N', 7, 'H', 8],
    ],
    ['Conv', [['N', 3, 'H', 8], [7, 3, 3, 3]], { strides: ints([2, 2]), auto_pad: string('SAME_UPPER') }, ['N', 7, '', 4]], // prettier-ignore
    [
      'ConvTranspose',
      [
        ['N', 4, 5],
        [4, 3, 2],
      ],
      { group: int(2), strides: ints([3]) },
      ['N', 6, 14],
    ],
    ['MaxPool', [['N', 3, 9, 9]], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }, ['N', 3, 4, 4]],
    ['GlobalAveragePool', [['N', 3, 'H', 'W']], {}, ['N', 3, 1, 1]],
    ['Reshape', [['N', 6, 2], constant(-1, 4, 3)], {}, ['N', 4, 3]],
    ['Reshape', [['N', 6, 2], constant(0, -1)], {}, ['N', 12]],
    ['Reshape', [['N', 'T', 2], constant(-1, 2)], {}, ['', 2]],
    ['Reshape', [['N', 6], constant(0, 0)], { allowzero: int(1) }, [0, 0]],
    ['Flatten', [['N', 3, 5]], {}, ['N', 15]],
    ['Flatten', [[2, 3, 'N']], { axis: int(-1) }, [6, 'N']],
    ['Transpose', [['N', 3, 'T']], { perm: ints([2, 0, 1]) }, ['T', 'N', 3]],
    ['Transpose', [['N', 3]], {}, [3, 'N']],
    ['Squeeze', [['N', 1, 3], constant(-2)], {}, ['N', 3]],
    ['Unsqueeze', [['N', 3], constant(0, -1)], {}, [1, 'N', 3, 1]],
    [
      'Concat',
      [
        ['N', 3],
        ['N', 4],
      ],
      { axis: int(1) },
      ['N', 7],
    ],
    [
      'Concat',
      [
        ['N', 3],
        [1, 3],
      ],
      { axis: int(0) },
      ['', 3],
    ],
    ['Gather', [['N', 3], constant(0, 2)], { axis: int(1) }, ['N', 2]],
    ['Slice', [['N', 9], constant(1), constant(-1), constant(1), constant(3)], {}, ['N', 3]],
    ['Slice', [['N', 9], constant(-1), constant(-100), constant(1), constant(-2)], {}, ['N', 5]],
    ['Pad', [['N', 3], constant(0, 1, 0, 2)], {}, ['N', 6]],
    ['Resize', [['N', 3, 4, 5], scales(), scales(1, 1, 2, 1.5)], {}, ['N', 3, 8, 7]],
    ['Expand', [['N', 1], constant(1, 4)], {}, ['N', 4]],
    ['Tile', [['N', 2], constant(1, 3)], {}, ['N', 6]],
    ['ReduceMean', [['N', 3, 5]], { axes: ints([-1]), keepdims: int(0) }, ['N', 3]],
    ['ArgMax', [['N', 3]], { axis: int(1) }, ['N', 1]],
    ['DepthToSpace', [['N', 8, 2, 3]], { blocksize: int(2) }, ['N', 2, 4, 6]],
    ['SpaceToDepth', [['N', 2, 4, 6]], { blocksize: int(2) }, ['N', 8, 2, 3]],
    ['BatchNormalization', [['N', 'C', 4], [3], [3], [3], [3]], {}, ['N', 3, 4]],
    ['BatchNormalization', [['N', 5, 4], [3], [3], [3], [3]], {}, ['N', 5, 4]],
    ['BatchNormalization', [['N'], [1], [1], [1], [1]], {}, ['N']],
    ['InstanceNormalization', [['N', 'C', 4], ['D'], ['D']], {}, ['N', 'D', 4]],
    ['LSTM', [['T', 'N', 3], [2, 20, 3], [2, 20, 5]], { hidden_size: int(5), direction: string('bidirectional') }, ['T', 2, 'N', 5]], // prettier-ignore
  ];
  test.each(cases)('%s of %j', (opType, given, attributes, expected) => {
    expect(shapeAfter(opType, given, attributes)).toEqual(expected);
  });
});

test('a shape computed by integer operators is followed through them', () => {
  const graph = new Graph('g');
  const x = graph.input('x', { dtype: 'float32', shape: ['N', 6, 4] });
  const node = (opType: string, inputs: readonly Value[], attributes: Record<string, Attribute> = {}) =>
    graph.node(opType, { inputs, attributes, output: { name: opType } });
  const c = (...values: number[]) => graph.constant('c', int64(values));
  const shape = node('Cast', [node('Shape', [x])], { to: int(7) });
  const batch = node('Unsqueeze', [node('Gather', [shape, graph.constant('i', { dtype: 'int64', shape: [], data: BigInt64Array.of(0n) })]), c(0)]); // prettier-ignore
  const rest = node('Slice', [shape, c(1), c(3)]);
  const halved = node('Div', [rest, c(2)]);
  const target = node('Concat', [batch, halved, node('Mul', [c(2), c(2)])], { axis: int(0) });
  expect(inferTypes(graph).shape(node('Reshape', [x, target]))).toBeUndefined();
  const types = inferTypes(graph);
  expect(types.content(target)).toEqual(['N', 3, 2, 4]);
  expect(types.shape(graph.nodes.at(-1)!.outputs[0])).toEqual(['N', 3, 2, 4]);
});

describe('what does not follow from the inputs', () => {
  test('is taken from the file, which is overruled where it does', () => {
    const graph = new Graph('g');
    const x = graph.input('x', { dtype: 'float32', shape: ['N', 3] });
    const y = graph.node('Mystery', { inputs: [x], output: { name: 'y', dtype: 'int8', shape: ['M'] } });
    const z = graph.node('Relu', { inputs: [x], output: { name: 'z', shape: [8, 5] } });
    const types = inferTypes(graph);
    expect(types.of(y)).toEqual({ dtype: 'int8', shape: ['M'] });
    expect(types.of(z)).toEqual({ dtype: 'float32', shape: [8, 3] });
  });

  test('is unknown for an operator of another domain or a function of the model', () => {
    const graph = new Graph('g', { ...newModelInfo(), functions: new Set([':Relu']) });
    const x = graph.input('x', { dtype: 'float32', shape: [3] });
    expect(inferTypes(graph).of(graph.node('Relu', { inputs: [x], output: { name: 'y' } }))).toEqual({});
    const y = graph.node('Relu', { inputs: [x], output: { name: 'y' }, domain: 'acme' });
    expect(inferTypes(graph).of(y)).toEqual({});
  });

  test('is unknown for a node with attributes of the wrong kind', () => {
    expect(shapeAfter('Transpose', [[2, 3]], { perm: float(1) })).toBeUndefined();
    expect(shapeAfter('Concat', [[2, 3]], { axis: int(9) })).toBeUndefined();
    expect(shapeAfter('Conv', [[2, 3]])).toBeUndefined();
    expect(shapeAfter('Reshape', [[2, 3], ['N']])).toBeUndefined();
  });

  test('is unknown for an initializer that the caller may override', () => {
    const graph = new Graph('g');
    const x = graph.input('x', { dtype: 'float32', shape: [2, 3] });
    const target = graph.constant('target', int64([3, 2]));
    graph.constant('other', int64([1]));
    graph.inputs.push(target);
    expect(
      inferTypes(graph).shape(graph.node('Reshape', { inputs: [x, target], output: { name: 'y' } })),
    ).toBeUndefined();
  });
});

test('inferring leaves the graph alone, and filling in changes only what was unknown', () => {
  const graph = new Graph('g');
  const x = graph.input('x', { dtype: 'float32', shape: ['N', 3] });
  const y = graph.node('Relu', { inputs: [x], output: { name: 'y' } });
  graph.outputs.push(y);
  const before = printGraph(graph);
  inferTypes(graph);
  expect(printGraph(graph)).toBe(before);
  inferShapes(graph);
  expect(y).toMatchObject({ dtype: 'float32', shape: ['N', 3] });
});

test('products of dimensions divide only where they come out even', () => {
  const quotientOf = (a: readonly Dim[], b: readonly Dim[]) => dimOf(quotient(productOf(a)!, productOf(b)!));
  expect(quotientOf(['N', 6], [3, 2])).toBe('N');
  expect(quotientOf(['N', 6], ['N', 2])).toBe(3);
  expect(quotientOf(['N', 6], [4])).toBe('');
  expect(quotientOf(['N', 6], ['M'])).toBe('');
  expect(quotientOf(['N', 6], [6, 0])).toBe('');
  expect(productOf(['', 2])).toBeUndefined();
  expect(broadcast([3, 1], [4])).toEqual([3, 4]);
});

testShared('conformance/onnx-backend-tests.tar.gz', 'no shape contradicts what the ONNX operator tests declare', () => {
  let agreed = 0;
  for (const { name, bytes } of untar(readShared('conformance/onnx-backend-tests.tar.gz'))) {
    if (!name.endsWith('.onnx')) continue;
    const graph = readOnnx(bytes);
    const made = graph.outputs.filter((output) => output.producer);
    const declared = made.map(({ dtype, shape }) => ({ dtype, shape }));
    for (const output of made) Object.assign(output, { dtype: undefined, shape: undefined });
    const types = inferTypes(graph);
    made.forEach((output, index) => {
      const [found, wanted] = [types.of(output), declared[index]!];
      if (!found.shape || found.shape.includes('') || !wanted.shape) return;
      expect(found.dtype ?? wanted.dtype, name).toBe(wanted.dtype);
      if (wanted.shape.every((dim) => typeof dim === 'number')) expect(found.shape, name).toEqual(wanted.shape);
      agreed++;
    });
  }
  expect(agreed).toBeGreaterThan(1000);
});

testShared(
  'corpus/onnx/version-RFB-320.onnx',
  'every shape in a real network is the one it has when it runs',
  async () => {
    const graph = readOnnx(readShared('corpus/onnx/version-RFB-320.onnx'));
    inferShapes(graph);
    const made = graph.nodes.flatMap(({ outputs }) => outputs.filter((output) => output !== undefined));
    expect(made.filter(({ shape }) => shape?.every((dim) => typeof dim === 'number'))).toHaveLength(made.length);
    graph.outputs.splice(0, Infinity, ...made);
    const outputs = await runGraph(graph, 'disabled', {});
    for (const { name, shape } of made) expect(outputs.get(name)!.dims, name).toEqual(shape);
  },
);
