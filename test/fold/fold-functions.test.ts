import { describe, expect, test } from 'vitest';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import { checkGraph } from '../../src/onnx/check.ts';
import { float, ints, string, type Attribute } from '../../src/onnx/attribute.ts';
import { Constant } from '../../src/onnx/constant.ts';
import { Graph, Node, Value } from '../../src/onnx/graph.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { float32, int64, type Tensor } from '../../src/tensor.ts';
import { nodeLines, type CheckOptions } from './check-fold.ts';
import { Fixture } from './fixture.ts';
import { LEVELS, runGraph, type Outputs } from './run-graph.ts';
import { withFunctions, type FunctionParts } from './with-functions.ts';

/** A function of these inputs. Its constants are Constant nodes, since it has no initializers. */
function body(inputs: readonly string[], fill: (graph: Graph, ...inputs: readonly Value[]) => readonly Value[]): Graph {
  const graph = new Graph('body');
  const values = inputs.map((name) => graph.input(name, {}));
  graph.outputs.push(...fill(graph, ...values));
  return graph;
}

const node = (
  graph: Graph,
  opType: string,
  name: string,
  inputs: readonly (Value | undefined)[],
  attributes: Record<string, Attribute> = {},
  domain = '',
) =>
  // prettier-ignore
  graph.node(opType, { inputs, attributes, output: { name }, domain });

const constant = (graph: Graph, name: string, tensor: Tensor) =>
  node(graph, 'Constant', name, [], { value: { kind: 'tensor', value: Constant.of(tensor) } });

const PARAMETERS = ['gamma', 'beta', 'mean', 'variance'];

/** BatchNormalization of parameters that the call gives. */
const normalise: FunctionParts = {
  name: 'Normalise',
  body: body(['x', ...PARAMETERS], (graph, ...inputs) => [node(graph, 'BatchNormalization', 'y', inputs, { epsilon: float(2 ** -10) })]), // prettier-ignore
};

const call = (f: Fixture, name: string, inputs: readonly (Value | undefined)[], attributes: Record<string, Attribute> = {}, label = name.toLowerCase()) => // prettier-ignore
  f.graph.node(name, { inputs, attributes, output: { name: label, dtype: 'float32', shape: ['', '', '', ''] }, domain: 'acme' }); // prettier-ignore

const conv = (f: Fixture, x: Value, C = 3, M = 7) => f.node('Conv', [x, f.integers([M, C, 1, 2])]);

/** gamma, beta, mean and variance of a BatchNormalization that is not in the graph. */
function parametersOf(f: Fixture, channels: number): readonly Value[] {
  f.batchNormalization(f.graph.inputs[0]!, channels);
  const { inputs } = f.graph.nodes.pop()!;
  inputs[0]!.uses.forEach((use) => { if (use.node.opType === 'BatchNormalization') use.node.setInput(0, undefined); }); // prettier-ignore
  return inputs.slice(1).map((value) => value!);
}

/** Zeros of either sign are one number. */
const numbers = (outputs: Outputs) => Array.from(outputs, ([name, { dims, data }]) => [name, dims, data.map((value) => value + 0)]); // prettier-ignore

/** What {@link checkFold} checks, but for functions, which hide BatchNormalizations from it. */
async function check(graph: Graph, expected: readonly string[], options: CheckOptions = {}) {
  const before = writeOnnx(graph);
  const { graph: folded, report } = foldGraph(graph, options);
  expect(nodeLines(folded)).toEqual(expected);
  expect(writeOnnx(graph)).toEqual(before);
  checkGraph(folded);
  const again = foldGraph(folded, options);
  expect(again.report.changed).toBe(false);
  expect(writeOnnx(again.graph)).toEqual(writeOnnx(folded));
  if (!report.changed) expect(writeOnnx(folded)).toEqual(before);
  if (options.runs !== false) {
    const wanted = numbers(await runGraph(graph, 'disabled', options));
    for (const level of LEVELS) expect(numbers(await runGraph(folded, level, options)), level).toEqual(wanted);
  }
  return { folded, report };
}

