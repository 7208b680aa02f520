import { describe, expect, test } from 'vitest';
import { affineRoundings, crossingRoundings } from '../../../src/fold/accuracy/roundings.ts';
import { Facts } from '../../../src/fold/facts.ts';
import { foldGraph } from '../../../src/fold/fold-graph.ts';
import { Constants } from '../../../src/fold/lift/constants.ts';
import type { Certificate, Fold } from '../../../src/fold/report.ts';
import { float, int, ints, string, type Attribute } from '../../../src/onnx/attribute.ts';
import { Node, Value, type Graph } from '../../../src/onnx/graph.ts';
import { inferTypes } from '../../../src/onnx/shapes/infer.ts';
import { float32, type Dim } from '../../../src/tensor.ts';
import { Fixture } from '../fixture.ts';

/**
 * Certificates of small networks against the formulas of docs/parity.md, computed here in float64 from the parameters:
 * a bound that is wider or narrower than its formula is wrong, even if every output stays within it.
 */

type Numbers = readonly number[];
const U = 2 ** -24;
const g = (k: number) => (k * U) / (1 - k * U);
const EPSILON = 2 ** -10;
const sum = (numbers: Numbers) => numbers.reduce((total, each) => total + each, 0);
const abs = Math.abs;

interface Normal {
  readonly gamma: Numbers;
  readonly beta: Numbers;
  readonly mean: Numbers;
  readonly variance: Numbers;
}

const NORMAL: Normal = {
  gamma: [1.5, -0.5, 0.75],
  beta: [-0.25, 1.25, 0.5],
  mean: [0.5, -0.75, 0.25],
  variance: [2, 0.5, 1.25],
};
const scaleOf = ({ gamma, variance }: Normal) => gamma.map((own, c) => own / Math.sqrt(variance[c]! + EPSILON));
const shiftOf = (n: Normal) => scaleOf(n).map((s, c) => n.beta[c]! - n.mean[c]! * s);

const constant = (f: Fixture, name: string, shape: Numbers, data: Numbers) => f.graph.constant(name, float32(shape, data)); // prettier-ignore

function normalized(f: Fixture, x: Value, n: Normal, name = 'bn'): Value {
  const parameters = [n.gamma, n.beta, n.mean, n.variance];
  const inputs = parameters.map((data, index) => constant(f, `${name}_${index}`, [data.length], data));
  return f.node('BatchNormalization', [x, ...inputs], { epsilon: float(EPSILON) }, name);
}

const foldsOf = (graph: Graph): readonly Fold[] => foldGraph(graph).report.folds;
const certificateOf = (graph: Graph): Certificate => foldsOf(graph)[0]!.certificate!;

/** Equal to ten digits, in every number. */
function expectEqual(got: unknown, wanted: unknown): void {
  expect(flat(got).map(([name]) => name)).toEqual(flat(wanted).map(([name]) => name));
  const given = new Map(flat(got));
  for (const [name, value] of flat(wanted)) {
    const found = given.get(name);
    if (typeof value !== 'number' || typeof found !== 'number') expect(found, name).toBe(value);
    else expect(abs(found - value), `${name}: ${found} for ${value}`).toBeLessThanOrEqual(1e-10 * abs(value));
  }
}

const flat = (value: unknown, path = ''): [string, unknown][] =>
  value !== null && typeof value === 'object'
    ? Object.keys(value).toSorted().flatMap((key) => flat((value as Record<string, unknown>)[key], `${path}.${key}`))
    : [[path, value]]; // prettier-ignore

