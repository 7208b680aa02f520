import { describe, expect, test } from 'vitest';
import { foldGraph } from '../../../src/fold/fold-graph.ts';
import { float, int, ints, string, type Attribute } from '../../../src/onnx/attribute.ts';
import { Constant } from '../../../src/onnx/constant.ts';
import { Graph, Node, Value } from '../../../src/onnx/graph.ts';
import { float32, int64 } from '../../../src/tensor.ts';
import { Fixture } from '../fixture.ts';

/** What has to be alike for two nodes to be one: pairs that differ in one thing stay two, pairs that do not become one. */

const strings = (...value: string[]): Attribute => ({ kind: 'strings', value });
const floats = (...value: number[]): Attribute => ({ kind: 'floats', value });
const tensor = (...value: number[]): Attribute => ({
  kind: 'tensor',
  value: Constant.of(float32([value.length], value)),
});
const graph = (): Attribute => ({ kind: 'graph', value: new Graph('body') });

/** How many nodes are left of two with these attributes, which two others read. */
function left(a: Readonly<Record<string, Attribute>>, b: Readonly<Record<string, Attribute>>, opType = 'Elu'): number {
  const f = new Fixture();
  const x = f.input([2, 3]);
  const [first, second] = [a, b].map((attributes) => f.node(opType, [x], attributes));
  const done = f.done(f.node('Tanh', [first]), f.node('Sigmoid', [second]));
  return foldGraph(done).graph.nodes.filter((node) => node.opType === opType).length;
}

describe('attributes', () => {
  test.each<readonly [string, Attribute, Attribute]>([
    ['floats', float(0.5), float(0.25)],
    ['floats of other signs', float(0), float(-0)],
    ['ints', int(1), int(2)],
    ['texts', string('a'), string('b')],
    ['lists of ints', ints([1, 2]), ints([1, 3])],
    ['lists of floats', floats(1, 2), floats(1, -2)],
    ['lists of texts', strings('a', 'b'), strings('a', 'c')],
    ['lists of texts that read alike', strings('a,b'), strings('a', 'b')],
    ['kinds', int(1), float(1)],
    ['lengths', ints([1, 2]), ints([1])],
    ['kinds of lists', ints([1]), int(1)],
  ])('that are other %s keep two nodes apart, and the same make them one', (_, one, other) => {
    expect(left({ own: one }, { own: other })).toBe(2);
    expect(left({ own: one }, { own: one })).toBe(1);
    expect(left({ own: other }, { own: other })).toBe(1);
    expect(left({ own: one }, {})).toBe(2);
    expect(left({ own: one, more: other }, { more: other, own: one })).toBe(1);
    expect(left({ own: one, more: other }, { more: one, own: other })).toBe(2);
  });

  test('that are tensors or bodies keep them apart, were they the same', () => {
    expect(left({ own: tensor(1) }, { own: tensor(1) })).toBe(2);
    expect(left({ own: graph() }, { own: graph() })).toBe(2);
  });
});

describe('operators', () => {
  test.each(['RandomNormalLike', 'Multinomial', 'Bernoulli'])('of chance, such as %s, stay two', (opType) => {
    expect(left({}, {}, opType)).toBe(2);
  });

  test('of chance in training, such as a Dropout, stay two', () => {
    expect(leftOfTraining()).toBe(2);
  });

  function leftOfTraining(): number {
    const f = new Fixture();
    const x = f.input([2, 3]);
    const inputs = () => [x, undefined, f.graph.input('t', { dtype: 'bool', shape: [] })];
    const [first, second] = [f.node('Dropout', inputs()), f.node('Dropout', inputs())];
    const done = f.done(f.node('Tanh', [first]), f.node('Sigmoid', [second]));
    return foldGraph(done).graph.nodes.filter(({ opType }) => opType === 'Dropout').length;
  }

  test('of a foreign domain stay two', () => {
    const f = new Fixture();
    f.graph.model.opsets.set('acme', 1);
    const x = f.input([2, 3]);
    const [a, b] = [1, 2].map(() => f.graph.node('Relu', { domain: 'acme', inputs: [x], output: { name: 'y' } }));
    expect(foldGraph(f.done(f.node('Tanh', [a]), f.node('Sigmoid', [b]))).graph.nodes).toHaveLength(4);
  });

  test('that are not the same stay two', () => {
    const f = new Fixture();
    const x = f.input([2, 3]);
    const done = f.done(f.node('Neg', [f.node('Sin', [x])]), f.node('Abs', [f.node('Cos', [x])]));
    expect(foldGraph(done).graph.nodes).toHaveLength(4);
  });
});

