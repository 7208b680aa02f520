import { describe, expect, test } from 'vitest';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import { int, type Attribute } from '../../src/onnx/attribute.ts';
import { Graph, Node, Value } from '../../src/onnx/graph.ts';
import { printGraph } from '../../src/onnx/print.ts';
import type { Dim } from '../../src/tensor.ts';
import { checkFold, type CheckOptions } from './check-fold.ts';
import { Fixture } from './fixture.ts';

const EPSILON = 2 ** -10;

/** A graph inside of another, and short forms for what goes into it. */
class Body {
  readonly graph: Graph;
  readonly #name: string;

  constructor(f: Fixture, name: string) {
    this.graph = new Graph(name, f.graph.model, f.graph);
    this.#name = name;
  }

  node(
    opType: string,
    inputs: readonly (Value | undefined)[],
    name = opType.toLowerCase(),
    shape?: readonly Dim[],
  ): Value {
    // prettier-ignore
    const output = { name: `${this.#name}_${name}`, dtype: 'float32', shape } as const;
    const epsilon: Record<string, Attribute> = opType === 'BatchNormalization' ? { epsilon: { kind: 'float', value: EPSILON } } : {}; // prettier-ignore
    return this.graph.node(opType, { inputs, output, attributes: epsilon });
  }

  done(...outputs: readonly Value[]): Attribute {
    this.graph.outputs.push(...outputs);
    return { kind: 'graph', value: this.graph };
  }
}

const SHAPE = [2, 7, 5, 3] as const;

const flagOf = (f: Fixture, value = 1) =>
  f.graph.constant('flag', { dtype: 'bool', shape: [], data: Uint8Array.of(value) });

const kernel = (f: Fixture, name = 'W') => f.integers([7, 3, 1, 2], name);

/** gamma, beta, mean and variance of a BatchNormalization that is not in the graph. */
function parametersOf(f: Fixture, channels = 7): readonly Value[] {
  const y = f.batchNormalization(f.graph.inputs[0]!, channels);
  const node = y.producer!;
  f.graph.nodes.splice(f.graph.nodes.indexOf(node), 1);
  const parameters = node.inputs.slice(1).map((value) => value!);
  for (const index of node.inputs.keys()) node.setInput(index, undefined);
  return parameters;
}

const branches = (f: Fixture, fill: (body: Body, name: string) => Value, value = 1): Value =>
  f.node('If', [flagOf(f, value)], {
    then_branch: fillBody(f, 'then', fill),
    else_branch: fillBody(f, 'else', fill),
  });

function fillBody(f: Fixture, name: string, fill: (body: Body, name: string) => Value): Attribute {
  const body = new Body(f, name);
  return body.done(fill(body, name));
}

async function reasons(graph: Graph, options: CheckOptions = {}): Promise<string[]> {
  const { batchNormalizations } = await checkFold(graph, undefined, options);
  return batchNormalizations.kept.map(({ reason }) => reason);
}

describe('in the bodies of If', () => {
  test('weights and parameters from around them are copied on write, branch by branch', async () => {
    const f = new Fixture();
    const x = f.input([2, 3, 5, 4]);
    const [W, ...parameters] = [kernel(f), ...parametersOf(f)];
    const others = parametersOf(f);
    const y = branches(f, (body, name) => {
      const own = name === 'then' ? parameters : others;
      return body.node('BatchNormalization', [body.node('Conv', [x, W]), ...own], 'bn', SHAPE);
    });
    const { folded } = (await checkFold(f.done(y), undefined)).batchNormalizations;
    expect(folded).toBe(2);
    const text = printGraph(foldGraph(f.graph).graph);
    expect(text).toContain('then_bn = Conv(x, W_1, W_bias)');
    expect(text).toContain('else_bn = Conv(x, W_2, W_bias_1)');
    expect(foldGraph(f.graph).graph.initializers.map(({ name }) => name)).toEqual(['flag']);
  });

  test('weights that one branch folds into and another reads keep what they held', async () => {
    for (const value of [0, 1]) {
      const f = new Fixture();
      const x = f.input([2, 3, 5, 4]);
      const [W, ...parameters] = [kernel(f), ...parametersOf(f)];
      const y = branches(
        f,
        (body, name) => {
          const conv = body.node('Conv', [x, W], 'conv', SHAPE);
          return name === 'then' ? body.node('BatchNormalization', [conv, ...parameters], 'bn', SHAPE) : conv;
        },
        value,
      );
      const { folded } = (await checkFold(f.done(y), undefined)).batchNormalizations;
      expect(folded).toBe(1);
      const { graph } = foldGraph(f.graph);
      expect(graph.initializers.map(({ name }) => name)).toEqual(['W', 'flag']);
    }
  });

  test('a BatchNormalization behind a linear of the graph around it stays', async () => {
    const f = new Fixture();
    const conv = f.node('Conv', [f.input([2, 3, 5, 4]), kernel(f)]);
    const parameters = parametersOf(f);
    const y = branches(f, (body) => body.node('Relu', [body.node('BatchNormalization', [conv, ...parameters])], 'r', SHAPE)); // prettier-ignore
    expect((await reasons(f.done(y))).map((reason) => reason.split(';')[0])).toEqual([
      'backward, conv (Conv) is outside of this subgraph',
      'backward, conv (Conv) is outside of this subgraph',
    ]);
  });

  test('a BatchNormalization of a value from around them folds into what is behind it there', async () => {
    const f = new Fixture();
    const x = f.node('Relu', [f.input([2, 3, 5, 4])]);
    const W = kernel(f);
    const parameters = parametersOf(f, 3);
    const y = branches(f, (body) => body.node('Conv', [body.node('BatchNormalization', [x, ...parameters]), W], 'c', SHAPE)); // prettier-ignore
    const { folded } = (await checkFold(f.done(y), undefined)).batchNormalizations;
    expect(folded).toBe(2);
  });

  test('a BatchNormalization around them does not enter', async () => {
    const f = new Fixture();
    const W = kernel(f);
    const x = f.batchNormalization(f.input([2, 3, 5, 4]), 3);
    const y = branches(f, (body) => body.node('Conv', [x, W], 'conv', SHAPE));
    expect((await reasons(f.done(y)))[0]).toContain('then_conv (Conv) reads it from inside a subgraph');
  });

  test('a linear whose output the graph around them folds is left to it, as it has a reader inside', async () => {
    const f = new Fixture();
    const conv = f.node('Conv', [f.input([2, 3, 5, 4]), kernel(f)]);
    const bn = f.batchNormalization(conv, 7);
    const y = branches(f, (body) => body.node('Relu', [conv], 'relu', SHAPE));
    expect((await reasons(f.done(bn, y)))[0]).toContain('conv (Conv) is read by then_relu (Relu) too');
  });
});