describe('in front of a layer', () => {
  /** For a matrix w[output][input] of what each input is multiplied by, and a bias. */
  function inFront(
    n: Normal,
    w: readonly Numbers[],
    b: Numbers,
    terms: number,
    taps = w.map((row) => row.map((own) => [own])),
  ) {
    // prettier-ignore
    const [s, t] = [scaleOf(n), shiftOf(n)];
    const outputs = w.map((row, o) => {
      const over = (term: (w: number, c: number) => number) => sum(row.map((own, c) => term(own, c)));
      const size = (c: number) => sum(taps[o]![c]!.map(abs));
      const square = (c: number) => sum(taps[o]![c]!.map((own) => own * own));
      const [moved, width] = [over((_, c) => size(c) * abs(n.mean[c]! * s[c]!)), over((_, c) => size(c) * abs(n.gamma[c]!))]; // prettier-ignore
      const bias = b[o]! + over((own, c) => own * t[c]!);
      const mean = b[o]! + over((own, c) => own * n.beta[c]!);
      const carried = over((_, c) => size(c) * (abs(n.beta[c]!) + abs(n.mean[c]! * s[c]!)));
      const [all, late, after] = [g(terms + 8), g(terms + 1), g(terms + 2)];
      const reach = moved + 8 * width;
      const squares = {
        unfolded: over((_, c) => square(c) * (n.gamma[c]! ** 2 + n.beta[c]! ** 2)) + b[o]! ** 2 + mean ** 2,
        folded: over((_, c) => square(c) * (n.gamma[c]! ** 2 + (n.mean[c]! * s[c]!) ** 2)) + bias ** 2 + mean ** 2,
      };
      return {
        constant: { unfolded: all * carried + late * abs(b[o]!), folded: after * abs(bias) },
        inRange: { unfolded: all * reach + all * carried + late * abs(b[o]!), folded: after * (reach + abs(bias)) },
        kappa: { unfolded: moved / width, folded: abs(bias - mean) / width },
        squares,
      };
    });
    const most = (of: (output: (typeof outputs)[number]) => number) => Math.max(...outputs.map(of));
    const both = (of: (output: (typeof outputs)[number]) => { unfolded: number; folded: number }) => ({
      unfolded: most((output) => of(output).unfolded),
      folded: most((output) => of(output).folded),
    });
    const constants = both((output) => output.constant);
    return {
      n: terms,
      u: U,
      bound: {
        unfolded: { perUnit: g(terms + 8), constant: constants.unfolded },
        folded: { perUnit: g(terms + 2), constant: constants.folded },
      },
      boundInRange: both((output) => output.inRange),
      kappa: both((output) => output.kappa),
      growth: {
        rms: Math.sqrt(sum(outputs.map((o) => o.squares.folded)) / sum(outputs.map((o) => o.squares.unfolded))),
        worst: most((o) => Math.sqrt(o.squares.folded / o.squares.unfolded)),
      },
      maxAbsScale: Math.max(...s.map(abs)),
      minAbsScale: Math.min(...s.map(abs)),
    };
  }

  const parts = ({ n, u, bound, boundInRange, kappa, growth, maxAbsScale, minAbsScale }: Certificate) =>
    ({ n, u, bound, boundInRange, kappa, growth, maxAbsScale, minAbsScale }); // prettier-ignore

  const W = [[0.5, -1.25, 2], [1.5, 0.25, -0.75]]; // prettier-ignore
  const B = [0.375, -1.5];

  test('a Gemm with alpha and beta has the certificate of what it multiplies by', () => {
    const f = new Fixture();
    const inputs = [normalized(f, f.input(['n', 3]), NORMAL), constant(f, 'W', [2, 3], W.flat()), constant(f, 'b', [2], B)]; // prettier-ignore
    const y = f.node('Gemm', inputs, { alpha: float(2), beta: float(-3), transB: int(1) });
    const certificate = certificateOf(f.done(y));
    expectEqual(parts(certificate), inFront(NORMAL, W.map((row) => row.map((own) => 2 * own)), B.map((own) => -3 * own), 3)); // prettier-ignore
    expect(certificate.bytesAdded).toBe(-4 * 3 * 4);
  });

  test('a MatMul needs a bias, in so many bytes', () => {
    const f = new Fixture();
    const x = normalized(f, f.input(['n', 3]), NORMAL);
    const y = f.node('MatMul', [
      x,
      constant(
        f,
        'W',
        [3, 2],
        [0, 1, 2].flatMap((c) => W.map((row) => row[c]!)),
      ),
    ]);
    const certificate = certificateOf(f.done(y));
    expectEqual(parts(certificate), inFront(NORMAL, W, [0, 0], 3));
    expect(certificate.bytesAdded).toBe(2 * 4 - 4 * 3 * 4);
  });

  test('a Conv has that of all its taps, one of several groups that of its own', () => {
    const kernel = (o: number, c: number) => [0, 1].map((k) => [0.5, -1, 1.5, 0.25, 2, -0.75][(3 * o + c + 2 * k) % 6]!);
    const taps = [0, 1].map((o) => [0, 1, 2].map((c) => kernel(o, c)));
    const f = new Fixture();
    const weights = constant(f, 'W', [2, 3, 2], taps.flat(2));
    const y = f.node('Conv', [normalized(f, f.input(['n', 3, 7]), NORMAL), weights, constant(f, 'b', [2], B)]);
    const whole = taps.map((row) => row.map(sum));
    expectEqual(parts(certificateOf(f.done(y))), inFront(NORMAL, whole, B, 6, taps));

    const depthwise = new Fixture();
    const own = [0, 1, 2].map((c) => [0, 1, 2].map((other) => (c === other ? kernel(0, c) : [0, 0])));
    const V = constant(depthwise, 'W', [3, 1, 2], [0, 1, 2].flatMap((c) => kernel(0, c)));
    const z = depthwise.node('Conv', [normalized(depthwise, depthwise.input(['n', 3, 7]), NORMAL), V], { group: int(3) });
    expectEqual(parts(certificateOf(depthwise.done(z))), inFront(NORMAL, own.map((row) => row.map(sum)), [0, 0, 0], 2, own)); // prettier-ignore
  }); // prettier-ignore

  test('two layers that both take it in have the worst of both', () => {
    const f = new Fixture();
    const x = normalized(f, f.input(['n', 3]), NORMAL);
    const first = f.node('Gemm', [x, constant(f, 'W', [2, 3], W.flat()), constant(f, 'b', [2], B)], { transB: int(1) }); // prettier-ignore
    const V = [[4, 1, -2]];
    const second = f.node('Gemm', [x, constant(f, 'V', [1, 3], V.flat()), constant(f, 'c', [1], [7])], { transB: int(1) }); // prettier-ignore
    const certificate = certificateOf(f.done(first, second));
    const [one, two] = [inFront(NORMAL, W, B, 3), inFront(NORMAL, V, [7], 3)];
    for (const form of ['unfolded', 'folded'] as const) {
      expectEqual(certificate.bound[form].constant, Math.max(one.bound[form].constant, two.bound[form].constant));
      expectEqual(certificate.boundInRange![form], Math.max(one.boundInRange[form], two.boundInRange[form]));
      expectEqual(certificate.kappa![form], Math.max(one.kappa[form], two.kappa[form]));
    }
    expectEqual(certificate.growth!.rms, Math.max(one.growth.rms, two.growth.rms));
    expectEqual(certificate.growth!.worst, Math.max(one.growth.worst, two.growth.worst));
  });

  test('without statistics an affine is taken to bring its input to the size of 1', () => {
    const f = new Fixture();
    const [s, t] = [[2, -0.5, 1.5], [0.75, -2, 0.5]]; // prettier-ignore
    const scaled = f.node('Mul', [f.input(['n', 3]), constant(f, 's', [3], s)]);
    const x = f.node('Add', [scaled, constant(f, 't', [3], t)]);
    const y = f.node('Gemm', [x, constant(f, 'W', [2, 3], W.flat()), constant(f, 'b', [2], B)], { transB: int(1) });
    const folds = foldsOf(f.done(y));
    expect(folds.map(({ opType }) => opType).toSorted()).toEqual(['Add', 'Mul']);
    const { growth, kappa, boundInRange, bound, maxAbsScale, minAbsScale } = folds[0]!.certificate!;
    expect({ kappa, boundInRange, maxAbsScale, minAbsScale }).toEqual({ kappa: null, boundInRange: null, maxAbsScale: 2, minAbsScale: 0.5 }); // prettier-ignore
    const outputs = W.map((row, o) => {
      const bias = B[o]! + sum(row.map((w, c) => w * t[c]!));
      return {
        bias,
        carried: sum(row.map((w, c) => abs(w * t[c]!))),
        unfolded: sum(row.map((w) => w * w)) + 2 * B[o]! ** 2,
        folded: sum(row.map((w, c) => w * w * (1 + t[c]! ** 2))) + bias ** 2 + B[o]! ** 2,
      };
    });
    expectEqual(growth, {
      rms: Math.sqrt(sum(outputs.map(({ folded }) => folded)) / sum(outputs.map(({ unfolded }) => unfolded))),
      worst: Math.max(...outputs.map(({ folded, unfolded }) => Math.sqrt(folded / unfolded))),
    });
    const [all, late, after] = [g(3 + 1 + 2), g(3 + 1), g(3 + 2)];
    expectEqual(bound, {
      unfolded: { perUnit: all, constant: Math.max(...outputs.map(({ carried }, o) => all * carried + late * abs(B[o]!))) }, // prettier-ignore
      folded: { perUnit: after, constant: Math.max(...outputs.map(({ bias }) => after * abs(bias))) },
    });
  });
});

