import { describe, expect, test } from 'vitest';
import { int, type Attribute } from '../../../src/onnx/attribute.ts';
import { foldGraph } from '../../../src/fold/fold-graph.ts';
import { Graph, Node, Value } from '../../../src/onnx/graph.ts';
import { float32 } from '../../../src/tensor.ts';
import { checkFold } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

const body = (f: Fixture, name: string, fill: (graph: Graph) => Value): Attribute => {
  const graph = new Graph(name, f.graph.model, f.graph);
  graph.outputs.push(fill(graph));
  return { kind: 'graph', value: graph };
};

const relu = (graph: Graph, x: Value, name: string) =>
  graph.node('Relu', { inputs: [x], output: { name, dtype: 'float32', shape: [2, 3] } });

const flagOf = (f: Fixture) => f.graph.constant('flag', { dtype: 'bool', shape: [], data: Uint8Array.of(1) });

describe('what nothing reads', () => {
  test('goes, with all that was computed for it alone', async () => {
    const f = new Fixture();
    const x = f.input([2, 3]);
    f.node('Neg', [f.node('MatMul', [x, f.integers([3, 5])])], {}, 'dead');
    const report = await checkFold(f.done(f.node('Relu', [x])), ['relu = Relu(x)']);
    expect(report).toMatchObject({ changed: true, nodes: { before: 3, after: 1 }, folds: [] });
    expect(report.removed).toEqual([
      { name: 'dead', opType: 'Neg', reason: 'nothing reads it' },
      { name: 'matmul', opType: 'MatMul', reason: 'nothing reads it' },
    ]);
    expect(foldGraph(f.graph).graph.initializers).toEqual([]);
  });

  test('is in the way of no fold', async () => {
    const f = new Fixture();
    const y = f.node('Conv', [f.input([2, 3, 5, 4]), f.integers([7, 3, 1, 1])]);
    const z = f.batchNormalization(y, 7);
    f.node('Relu', [y]);
    await checkFold(f.done(z), ['bn = Conv(x, W_1, W_bias)']);
  });

  test('goes, were it a BatchNormalization, which then counts as folded', async () => {
    const f = new Fixture();
    const x = f.input([2, 3, 5, 4]);
    f.batchNormalization(x, 3, {}, 'dead');
    const report = await checkFold(f.done(f.node('Relu', [x])), ['relu = Relu(x)']);
    expect(report.batchNormalizations).toEqual({ found: 1, folded: 1, kept: [] });
    expect(report.removed[0]!.name).toBe('dead');
  });

  test('stays if the caller wants it, if it is of a foreign domain, or if one of its outputs is read', async () => {
    const f = new Fixture();
    const x = f.input([2, 3, 5, 4]);
    f.batchNormalization(x, 3, {}, 'wanted');
    const report = await checkFold(f.done(f.node('Relu', [x])), undefined, { keep: ['wanted'] });
    expect(report.removed).toEqual([]);
    const g = new Fixture();
    g.graph.model.opsets.set('acme', 1);
    const y = g.input([4]);
    g.graph.node('Log', { inputs: [y], output: { name: 'log' }, domain: 'acme' });
    const parts = [new Value('a', { dtype: 'float32', shape: [2] }), new Value('b')];
    g.graph.nodes.push(new Node('Split', { name: 'split', inputs: [y], outputs: parts }));
    expect(foldGraph(g.done(parts[0]!)).report.changed).toBe(false);
  });

  test('goes from bodies too, and then from around them', async () => {
    const f = new Fixture();
    const x = f.input([2, 3]);
    const captured = f.node('MatMul', [x, f.integers([3, 3])], {}, 'captured');
    const flag = flagOf(f);
    const branch = (name: string) =>
      body(f, name, (graph) => {
        graph.node('Neg', { inputs: [captured], output: { name: `${name}_dead` } });
        return relu(graph, x, name);
      });
    const y = f.node('If', [flag], { then_branch: branch('then'), else_branch: branch('else') });
    const report = await checkFold(f.done(y), undefined);
    expect(report.removed.map(({ name }) => name).sort()).toEqual(['captured', 'else_dead', 'then_dead']);
    expect(report.nodes).toEqual({ before: 6, after: 3 });
  });

  test('goes with its bodies, and lets go of what these have read', async () => {
    const f = new Fixture();
    const x = f.input([2, 3]);
    const captured = f.node('MatMul', [x, f.integers([3, 3])], {}, 'captured');
    const branch = (name: string) => body(f, name, (graph) => relu(graph, captured, name));
    f.node('If', [flagOf(f)], { then_branch: branch('then'), else_branch: branch('else') });
    const report = await checkFold(f.done(f.node('Neg', [x])), ['neg = Neg(x)']);
    expect(report.nodes).toEqual({ before: 5, after: 1 });
  });
});