describe('a BatchNormalization in a function', () => {
  test('folds into the weights in front of the call, which gives way to it', async () => {
    const f = new Fixture();
    const x = f.input([2, 3, 5, 4]);
    const y = call(f, 'Normalise', [conv(f, x), ...parametersOf(f, 7)]);
    const graph = withFunctions(f.done(f.node('Relu', [y])), [normalise]);
    const { folded, report } = await check(graph, ['normalise = Conv(x, W_1, W_bias)', 'relu = Relu(normalise)']);
    expect(report.batchNormalizations).toEqual({ found: 1, folded: 1, kept: [] });
    expect(report.folds[0]).toMatchObject({ name: 'normalise/y', into: ['conv (Conv)'] });
    expect(report.warnings).toEqual(['calls of functions have given way to what these consist of: acme:Normalise']);
    expect(folded.model.functions.size).toBe(0);
    expect(Buffer.from(writeOnnx(folded)).includes('Normalise')).toBe(false);
  });

  test('is found and counted at each call, and kept with its reason where it does not fold', async () => {
    const f = new Fixture();
    const x = f.input([2, 3, 5, 4]);
    const parameters = parametersOf(f, 3);
    const [a, b] = ['a', 'b'].map((label) => call(f, 'Normalise', [x, ...parameters], {}, label));
    const graph = withFunctions(f.done(f.node('Relu', [a]), f.node('Sigmoid', [b])), [normalise]);
    const { report } = await check(graph, [
      'a = acme.Normalise(x, bn_gamma, bn_beta, bn_mean, bn_var)',
      'b = acme.Normalise(x, bn_gamma, bn_beta, bn_mean, bn_var)',
      'relu = Relu(a)',
      'sigmoid = Sigmoid(b)',
    ]);
    expect(report.changed).toBe(false);
    expect(report.batchNormalizations.found).toBe(2);
    expect(report.batchNormalizations.kept.map(({ name }) => name)).toEqual(['a/y', 'b/y']);
    expect(report.batchNormalizations.kept[0]!.reason).toContain('x is an input');
    expect(report.warnings).toEqual(["functions of the model's own are left as they are: acme:Normalise"]);
  });

  test('folds with the weights of the function itself, which may be called from another', async () => {
    const f = new Fixture();
    const x = f.input([2, 3, 5, 4]);
    const block = body(['x', 'W', ...PARAMETERS], (graph, input, W, ...rest) => [
      node(graph, 'Normalise', 'z', [node(graph, 'Conv', 'y', [input, W]), ...rest], {}, 'acme'),
    ]);
    block.model.opsets.set('acme', 1);
    const W = f.integers([7, 3, 1, 2]);
    const y = call(f, 'Block', [x, W, ...parametersOf(f, 7)]);
    const graph = withFunctions(f.done(f.node('Relu', [y])), [{ name: 'Block', body: block }, normalise]);
    const { folded } = await check(graph, ['block = Conv(x, W_1, W_bias)', 'relu = Relu(block)']);
    expect(folded.model.functions.size).toBe(0);
  });

  test('is gone where nothing reads it, and the call with it', async () => {
    const f = new Fixture();
    const x = f.input([2, 3, 5, 4]);
    const half: FunctionParts = {
      name: 'Half',
      body: body(['x', ...PARAMETERS], (graph, input, ...rest) => {
        node(graph, 'BatchNormalization', 'dead', [input, ...rest]);
        return [node(graph, 'Tanh', 'y', [input])];
      }),
    };
    const graph = withFunctions(f.done(call(f, 'Half', [x, ...parametersOf(f, 3)])), [half]);
    const { report } = await check(graph, ['half = Tanh(x)']);
    expect(report.batchNormalizations).toEqual({ found: 1, folded: 1, kept: [] });
  });

  test('is not looked for in functions that nobody calls, which stay', async () => {
    const f = new Fixture();
    const graph = withFunctions(f.done(f.node('Relu', [f.input([2, 3])])), [normalise]);
    const { report } = await check(graph, ['relu = Relu(x)']);
    expect(report).toMatchObject({ changed: false, batchNormalizations: { found: 0 } });
  });
});