test('an affine whose magnitudes cannot go its way has the largest of them everywhere', () => {
  // s = 2 and t = 1 in all four channels, which become one; |beta| + |mean · s| is 1, 5, 9 and 13 at most.
  const n = { gamma: [2, 2, 2, 2], beta: [1, 3, 5, 7], mean: [0, 1, 2, 3], variance: new Array<number>(4).fill(1 - EPSILON) }; // prettier-ignore
  const f = new Fixture();
  const doubled = f.node('Mul', [normalized(f, f.input([2, 4, 3, 5]), n), constant(f, 'c', [], [3])]);
  const x = f.node('DepthToSpace', [doubled], { blocksize: int(2) });
  const y = f.node('Conv', [x, constant(f, 'W', [2, 1, 1, 1], [0.5, -2]), constant(f, 'b', [2], [0.25, 1])]);
  const folds = foldsOf(f.done(y));
  expect(folds.map(({ opType }) => opType)).toEqual(['BatchNormalization', 'Mul']);
  const { bound, kappa, maxAbsScale } = folds[0]!.certificate!;
  expect({ kappa, maxAbsScale }).toEqual({ kappa: null, maxAbsScale: 6 });
  expectEqual(bound.unfolded.constant, g(1 + 1 + 7 + 1) * 2 * 13 * (2 * 3) + g(1 + 1) * 1);
  expectEqual(bound.folded.constant, g(1 + 2) * Math.max(0.25 + 0.5 * 3, 2 * 3 - 1));
});