describe('beside If', () => {
  test('a BatchNormalization behind it stays', async () => {
    const f = new Fixture();
    const [x, W] = [f.input([2, 3, 5, 4]), kernel(f)];
    const y = branches(f, (body) => body.node('Conv', [x, W], 'conv', SHAPE));
    expect((await reasons(f.done(f.node('Relu', [f.batchNormalization(y, 7)]))))[0]).toContain('if (If) lets no affine through'); // prettier-ignore
  });

  test('a BatchNormalization whose output picks the branch stays', async () => {
    const f = new Fixture();
    const x = f.input([2, 3, 5, 4]);
    const flag = f.node('Cast', [f.node('ReduceMax', [f.batchNormalization(x, 3)], { keepdims: int(0) })], { to: int(9) }); // prettier-ignore
    const body = (name: string) => fillBody(f, name, (inner) => inner.node('Relu', [x], 'relu', [2, 3, 5, 4]));
    const y = f.node('If', [flag], { then_branch: body('then'), else_branch: body('else') });
    expect(await reasons(f.done(y))).toHaveLength(1);
  });
});

/** A Loop of three rounds over one state of this shape. */
function loop(
  f: Fixture,
  start: Value,
  shape: readonly Dim[],
  fill: (body: Body, state: Value) => { state: Value; shown?: Value },
) {
  // prettier-ignore
  const body = new Body(f, 'body');
  body.graph.input('round', { dtype: 'int64', shape: [] });
  const go = body.graph.input('go', { dtype: 'bool', shape: [] });
  const state = body.graph.input('state', { dtype: 'float32', shape });
  const more = body.graph.node('Identity', { inputs: [go], output: { name: 'more', dtype: 'bool', shape: [] } });
  const made = fill(body, state);
  const attribute = body.done(more, made.state, ...(made.shown ? [made.shown] : []));
  const count = f.graph.constant('count', { dtype: 'int64', shape: [], data: BigInt64Array.of(3n) });
  const outputs = ['last', ...(made.shown ? ['all'] : [])].map((name) => new Value(name, { dtype: 'float32' }));
  f.graph.nodes.push(new Node('Loop', { name: 'loop', inputs: [count, undefined, start], outputs, attributes: { body: attribute } })); // prettier-ignore
  return outputs;
}

