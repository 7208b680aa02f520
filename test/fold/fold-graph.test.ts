import { describe, expect, test } from 'vitest';
import { ints } from '../../src/onnx/attribute.ts';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import { Graph, type Value } from '../../src/onnx/graph.ts';
import { printGraph } from '../../src/onnx/print.ts';
import { float32 } from '../../src/tensor.ts';
import { checkFold } from './check-fold.ts';
import { Fixture } from './fixture.ts';

const conv = (f: Fixture, x: Value, C: number, M: number, name = 'conv') =>
  f.node('Conv', [x, f.integers([M, C, 1, 2])], {}, name);

async function reasonFor(graph: Graph, options: Parameters<typeof checkFold>[2] = {}): Promise<string> {
  const { batchNormalizations } = await checkFold(graph, undefined, options);
  return batchNormalizations.kept[0]!.reason;
}

describe('a graph with nothing to fold', () => {
  test('comes back equal and is reported as unchanged', async () => {
    const f = new Fixture();
    const report = await checkFold(f.done(f.node('Relu', [conv(f, f.input([2, 3, 5, 4]), 3, 7)])), [
      'conv = Conv(x, W)',
      'relu = Relu(conv)',
    ]);
    expect(report).toMatchObject({
      changed: false,
      nodes: { before: 2, after: 2 },
      batchNormalizations: { found: 0, folded: 0, kept: [] },
      folds: [],
      removed: [],
      warnings: [],
    });
  });

  test('keeps initializers that nothing reads', async () => {
    const f = new Fixture();
    f.integers([3], 'unused');
    await checkFold(f.done(f.node('Relu', [f.input([2])])), ['relu = Relu(x)']);
  });
});

describe('the report', () => {
  test('names what vanished, where it went and what it crossed', async () => {
    const f = new Fixture();
    const y = f.node('GlobalAveragePool', [conv(f, f.input([2, 3, 1, 2]), 3, 7)], {}, 'pool');
    const z = f.batchNormalization(f.node('Transpose', [y], { perm: ints([0, 1, 3, 2]) }), 7);
    const report = await checkFold(f.done(z), undefined);
    expect(report.folds).toMatchObject([
      {
        name: 'bn',
        opType: 'BatchNormalization',
        direction: 'back',
        way: 'back',
        through: ['transpose (Transpose)', 'pool (GlobalAveragePool)'],
        into: ['conv (Conv)'],
      },
    ]);
    expect(report.nodes).toEqual({ before: 4, after: 3 });
  });

  test('gives one reason for each direction, and one for the scale alone', async () => {
    const f = new Fixture();
    const graph = f.done(f.node('Relu', [f.batchNormalization(f.input([2, 3]), 3, { gamma: [1, -2, 4] })]));
    expect(await reasonFor(graph)).toBe(
      'backward, x is an input; forward, relu (Relu) lets no shift through; ' +
        'its scale alone, relu (Relu) lets no negative scale through',
    );
  });
});

describe('names', () => {
  test('of graph outputs survive on the node that took the fold in', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(conv(f, f.input([2, 3, 5, 4]), 3, 7), 7, {}, 'probabilities');
    await checkFold(f.done(y), ['probabilities = Conv(x, W_1, W_bias)']);
  });

  test('of values that hold something else afterwards change', async () => {
    const f = new Fixture();
    const y = f.node('Flatten', [conv(f, f.input([2, 3, 1, 2]), 3, 7)], {}, 'flat');
    await checkFold(f.done(f.node('Relu', [f.batchNormalization(y, 7)])), [
      'conv_1 = Conv(x, W_1, W_bias)',
      'bn = Flatten(conv_1)',
      'relu = Relu(bn)',
    ]);
  });

  test('of nodes stay', () => {
    const f = new Fixture();
    const graph = f.done(f.batchNormalization(conv(f, f.input([2, 3, 5, 4]), 3, 7, 'features'), 7));
    expect(foldGraph(graph).graph.nodes.map(({ name }) => name)).toEqual(['features']);
  });

  test('that JavaScript objects have too make no trouble', async () => {
    const f = new Fixture();
    const y = conv(f, f.input([2, 3, 5, 4], '__proto__'), 3, 7, 'constructor');
    await checkFold(f.done(f.batchNormalization(y, 7, {}, 'toString')), ['toString = Conv(__proto__, W_1, W_bias)']);
  });
});