describe('behind layers', () => {
  const conv = (f: Fixture, x: Value, name: string, W: Numbers, b: Numbers) =>
    f.node('Conv', [x, constant(f, `${name}_W`, [3, 2, 1], W), constant(f, `${name}_b`, [3], b)], {}, name);
  const [V, W] = [[1, -2, 0.5, 1.5, -1, 2], [0.25, 1, -0.5, 3, 1, 1]]; // prettier-ignore
  const [b, c] = [[0.5, -1, 2], [-0.75, 0.25, 1.5]]; // prettier-ignore
  const [s, t] = [scaleOf(NORMAL), shiftOf(NORMAL)];
  const moved = (o: number) => abs(NORMAL.mean[o]! * s[o]!);

  test('one layer has kappa of its own bias, and no statistics of its inputs', () => {
    const f = new Fixture();
    const y = normalized(f, conv(f, f.input(['n', 2, 5]), 'conv', V, b), NORMAL);
    const certificate = certificateOf(f.done(y));
    const deviation = NORMAL.variance.map((own) => Math.sqrt(own + EPSILON));
    expectEqual(certificate.kappa, {
      unfolded: Math.max(...deviation.map((sd, o) => abs(NORMAL.mean[o]!) / sd)),
      folded: Math.max(...deviation.map((sd, o) => abs(NORMAL.mean[o]! - b[o]!) / sd)),
    });
    expectEqual(certificate.bound.unfolded.constant, Math.max(...s.map((own, o) => g(2 + 8) * (abs(own * b[o]!) + moved(o)) + g(8) * abs(NORMAL.beta[o]!)))); // prettier-ignore
    expectEqual(certificate.bound.folded.constant, Math.max(...s.map((own, o) => g(2 + 2) * abs(own * b[o]! + t[o]!))));
    expect(certificate.growth).toBeNull();
  });

  test('a layer that a pooling follows has the same, as it is chosen from', () => {
    const f = new Fixture();
    const n = { ...NORMAL, gamma: NORMAL.gamma.map(abs) };
    const pool = f.node('MaxPool', [conv(f, f.input(['n', 2, 5]), 'conv', V, b)], { kernel_shape: ints([2]) });
    const { bound, kappa } = certificateOf(f.done(normalized(f, pool, n)));
    const scale = scaleOf(n);
    const deviation = n.variance.map((own) => Math.sqrt(own + EPSILON));
    expectEqual(bound.unfolded.constant, Math.max(...scale.map((own, o) => g(2 + 8) * (own * abs(b[o]!) + moved(o)) + g(8) * abs(n.beta[o]!)))); // prettier-ignore
    expectEqual(
      bound.folded.constant,
      Math.max(...scale.map((own, o) => g(2 + 2) * abs(own * b[o]! + shiftOf(n)[o]!))),
    );
    expectEqual(kappa!.unfolded, Math.max(...deviation.map((sd, o) => abs(n.mean[o]!) / sd)));
  });

  test('two layers whose outputs are joined by a Concat have the worst of both', () => {
    const f = new Fixture();
    const x = f.input(['n', 2, 5]);
    const joined = f.node('Concat', [conv(f, x, 'first', V, b), conv(f, x, 'second', W, c)], { axis: int(2) });
    const { bound } = certificateOf(f.done(normalized(f, joined, NORMAL)));
    const of = (bias: Numbers) => s.map((own, o) => g(2 + 2) * abs(own * bias[o]! + t[o]!));
    expectEqual(bound.folded, { perUnit: g(2 + 2), constant: Math.max(...of(b), ...of(c)) });
  });

  test('two layers whose outputs are added up have the sum of both', () => {
    const f = new Fixture();
    const x = f.input(['n', 2, 5]);
    const joined = f.node('Add', [conv(f, x, 'first', V, b), conv(f, x, 'second', W, c)]);
    const { bound, n, uncounted } = certificateOf(f.done(normalized(f, joined, NORMAL)));
    expect({ n, uncounted }).toEqual({ n: 2, uncounted: [] });
    const of = (bias: Numbers, shift: Numbers) => Math.max(...s.map((own, o) => g(2 + 2 + 1) * abs(own * bias[o]! + shift[o]!))); // prettier-ignore
    // The shift goes into the one layer, whichever that is.
    const zero = [0, 0, 0];
    const either = [of(b, t) + of(c, zero), of(b, zero) + of(c, t)];
    const found = either.map((own) => abs(own - bound.folded.constant) / own);
    expect(Math.min(...found)).toBeLessThan(1e-10);
    expectEqual(bound.folded.perUnit, g(2 + 2 + 1));
    expectEqual(bound.unfolded.perUnit, g(2 + 8 + 1));
  });

  test('weights that another layer reads too are copied, in so many bytes', () => {
    const f = new Fixture();
    const x = f.input(['n', 2, 5]);
    const shared = constant(f, 'W', [3, 2, 1], V);
    const y = normalized(f, f.node('Conv', [x, shared]), NORMAL);
    const { bytesAdded } = certificateOf(f.done(y, f.node('Conv', [f.node('Relu', [x]), shared])));
    expect(bytesAdded).toBe(4 * 6 + 4 * 3 - 4 * 4 * 3);
  });
});