describe('Identity', () => {
  test('goes, and its readers read what it read', async () => {
    const f = new Fixture();
    const x = f.input([2, 3]);
    const y = f.node('Identity', [x]);
    const report = await checkFold(f.done(f.node('Relu', [y]), f.node('Neg', [y])), ['relu = Relu(x)', 'neg = Neg(x)']);
    expect(report.removed).toEqual([{ name: 'identity', opType: 'Identity', reason: 'it does nothing' }]);
  });

  test('goes in front of an output, which keeps its name', async () => {
    const f = new Fixture();
    const y = f.node('Relu', [f.input([2, 3])]);
    const z = f.node('Identity', [f.node('Identity', [y])], {}, 'probabilities');
    await checkFold(f.done(z, f.node('Neg', [y])), ['probabilities = Relu(x)', 'neg = Neg(probabilities)']);
  });

  test('stays between an input and an output, a constant and an output, and two outputs', async () => {
    const f = new Fixture();
    const x = f.input([2, 3]);
    const y = f.node('Relu', [x]);
    const outputs = [f.node('Identity', [x]), f.node('Identity', [f.integers([2])]), y, f.node('Identity', [y])];
    const report = await checkFold(f.done(...outputs), undefined);
    expect(report.changed).toBe(false);
  });

  test('stays once for a value with two names, whatever the order of the nodes', async () => {
    for (const [first, second] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      const f = new Fixture();
      const y = f.node('Relu', [f.input([2, 3])]);
      const made = new Map([first, second].map((name) => [name, f.node('Identity', [y], {}, name)]));
      await checkFold(f.done(made.get('a')!, made.get('b')!), ['a = Relu(x)', 'b = Identity(a)']);
    }
  });

  test('of weights is no obstacle', async () => {
    const f = new Fixture();
    const W = f.node('Identity', [f.integers([7, 3, 1, 1])]);
    const y = f.batchNormalization(f.node('Conv', [f.input([2, 3, 5, 4]), W]), 7);
    await checkFold(f.done(y), ['bn = Conv(x, W_1, W_bias)']);
  });

  test('stays in a body whose output is a value of the graph around it', async () => {
    const f = new Fixture();
    const x = f.node('Neg', [f.input([2, 3])]);
    const branch = (name: string) =>
      body(f, name, (graph) => graph.node('Identity', { inputs: [x], output: { name, dtype: 'float32', shape: [2, 3] } })); // prettier-ignore
    const y = f.node('If', [flagOf(f)], { then_branch: branch('then'), else_branch: branch('else') });
    const report = await checkFold(f.done(y), undefined);
    expect(report.changed).toBe(false);
  });
});

describe('Dropout', () => {
  const dropout = (opset: number, attributes: Readonly<Record<string, Attribute>> = {}) => {
    const f = new Fixture(opset);
    const y = f.node('Dropout', [f.node('Relu', [f.input([2, 3])])], attributes);
    return foldGraph(f.done(f.node('Neg', [y]))).report.removed.length;
  };

  test('goes at inference, by the rules of each opset', () => {
    expect([dropout(6), dropout(6, { is_test: int(1) }), dropout(7), dropout(13)]).toEqual([0, 1, 1, 1]);
  });

  test('stays where it may be training', async () => {
    const f = new Fixture();
    const flag = f.input([], 'training', 'bool');
    const y = f.node('Dropout', [f.input([2, 3]), f.graph.constant('ratio', float32([], [0.5])), flag]);
    const report = await checkFold(f.done(f.node('Neg', [y])), undefined, { runs: false });
    expect(report.changed).toBe(false);
  });

  test('stays where its mask is read', () => {
    const f = new Fixture();
    const [y, mask] = [
      new Value('y', { dtype: 'float32', shape: [2] }),
      new Value('mask', { dtype: 'bool', shape: [2] }),
    ];
    f.graph.nodes.push(new Node('Dropout', { inputs: [f.input([2])], outputs: [y, mask] }));
    const { report } = foldGraph(f.done(f.node('Neg', [y]), mask));
    expect(report.changed).toBe(false);
  });
});

test('a Dropout whose mask is read stays, one whose mask is not goes', async () => {
  for (const isRead of [true, false]) {
    const f = new Fixture();
    const [y, mask] = [new Value('dropped'), new Value('mask', { dtype: 'bool', shape: [2, 3] })];
    f.graph.nodes.push(new Node('Dropout', { inputs: [f.input([2, 3])], outputs: [y, mask] }));
    const outputs = [f.node('Relu', [y]), ...(isRead ? [mask] : [])];
    const { nodes } = await checkFold(f.done(...outputs), undefined, { runs: false });
    expect(nodes.after).toBe(isRead ? 2 : 1);
    const g = new Fixture();
    const [z, own] = [new Value('dropped'), new Value('mask', { dtype: 'bool', shape: [2, 3] })];
    g.graph.nodes.push(new Node('Dropout', { inputs: [g.input([2, 3])], outputs: [z, own] }));
    const not = isRead ? [g.node('Not', [own])] : [];
    expect(foldGraph(g.done(g.node('Relu', [z]), ...not)).graph.nodes).toHaveLength(isRead ? 3 : 1);
  }
});
