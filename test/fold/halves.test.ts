import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldGraph } from '../../src/fold/fold-graph.ts';
import { float } from '../../src/onnx/attribute.ts';
import { Graph } from '../../src/onnx/graph.ts';
import { newModelInfo } from '../../src/onnx/model-info.ts';
import { bfloat16ToNumber, float16ToNumber, numberToBfloat16, numberToFloat16, type Half } from '../../src/half.ts';
import { sizeOf } from '../../src/tensor.ts';
import { checkFold } from './check-fold.ts';
import { fraction, product, signOfRootSum } from './exact-oracle.ts';
import { Fixture } from './fixture.ts';
import { inHalves, inSingles } from './halves.ts';
import { runGraph } from './run-graph.ts';

const ENCODE = { float16: numberToFloat16, bfloat16: numberToBfloat16 } as const;
const DECODE = { float16: float16ToNumber, bfloat16: bfloat16ToNumber } as const;

/** The variance of fixtures, 4 − 2⁻¹⁰, is 4 in either type, and its root 2. */
const PARTS = { attributes: { epsilon: float(0) } };

/** Conv or Gemm, and a BatchNormalization behind or in front of it; all numbers are small integers. */
const PLACES = {
  'a BatchNormalization behind a Conv': (f) => {
    const y = f.node('Conv', [f.input([1, 3, 5, 7]), f.integers([2, 3, 3, 2]), f.integers([2], 'b')]);
    return f.batchNormalization(y, 2, PARTS);
  },
  'one behind a ConvTranspose without a bias': (f) =>
    f.batchNormalization(f.node('ConvTranspose', [f.input([1, 3, 5, 2]), f.integers([3, 2, 3, 2])]), 2, PARTS),
  'one behind a Gemm': (f) =>
    f.batchNormalization(f.node('Gemm', [f.input([2, 5]), f.integers([5, 3]), f.integers([3], 'b')]), 3, PARTS),
  'one in front of a MatMul': (f) =>
    f.node('MatMul', [f.batchNormalization(f.input([2, 5]), 5, PARTS), f.integers([5, 3])]),
} as const satisfies Record<string, (f: Fixture) => ReturnType<Fixture['node']>>;

describe('in a type of 16 bits is folded', () => {
  test.each(Object.entries(PLACES))('%s', async (_, build) => {
    const f = new Fixture();
    const single = f.done(build(f));
    const { batchNormalizations } = await checkFold(inHalves(single, 'float16'), undefined);
    expect(batchNormalizations).toEqual({ found: 1, folded: 1, kept: [] });

    const half = inHalves(single, 'bfloat16');
    const report = await checkFold(half, undefined, { runs: false });
    expect(report.batchNormalizations.kept).toEqual([]);
    const folded = foldGraph(half).graph;
    expect(folded.initializers.map(({ dtype }) => dtype)).toEqual(folded.initializers.map(() => 'bfloat16'));
    const [before, after] = [inSingles(half, 'bfloat16'), inSingles(folded, 'bfloat16')];
    expect(await runGraph(after, 'all', {})).toEqual(await runGraph(before, 'disabled', {}));
  });
});

type Parts = Readonly<Record<'W' | 'b' | 'gamma' | 'beta' | 'mean' | 'variance', number>>;
interface Types {
  readonly T: Half | 'float32';
  readonly T1?: Half | 'float32';
  readonly T2?: Half | 'float32';
  readonly opset?: number;
  readonly epsilon?: number;
}