describe('a merge with a BatchNormalization', () => {
  test('rounds as often as both before, and once for each parameter and seven times after', () => {
    const f = new Fixture();
    const factor = [2, -0.5, 1.25];
    const scaled = f.node('Mul', [normalized(f, f.input(['n', 3]), NORMAL), constant(f, 'c', [3], factor)]);
    const [fold] = foldsOf(f.done(scaled));
    expect(fold).toMatchObject({ way: 'merge', certificate: { n: 0, kappa: null, growth: null, boundInRange: null, uncounted: [], bytesAdded: 0, dtype: 'float32', u: U } }); // prettier-ignore
    const [s, t] = [scaleOf(NORMAL), shiftOf(NORMAL)];
    const { bound, maxAbsScale, minAbsScale } = fold!.certificate!;
    const sizes = s.map((own, c) => abs(factor[c]!) * (abs(NORMAL.beta[c]!) + abs(NORMAL.mean[c]! * own)));
    expectEqual(bound.unfolded, { perUnit: g(7 + 1), constant: g(7 + 1) * Math.max(...sizes) });
    expectEqual(bound.folded, {
      perUnit: g(8),
      constant: g(8) * Math.max(...t.map((own, c) => abs(factor[c]! * own))),
    });
    const merged = s.map((own, c) => abs(own * factor[c]!));
    expectEqual({ maxAbsScale, minAbsScale }, { maxAbsScale: Math.max(...merged), minAbsScale: Math.min(...merged) });
  });

  test('with a constant that the runtime computes by a difference says that this is not counted', () => {
    const f = new Fixture();
    const difference = f.node('Sub', [constant(f, 'a', [3], [3, 1, 2]), constant(f, 'b', [3], [1, 2, 0.5])]);
    const scaled = f.node('Mul', [normalized(f, f.input(['n', 3]), NORMAL), difference], {}, 'scaled');
    const [fold] = foldsOf(f.done(scaled));
    expect(fold!.certificate!.uncounted).toEqual(['scaled (Mul)']);
    expectEqual(fold!.certificate!.bound.unfolded.perUnit, g(7));
  });
});