describe('a value with another reader', () => {
  test('is not changed', async () => {
    const f = new Fixture();
    const y = conv(f, f.input([2, 3, 5, 4]), 3, 7);
    const graph = f.done(f.batchNormalization(y, 7), f.node('Relu', [y]));
    expect(await reasonFor(graph)).toContain('conv (Conv) is read by relu (Relu) too');
  });

  test('is not changed if the reader is the same node', async () => {
    const f = new Fixture();
    const y = f.node('Mul', [conv(f, f.input([2, 3, 5, 4]), 3, 7), f.integers([1], 'c')]);
    const z = f.node('Add', [y, y]);
    await checkFold(f.done(f.batchNormalization(z, 7)), undefined);
  });

  test('is not changed if it is an output of the graph', async () => {
    const f = new Fixture();
    const y = conv(f, f.input([2, 3, 5, 4]), 3, 7);
    expect(await reasonFor(f.done(y, f.batchNormalization(y, 7)))).toContain('conv (Conv) is an output of the graph');
  });

  test('is not changed if the reader sits in a subgraph', async () => {
    const f = new Fixture();
    const y = conv(f, f.input([2, 3, 5, 4]), 3, 7);
    const z = f.batchNormalization(y, 7);
    const branch = (name: string) => {
      const body = new Graph(name, f.graph.model, f.graph);
      body.outputs.push(body.node('Relu', { inputs: [y], output: { name, dtype: 'float32', shape: [2, 7, 5, 3] } }));
      return { kind: 'graph', value: body } as const;
    };
    const flag = f.input([], 'flag', 'bool');
    const picked = f.node('If', [flag], { then_branch: branch('then'), else_branch: branch('else') });
    expect(await reasonFor(f.done(z, picked), { runs: false })).toContain('conv (Conv) is read by then (Relu) too');
  });
});

describe('several readers', () => {
  test('all take in what is in front of them', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input([2, 3, 5, 4]), 3);
    await checkFold(f.done(conv(f, y, 3, 7), conv(f, y, 3, 2, 'other')), [
      'conv = Conv(x, W_2, W_bias)',
      'other = Conv(x, W_1_1, W_1_bias)',
    ]);
  });

  test('all refuse if one of them does', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.input([2, 3, 5, 4]), 3);
    expect(await reasonFor(f.done(conv(f, y, 3, 7), f.node('Relu', [y])))).toContain(
      'relu (Relu) lets no shift through',
    );
  });

  test('of the same weights get weights of their own', async () => {
    const f = new Fixture();
    const [x, W] = [f.input([2, 3, 5, 4]), f.integers([7, 3, 1, 2])];
    const sites = ['a', 'b', 'c'].map((name) => f.node('Conv', [x, W], {}, name));
    const outputs = [f.batchNormalization(sites[0]!, 7), f.batchNormalization(sites[1]!, 7, {}, 'bn2'), sites[2]!];
    await checkFold(f.done(...outputs), [
      'bn = Conv(x, W_1, W_bias)',
      'bn2 = Conv(x, W_2, W_bias_1)',
      'c = Conv(x, W)',
    ]);
  });
});

describe('what is not ours', () => {
  test('a BatchNormalization that the caller wants kept stays as it is', async () => {
    for (const keep of ['bn', 'nothing of this name']) {
      const f = new Fixture();
      const graph = f.done(f.batchNormalization(conv(f, f.input([2, 3, 5, 4]), 3, 7), 7));
      const report = await checkFold(graph, undefined, { keep: [keep] });
      expect(report.batchNormalizations.folded).toBe(keep === 'bn' ? 0 : 1);
      if (keep === 'bn')
        expect(report.batchNormalizations.kept[0]!.reason).toBe('bn (BatchNormalization) is to be kept');
    }
  });

  test('an operator of a foreign domain is opaque, whatever its name', () => {
    const f = new Fixture();
    f.graph.model.opsets.set('acme', 1);
    const W = f.integers([7, 3, 1, 2]);
    const y = f.graph.node('Conv', { inputs: [f.input([2, 3, 5, 4]), W], output: { name: 'y' }, domain: 'acme' });
    const { report } = foldGraph(f.done(f.batchNormalization(y, 7)));
    expect(report.batchNormalizations.kept[0]!.reason).toContain('y (Conv) lets no affine through');
  });

  test('a BatchNormalization of a foreign domain is not counted', () => {
    const f = new Fixture();
    f.graph.model.opsets.set('acme', 1);
    const y = f.batchNormalization(conv(f, f.input([2, 3, 5, 4]), 3, 7), 7);
    const inputs = y.producer!.inputs;
    const z = f.graph.node('BatchNormalization', { inputs: [conv(f, y, 7, 7, 'conv2'), ...inputs.slice(1)], output: { name: 'z' }, domain: 'acme' }); // prettier-ignore
    const { report } = foldGraph(f.done(z));
    expect(report.batchNormalizations).toEqual({ found: 1, folded: 1, kept: [] });
  });

  test('an operator that the model defines itself is opaque', () => {
    const f = new Fixture();
    const graph = f.done(f.batchNormalization(conv(f, f.input([2, 3, 5, 4]), 3, 7), 7));
    const shadowed = new Graph('shadowed', { ...graph.model, functions: new Set([':Conv']) });
    shadowed.inputs.push(...graph.inputs);
    shadowed.initializers.push(...graph.initializers);
    shadowed.nodes.push(...graph.nodes);
    shadowed.outputs.push(...graph.outputs);
    const { report } = foldGraph(shadowed);
    expect(report.batchNormalizations.kept[0]!.reason).toContain('conv (Conv) lets no affine through');
    expect(report.warnings).toEqual(["functions of the model's own are left as they are: Conv"]);
  });
});

