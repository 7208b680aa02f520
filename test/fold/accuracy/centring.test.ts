import type { InferenceSession } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { foldGraph } from '../../../src/fold/fold-graph.ts';
import { Graph, type Value } from '../../../src/onnx/graph.ts';
import { float } from '../../../src/onnx/attribute.ts';
import { writeOnnx } from '../../../src/onnx/write.ts';
import { float32, sizeOf } from '../../../src/tensor.ts';
import { checkFold, nodeLines } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';
import { LEVELS } from '../run-graph.ts';

process.env.ORT_DISABLE_TELEMETRY = '1';
const ort = await import('onnxruntime-node');

/** A year, a moment in seconds since 1970, and a pressure in pascal. */
const FEATURES = { mean: [2015, 1.45e9, 101325], deviation: [4, 6e6, 500] };
const SAMPLES = 4096;
const EPSILON = 2 ** -10;

/** Uniform in [0, 1), the same on every platform. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

/** A sum of twelve uniform numbers has deviation 1 and is close to normal. */
function normal(next: () => number): number {
  return Array.from({ length: 12 }, next).reduce((sum, u) => sum + u, -6);
}

const floats = (values: Iterable<number>) => Float32Array.from(values);

interface Layer {
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

function normalization(mean: readonly number[], deviation: readonly number[], next: () => number): Layer {
  return {
    gamma: floats(mean.map(() => 0.5 + next())),
    beta: floats(mean.map(() => next() - 0.5)),
    mean: floats(mean),
    variance: floats(deviation.map((sd) => sd * sd)),
  };
}

interface Dense {
  readonly W: Float32Array;
  readonly b: Float32Array;
}

const dense = (inputs: number, outputs: number, next: () => number): Dense => ({
  W: floats(Array.from({ length: inputs * outputs }, () => normal(next) / Math.sqrt(inputs))),
  b: floats(Array.from({ length: outputs }, () => 0.2 * normal(next))),
});

/** BatchNormalization → Dense → Relu → BatchNormalization → Dense, as numbers. */
class Tabular {
  readonly first: Layer;
  readonly hidden: Dense;
  readonly second: Layer;
  readonly last: Dense;
  readonly x: Float32Array;

  constructor(seed: number) {
    const next = uniform(seed);
    const { mean, deviation } = FEATURES;
    this.first = normalization(mean, deviation, next);
    this.hidden = dense(3, 16, next);
    this.second = normalization(new Array<number>(16).fill(0.5), new Array<number>(16).fill(0.7), next);
    this.last = dense(16, 5, next);
    this.x = floats(Array.from({ length: SAMPLES * 3 }, (_, i) => mean[i % 3]! + deviation[i % 3]! * normal(next)));
  }

  /** `before` makes what the first BatchNormalization reads of the input. */
  graph(before: (x: Value, graph: Graph) => Value = (x) => x): Graph {
    const graph = new Graph('tabular');
    const x = graph.input('x', { dtype: 'float32', shape: ['n', 3] });
    const first = normalized(graph, before(x, graph), this.first, 'first');
    const hidden = gemm(graph, first, this.hidden, 'hidden');
    const relu = graph.node('Relu', { inputs: [hidden], output: { name: 'relu' } });
    const y = gemm(graph, normalized(graph, relu, this.second, 'second'), this.last, 'y');
    graph.outputs.push(y);
    return graph;
  }