describe('in the body of Loop', () => {
  test('a BatchNormalization folds into the weights in front of it, wherever they lie', async () => {
    const f = new Fixture();
    const x = f.input([2, 3, 5, 4]);
    const W = f.integers([3, 3, 1, 1]);
    const parameters = parametersOf(f, 3);
    const shape = [2, 3, 5, 4];
    const outputs = loop(f, x, shape, (body, state) => {
      const y = body.node('BatchNormalization', [body.node('Conv', [state, W]), ...parameters], 'bn', shape);
      return { state: body.node('Clip', [y, f.graph.constant('low', { dtype: 'float32', shape: [], data: Float32Array.of(-8) }), f.graph.constant('high', { dtype: 'float32', shape: [], data: Float32Array.of(8) })], 'clip', shape) }; // prettier-ignore
    });
    const { folded } = (await checkFold(f.done(...outputs), undefined)).batchNormalizations;
    expect(folded).toBe(1);
  });

  test('a value that is carried from round to round is not crossed, from either side', async () => {
    const f = new Fixture();
    const x = f.input([2, 3, 5, 4]);
    const W = f.integers([3, 3, 1, 1]);
    const [first, second] = [parametersOf(f, 3), parametersOf(f, 3)];
    const shape = [2, 3, 5, 4];
    // state → BatchNormalization → Tanh → Conv → Tanh → BatchNormalization → state: folding over the back edge would be wrong.
    const outputs = loop(f, x, shape, (body, state) => {
      const inFront = body.node('Tanh', [body.node('BatchNormalization', [state, ...first], 'front', shape)], 'squashed', shape); // prettier-ignore
      const conv = body.node('Conv', [inFront, W], 'conv', shape);
      const clip = body.node('Tanh', [conv], 'tanh', shape);
      return { state: body.node('BatchNormalization', [clip, ...second], 'behind', shape) };
    });
    const kept = await reasons(f.done(...outputs), { tolerance: 'layer' });
    expect(kept[0]).toContain('state is an input');
    expect(kept[1]).toContain('body_behind is an output of the graph');
  });

  test('a value that is collected over the rounds is not changed', async () => {
    const f = new Fixture();
    const x = f.input([2, 3, 5, 4]);
    const W = f.integers([3, 3, 1, 1]);
    const parameters = parametersOf(f, 3);
    const shape = [2, 3, 5, 4];
    const outputs = loop(f, x, shape, (body, state) => {
      const conv = body.node('Conv', [state, W], 'conv', shape);
      const y = body.node('BatchNormalization', [conv, ...parameters], 'bn', shape);
      return { state: body.node('Tanh', [y], 'tanh', shape), shown: conv };
    });
    expect((await reasons(f.done(...outputs), { tolerance: 'layer' }))[0]).toContain('body_conv (Conv) is an output of the graph'); // prettier-ignore
  });

  test('weights that are carried are no constants', async () => {
    const f = new Fixture();
    const x = f.input([2, 3, 5, 4]);
    const W = f.integers([3, 3, 1, 1]);
    const parameters = parametersOf(f, 3);
    const outputs = loop(f, W, [3, 3, 1, 1], (body, state) => {
      const y = body.node('BatchNormalization', [body.node('Conv', [x, state], 'conv', [2, 3, 5, 4]), ...parameters], 'bn', [2, 3, 5, 4]); // prettier-ignore
      return { state: body.node('Neg', [state], 'neg', [3, 3, 1, 1]), shown: y };
    });
    expect((await reasons(f.done(...outputs)))[0]).toContain('body_conv (Conv) has weights that are not constants');
  });
});

test('in the body of Scan a BatchNormalization folds into weights from around it, and slices are not crossed', async () => {
  const f = new Fixture();
  const x = f.input([4, 2, 3, 5, 4]);
  const W = f.integers([3, 3, 1, 1]);
  const [first, second] = [parametersOf(f, 3), parametersOf(f, 3)];
  const shape = [2, 3, 5, 4];
  const body = new Body(f, 'body');
  const slice = body.graph.input('slice', { dtype: 'float32', shape });
  const inFront = body.node('Tanh', [body.node('BatchNormalization', [slice, ...first], 'front', shape)], 'squashed', shape); // prettier-ignore
  const y = body.node('BatchNormalization', [body.node('Conv', [inFront, W], 'conv', shape), ...second], 'bn', shape);
  const all = new Value('all', { dtype: 'float32' });
  f.graph.nodes.push(new Node('Scan', { name: 'scan', inputs: [x], outputs: [all], attributes: { body: body.done(y), num_scan_inputs: int(1) } })); // prettier-ignore
  const report = await checkFold(f.done(all), undefined, { tolerance: 'layer' });
  expect(report.batchNormalizations).toMatchObject({ found: 2, folded: 1 });
  expect(report.batchNormalizations.kept[0]!.reason).toContain('slice is an input');
});

test('bodies within bodies fold too, and fresh names are fresh everywhere', async () => {
  const f = new Fixture();
  const x = f.input([2, 3, 5, 4]);
  const W = kernel(f);
  const parameters = parametersOf(f);
  const flag = flagOf(f);
  const inner = (outer: Body, name: string) => {
    const body = new Graph(name, f.graph.model, outer.graph);
    const conv = body.node('Conv', { inputs: [x, W], output: { name: `${name}_conv` } });
    const attributes: Record<string, Attribute> = { epsilon: { kind: 'float', value: EPSILON } };
    const output = { name: `${name}_bn`, dtype: 'float32', shape: SHAPE } as const;
    body.outputs.push(body.node('BatchNormalization', { inputs: [conv, ...parameters], output, attributes }));
    return { kind: 'graph', value: body } as const;
  };
  const branch = (name: string) =>
    fillBody(f, name, (body) =>
      body.graph.node('If', {
        inputs: [flag],
        output: { name: `${name}_if`, dtype: 'float32', shape: SHAPE },
        attributes: { then_branch: inner(body, `${name}_then`), else_branch: inner(body, `${name}_else`) },
      }),
    );
  const y = f.node('If', [flag], { then_branch: branch('a'), else_branch: branch('b') });
  const { folded } = (await checkFold(f.done(y), undefined)).batchNormalizations;
  expect(folded).toBe(4);
});
