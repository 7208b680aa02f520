import { describe, expect, test } from 'vitest';
import { float, int, ints } from '../../../src/onnx/attribute.ts';
import { foldGraph } from '../../../src/fold/fold-graph.ts';
import { Graph, Node, Value } from '../../../src/onnx/graph.ts';
import { writeOnnx } from '../../../src/onnx/write.ts';
import { verify } from '../../../src/parity/verify.ts';
import { load } from '../../../src/runtime/node.ts';
import { float32 } from '../../../src/tensor.ts';
import { Network } from '../../parity/audit/networks.ts';
import { checkFold, type CheckOptions } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

const scalar = (f: Fixture, value: number, name: string) => f.graph.constant(name, float32([], [value]));

describe('two nodes that compute the same', () => {
  test('become one, which all readers read', async () => {
    const f = new Fixture();
    const x = f.input([2, 3, 5, 4]);
    const [a, b] = [f.node('Relu', [x], {}, 'a'), f.node('Relu', [x], {}, 'b')];
    const y = f.node('Add', [f.node('Neg', [a]), f.node('Abs', [b])], {}, 'y');
    const report = await checkFold(f.done(y), ['a = Relu(x)', 'neg = Neg(a)', 'abs = Abs(a)', 'y = Add(neg, abs)']);
    expect(report).toMatchObject({ changed: true, folds: [], nodes: { before: 5, after: 4 } });
    expect(report.removed).toEqual([{ name: 'b', opType: 'Relu', reason: 'equal to a' }]);
  });

  test('become one with all that is computed from them, in one go', async () => {
    const f = new Fixture();
    const chain = (x: Value, prefix: string) =>
      f.node('Clip', [f.node('MaxPool', [f.node('Relu', [x], {}, `${prefix}1`)], { kernel_shape: ints([2, 2]) }, `${prefix}2`), scalar(f, -0, 'least'), scalar(f, 6, 'most')], {}, `${prefix}3`); // prettier-ignore
    const x = f.input([2, 3, 5, 4]);
    const y = f.node('Mul', [chain(x, 'a'), chain(x, 'b')], {}, 'y');
    const report = await checkFold(f.done(y), [
      'a1 = Relu(x)',
      'a2 = MaxPool<kernel_shape=[2, 2]>(a1)',
      'a3 = Clip(a2, least, most)',
      'y = Mul(a3, a3)',
    ]);
    expect(report.removed.map(({ name, reason }) => [name, reason])).toEqual([
      ['b1', 'equal to a1'],
      ['b2', 'equal to a2'],
      ['b3', 'equal to a3'],
    ]);
  });

  test('leave each output of the graph its name', async () => {
    const f = new Fixture();
    const x = f.input([2, 3]);
    const y = f.node('Neg', [f.node('Relu', [x], {}, 'a')], {}, 'y');
    const report = await checkFold(f.done(y, f.node('Relu', [x], {}, 'b')), ['b = Relu(x)', 'y = Neg(b)']);
    expect(report.removed).toEqual([{ name: 'a', opType: 'Relu', reason: 'equal to b' }]);
  });

  test('stay two where both are outputs, and serve the readers of a third', async () => {
    const f = new Fixture();
    const x = f.input([2, 3]);
    const [a, b, c] = ['a', 'b', 'c'].map((name) => f.node('Relu', [x], {}, name)) as [Value, Value, Value];
    const lines = ['a = Relu(x)', 'b = Relu(x)', 'y = Neg(a)'];
    await checkFold(f.done(a, b, f.node('Neg', [c], {}, 'y')), lines);
  });

  test('may have several outputs', async () => {
    const f = new Fixture();
    const x = f.input([2, 6]);
    const split = (names: readonly string[]) => {
      const outputs = names.map((name) => new Value(f.graph.uniqueName(name)));
      f.graph.nodes.push(new Node('Split', { name: names[0]!, inputs: [x], outputs, attributes: { axis: int(1) } }));
      return outputs;
    };
    const [[a, b], [c, d]] = [split(['a', 'b']), split(['c', 'd'])];
    const y = f.node('Sub', [f.node('Mul', [a, d], {}, 'm'), f.node('Mul', [c, b], {}, 'n')], {}, 'y');
    await checkFold(f.done(y), ['a, b = Split<axis=1>(x)', 'm = Mul(a, b)', 'y = Sub(m, m)']);
  });

  test('go by the shortest name, in the place of the first', async () => {
    const f = new Fixture();
    const x = f.input([2, 3]);
    const y = f.node('Neg', [f.node('Relu', [x], {}, 'relu_10')], {}, 'y');
    const z = f.node('Abs', [f.node('Relu', [x], {}, 'relu_9')], {}, 'z');
    const report = await checkFold(f.done(y, z), ['relu_9 = Relu(x)', 'y = Neg(relu_9)', 'z = Abs(relu_9)']);
    expect(report.removed).toEqual([{ name: 'relu_10', opType: 'Relu', reason: 'equal to relu_9' }]);
  });

  test('may read what Constant nodes hold', async () => {
    const f = new Fixture();
    const x = f.input([2, 3]);
    const max = () => f.node('Max', [x, f.node('Constant', [], { value_float: float(2) })]);
    const report = await checkFold(f.done(f.node('Add', [max(), max()], {}, 'y')), undefined);
    expect(report.removed).toMatchObject([
      { opType: 'Max', reason: 'equal to max' },
      { opType: 'Constant', reason: 'nothing reads it' },
    ]);
  });

  test('are proven alike, with every fold behind them', async () => {
    const net = new Network(3);
    const x = net.input(['N', 3, 5, 4]);
    const branch = (name: string) => {
      const conv = net.node('Conv', [
        net.node('Relu', [x], {}, `${name}_relu`),
        net.weights([3, 3, 1, 1], `${name}_W`),
      ]);
      return net.norm(conv, 3, name);
    };
    const graph = net.done(net.node('Add', [branch('a'), branch('b')], {}, 'y'));
    const { graph: folded, report } = foldGraph(graph);
    expect(report.removed).toEqual([{ name: 'b_relu', opType: 'Relu', reason: 'equal to a_relu' }]);
    const models = { reference: writeOnnx(graph), candidate: writeOnnx(folded) };
    const graphs = { reference: graph, candidate: folded, folds: report.folds };
    const { verdict, audit } = await verify({ load, ...models, graphs });
    expect(verdict).toBe('pass');
    expect(audit).toMatchObject({ verdict: 'proven', folds: 2, covered: 2, uncovered: [] });
  });

  test('are found within a body, and not across its border', async () => {
    const f = new Fixture();
    const x = f.input([2, 3]);
    const body = (name: string, readers: readonly string[]) => {
      const graph = new Graph(name, f.graph.model, f.graph);
      const type = { dtype: 'float32', shape: [2, 3] } as const;
      const made = ['r', 's'].map((each) => graph.node('Relu', { inputs: [x], output: { name: `${name}_${each}`, ...type } })); // prettier-ignore
      graph.outputs.push(...readers.map((opType) => graph.node(opType, { inputs: made, output: { name: `${name}_y`, ...type } }))); // prettier-ignore
      return { kind: 'graph', value: graph } as const;
    };
    const flag = f.graph.constant('flag', { dtype: 'bool', shape: [], data: Uint8Array.of(1) });
    const y = f.node('If', [flag], { then_branch: body('a', ['Add']), else_branch: body('b', ['Sub']) }, 'y');
    const report = await checkFold(f.done(f.node('Mul', [y, f.node('Relu', [x])], {}, 'z')), undefined);
    expect(report.removed.map(({ name }) => name)).toEqual(['a_s', 'b_s']);
    expect(report.nodes).toEqual({ before: 9, after: 7 });
  });
});

