import { describe, expect, test } from 'vitest';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import { float, int, ints, type Attribute } from '../../src/onnx/attribute.ts';
import { Graph, Node, Value } from '../../src/onnx/graph.ts';
import { newModelInfo } from '../../src/onnx/model-info.ts';
import { float32, int64, sizeOf, transposed, type Dim } from '../../src/tensor.ts';
import { nodesByName, structureOf } from './metamorphic/same.ts';
import { Random } from './random-graphs/tape.ts';

/** Networks that mean the same must fold into weights that are the same, bit for bit. */

type Numbers = readonly number[];

/** Ordinary numbers, each a float32. */
function reals(shape: Numbers, random: Random): Float32Array {
  return Float32Array.from({ length: sizeOf(shape) }, () => 2 * random.real() - 1);
}

interface Affine {
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

function affine(channels: number, random: Random): Affine {
  const [gamma, beta, mean] = [0, 0, 0].map(() => reals([channels], random)) as [Float32Array, Float32Array, Float32Array]; // prettier-ignore
  return { gamma, beta, mean, variance: reals([channels], random).map(Math.abs) };
}

class Sketch {
  readonly graph: Graph;

  constructor(opset = 17) {
    this.graph = new Graph('sketch', newModelInfo(Math.max(opset, 13)));
    this.graph.model.opsets.set('', opset);
  }

  input(shape: readonly Dim[]): Value {
    return this.graph.input('x', { dtype: 'float32', shape });
  }

  constant(name: string, shape: Numbers, data: Float32Array): Value {
    return this.graph.constant(name, float32(shape, data));
  }

  list(values: Numbers): Value {
    return this.graph.constant('list', int64(values));
  }

  node(opType: string, inputs: readonly (Value | undefined)[], attributes: Record<string, Attribute> = {}): Value {
    return this.graph.node(opType, { inputs, attributes, output: { name: opType.toLowerCase() } });
  }

  batchNormalization(x: Value, { gamma, beta, mean, variance }: Affine): Value {
    const vectors = { gamma, beta, mean, variance };
    const parameters = Object.entries(vectors).map(([name, data]) => this.constant(name, [data.length], data));
    return this.node('BatchNormalization', [x, ...parameters], { epsilon: float(1e-3) });
  }