/** A Conv of kernel 1 with one channel in and out, and a BatchNormalization behind it. */
function convolution(
  { W, b, gamma, beta, mean, variance }: Parts,
  { T, T1 = T, T2 = T, opset = 17, epsilon = 1e-5 }: Types,
): Graph {
  // prettier-ignore
  const graph = new Graph('g', newModelInfo(opset));
  const x = graph.input('x', { dtype: T, shape: [1, 1, 1] });
  const constant = (name: string, dtype: Half | 'float32', value: number, shape = [1]) => {
    const data = dtype === 'float32' ? Float32Array.of(value) : Uint16Array.of(ENCODE[dtype](value));
    return graph.constant(name, { dtype, shape, data });
  };
  const y = graph.node('Conv', { inputs: [x, constant('W', T, W, [1, 1, 1]), constant('b', T, b)], output: { name: 'y' } }); // prettier-ignore
  const inputs = [y, constant('gamma', T1, gamma), constant('beta', T1, beta), constant('mean', T2, mean), constant('variance', T2, variance)]; // prettier-ignore
  const attributes = { epsilon: float(epsilon) };
  graph.outputs.push(graph.node('BatchNormalization', { inputs, attributes, output: { name: 'z' } }));
  return graph;
}

/** The weight and the bias of the only node, as patterns. */
function folded(graph: Graph): [number, number] {
  const [conv, ...others] = foldGraph(graph).graph.nodes;
  expect(others).toEqual([]);
  return [1, 2].map((input) => (conv!.inputs[input]!.constant!.tensor().data as Uint16Array)[0]!) as [number, number];
}

/** Whether `bits` is the number of that type nearest to a / √v + c, ties to even. */
function isNearest(bits: number, type: Half, a: bigint, v: bigint, c: bigint): boolean {
  const magnitude = bits & 0x7fff;
  const decode = (pattern: number) => (bits & 0x8000 ? -1 : 1) * DECODE[type](pattern);
  const outer = (decode(magnitude) + decode(magnitude + 1)) / 2;
  const inner = magnitude === 0 ? -outer : (decode(magnitude) + decode(magnitude - 1)) / 2;
  const [low, high] = outer > inner ? [inner, outer] : [outer, inner];
  const [above, below] = [signOfRootSum(a, v, c, fraction(low)), signOfRootSum(a, v, c, fraction(high))];
  const mayTouch = bits % 2 === 0;
  return (mayTouch ? above >= 0n : above > 0n) && (mayTouch ? below <= 0n : below < 0n);
}

describe('a folded parameter is the nearest number of its type, by exact arithmetic', () => {
  /** From 1/16 to 4, so that nothing becomes subnormal. */
  const real = fc.tuple(fc.integer({ min: 2 ** 18, max: 2 ** 24 }), fc.boolean()).map(([n, sign]) => (sign ? n : -n) / 2 ** 22); // prettier-ignore
  const parts = fc.record({ W: real, b: real, gamma: real, beta: real, mean: real, variance: real.map(Math.abs) });
  const types: readonly [Half, Types][] = [
    ['float16', { T: 'float16' }],
    ['bfloat16', { T: 'bfloat16' }],
    ['float16', { T: 'float16', T1: 'float32', T2: 'float32' }],
    ['bfloat16', { T: 'bfloat16', T1: 'float16', T2: 'float32' }],
    ['float16', { T: 'float16', T2: 'float32', opset: 14 }],
  ];
  const stored = (type: Half | 'float32', value: number) =>
    type === 'float32' ? Math.fround(value) : DECODE[type](ENCODE[type](value));

  test.each(types)('%s of %o', (T, { T1 = T, T2 = T, opset = 17 }) => {
    fc.assert(
      fc.property(parts, (given) => {
        const [weight, bias] = folded(convolution(given, { T, T1, T2, opset }));
        const [W, b] = [stored(T, given.W), stored(T, given.b)];
        const [gamma, beta] = [stored(T1, given.gamma), stored(T1, given.beta)];
        const v = fraction(stored(T2, given.variance)) + fraction(Math.fround(1e-5));
        expect(isNearest(weight, T, product(fraction(W), fraction(gamma)), v, 0n)).toBe(true);
        const moved = fraction(b) - fraction(stored(T2, given.mean));
        expect(isNearest(bias, T, product(moved, fraction(gamma)), v, fraction(beta))).toBe(true);
      }),
      { seed: 5, numRuns: 200 },
    );
  });

  test('where the real number is the middle of two of them, to the even one', () => {
    const even = { b: 0, beta: 0, mean: 0, variance: 1 };
    const exactly = { T: 'float16', epsilon: 0 } as const;
    // 3 · 683 = 2049 lies between 2048 and 2050, 3 · 1367 / 2 = 2050.5 does not lie in the middle.
    expect(folded(convolution({ ...even, W: 3, gamma: 683 }, exactly))[0]).toBe(numberToFloat16(2048));
    expect(folded(convolution({ ...even, W: 1.5, gamma: 1367 }, exactly))[0]).toBe(numberToFloat16(2050));
    // 3 · 2049 / 3: the quotient 1366 / 3 is no binary fraction, and yet the product is the middle.
    expect(folded(convolution({ ...even, W: 4.5, gamma: 1366, variance: 9 }, exactly))[0]).toBe(numberToFloat16(2048));
  });
});