test('functions in which nothing folds are left as they are beside one in which something does', async () => {
  const f = new Fixture();
  const x = f.input([2, 3, 5, 4]);
  const swish = body(['x'], (graph, input) => [node(graph, 'Mul', 'y', [input, node(graph, 'Sigmoid', 's', [input])])]);
  const y = call(f, 'Normalise', [conv(f, x), ...parametersOf(f, 7)]);
  const graph = withFunctions(f.done(call(f, 'Swish', [y])), [{ name: 'Swish', body: swish }, normalise]);
  const { folded } = await check(graph, ['normalise = Conv(x, W_1, W_bias)', 'swish = acme.Swish(normalise)']);
  expect([...folded.model.functions]).toEqual(['acme:Swish']);
});

describe('attributes', () => {
  const scaled = (defaults: FunctionParts['defaults'] = []): FunctionParts => ({
    name: 'Scaled',
    body: body(['x'], (graph, x) => [node(graph, 'Mul', 'y', [x, node(graph, 'Constant', 'c', [])])]),
    attributes: defaults.length > 0 ? [] : ['factor'],
    defaults,
    references: [['c', 'value_float', 'factor', 1]],
  });

  test('of the call reach the nodes that refer to them', async () => {
    const f = new Fixture();
    const y = call(f, 'Scaled', [conv(f, f.input([2, 3, 5, 4]))], { factor: float(4) });
    const graph = withFunctions(f.done(f.node('Relu', [y])), [scaled()]);
    await check(graph, ['scaled = Conv(x, W_1)', 'relu = Relu(scaled)']);
  });

  test('have the default of the function where the call gives none', async () => {
    const f = new Fixture();
    const y = call(f, 'Scaled', [conv(f, f.input([2, 3, 5, 4]))]);
    const graph = withFunctions(f.done(f.node('Relu', [y])), [scaled([{ name: 'factor', type: 1, f: 0.5 }])]);
    await check(graph, ['scaled = Conv(x, W_1)', 'relu = Relu(scaled)']);
  });

  test('that neither gives are absent', async () => {
    const f = new Fixture();
    const picky: FunctionParts = {
      name: 'Picky',
      body: body(['x', ...PARAMETERS], (graph, ...inputs) => [node(graph, 'BatchNormalization', 'y', inputs)]),
      attributes: ['epsilon'],
      references: [['y', 'epsilon', 'epsilon', 1]],
    };
    const x = f.input([2, 3, 5, 4]);
    const y = call(f, 'Picky', [conv(f, x), ...parametersOf(f, 7)]);
    const graph = withFunctions(f.done(f.node('Relu', [y])), [picky]);
    const { folded } = await check(graph, ['picky = Conv(x, W_1, W_bias)', 'relu = Relu(picky)'], { runs: false });
    // √(4 − 2⁻¹⁰ + 10⁻⁵), where the fixture's own epsilon would make it 2 and the scales powers of two.
    const W = folded.initializers.find(({ name }) => name === 'W_1')!.constant!.tensor().data as Float32Array;
    expect(W.every((value) => Number.isInteger(4 * value))).toBe(false);
  });

  test('of another type than is read here keep the call', () => {
    const f = new Fixture();
    const other = scaled();
    const y = call(f, 'Scaled', [conv(f, f.input([2, 3, 5, 4]))], {
      factor: { kind: 'graph', value: new Graph('g', f.graph.model, f.graph) },
    });
    const graph = withFunctions(f.done(f.node('Relu', [y])), [other]);
    const { report } = foldGraph(graph);
    expect(report.changed).toBe(false);
  });
});

