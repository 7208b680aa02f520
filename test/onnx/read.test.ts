import { describe, expect, test } from 'vitest';
import { readOnnx } from '../../src/onnx/read.ts';
import { allGraphs } from '../../src/onnx/subgraphs.ts';
import { faultOf, fixture, info, modelFile } from './support.ts';

const add = (a: string, b: string, output: string): object => ({ op_type: 'Add', input: [a, b], output: [output] });

describe('a graph that was read', () => {
  const graph = readOnnx(fixture('plain.onnx'));

  test('has its values linked to the nodes that make and read them, subgraphs included', () => {
    const h = graph.nodes[0]!.outputs[0]!;
    expect(h.producer).toBe(graph.nodes[0]);
    expect([...h.uses].map(({ node, index }) => `${node.opType} ${String(index)}`)).toEqual([
      'ReduceSum 0',
      'Add 0',
      'MatMul 0',
    ]);
    expect([...allGraphs(graph)].map(({ name }) => name)).toEqual(['plain', 'else', 'then']);
  });

  test('has the types of its values from inputs, outputs, value infos and initializers', () => {
    const typeOf = (name: string): unknown => {
      const value = [...graph.inputs, ...graph.initializers, ...graph.nodes.flatMap(({ outputs }) => outputs)].find(
        (each) => each?.name === name,
      );
      return [value?.dtype, value?.shape];
    };
    expect(typeOf('x')).toEqual(['float32', ['N', 2]]);
    expect(typeOf('y')).toEqual(['float32', ['N', 2]]);
    expect(typeOf('h')).toEqual(['float32', ['N', 2]]);
    expect(typeOf('W')).toEqual(['float32', [2, 2]]);
    expect(typeOf('c')).toEqual([undefined, undefined]);
  });

  test('knows what its file says about itself', () => {
    expect(graph.model.irVersion).toBe(10);
    expect(graph.opset).toBe(17);
    expect([...graph.model.opsets]).toEqual([
      ['', 17],
      ['local', 1],
    ]);
    expect([...graph.model.functions]).toEqual(['local:Twice']);
    expect(graph.model.metadata.get('__proto__')).toBe('a key');
  });

  test('takes no name that the file uses', () => {
    expect(['x', 'W', 'h', 'then_y', 'sum', 'S'].map((name) => graph.uniqueName(name))).toEqual([
      'x_1', 'W_1', 'h_1', 'then_y_1', 'sum_1', 'S_1',
    ]); // prettier-ignore
  });

  test('fills in a sparse initializer', () => {
    const sparse = graph.initializers.find(({ name }) => name === 'S')!;
    expect(sparse.constant!.tensor()).toEqual({ dtype: 'float32', shape: [1, 2], data: Float32Array.of(0, 5) });
  });

  test('reads names that are special in JavaScript as any other', () => {
    const names = ['__proto__', 'constructor', 'toString'];
    const node = {
      op_type: 'Concat',
      name: '__proto__',
      input: names,
      output: ['hasOwnProperty'],
      attribute: names.map((name, i) => ({ name, type: 2, i })),
    };
    const read = readOnnx(
      modelFile({ node: [node], input: names.map((name) => info(name)), output: [info('hasOwnProperty')] }),
    );
    expect(read.nodes[0]!.inputs.map((value) => value!.name)).toEqual(names);
    expect(read.nodes[0]!.int('__proto__')).toBe(0);
    expect(read.nodes[0]!.int('toString')).toBe(2);
  });
});

describe('a graph that contradicts itself', () => {
  const inputs = [info('x', 1), info('w', 1)];
  const cases: Record<string, readonly [object, RegExp]> = {
    'two initializers of one name': [
      {
        initializer: [
          { name: 'a', data_type: 1, dims: [0] },
          { name: 'a', data_type: 1, dims: [0] },
        ],
      },
      /bad.onnx: a: two initializers have this name/,
    ],
    'two inputs of one name': [{ input: [info('x'), info('x')] }, /x: two inputs have this name/],
    'two nodes that make one value': [
      { input: inputs, node: [add('x', 'w', 'y'), add('x', 'x', 'y')] },
      /node y \(Add\): its output y is already made by y \(Add\)/,
    ],
    'a node that makes an input': [{ input: inputs, node: [add('x', 'w', 'x')] }, /x is already an input/],
    'a value that nothing makes': [
      { input: inputs, node: [add('x', 'q', 'y')] },
      /y \(Add\): it reads q, which nothing/,
    ],
    'a cycle': [
      { input: inputs, node: [add('x', 'b', 'a'), add('x', 'a', 'b')] },
      /a \(Add\): it reads b before b \(Add\) makes it: a cycle/,
    ],
    'an output that nothing makes': [{ input: inputs, output: [info('y')] }, /output y: nothing in the graph makes it/],
    'an output listed twice': [{ input: inputs, output: [info('x'), info('x')] }, /output x: it is listed twice/],
    'an attribute given twice': [
      {
        input: inputs,
        node: [
          { op_type: 'Elu', input: ['x'], output: ['y'], attribute: [{ name: 'alpha', f: 1 }, { name: 'alpha' }] },
        ],
      },
      /attribute alpha: it appears twice/,
    ],
    'a node without an operator': [{ node: [{ output: ['y'] }] }, /it names no operator/],
    'an initializer without a name': [{ initializer: [{ data_type: 1, dims: [0] }] }, /it has no name/],
    'a subgraph that reads what comes later': [
      {
        input: [info('x')],
        node: [
          {
            op_type: 'If',
            input: ['x'],
            output: ['y'],
            attribute: [{ name: 'then_branch', type: 5, g: { node: [add('late', 'x', 'z')], output: [info('z')] } }],
          },
          add('x', 'x', 'late'),
        ],
      },
      /z \(Add\): it reads late before late \(Add\) makes it/,
    ],
  };

  test.each(Object.entries(cases))('is refused: %s', (_, [graph, message]) => {
    expect(faultOf(() => readOnnx(modelFile(graph), { name: 'bad.onnx' }), 'CORRUPT').message).toMatch(message);
  });
});

describe('versions', () => {
  const node = { op_type: 'Constant', output: ['y'] };

  test.each([
    ['no IR version', { ir_version: undefined }, 'CORRUPT'],
    ['IR version 0', { ir_version: 0 }, 'CORRUPT'],
    ['IR version 99', { ir_version: 99 }, 'UNSUPPORTED'],
    ['no opset', { opset_import: [] }, 'CORRUPT'],
    ['a negative opset', { opset_import: [{ version: -1 }] }, 'CORRUPT'],
    ['two opsets of ai.onnx', { opset_import: [{ version: 17 }, { domain: 'ai.onnx', version: 18 }] }, 'CORRUPT'],
    ['an ai.onnx node and only another opset', { opset_import: [{ domain: 'other', version: 1 }] }, 'CORRUPT'],
  ] as const)('%s is refused', (_, model, code) => {
    faultOf(() => readOnnx(modelFile({ node: [node] }, model)), code);
  });

  test('a file of functions alone needs no graph', () => {
    const graph = readOnnx(modelFile({}, { graph: undefined, functions: [{ domain: 'a', name: 'f' }] }));
    expect([...graph.model.functions]).toEqual(['a:f']);
    expect(graph.nodes).toEqual([]);
  });
});