describe('the roundings of an affine', () => {
  type Build = (f: Fixture) => Value;
  const numbers = (f: Fixture, name: string, ...data: number[]) => constant(f, name, [data.length], data);
  function roundings(opType: string, build: Build): number | undefined {
    const f = new Fixture();
    f.done(f.node(opType, [f.input(['n', 3]), build(f)]));
    return affineRoundings(f.graph.nodes.at(-1)!, 0, factsOf(f.graph));
  }
  const square: Build = (f) => f.node('Mul', [numbers(f, 'a', 1, 2, 3), numbers(f, 'b', 2, -1, 3)]);

  test.each<readonly [string, number | undefined, Build]>([
    ['that is stored: none but its own', 1, (f) => numbers(f, 'c', 1, 2, 3)],
    ['that is a product: one more', 2, square],
    ['that is a root of a positive sum: two more', 3, (f) => f.node('Sqrt', [f.node('Add', [numbers(f, 'v', 1, 0, 3), numbers(f, 'e', 0.5)])])],
    ['that is a sum of numbers of either sign: not known', undefined, (f) => f.node('Add', [numbers(f, 'v', 1, 0, 3), numbers(f, 'e', -0.5)])],
    ['that is a difference: not known', undefined, (f) => f.node('Sub', [numbers(f, 'v', 1, 2, 3), numbers(f, 'e', 0.5)])],
    ['that is the root of a difference: not known', undefined, (f) => f.node('Sqrt', [f.node('Sub', [numbers(f, 'v', 1, 2, 3), numbers(f, 'e', 0.5)])])],
    ['that is only moved: none', 1, (f) => f.node('Identity', [numbers(f, 'c', 1, 2, 3)])],
    ['that is a product, moved: one more', 2, (f) => f.node('Identity', [square(f)])],
    ['that is a difference, moved: not known', undefined, (f) => f.node('Identity', [f.node('Sub', [numbers(f, 'v', 1, 2, 3), numbers(f, 'e', 0.5)])])],
    ['that is a quotient of two products: three more', 4, (f) => f.node('Div', [square(f), f.node('Mul', [numbers(f, 'd', 1, 2, 3), numbers(f, 'e', 1, 1, 2)])])],
    ['that sixteen steps have computed: seventeen', 18, (f) => deep(f, 17)],
    ['that is computed in more steps than are looked at: not known', undefined, (f) => deep(f, 18)],
  ])('by a constant %s', (_, wanted, build) => {
    expect(roundings('Mul', build)).toBe(wanted);
  }); // prettier-ignore

  function deep(f: Fixture, steps: number): Value {
    let x = numbers(f, 'c', 4, 5, 6);
    for (let step = 0; step < steps; step++) x = f.node('Sqrt', [x]);
    return x;
  }

  test('are two of a LayerNormalization, none of a Neg, seven of a BatchNormalization', () => {
    const f = new Fixture();
    const x = f.input([2, 3]);
    f.node('LayerNormalization', [x, numbers(f, 'g', 1, 2, 3), numbers(f, 'b', 1, 2, 3)]);
    f.node('Neg', [x]);
    f.done(normalized(f, x, NORMAL));
    expect(f.graph.nodes.map((node) => affineRoundings(node, 0, factsOf(f.graph)))).toEqual([2, 0, 7]);
  });

  const factsOf = (graph: Graph) => {
    const types = inferTypes(graph, new Set());
    return new Facts(graph, types, new Constants(graph, types, new Set()));
  };

  function crossing(
    opType: string,
    shapes: readonly (readonly Dim[])[],
    attributes: Readonly<Record<string, Attribute>> = {},
    more: Build[] = [],
  ) {
    // prettier-ignore
    const f = new Fixture(opType === 'Upsample' ? 9 : 18);
    const graph = f.done(f.node(opType, [...shapes.map((shape, index) => f.input(shape, `x${index}`)), ...more.map((build) => build(f))], attributes)); // prettier-ignore
    return crossingRoundings(graph.nodes.at(-1)!, factsOf(graph));
  }

  test('that crosses a node are those of its sums and quotients', () => {
    const three = [['n', 3], ['n', 3], ['n', 3]]; // prettier-ignore
    expect(crossing('Mean', three)).toBe(3);
    expect(crossing('Sum', three)).toBe(2);
    expect(crossing('Add', three.slice(1))).toBe(1);
    expect(crossing('Sub', three.slice(1))).toBe(1);
    expect(crossing('LeakyRelu', [['n', 3]])).toBe(1);
    expect(crossing('LeakyRelu', [['n', 3]], { alpha: float(-1) })).toBe(1);
    expect(crossing('LeakyRelu', [['n', 3]], { alpha: float(-1.5) })).toBeUndefined();
    expect(crossing('PRelu', [['n', 3]], {}, [(f) => numbers(f, 's', 0.5, -1, 1)])).toBe(1);
    expect(crossing('PRelu', [['n', 3]], {}, [(f) => numbers(f, 's', 0.5, -1.5, 1)])).toBeUndefined();
    expect(crossing('PRelu', [['n', 3], [3]])).toBeUndefined();
    expect(crossing('AveragePool', [['n', 3, 8]])).toBeUndefined();
    expect(crossing('Upsample', [['n', 3, 8]], { mode: string('nearest') })).toBe(0);
    expect(crossing('Upsample', [['n', 3, 8]], { mode: string('linear') })).toBeUndefined();
    expect(crossing('Upsample', [['n', 3, 8]])).toBe(0);
    expect(crossing('Resize', [['n', 3, 8]], { mode: string('nearest') })).toBe(0);
    expect(crossing('Resize', [['n', 3, 8]], { mode: string('linear') })).toBeUndefined();
    expect(crossing('Resize', [['n', 3, 8]])).toBe(0);
  });

  test('that crosses a mean are as many as it has terms, where that is known', () => {
    expect(crossing('ReduceMean', [[2, 3, 5]])).toBe(30);
    expect(crossing('ReduceMean', [[2, 3, 5]], {}, [(f) => f.shape([-1], 'axes')])).toBe(5);
    expect(crossing('ReduceMean', [['n', 3, 5]], { axes: ints([1]) })).toBe(3);
    expect(crossing('ReduceMean', [['n', 3, 5]])).toBeUndefined();
    const f = new Fixture(18);
    const graph = f.done(f.node('ReduceMean', [f.input([2, 3]), f.input([1], 'axes', 'int64')]));
    expect(crossingRoundings(graph.nodes[0]!, factsOf(graph))).toBeUndefined();
  });
});