describe('inputs and outputs', () => {
  test('that a call leaves out are left out inside', async () => {
    const f = new Fixture();
    const optional = body(['x', 'W', 'b', 'c'], (graph, x, W, b, c) => [
      node(graph, 'Mul', 'z', [node(graph, 'Conv', 'y', [x, W, b]), c]),
    ]);
    const y = call(f, 'Scaled', [f.input([2, 3, 5, 4]), f.integers([7, 3, 1, 2]), undefined, f.integers([7, 1, 1], 'c')]); // prettier-ignore
    const graph = withFunctions(f.done(f.node('Relu', [y])), [{ name: 'Scaled', body: optional }]);
    await check(graph, ['scaled = Conv(x, W_1)', 'relu = Relu(scaled)']);
  });

  // onnxruntime loads no function that hands on its input, so the graph without a function is what this is held to.
  test('that a function hands on, and outputs that a call leaves out, keep their meaning', async () => {
    const odd = body(['x', 'c'], (graph, x, c) => [x, node(graph, 'Mul', 'm', [x, c]), node(graph, 'Neg', 'n', [x])]);
    const type = { dtype: 'float32', shape: [2, 3, 5, 4] } as const;
    const built = (isCall: boolean) => {
      const f = new Fixture();
      const [x, c] = [f.input([2, 3, 5, 4]), f.integers([3, 1, 1], 'c')];
      const [handed, scaled] = ['handed', 'scaled'].map((name) => new Value(name, type)) as [Value, Value];
      if (isCall) {
        f.graph.nodes.push(new Node('Odd', { domain: 'acme', name: 'odd', inputs: [x, c], outputs: [handed, scaled] }));
      } else {
        f.graph.nodes.push(new Node('Identity', { inputs: [x], outputs: [handed] }));
        f.graph.nodes.push(new Node('Mul', { inputs: [x, c], outputs: [scaled] }));
      }
      return f.done(conv(f, scaled), handed);
    };
    const graph = withFunctions(built(true), [{ name: 'Odd', body: odd }]);
    const { folded } = await check(graph, ['handed = Identity(x)', 'conv = Conv(x, W_1)'], { runs: false });
    expect(numbers(await runGraph(folded, 'all', {}))).toEqual(numbers(await runGraph(built(false), 'disabled', {})));
  });

  test('of which a call has more than the function keep the call', () => {
    const f = new Fixture();
    const x = f.input([2, 3, 5, 4]);
    const y = call(f, 'Normalise', [conv(f, x), ...parametersOf(f, 7), x]);
    const { report } = foldGraph(withFunctions(f.done(y), [normalise]));
    expect(report.batchNormalizations.kept[0]).toEqual({
      name: 'acme:Normalise/y',
      reason: 'function acme:Normalise is called as it is: the call has more inputs than the function',
    });
  });
});

test('names inside a function take no name that the model has', async () => {
  const f = new Fixture();
  const x = f.input([2, 3, 5, 4], 'normalise/y');
  const y = call(f, 'Normalise', [conv(f, x), ...parametersOf(f, 7)]);
  const graph = withFunctions(f.done(f.node('Relu', [y])), [normalise]);
  await check(graph, ['normalise = Conv(normalise/y, W_1, W_bias)', 'relu = Relu(normalise)']);
});

test('the overload says which of two functions of one name is called', async () => {
  const times = (factor: number): Graph =>
    body(['x'], (graph, x) => [node(graph, 'Mul', 'y', [x, constant(graph, 'c', float32([], [factor]))])]);
  const f = new Fixture();
  const y = call(f, 'Times', [conv(f, f.input([2, 3, 5, 4]))]);
  const functions = [2, 8].map((factor) => ({ name: 'Times', overload: `by${factor}`, body: times(factor) }));
  const graph = withFunctions(f.done(f.node('Relu', [y])), functions, { times: 'by8' });
  const { folded } = await check(graph, ['times = Conv(x, W_1)', 'relu = Relu(times)']);
  const [before, after] = [graph, folded].map(({ initializers }) => initializers.at(-1)!.constant!.tensor().data as Float32Array); // prettier-ignore
  expect(after![0]).toBe(8 * before![0]!);
});

test('a function in a body of If is inlined there', async () => {
  const f = new Fixture();
  const x = f.input([2, 3, 5, 4]);
  const parameters = parametersOf(f, 7);
  const W = f.integers([7, 3, 1, 2]);
  const branch = (name: string): Attribute => {
    const inner = new Graph(name, f.graph.model, f.graph);
    const y = inner.node('Conv', { inputs: [x, W], output: { name: `${name}_conv` } });
    const type = { dtype: 'float32', shape: [2, 7, 5, 3] } as const;
    inner.outputs.push(inner.node('Normalise', { inputs: [y, ...parameters], output: { name, ...type }, domain: 'acme' })); // prettier-ignore
    return { kind: 'graph', value: inner };
  };
  const flag = f.graph.constant('flag', { dtype: 'bool', shape: [], data: Uint8Array.of(1) });
  const y = f.node('If', [flag], { then_branch: branch('then'), else_branch: branch('else') });
  const graph = withFunctions(f.done(f.node('Relu', [y])), [normalise]);
  const { report } = foldGraph(graph);
  expect(report.batchNormalizations).toEqual({ found: 2, folded: 2, kept: [] });
  expect(await runGraph(foldGraph(graph).graph, 'all', {})).toEqual(await runGraph(graph, 'disabled', {}));
});