describe('initializers that are inputs too', () => {
  const listed = (irVersion: number, all: boolean) => {
    const f = new Fixture();
    const y = f.batchNormalization(conv(f, f.input([2, 3, 5, 4]), 3, 7), 7);
    const graph = f.done(y);
    graph.model.irVersion = irVersion;
    graph.inputs.push(...graph.initializers.slice(0, all ? Infinity : 1));
    return graph;
  };

  test('may be overridden, and are left alone', async () => {
    expect(await reasonFor(listed(8, false))).toContain('conv (Conv) has weights that are not constants');
  });

  test('are constants if all of them are listed, and are listed no longer', async () => {
    const graph = listed(8, true);
    const report = await checkFold(graph, ['bn = Conv(x, W_1, W_bias)']);
    expect(report.warnings).toEqual(['5 initializers were listed as inputs too, and are plain constants now']);
    expect(foldGraph(graph).graph.inputs.map(({ name }) => name)).toEqual(['x']);
  });

  test('are constants until IR 3, which asked for it, and the folded model is of IR 4', async () => {
    const graph = listed(3, false);
    await checkFold(graph, ['bn = Conv(x, W_1, W_bias)']);
    expect(foldGraph(graph).graph.model.irVersion).toBe(4);
    expect(graph.model.irVersion).toBe(3);
  });
});

describe('a subgraph', () => {
  test('is folded within itself, with weights from around it', async () => {
    const f = new Fixture();
    const [x, W] = [f.input([2, 3, 5, 4]), f.integers([7, 3, 1, 2])];
    const parameters = f.batchNormalization(f.node('Conv', [x, W]), 7).producer!.inputs.slice(1);
    const branch = (name: string) => {
      const body = new Graph(name, f.graph.model, f.graph);
      const y = body.node('Conv', { inputs: [x, W], output: { name: `${name}_conv` } });
      const type = { dtype: 'float32', shape: [2, 7, 5, 3] } as const;
      body.outputs.push(body.node('BatchNormalization', { inputs: [y, ...parameters], output: { name, ...type } }));
      return { kind: 'graph', value: body } as const;
    };
    const flag = f.graph.constant('flag', { dtype: 'bool', shape: [], data: Uint8Array.of(1) });
    const y = f.node('If', [flag], { then_branch: branch('then'), else_branch: branch('else') });
    const report = await checkFold(f.done(y), undefined, { tolerance: 'layer' });
    expect(report.batchNormalizations).toEqual({ found: 3, folded: 3, kept: [] });
  });
});

describe('two affines in a row', () => {
  test('of which one is a BatchNormalization become one BatchNormalization', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(f.batchNormalization(f.input([2, 3, 5, 4]), 3), 3, {}, 'bn2');
    const report = await checkFold(f.done(f.node('Relu', [y])), [
      'bn2 = BatchNormalization<epsilon=0>(x, bn_scale, bn_B, bn_mean_1, bn_var_1)',
      'relu = Relu(bn2)',
    ]);
    expect(report.batchNormalizations.folded).toBe(1);
    expect(report.folds[0]).toMatchObject({ name: 'bn2', opType: 'BatchNormalization', direction: 'back', way: 'merge', through: [], into: ['bn (BatchNormalization)'] }); // prettier-ignore
  });

  test('become one with arithmetic in front of and behind a BatchNormalization', async () => {
    const f = new Fixture();
    const y = f.node('Mul', [f.input([2, 3, 5, 4]), f.integers([3, 1, 1], 'c')]);
    const z = f.node('Sub', [f.batchNormalization(y, 3), f.integers([], 'd')]);
    const report = await checkFold(f.done(f.node('Relu', [z])), undefined);
    expect(report.nodes.after).toBe(2);
    expect(report.batchNormalizations.kept).toHaveLength(1);
  });

  test('of plain arithmetic stay', async () => {
    const f = new Fixture();
    const y = f.node('Mul', [f.input([2, 3, 5, 4]), f.integers([3, 1, 1], 'c')]);
    await checkFold(f.done(f.node('Add', [y, f.integers([3, 1, 1], 'd')])), ['mul = Mul(x, c)', 'add = Add(mul, d)']);
  });

  test('along different axes stay', async () => {
    const f = new Fixture();
    const y = f.node('Mul', [f.batchNormalization(f.input([2, 4, 4, 4]), 4), f.integers([4], 'c')]);
    const report = await checkFold(f.done(y), undefined);
    expect(report.changed).toBe(false);
  });

  test('that undo each other vanish, unless the last one makes an output of the graph', async () => {
    const f = new Fixture();
    const y = f.node('Neg', [f.node('Neg', [f.input([2, 3])])]);
    await checkFold(f.done(f.node('Sigmoid', [y])), ['sigmoid = Sigmoid(x)']);
    const g = new Fixture();
    const z = g.node('Neg', [g.node('Neg', [g.input([2, 3])])]);
    await checkFold(g.done(z), ['neg = Neg(x)', 'neg_1 = Neg(neg)']);
  });

  test('fold together where the first alone would be in the way', async () => {
    const f = new Fixture();
    const shifted = f.node('Add', [f.input([2, 3, 5, 4]), f.integers([3, 1, 1], 'c')]);
    const back = f.node('Sub', [shifted, f.graph.initializers[0]!]);
    const scaled = f.batchNormalization(back, 3, { beta: [0, 0, 0], mean: [0, 0, 0] });
    const y = f.node('Conv', [scaled, f.integers([7, 3, 3, 3])], { pads: ints([1, 1, 1, 1]) });
    await checkFold(f.done(y), ['conv = Conv<pads=[1, 1, 1, 1]>(x, W_1)']);
  });
});