describe('a shift that is large beside what is left of it', () => {
  const ways = (graph: Graph) => foldsOf(graph).map(({ way }) => way);
  const measured = (mean: number): Normal => ({ gamma: [1], beta: [0], mean: [mean], variance: [1 - EPSILON] });

  /** growth² = (1 + m² + m²) / 1 */
  test.each([[2.73, 'forward'], [2.75, 'centre'], [-2.75, 'centre']])('of %d, by the growth of 4 that is let pass, goes %s', (mean, way) => {
    const f = new Fixture();
    const x = normalized(f, f.input(['n', 1]), measured(mean));
    expect(ways(f.done(f.node('Gemm', [x, constant(f, 'W', [1, 1], [1]), constant(f, 'b', [1], [0])])))).toEqual([way]);
  }); // prettier-ignore

  /** The other output is a hundred times as large, and none the worse: the growth of all is less than 1.1. */
  test.each([[11.25, 'forward'], [11.35, 'centre']])('of %d in one output, by the 16 that are let pass, goes %s', (mean, way) => {
    const f = new Fixture();
    const n = { gamma: [1, 1], beta: [0, 0], mean: [mean, 0], variance: [1 - EPSILON, 1 - EPSILON] };
    const x = normalized(f, f.input(['n', 2]), n);
    const y = f.node('Gemm', [x, constant(f, 'W', [2, 2], [1, 0, 0, 100]), constant(f, 'b', [2], [0, 0])]);
    expect(ways(f.done(y))).toEqual([way]);
  }); // prettier-ignore

  test.each([[22.6, ['forward', 'forward']], [22.7, []], [-22.7, []]])('of %d without statistics, by the 32 that are let pass, goes %j', (shift, wanted) => {
    const f = new Fixture();
    const scaled = f.node('Mul', [f.input(['n', 1]), constant(f, 's', [1], [2])]);
    const x = f.node('Add', [scaled, constant(f, 't', [1], [shift])]);
    const found = ways(f.done(f.node('Gemm', [x, constant(f, 'W', [1, 1], [1]), constant(f, 'b', [1], [0])])));
    expect(found.filter((way) => way === 'forward')).toEqual(wanted);
  }); // prettier-ignore

  test('in one of two layers that take parts of it stays before both', () => {
    const f = new Fixture();
    const n = { gamma: [1, 1], beta: [0, 0], mean: [0, 5], variance: [1 - EPSILON, 1 - EPSILON] };
    const [a, c] = [new Value('a'), new Value('c')];
    const inputs = [normalized(f, f.input(['n', 2]), n), f.shape([1, 1])];
    f.graph.nodes.push(new Node('Split', { inputs, outputs: [a, c], attributes: { axis: int(1) } }));
    const dense = (x: Value, name: string) => f.node('Gemm', [x, constant(f, `${name}_W`, [1, 1], [1]), constant(f, `${name}_b`, [1], [0])]); // prettier-ignore
    expect(ways(f.done(dense(a, 'first'), dense(c, 'second')))).toEqual(['centre']);
  });

  test.each([['Sub', 0], ['Add', 1]])('but small enough, written as a lone %s, folds %i times', (opType, count) => {
    const f = new Fixture();
    const x = f.node(opType, [f.input(['n', 1]), constant(f, 't', [1], [0.5])]);
    expect(ways(f.done(f.node('Gemm', [x, constant(f, 'W', [1, 1], [1]), constant(f, 'b', [1], [0])])))).toHaveLength(count);
  }); // prettier-ignore
});