describe('two nodes stay', () => {
  const stay = async (f: Fixture, nodes: readonly Value[], options: CheckOptions = {}) => {
    const report = await checkFold(f.done(f.node('Concat', nodes, { axis: int(0) }, 'y')), undefined, options);
    expect(report.removed).toEqual([]);
    return report;
  };

  test('with other attributes, inputs or order of inputs', async () => {
    const f = new Fixture();
    const [x, z] = [f.input([2, 3]), f.input([2, 3], 'z')];
    const elu = (alpha: number) => f.node('Elu', [x], { alpha: float(alpha) });
    const nodes = [f.node('Sub', [x, z]), f.node('Sub', [z, x]), elu(1), elu(2), f.node('Elu', [z], { alpha: float(1) }), f.node('Relu', [x])]; // prettier-ignore
    await stay(f, nodes);
  });

  test('with constants that differ in one bit, in dtype or in shape', async () => {
    const f = new Fixture();
    const x = f.input([2, 3]);
    const mul = (shape: readonly number[], value: number) => f.node('Max', [x, f.graph.constant('c', float32(shape, [value]))]); // prettier-ignore
    await stay(f, [mul([], 0), mul([], -0), mul([1], 0), mul([], 1)]);
  });

  test('with larger constants of their own, and become one where they share them', async () => {
    const f = new Fixture();
    const x = f.input([2, 9]);
    const ones = () => f.graph.constant('W', float32([9, 9], new Array<number>(81).fill(1)));
    await stay(f, [f.node('MatMul', [x, ones()]), f.node('MatMul', [x, ones()])]);
    const g = new Fixture();
    const [z, W] = [g.input([2, 9]), g.integers([9, 9])];
    const y = g.node('Add', [g.node('MatMul', [z, W]), g.node('MatMul', [z, W])], {}, 'y');
    await checkFold(g.done(y), ['matmul = MatMul(x, W)', 'y = Add(matmul, matmul)']);
  });

  test('with constants that the caller may replace', async () => {
    const f = new Fixture();
    const x = f.input([2, 3]);
    const least = ['a', 'b'].map((name) => f.graph.constant(name, float32([], [0])));
    f.graph.inputs.push(...least);
    await stay(f, least.map((value) => f.node('Max', [x, value])), { keepOverridable: true }); // prettier-ignore
  });

  test('that draw random numbers', async () => {
    const f = new Fixture();
    const x = f.input([2, 3]);
    await stay(f, [f.node('RandomNormalLike', [x]), f.node('RandomNormalLike', [x])], { runs: false });
  });

  test('of a foreign domain', async () => {
    const f = new Fixture();
    f.graph.model.opsets.set('com.example', 1);
    const x = f.input([2, 3]);
    const foreign = (name: string) => {
      const output = new Value(f.graph.uniqueName(name), { dtype: 'float32', shape: [2, 3] });
      f.graph.nodes.push(new Node('Count', { name, domain: 'com.example', inputs: [x], outputs: [output] }));
      return output;
    };
    await stay(f, [foreign('a'), foreign('b')], { runs: false });
  });

  test('that quantise, for runtimes to find them', async () => {
    const f = new Fixture();
    const x = f.input([2, 3]);
    const [scale, zero] = [f.graph.constant('s', float32([], [0.5])), f.graph.constant('z', { dtype: 'int8', shape: [], data: Int8Array.of(0) })]; // prettier-ignore
    const quantised = f.node('QuantizeLinear', [x, scale, zero]);
    await stay(f, [0, 1].map(() => f.node('DequantizeLinear', [quantised, scale, zero]))); // prettier-ignore
  });

  test('that are BatchNormalizations, each kept for a reason', async () => {
    const f = new Fixture();
    const x = f.input([2, 3, 5, 4]);
    const parameters = [1, -2, 3, 4].map((value) => f.graph.constant('p', float32([3], [value, value, value])));
    const norm = (name: string) => f.node('BatchNormalization', [x, ...parameters], { epsilon: float(0) }, name);
    const report = await stay(f, [norm('a'), norm('b')]);
    expect(report.batchNormalizations.kept).toHaveLength(2);
  });

  test('where constants alone decide', async () => {
    const f = new Fixture();
    const W = f.integers([3, 3]);
    const turned = () => f.node('Transpose', [W], { perm: ints([1, 0]) });
    await stay(f, [turned(), turned(), f.input([2, 3])]);
  });
});