  done(...outputs: readonly Value[]): Graph {
    this.graph.outputs.push(...outputs);
    return this.graph;
  }
}

/** The constants that the nodes of the folded graph read, in order; there must be no BatchNormalization left. */
function foldedWeights(graph: Graph): Float32Array[] {
  const { graph: folded, report } = foldGraph(graph);
  expect(report.batchNormalizations.kept).toEqual([]);
  const read = folded.nodes.flatMap(({ inputs }) => inputs.flatMap((value) => value?.constant?.tensor() ?? []));
  return read.filter(({ dtype }) => dtype === 'float32').map(({ data }) => data as Float32Array);
}

const take = (data: Float32Array, order: Numbers, size: number) =>
  Float32Array.from(order.flatMap((from) => [...data.subarray(from * size, (from + 1) * size)]));

const times = (data: Float32Array, factor: number) => data.map((element) => element * factor);
const join = (...parts: readonly Float32Array[]) => Float32Array.from(parts.flatMap((part) => [...part]));

/** Conv [5, 3, 2, 3], BatchNormalization, Relu, Conv [2, 5, 1, 1]. */
interface Parts {
  readonly W: Float32Array;
  readonly b: Float32Array;
  readonly affine: Affine;
  readonly next: Float32Array;
}

function parts(seed: number): Parts {
  const random = new Random(seed);
  return { W: reals([5, 3, 2, 3], random), b: reals([5], random), affine: affine(5, random), next: reals([2, 5], random) }; // prettier-ignore
}

function network({ W, b, affine: bn, next }: Parts, batch: Dim = 2): Graph {
  const s = new Sketch();
  const y = s.node('Conv', [s.input([batch, 3, 7, 11]), s.constant('W', [5, 3, 2, 3], W), s.constant('b', [5], b)]);
  const z = s.node('Relu', [s.batchNormalization(y, bn)]);
  return s.done(s.node('Conv', [z, s.constant('next', [2, 5, 1, 1], next)]));
}

describe.each([1, 2, 3, 4, 5])('with the weights of seed %i', (seed) => {
  const random = () => new Random(seed);

  test('channels in another order fold into weights in that order', () => {
    const order = [3, 0, 4, 1, 2];
    const given = parts(seed);
    const { gamma, beta, mean, variance } = given.affine;
    const permuted = {
      W: take(given.W, order, 18),
      b: take(given.b, order, 1),
      affine: { gamma: take(gamma, order, 1), beta: take(beta, order, 1), mean: take(mean, order, 1), variance: take(variance, order, 1) }, // prettier-ignore
      next: join(take(given.next.subarray(0, 5), order, 1), take(given.next.subarray(5), order, 1)),
    };
    const [W, b] = foldedWeights(network(given));
    const [V, c] = foldedWeights(network(permuted));
    expect(V).toEqual(take(W!, order, 18));
    expect(c).toEqual(take(b!, order, 1));
  });

  test('twice the scale and half the next weights move a power of two and no other bit', () => {
    const given = parts(seed);
    const { gamma, beta } = given.affine;
    const doubled = { ...given, affine: { ...given.affine, gamma: times(gamma, 2), beta: times(beta, 2) }, next: times(given.next, 0.5) }; // prettier-ignore
    const [W, b, next] = foldedWeights(network(given));
    const [V, c, half] = foldedWeights(network(doubled));
    expect([V, c, half]).toEqual([times(W!, 2), times(b!, 2), times(next!, 0.5)]);
  });

  test('a batch of unknown size folds as one of 2', () => {
    expect(foldedWeights(network(parts(seed), 'N'))).toEqual(foldedWeights(network(parts(seed))));
  });

  test('a grouped Conv folds as the Conv with zeros between its groups', () => {
    const [W, bn] = [reals([6, 2, 3], random()), affine(6, random())];
    const blocks = Float32Array.from({ length: 6 * 6 * 3 }, (_, index) => {
      const [m, i, k] = [Math.floor(index / 18), Math.floor(index / 3) % 6, index % 3];
      return Math.floor(i / 2) === Math.floor(m / 2) ? W[(m * 2 + (i % 2)) * 3 + k]! : 0;
    });
    const folded = (shape: Numbers, data: Float32Array, group: number) => {
      const s = new Sketch();
      const y = s.node('Conv', [s.input([2, 6, 11]), s.constant('W', shape, data)], { group: int(group) });
      return foldedWeights(s.done(s.batchNormalization(y, bn)));
    };
    const [V, b] = folded([6, 2, 3], W, 3);
    const [whole, c] = folded([6, 6, 3], blocks, 1);
    expect(whole!.filter((_, index) => blocks[index] !== 0)).toEqual(V);
    expect(c).toEqual(b);
  });

  test('a ConvTranspose of stride 1 folds as the Conv with its kernel turned around', () => {
    const [W, bn] = [reals([4, 3, 1], random()), affine(3, random())];
    const s = new Sketch();
    const y = s.node('ConvTranspose', [s.input([2, 4, 11]), s.constant('W', [4, 3, 1], W)]);
    const [V, b] = foldedWeights(s.done(s.batchNormalization(y, bn)));
    const t = new Sketch();
    const turned = transposed(float32([4, 3, 1], W), [1, 0, 2]);
    const z = t.node('Conv', [t.input([2, 4, 11]), t.constant('W', turned.shape, turned.data)]);
    const [U, c] = foldedWeights(t.done(t.batchNormalization(z, bn)));
    expect(transposed(float32([4, 3, 1], V!), [1, 0, 2]).data).toEqual(U);
    expect(b).toEqual(c);
  });

  test('a Gemm folds the same with its weights either way round, behind it and in front of it', () => {
    const [W, b] = [reals([5, 3], random()), reals([3], random())];
    const [front, back] = [affine(5, new Random(seed + 9)), affine(3, new Random(seed + 8))];
    const folded = (transB: number) => {
      const s = new Sketch();
      const { shape, data } = transB ? transposed(float32([5, 3], W), [1, 0]) : float32([5, 3], W);
      const x = s.batchNormalization(s.input([7, 5]), front);
      const y = s.node('Gemm', [x, s.constant('W', shape, data), s.constant('b', [3], b)], { transB: int(transB), alpha: float(0.75), beta: float(-1.5) }); // prettier-ignore
      return foldedWeights(s.done(s.batchNormalization(y, back)));
    };
    const [V, c] = folded(0);
    const [U, d] = folded(1);
    expect(transposed(float32([3, 5], U!), [1, 0]).data).toEqual(V);
    expect(c).toEqual(d);
  });

  test('two convolutions joined fold as the one that they make', () => {
    const [W, V, bn] = [reals([2, 3, 2], random()), reals([3, 3, 2], new Random(seed + 1)), affine(5, random())];
    const s = new Sketch();
    const x = s.input([2, 3, 7]);
    const pair = [
      s.node('Conv', [x, s.constant('W', [2, 3, 2], W)]),
      s.node('Conv', [x, s.constant('V', [3, 3, 2], V)]),
    ];
    const [first, b, second, c] = foldedWeights(
      s.done(s.batchNormalization(s.node('Concat', pair, { axis: int(1) }), bn)),
    );
    const t = new Sketch();
    const y = t.node('Conv', [t.input([2, 3, 7]), t.constant('W', [5, 3, 2], join(W, V))]);
    const [whole, d] = foldedWeights(t.done(t.batchNormalization(y, bn)));
    expect([join(first!, second!), join(b!, c!)]).toEqual([whole, d]);
  });

  test('an affine in front of two readers folds into each as into it alone', () => {
    const [W, V, bn] = [reals([3, 2], random()), reals([3, 4], new Random(seed + 1)), affine(3, random())];
    const gemm = (s: Sketch, x: Value, data: Float32Array) => s.node('Gemm', [x, s.constant('W', [3, data.length / 3], data)]); // prettier-ignore
    const alone = [W, V].flatMap((data) => {
      const s = new Sketch();
      return foldedWeights(s.done(gemm(s, s.batchNormalization(s.input([5, 3]), bn), data)));
    });
    const s = new Sketch();
    const x = s.batchNormalization(s.input([5, 3]), bn);
    expect(foldedWeights(s.done(gemm(s, x, W), gemm(s, x, V)))).toEqual(alone);
  });

  test('a shared weight folds into one for each reader, and each as if it were its own', () => {
    const [W, first, second] = [reals([4, 4], random()), affine(4, random()), affine(4, new Random(seed + 1))];
    const folded = (shares: boolean) => {
      const s = new Sketch();
      const x = s.input([5, 4]);
      const shared = s.constant('W', [4, 4], W);
      const other = shares ? shared : s.constant('V', [4, 4], W);
      const third = shares ? shared : s.constant('U', [4, 4], W);
      const outputs = [s.batchNormalization(s.node('Gemm', [x, shared]), first), s.batchNormalization(s.node('Gemm', [x, other]), second), s.node('Gemm', [x, third])]; // prettier-ignore
      return foldedWeights(s.done(...outputs));
    };
    expect(folded(true)).toEqual(folded(false));
  });
});

describe('the same network', () => {
  /** Everything that is written differently from opset to opset, between a Conv and its BatchNormalization. */
  function atOpset(opset: number): Graph {
    const [random, s] = [new Random(3), new Sketch(opset)];
    const W = s.constant('W', [6, 3, 3, 3], reals([6, 3, 3, 3], random));
    const axes = (values: Numbers, since: number) => (opset < since ? { attributes: { axes: ints(values) }, inputs: [] } : { attributes: {}, inputs: [s.list(values)] }); // prettier-ignore
    let x = s.node('Conv', [s.input([2, 3, 8, 8]), W]);
    x = s.node('Dropout', [x]);
    const [down, up] = [axes([0], 13), axes([0], 13)];
    x = s.node('Squeeze', [s.node('Unsqueeze', [x, ...up.inputs], up.attributes), ...down.inputs], down.attributes);
    x = opset < 10 ? s.node('Slice', [x], { axes: ints([2]), starts: ints([1]), ends: ints([5]) }) : s.node('Slice', [x, s.list([1]), s.list([5]), s.list([2])]); // prettier-ignore
    const edge = { kind: 'string', value: 'edge' } as const;
    x = opset < 11 ? s.node('Pad', [x], { mode: edge, pads: ints([0, 0, 1, 1, 0, 0, 2, 2]) }) : s.node('Pad', [x, s.list([0, 0, 1, 1, 0, 0, 2, 2])], { mode: edge }); // prettier-ignore
    const mean = axes([3], 18);
    x = s.node('ReduceMean', [x, ...mean.inputs], { ...mean.attributes, keepdims: int(1) });
    const parts = [new Value(s.graph.uniqueName('part')), new Value(s.graph.uniqueName('part'))];
    const cut = opset < 13 ? { inputs: [x], attributes: { axis: int(1), split: ints([2, 4]) } } : { inputs: [x, s.list([2, 4])], attributes: { axis: int(1) } }; // prettier-ignore
    s.graph.nodes.push(new Node('Split', { name: 'split', outputs: parts, ...cut }));
    return s.done(s.batchNormalization(s.node('Concat', parts, { axis: int(1) }), affine(6, random)));
  }

  test.each([8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21])('folds at opset %i as at opset 7', (opset) => {
    expect(foldedWeights(atOpset(opset))).toEqual(foldedWeights(atOpset(7)));
  });

  test('folds the same whether its BatchNormalization is a node or five', () => {
    const [epsilon, random] = [2 ** -10, new Random(4)];
    const W = Float32Array.from({ length: 6 }, () => Math.floor(random.real() * 7) - 3);
    const vectors = { gamma: [1, -2, 4], beta: [3, 0, -1], mean: [2, -1, 5], variance: new Array<number>(3).fill(4 - epsilon) }; // prettier-ignore
    const s = new Sketch();
    const y = s.node('Gemm', [s.input([5, 2]), s.constant('W', [2, 3], W)]);
    const [gamma, beta, mean, variance] = Object.entries(vectors).map(([name, data]) => s.constant(name, [3], Float32Array.from(data))) as [Value, Value, Value, Value]; // prettier-ignore
    const root = s.node('Sqrt', [s.node('Add', [variance, s.constant('epsilon', [], Float32Array.of(epsilon))])]);
    const five = s.node('Add', [s.node('Mul', [s.node('Div', [s.node('Sub', [y, mean]), root]), gamma]), beta]);
    const t = new Sketch();
    const z = t.node('Gemm', [t.input([5, 2]), t.constant('W', [2, 3], W)]);
    const parameters = Object.entries(vectors).map(([name, data]) => t.constant(name, [3], Float32Array.from(data)));
    const one = t.node('BatchNormalization', [z, ...parameters], { epsilon: float(epsilon) });
    expect(structureOf(foldGraph(s.done(five)).graph)).toBe(structureOf(foldGraph(t.done(one)).graph));
  });

  test('folds into the same nodes whichever of two independent folds comes first', () => {
    const branches = (first: number, second: number) => {
      const s = new Sketch();
      const x = s.input([5, 3]);
      const branch = (seed: number) => {
        const [name, random] = [`branch${seed}`, new Random(seed)];
        const y = s.graph.node('Gemm', { inputs: [x, s.constant(`${name}_W`, [3, 4], reals([3, 4], random))], output: { name } }); // prettier-ignore
        return s.batchNormalization(y, affine(4, random));
      };
      const outputs = [branch(first), branch(second)];
      return foldGraph(s.done(...outputs)).graph;
    };
    const withoutNames = (graph: Graph) => nodesByName(graph).map((line) => line.replace(/^\w+ = /, '')).sort(); // prettier-ignore
    expect(withoutNames(branches(1, 2))).toEqual(withoutNames(branches(2, 1)));
  });
});