describe('onnxruntime', () => {
  const behindReshape = (opset: number) => {
    const f = new Fixture(opset);
    const y = f.node('Reshape', [f.node('MatMul', [f.input([6, 6]), f.integers([6, 6])]), f.shape([3, 6, 2])]);
    return f.done(f.batchNormalization(y, 6));
  };

  test('cannot mis-fold a BatchNormalization that is kept behind a MatMul and a Reshape', async () => {
    const report = await checkFold(behindReshape(17), [
      'matmul = Gemm(x, W)',
      'reshape = Reshape(matmul, shape)',
      'bn = BatchNormalization<epsilon=0.0009765625>(reshape, bn_gamma, bn_beta, bn_mean, bn_var)',
    ]);
    expect(report.warnings[0]).toContain('matmul (MatMul) is written as a Gemm');
    expect(report.folds).toEqual([]);
  });

  test('cannot do so after taking out what does nothing in between', async () => {
    const f = new Fixture();
    const y = f.node('Dropout', [f.node('MatMul', [f.input([6, 6]), f.integers([6, 6])])]);
    const z = f.node('Add', [f.node('Transpose', [y]), f.graph.constant('zero', float32([], [0]))]);
    const report = await checkFold(f.done(f.batchNormalization(z, 6)), undefined);
    expect(report.warnings[0]).toContain('matmul (MatMul) is written as a Gemm');
  });

  test('gets a Gemm with a bias where the opset asks for one', async () => {
    const report = await checkFold(behindReshape(9), undefined);
    expect(report.nodes.after).toBe(3);
  });
});

test('what folding leaves without a reader is dropped, constant sub-graphs and Constant nodes included', async () => {
  const f = new Fixture();
  const variance = f.node('Sqrt', [f.node('Add', [f.graph.constant('v', float32([7, 1, 1], new Array<number>(7).fill(3))), f.integers([], 'e')])]); // prettier-ignore
  const y = f.node('Div', [conv(f, f.input([2, 3, 5, 4]), 3, 7), variance]);
  const { graph } = foldGraph(f.done(y));
  expect(printGraph(graph)).toContain('W_1: float32[7, 3, 1, 2]\n');
  expect(graph.initializers.map(({ name }) => name)).toEqual(['W_1']);
  expect(graph.nodes).toHaveLength(1);
  await checkFold(f.graph, undefined, { tolerance: 'layer' });
});

test('a chain too long to be a network is given up', () => {
  const f = new Fixture();
  let y = conv(f, f.input([2, 3, 5, 4]), 3, 7);
  for (let n = 0; n < 300; n++) y = f.node('AveragePool', [y], { kernel_shape: ints([1, 1]) });
  const { report } = foldGraph(f.done(f.batchNormalization(y, 7)));
  expect(report.batchNormalizations.kept[0]!.reason).toContain('is too far from any weights');
});

test('a node with an attribute of the wrong kind is kept, not tripped over', () => {
  const f = new Fixture();
  const y = f.node('Conv', [f.input([2, 3, 5, 4]), f.integers([7, 3, 1, 2])], {
    group: { kind: 'string', value: '1' },
  });
  const { report } = foldGraph(f.done(f.batchNormalization(y, 7)));
  expect(report.batchNormalizations.kept[0]!.reason).toContain('conv (Conv) is damaged: conv (Conv): attribute group');
});
