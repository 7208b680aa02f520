import type { InferenceSession } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { foldGraph } from '../../../src/fold/fold-graph.ts';
import type { Certificate } from '../../../src/fold/report.ts';
import { ints, float } from '../../../src/onnx/attribute.ts';
import { Graph, type Value } from '../../../src/onnx/graph.ts';
import { writeOnnx } from '../../../src/onnx/write.ts';
import { float32, type Dim } from '../../../src/tensor.ts';
import { Fixture } from '../fixture.ts';

process.env.ORT_DISABLE_TELEMETRY = '1';
const ort = await import('onnxruntime-node');

const U = 2 ** -24;
/** Higham's γ_k. */
const g = (k: number) => (k * U) / (1 - k * U);
const EPSILON = 2 ** -10;
const [INPUTS, OUTPUTS, SAMPLES] = [13, 7, 257];

/** Uniform in [low, high), the same on every platform. */
function numbers(seed: number) {
  let state = seed;
  return (count: number, low: number, high: number) =>
    Float32Array.from({ length: count }, () => {
      state = (state * 48271) % 2147483647;
      return low + (high - low) * (state / 2147483647);
    });
}

interface Parameters {
  readonly W: Float32Array;
  readonly b: Float32Array;
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

function parameters(channels: number, seed: number): Parameters {
  const next = numbers(seed);
  return {
    W: next(INPUTS * OUTPUTS, -1, 1),
    b: next(OUTPUTS, -2, 2),
    gamma: next(channels, 0.5, 2),
    beta: next(channels, -1, 1),
    mean: next(channels, -1, 1),
    variance: next(channels, 0.5, 4),
  };
}

type Order = 'behind' | 'in front';

function network(order: Order, p: Parameters): Graph {
  const graph = new Graph('network');
  const x = graph.input('x', { dtype: 'float32', shape: ['n', INPUTS] });
  const dense = (value: Value) => {
    const inputs = [value, graph.constant('W', float32([INPUTS, OUTPUTS], p.W)), graph.constant('b', float32([OUTPUTS], p.b))]; // prettier-ignore
    return graph.node('Gemm', { inputs, output: { name: 'dense' } });
  };
  const normalized = (value: Value) => {
    const { gamma, beta, mean, variance } = p;
    const vectors = Object.entries({ gamma, beta, mean, variance });
    const inputs = [value, ...vectors.map(([role, data]) => graph.constant(role, float32([data.length], data)))];
    return graph.node('BatchNormalization', { inputs, attributes: { epsilon: float(EPSILON) }, output: { name: 'bn' } }); // prettier-ignore
  };
  graph.outputs.push(order === 'behind' ? normalized(dense(x)) : dense(normalized(x)));
  return graph;
}

async function run(graph: Graph, x: Float32Array): Promise<Float32Array> {
  const options: InferenceSession.SessionOptions = { graphOptimizationLevel: 'disabled', intraOpNumThreads: 1 };
  const session = await ort.InferenceSession.create(writeOnnx(graph), options);
  try {
    const results = await session.run({ x: new ort.Tensor('float32', x, [x.length / INPUTS, INPUTS]) });
    return Object.values(results)[0]!.data as Float32Array;
  } finally {
    await session.release();
  }
}

function certificateOf(graph: Graph): Certificate {
  const [fold] = foldGraph(graph).report.folds;
  return fold!.certificate!;
}

/** s and t of y = s · x + t, in float64. */
function affineOf({ gamma, beta, mean, variance }: Parameters) {
  const scale = Array.from(gamma, (value, c) => value / Math.sqrt(variance[c]! + EPSILON));
  return { scale, shift: scale.map((s, c) => beta[c]! - mean[c]! * s) };
}

/** Exact outputs, and S = Σ|W′||x| in the folded weights, in float64. */
function exactly(order: Order, p: Parameters, x: Float32Array) {
  const { scale, shift } = affineOf(p);
  const outputs = Array.from({ length: SAMPLES * OUTPUTS }, (_, index) => {
    const [n, o] = [Math.floor(index / OUTPUTS), index % OUTPUTS];
    let [y, S] = [p.b[o]!, 0];
    for (let i = 0; i < INPUTS; i++) {
      const [w, value] = [p.W[i * OUTPUTS + o]!, x[n * INPUTS + i]!];
      y += w * (order === 'behind' ? value : scale[i]! * value + shift[i]!);
      S += Math.abs(w * value * scale[order === 'behind' ? o : i]!);
    }
    return { y: order === 'behind' ? scale[o]! * y + shift[o]! : y, S };
  });
  return outputs;
}

describe.each(['behind', 'in front'] as const)('a BatchNormalization %s of a Dense', (order) => {
  const channels = order === 'behind' ? OUTPUTS : INPUTS;

  test.each([1, 2, 3])('stays within both bounds on every output, and uses a fair share of them (%i)', async (seed) => {
    const p = parameters(channels, seed);
    const graph = network(order, p);
    const { bound } = certificateOf(graph);
    const x = numbers(seed + 100)(SAMPLES * INPUTS, -3, 3);
    const exact = exactly(order, p, x);
    for (const form of ['unfolded', 'folded'] as const) {
      const got = await run(form === 'folded' ? foldGraph(graph).graph : graph, x);
      const { perUnit, constant } = bound[form];
      const shares = exact.map(({ y, S }, index) => Math.abs(got[index]! - y) / (perUnit * S + constant));
      const worst = Math.max(...shares);
      expect(worst, form).toBeLessThanOrEqual(1);
      expect(worst, form).toBeGreaterThan(0.005);
    }
  });

  test('has the bounds that theory gives, in the worst output', () => {
    const p = parameters(channels, 5);
    const { bound, n, u, dtype, uncounted, maxAbsScale, minAbsScale } = certificateOf(network(order, p));
    const { scale, shift } = affineOf(p);
    expect({ n, u, dtype, uncounted }).toEqual({ n: INPUTS, u: U, dtype: 'float32', uncounted: [] });
    expect(maxAbsScale).toBeCloseTo(Math.max(...scale), 10);
    expect(minAbsScale).toBeCloseTo(Math.min(...scale), 10);
    expect(bound.folded.perUnit).toBeCloseTo(g(INPUTS + 2), 18);
    expect(bound.unfolded.perUnit).toBeCloseTo(g(INPUTS + 8), 18);
    const worst = (size: (output: number) => number) => Math.max(...Array.from({ length: OUTPUTS }, (_, o) => size(o)));
    const over = (o: number, term: (i: number) => number) => Array.from({ length: INPUTS }, (_, i) => p.W[i * OUTPUTS + o]! * term(i)).reduce((sum, each) => sum + each, 0); // prettier-ignore
    const absolute = (o: number, term: (i: number) => number) => Array.from({ length: INPUTS }, (_, i) => Math.abs(p.W[i * OUTPUTS + o]!) * term(i)).reduce((sum, each) => sum + each, 0); // prettier-ignore
    const folded = order === 'behind'
        ? worst((o) => Math.abs(scale[o]! * p.b[o]! + shift[o]!))
        : worst((o) => Math.abs(p.b[o]! + over(o, (i) => shift[i]!))); // prettier-ignore
    const unfolded = order === 'behind'
        ? worst((o) => g(INPUTS + 8) * scale[o]! * (Math.abs(p.b[o]!) + Math.abs(p.mean[o]!)) + g(8) * Math.abs(p.beta[o]!))
        : worst((o) => g(INPUTS + 8) * absolute(o, (i) => scale[i]! * Math.abs(p.mean[i]!) + Math.abs(p.beta[i]!)) + g(INPUTS + 1) * Math.abs(p.b[o]!)); // prettier-ignore
    expect(bound.folded.constant / (g(INPUTS + 2) * folded)).toBeCloseTo(1, 10);
    expect(bound.unfolded.constant / unfolded).toBeCloseTo(1, 10);
  });

  test('has the condition numbers that its statistics give', () => {
    const p = parameters(channels, 6);
    const { kappa, growth, boundInRange } = certificateOf(network(order, p));
    if (order === 'behind') {
      const deviation = Array.from(p.variance, (variance) => Math.sqrt(variance + EPSILON));
      const worst = (size: (o: number) => number) => Math.max(...deviation.map((sd, o) => Math.abs(size(o)) / sd));
      expect(kappa!.unfolded).toBeCloseTo(worst((o) => p.mean[o]!), 10); // prettier-ignore
      expect(kappa!.folded).toBeCloseTo(worst((o) => p.mean[o]! - p.b[o]!), 10); // prettier-ignore
      expect({ growth, boundInRange }).toEqual({ growth: null, boundInRange: null });
      return;
    }
    expect(kappa!.unfolded).toBeGreaterThan(kappa!.folded);
    expect(growth!.rms).toBeLessThanOrEqual(growth!.worst);
    expect(growth!.rms).toBeGreaterThan(0.5);
    expect(boundInRange!.folded).toBeGreaterThan(0);
  });
});

describe('a fold', () => {
  const fold = (y: Value, f: Fixture) => foldGraph(f.done(y)).report;

  test('through a pooling counts the roundings of its mean', () => {
    const f = new Fixture();
    const conv = f.node('Conv', [f.input(['N', 2, 7, 7]), f.integers([3, 2, 1, 1])]);
    const pool = f.node('AveragePool', [conv], { kernel_shape: ints([2, 3]) });
    const { certificate } = fold(f.batchNormalization(pool, 3), f).folds[0]!;
    expect(certificate).toMatchObject({ n: 2, uncounted: [] });
    expect(certificate!.bound.folded.perUnit).toBeCloseTo(g(2 + 2 + 6), 18);
    expect(certificate!.bound.unfolded.perUnit).toBeCloseTo(g(2 + 8 + 6), 18);
  });

  test('through a mean over an unknown size says that its roundings are not counted', () => {
    const f = new Fixture();
    const conv = f.node('Conv', [f.input(['N', 2, 'h', 'w'] satisfies Dim[]), f.integers([3, 2, 1, 1])]);
    const pool = f.node('GlobalAveragePool', [conv]);
    const { certificate } = fold(f.batchNormalization(pool, 3), f).folds[0]!;
    expect(certificate!.uncounted).toEqual(['globalaveragepool (GlobalAveragePool)']);
  });

  test('compares with the graph as it found it, of which earlier folds have made a part', () => {
    const f = new Fixture();
    const conv = f.node('Conv', [f.input(['N', 5, 7, 7]), f.integers([3, 5, 1, 1])]);
    const scaled = f.node('Mul', [f.batchNormalization(conv, 3), f.integers([3, 1, 1], 'c')]);
    const { folds } = fold(scaled, f);
    expect(folds.map(({ opType }) => opType)).toEqual(['BatchNormalization', 'Mul']);
    expect(folds[0]!.certificate!.bound.unfolded.perUnit).toBeCloseTo(g(5 + 8), 18);
    expect(folds[1]!.certificate!.bound.unfolded.perUnit).toBeCloseTo(g(5 + 2), 18);
  });

  test('of affines that go together counts the roundings of each', () => {
    const f = new Fixture();
    const scaled = f.node('Mul', [f.batchNormalization(f.input(['N', 3, 7, 7]), 3), f.integers([3, 1, 1], 'c')]);
    const { folds } = fold(f.node('Conv', [scaled, f.integers([5, 3, 1, 1])]), f);
    expect(folds).toHaveLength(2);
    for (const { certificate } of folds) expect(certificate!.bound.unfolded.perUnit).toBeCloseTo(g(3 + 1 + 7 + 1), 18);
  });

  test('that moves numbers only rounds nothing', () => {
    const f = new Fixture();
    const once = f.node('Transpose', [f.node('Relu', [f.input(['N', 2, 3])])], { perm: ints([0, 2, 1]) });
    const { folds } = fold(f.node('Relu', [f.node('Transpose', [once], { perm: ints([0, 2, 1]) })]), f);
    expect(folds[0]!.certificate).toMatchObject({ u: 0, dtype: null, bound: { folded: { perUnit: 0, constant: 0 } } });
  });

  test('tells how many parameters it wrote, all of them correctly rounded', () => {
    const f = new Fixture();
    const conv = f.node('Conv', [f.input(['N', 2, 7, 7]), f.integers([3, 2, 2, 2])]);
    const { folds, written } = fold(f.batchNormalization(conv, 3), f);
    expect(folds[0]!.certificate!.parameters).toEqual({ total: 27, correctlyRounded: 27 });
    expect(written.map(({ role, total }) => [role, total])).toEqual([
      ['weight', 24],
      ['bias', 3],
    ]);
    // The new bias, less gamma, beta, mean and variance.
    expect(folds[0]!.certificate!.bytesAdded).toBe(3 * 4 - 4 * 3 * 4);
  });
});