test('bodies of If inside a function, and what they refer to, come along', async () => {
  const f = new Fixture();
  const pick = body(['x', 'flag', ...PARAMETERS], (graph, x, flag, ...rest) => {
    const branch = (name: string, opType: string, inputs: readonly (Value | undefined)[]): Attribute => {
      const inner = new Graph(name, graph.model, graph);
      inner.outputs.push(inner.node(opType, { inputs, output: { name, dtype: 'float32' }, attributes: opType === 'Relu' ? {} : { epsilon: float(2 ** -10) } })); // prettier-ignore
      return { kind: 'graph', value: inner };
    };
    const y = node(graph, 'If', 'y', [flag], { then_branch: branch('then', 'BatchNormalization', [x, ...rest]), else_branch: branch('else', 'Relu', [x]) }); // prettier-ignore
    return [node(graph, 'Mul', 'z', [x, constant(graph, 'c', float32([1], [2]))]), y];
  });
  const x = f.input([2, 3, 5, 4]);
  const flag = f.graph.constant('flag', { dtype: 'bool', shape: [], data: Uint8Array.of(1) });
  const parameters = parametersOf(f, 3);
  const [z, y] = ['z', 'picked'].map((name) => new Value(name, { dtype: 'float32', shape: [2, 3, 5, 4] }));
  f.graph.nodes.push(new Node('Pick', { domain: 'acme', name: 'pick', inputs: [x, flag, ...parameters], outputs: [z, y] })); // prettier-ignore
  const w = conv(f, z!);
  const graph = withFunctions(f.done(w, y!), [{ name: 'Pick', body: pick }]);
  const { folded, report } = { folded: foldGraph(graph).graph, report: foldGraph(graph).report };
  expect(report.batchNormalizations).toMatchObject({ found: 1, folded: 0 });
  expect(report.folds[0]).toMatchObject({ name: 'pick/z', opType: 'Mul', into: ['conv (Conv)'] });
  expect(await runGraph(folded, 'all', {})).toEqual(await runGraph(graph, 'disabled', {}));
});

describe('what cannot be inlined', () => {
  test('is a function for another opset than the model', () => {
    const f = new Fixture();
    const old = body(['x', ...PARAMETERS], (graph, ...inputs) => [node(graph, 'BatchNormalization', 'y', inputs)]);
    old.model.opsets.set('', 13);
    const y = call(f, 'Old', [conv(f, f.input([2, 3, 5, 4])), ...parametersOf(f, 7)]);
    const { report } = foldGraph(withFunctions(f.done(y), [{ name: 'Old', body: old }]));
    expect(report.changed).toBe(false);
    expect(report.batchNormalizations).toEqual({
      found: 1,
      folded: 0,
      kept: [{ name: 'acme:Old/y', reason: 'function acme:Old is called as it is: it is for opset 13 of ai.onnx, and the model for 17' }], // prettier-ignore
    });
  });

  test('is a function that calls itself, which no runtime would run', () => {
    const f = new Fixture();
    const loop = (name: string, other: string): FunctionParts => {
      const graph = body(['x'], (inner, x) => [node(inner, other, 'y', [x], {}, 'acme')]);
      graph.model.opsets.set('acme', 1);
      return { name, body: graph };
    };
    const graph = withFunctions(f.done(call(f, 'A', [f.input([2])])), [loop('A', 'B'), loop('B', 'A')]);
    expect(() => foldGraph(graph)).toThrow('acme:A: a function of the model calls itself; found acme:A → acme:B → acme:A'); // prettier-ignore
  });

  test('is a handful of functions that would come to millions of nodes, and this is seen at once', () => {
    const f = new Fixture();
    const doubling = (level: number): FunctionParts => {
      const graph = body(['x', ...PARAMETERS], (inner, x, ...rest) => {
        if (level === 0) return [node(inner, 'BatchNormalization', 'y', [x, ...rest])];
        const once = node(inner, `F${level - 1}`, 'a', [x, ...rest], {}, 'acme');
        return [node(inner, `F${level - 1}`, 'y', [once, ...rest], {}, 'acme')];
      });
      graph.model.opsets.set('acme', 1);
      return { name: `F${level}`, body: graph };
    };
    const y = call(f, 'F60', [conv(f, f.input([2, 3, 5, 4])), ...parametersOf(f, 7)]);
    const functions = Array.from({ length: 61 }, (_, level) => doubling(level));
    const { report } = foldGraph(withFunctions(f.done(y), functions));
    expect(report.changed).toBe(false);
    expect(report.batchNormalizations.kept[0]!.reason).toContain('the model would come to more than 16384 nodes');
  });

  test('is a function whose body contradicts itself', () => {
    const f = new Fixture();
    const broken = body(['x', 'x2'], (graph, x) => [node(graph, 'Relu', 'y', [x])]);
    broken.inputs[1] = new Value('x');
    const y = call(f, 'Broken', [f.input([2, 3, 5, 4])]);
    const { report } = foldGraph(withFunctions(f.done(f.batchNormalization(y, 3)), [{ name: 'Broken', body: broken }]));
    expect(report.batchNormalizations.kept[0]!.reason).toContain('broken (Broken) lets no affine through');
  });
});