describe('inputs', () => {
  const pair = (
    a: (f: Fixture) => Value | undefined,
    b: (f: Fixture) => Value | undefined,
    opType = 'Clip',
  ): number => {
    const f = new Fixture();
    const x = f.input([2, 3]);
    const [first, second] = [a, b].map((own) => f.node(opType, [x, own(f)]));
    const done = f.done(f.node('Tanh', [first]), f.node('Sigmoid', [second]));
    return foldGraph(done).graph.nodes.filter((node) => node.opType === opType).length;
  };
  const constant = (name: string, shape: readonly number[], ...values: number[]) => (f: Fixture) => f.graph.constant(name, float32(shape, values)); // prettier-ignore
  const many = (name: string, length: number) => (f: Fixture) => f.graph.constant(name, float32([length], new Array<number>(length).fill(2))); // prettier-ignore

  test('that are small constants alike to the bit are one', () => {
    expect(pair(constant('a', [], 1), constant('b', [], 1))).toBe(1);
    expect(pair(constant('a', [], 1), constant('b', [], 2))).toBe(2);
    expect(pair(constant('a', [], 0), constant('b', [], -0))).toBe(2);
    expect(pair(constant('a', [], 1), constant('b', [1], 1))).toBe(2);
    expect(pair(constant('a', [], 1), () => undefined)).toBe(2);
    const whole = (name: string, value: number) => (f: Fixture) => f.graph.constant(name, int64([value]));
    expect(pair(whole('a', 1), whole('b', 1), 'Unsqueeze')).toBe(1);
    expect(pair(whole('a', 1), whole('b', 0), 'Unsqueeze')).toBe(2);
    const text = (name: string, value: string) => (f: Fixture) => f.graph.constant(name, { dtype: 'string', shape: [1], data: [value] }); // prettier-ignore
    expect(pair(text('a', 'x'), text('b', 'x'), 'Equal')).toBe(1);
    expect(pair(text('a', 'x'), text('b', 'y'), 'Equal')).toBe(2);
  });

  test('of 64 numbers are small, of 65 not', () => {
    expect(pair(many('a', 64), many('b', 64), 'Pow')).toBe(1);
    expect(pair(many('a', 65), many('b', 65), 'Pow')).toBe(2);
    const f = new Fixture();
    const x = f.input([65]);
    const shared = many('a', 65)(f);
    const both = [f.node('Pow', [x, shared]), f.node('Pow', [x, shared])];
    const done = f.done(f.node('Tanh', [both[0]]), f.node('Sigmoid', [both[1]]));
    expect(foldGraph(done).graph.nodes).toHaveLength(3);
  });

  test('in another order are others', () => {
    const f = new Fixture();
    const [x, z] = [f.input([2, 3]), f.input([2, 3], 'z')];
    const done = f.done(f.node('Tanh', [f.node('Pow', [x, z])]), f.node('Sigmoid', [f.node('Pow', [z, x])]));
    expect(foldGraph(done).graph.nodes).toHaveLength(4);
  });

  test('that are constants alone leave the nodes to the runtime', () => {
    const f = new Fixture();
    const x = f.input([2, 3]);
    const c = f.graph.constant('c', float32([3], [1, 2, 3]));
    const [a, b] = [f.node('Exp', [c]), f.node('Exp', [c])];
    const [d, e] = [f.node('Log', [a]), f.node('Log', [b])];
    expect(foldGraph(f.done(f.node('Pow', [x, d]), f.node('Mod', [x, e]))).graph.nodes).toHaveLength(6);
  });
});

test('two nodes of which one leaves an output out stay two', () => {
  const f = new Fixture();
  const x = f.input([2, 6]);
  const split = (outputs: readonly (Value | undefined)[]) => {
    f.graph.nodes.push(new Node('Split', { inputs: [x], outputs, attributes: { axis: int(1) } }));
    return outputs[0]!;
  };
  const [a, b] = [split([new Value('a'), new Value('a2')]), split([new Value('b'), undefined])];
  expect(foldGraph(f.done(f.node('Tanh', [a]), f.node('Sigmoid', [b]))).graph.nodes).toHaveLength(4);
});

test('of two nodes whose outputs are as long, the one that comes first in the alphabet gives its name', () => {
  for (const names of [
    ['b', 'a'],
    ['a', 'b'],
  ]) {
    // prettier-ignore
    const f = new Fixture();
    const x = f.input([2, 3]);
    const [first, second] = names.map((name) => f.node('Sin', [x], {}, name));
    const { report } = foldGraph(f.done(f.node('Tanh', [first]), f.node('Sigmoid', [second])));
    expect(report.removed).toEqual([{ name: 'b', opType: 'Sin', reason: 'equal to a' }]);
  }
});