  /** What the graph computes, in float64. */
  truth(before: (x: number, feature: number) => number = (x) => x): number[] {
    return Array.from({ length: SAMPLES }, (_, n) => {
      const row = [0, 1, 2].map((feature) => before(this.x[n * 3 + feature]!, feature));
      const hidden = apply(this.hidden, normalize(this.first, row)).map((value) => Math.max(0, value));
      return apply(this.last, normalize(this.second, hidden));
    }).flat();
  }
}

const normalize = ({ gamma, beta, mean, variance }: Layer, row: readonly number[]) =>
  row.map((x, i) => (gamma[i]! * (x - mean[i]!)) / Math.sqrt(variance[i]! + EPSILON) + beta[i]!);

const apply = ({ W, b }: Dense, row: readonly number[]): number[] =>
  Array.from(b, (bias, o) => row.reduce((sum, x, i) => sum + x * W[i * b.length + o]!, bias));

function normalized(graph: Graph, x: Value, layer: Layer, name: string): Value {
  const { gamma, beta, mean, variance } = layer;
  const parameters = Object.entries({ gamma, beta, mean, variance }).map(([role, data]) =>
    graph.constant(`${name}_${role}`, float32([data.length], data)),
  );
  const attributes = { epsilon: float(EPSILON) };
  return graph.node('BatchNormalization', { inputs: [x, ...parameters], attributes, output: { name } });
}

function gemm(graph: Graph, x: Value, { W, b }: Dense, name: string): Value {
  const weight = graph.constant(`${name}_W`, float32([W.length / b.length, b.length], W));
  const bias = graph.constant(`${name}_b`, float32([b.length], b));
  return graph.node('Gemm', { inputs: [x, weight, bias], output: { name } });
}

async function run(graph: Graph, x: Float32Array, level: (typeof LEVELS)[number]): Promise<Float32Array> {
  const options: InferenceSession.SessionOptions = { graphOptimizationLevel: level, intraOpNumThreads: 1 };
  const session = await ort.InferenceSession.create(writeOnnx(graph), options);
  try {
    const results = await session.run({ x: new ort.Tensor('float32', x, [x.length / 3, 3]) });
    return Object.values(results)[0]!.data as Float32Array;
  } finally {
    await session.release();
  }
}

const rms = (got: Float32Array, truth: readonly number[]) =>
  Math.sqrt(truth.reduce((sum, value, i) => sum + (got[i]! - value) ** 2, 0) / truth.length);

describe('inputs far from 0 beside what they vary by', () => {
  test.each([1, 2, 3])('have their mean subtracted still, which leaves far less error than the original has (%i)', async (seed) => {
    const model = new Tabular(seed);
    const graph = model.graph();
    const { graph: folded, report } = foldGraph(graph);
    expect(nodeLines(folded).map((line) => /= (\w+)/.exec(line)?.[1])).toEqual(['Sub', 'Gemm', 'Relu', 'Gemm']);
    expect(report.batchNormalizations).toEqual({ found: 2, folded: 2, kept: [] });
    expect(report.folds.find(({ name }) => name === 'first')).toMatchObject({ way: 'centre', leaves: 'Sub' });

    const truth = model.truth();
    const unfolded = rms(await run(graph, model.x, 'disabled'), truth);
    for (const level of LEVELS) {
      expect(rms(await run(folded, model.x, level), truth) / unfolded, level).toBeLessThanOrEqual(0.05);
    }
  }); // prettier-ignore

  test('are found behind arithmetic that normalises them already', async () => {
    const model = new Tabular(4);
    const [offset, factor] = [floats([2000, 1.4e9, 1e5]), floats([10, 1e7, 1000])];
    const graph = model.graph((x, own) => {
      const centred = own.node('Sub', { inputs: [x, own.constant('offset', float32([3], offset))], output: { name: 'centred' } }); // prettier-ignore
      return own.node('Div', { inputs: [centred, own.constant('factor', float32([3], factor))], output: { name: 'scaled' } }); // prettier-ignore
    });
    // The statistics are those of what the BatchNormalization reads.
    const scaled = (value: number, i: number) => (value - offset[i]!) / factor[i]!;
    model.first.mean.set(FEATURES.mean.map(scaled));
    model.first.variance.set(FEATURES.deviation.map((sd, i) => (sd / factor[i]!) ** 2));
    const measured = model.graph((x, own) => {
      const centred = own.node('Sub', { inputs: [x, own.constant('offset', float32([3], offset))], output: { name: 'centred' } }); // prettier-ignore
      return own.node('Div', { inputs: [centred, own.constant('factor', float32([3], factor))], output: { name: 'scaled' } }); // prettier-ignore
    });
    const { graph: folded } = foldGraph(measured);
    expect(nodeLines(folded).filter((line) => /BatchNormalization|Div/.test(line))).toEqual([]);
    expect(nodeLines(graph)).toEqual(nodeLines(measured));

    const truth = model.truth(scaled);
    const unfolded = rms(await run(measured, model.x, 'disabled'), truth);
    for (const level of LEVELS) {
      expect(rms(await run(folded, model.x, level), truth) / unfolded, level).toBeLessThanOrEqual(2);
    }
  });

  test('stay centred when the result is folded again, whatever else has become of the file', async () => {
    const { graph: folded } = foldGraph(new Tabular(1).graph());
    folded.model.metadata.clear();
    const { graph: again, report } = foldGraph(folded);
    expect(report.changed).toBe(false);
    expect(nodeLines(again)).toEqual(nodeLines(folded));
    await checkFold(new Tabular(2).graph(), undefined, { tolerance: 'network' });
  });

  test('cost nothing where they have no weights behind them that would lose by it', () => {
    const model = new Tabular(5);
    model.first.mean.fill(0.5);
    model.first.variance.fill(1);
    const { report, graph } = foldGraph(model.graph());
    expect(report.folds.map(({ way }) => way)).toEqual(['forward', 'forward']);
    expect(graph.nodes.some(({ opType }) => opType === 'Sub')).toBe(false);
  });
});

describe('a channel axis', () => {
  test('in front of pixels gets its mean subtracted along it', async () => {
    const graph = new Graph('pixels');
    const x = graph.input('x', { dtype: 'float32', shape: ['n', 3, 5, 7] });
    const layer = normalization([300, -200, 500], [1, 1, 1], uniform(7));
    const W = floats(Array.from({ length: sizeOf([2, 3, 2, 2]) }, (_, i) => ((i * 7) % 5) - 2));
    const kernel = graph.constant('W', float32([2, 3, 2, 2], W));
    const y = graph.node('Conv', { inputs: [normalized(graph, x, layer, 'bn'), kernel], output: { name: 'y' } });
    graph.outputs.push(y);
    await checkFold(graph, ['bn_1 = Sub(x, bn_mean_1)', 'y = Conv(bn_1, W_1, W_bias)'], { tolerance: 'layer', seeding: 'reals' }); // prettier-ignore
  });
});

describe('arithmetic in front of weights, of which no statistics are known', () => {
  type Chain = readonly (readonly [opType: string, c: readonly number[]])[];

  async function left(chain: Chain): Promise<readonly (string | undefined)[]> {
    const f = new Fixture();
    const y = chain.reduce((x, [opType, c]) => f.node(opType, [x, f.graph.constant('c', float32([3], c))]), f.input(['n', 3])); // prettier-ignore
    const graph = f.done(f.node('Gemm', [y, f.integers([3, 2]), f.integers([2], 'b')]));
    await checkFold(graph, undefined, { tolerance: 'network' });
    const { graph: folded } = foldGraph(graph);
    return nodeLines(folded).map((line) => /= (\w+)/.exec(line)?.[1]);
  }

  test('keeps subtracting what is large beside its divisor, be it large itself or small', async () => {
    expect(await left([['Sub', [2015, 1.45e9, 101325]], ['Div', [4, 6e6, 500]]])).toEqual(['Sub', 'Gemm']); // prettier-ignore
    expect(await left([['Sub', [0.5, 0.25, 0.125]], ['Div', [1e-3, 5e-4, 1e-4]]])).toEqual(['Sub', 'Gemm']); // prettier-ignore
    expect(await left([['Mul', [1000, 2000, 10000]], ['Add', [-500, -500, -1250]]])).toEqual(['Sub', 'Gemm']); // prettier-ignore
    expect(await left([['Div', [4, 6e6, 500]], ['Sub', [500, 240, 200]]])).toEqual(['Sub', 'Gemm']); // prettier-ignore
  });

  test('goes whole where it only brings pixels to the size of 1', async () => {
    expect(await left([['Sub', [0.485, 0.456, 0.406]], ['Div', [0.229, 0.224, 0.225]]])).toEqual(['Gemm']); // prettier-ignore
    expect(await left([['Mul', [1 / 128, 1 / 128, 1 / 128]], ['Sub', [1, 1, 1]]])).toEqual(['Gemm']); // prettier-ignore
    expect(await left([['Add', [3, 1, 2]]])).toEqual(['Gemm']);
  });

  test('stays where it only subtracts, as nobody knows how large the result is beside that', async () => {
    expect(await left([['Sub', [3, 1, 2]]])).toEqual(['Sub', 'Gemm']);
  });
});