test('functions named like standard operators, in a foreign domain, mean what they say', async () => {
  const f = new Fixture();
  const fake: FunctionParts = {
    name: 'BatchNormalization',
    body: body(['x', ...PARAMETERS], (graph, x) => [node(graph, 'Sigmoid', 'y', [x])]),
  };
  const fakeConv: FunctionParts = { name: 'Conv', body: body(['x', 'W'], (graph, x) => [node(graph, 'Tanh', 'y', [x])]) }; // prettier-ignore
  const x = f.input([2, 3, 5, 4]);
  const parameters = parametersOf(f, 3);
  const y = call(f, 'Conv', [x, f.integers([3, 3, 1, 1])], {}, 'fake_conv');
  const z = call(f, 'BatchNormalization', [y, ...parameters], {}, 'fake_bn');
  const graph = withFunctions(f.done(f.batchNormalization(z, 3, {}, 'real')), [fake, fakeConv]);
  const { report } = await check(graph, [
    'fake_conv = acme.Conv(x, W)',
    'fake_bn = acme.BatchNormalization(fake_conv, bn_gamma, bn_beta, bn_mean, bn_var)',
    'real = BatchNormalization<epsilon=0.0009765625>(fake_bn, real_gamma, real_beta, real_mean, real_var)',
  ]);
  expect(report.batchNormalizations.found).toBe(1);
  expect(report.batchNormalizations.kept[0]!.reason).toContain('fake_bn/y (Sigmoid) lets no affine through');
});

test('an output of the graph that a function makes keeps its name', async () => {
  const f = new Fixture();
  const y = call(f, 'Normalise', [conv(f, f.input([2, 3, 5, 4])), ...parametersOf(f, 7)], {}, 'probabilities');
  await check(withFunctions(f.done(y), [normalise]), ['probabilities = Conv(x, W_1, W_bias)']);
});

test('strings and shapes that a call hands on arrive', async () => {
  const f = new Fixture();
  const padded: FunctionParts = {
    name: 'Padded',
    body: body(['x', 'c'], (graph, x, c) => [node(graph, 'Mul', 'z', [node(graph, 'AveragePool', 'y', [x]), c])]),
    attributes: ['mode', 'kernel'],
    references: [['y', 'auto_pad', 'mode', 3], ['y', 'kernel_shape', 'kernel', 7]], // prettier-ignore
  };
  const y = call(f, 'Padded', [conv(f, f.input([2, 3, 5, 5])), f.integers([7, 1, 1], 'c')], { mode: string('VALID'), kernel: ints([2, 2]) }); // prettier-ignore
  const shape = f.node('Reshape', [y, f.graph.constant('shape', int64([2, -1]))]);
  await check(withFunctions(f.done(shape), [padded]), [
    'conv_1 = Conv(x, W_1)',
    'padded = AveragePool<auto_pad="VALID", kernel_shape=[2, 2]>(conv_1)',
    'reshape = Reshape(padded, shape)',
  ]);
});