describe('is kept if', () => {
  const usual: Parts = { W: 1, b: 0, gamma: 1, beta: 0, mean: 0, variance: 1 };
  const reasonFor = (given: Partial<Parts>, types: Partial<Types> = {}) =>
    foldGraph(convolution({ ...usual, ...given }, { T: 'float16', ...types })).report.batchNormalizations.kept[0]
      ?.reason;

  test('a weight would be infinite', () => {
    expect(reasonFor({ W: 300, variance: 1e-6 })).toContain('would get weights beyond the range of float16');
    expect(reasonFor({ W: 300, variance: 1e-6 }, { T: 'bfloat16' })).toBeUndefined();
  });

  test('a bias would be infinite', () => {
    expect(reasonFor({ mean: 300, variance: 1e-6 })).toContain('would get a bias beyond the range of float16');
  });

  test('the weights of a channel would be subnormal', () => {
    expect(reasonFor({ W: 1e-3, gamma: 1e-2 })).toContain('would get weights too small for float16');
    expect(reasonFor({ W: 1e-3, gamma: 1e-2 }, { T: 'bfloat16' })).toBeUndefined();
    expect(reasonFor({ W: 1e-3, gamma: 0 })).toBeUndefined();
  });

  test('what the convolution sums up before its bias is expected to be infinite', () => {
    // −60,000 becomes the bias, and outputs up to 8 · 1,000 are expected.
    expect(reasonFor({ gamma: 1000, mean: 60 })).toContain('sums that are expected to leave the range of float16');
    expect(reasonFor({ gamma: 1000, mean: 50 })).toBeUndefined();
  });

  test('its dtypes differ in a way that the operator does not allow', () => {
    expect(reasonFor({}, { T1: 'float32', opset: 14 })).toContain('mixes the dtypes float16 and float32');
    expect(reasonFor({}, { T2: 'float32', opset: 13 })).toContain('mixes the dtypes float16 and float32');
    expect(reasonFor({}, { T2: 'float32', opset: 14 })).toBeUndefined();
  });
});

test('a few weights below the smallest normal number are within the budget, many are not', () => {
  const reasonFor = (weights: readonly number[]) => {
    const f = new Fixture();
    const shape = [1, weights.length];
    const data = Float32Array.from(weights);
    const W = f.graph.constant('W', { dtype: 'float32', shape: [sizeOf(shape), 1], data });
    const y = f.node('MatMul', [f.input([3, weights.length]), W]);
    const graph = inHalves(f.done(f.batchNormalization(y, 1, { gamma: [2], beta: [0], mean: [0] })), 'float16');
    return foldGraph(scaledDown(graph)).report.batchNormalizations.kept[0]?.reason;
  };
  // Folded, 2⁻¹⁰ times these.
  expect(reasonFor([1, 2 ** -6, 2 ** -7, 0])).toBeUndefined();
  expect(reasonFor([2 ** -4 + 2 ** -9, 2 ** -6, 2 ** -6, 2 ** -6])).toContain('too small for float16');
});

/** With a gamma of 2⁻⁹, so that the scale is 2⁻¹⁰. */
function scaledDown(graph: Graph): Graph {
  const gamma = graph.initializers.find(({ name }) => name === 'bn_gamma')!;
  (gamma.constant!.tensor().data as Uint16Array)[0] = numberToFloat16(2 ** -9);
  return graph;
}
