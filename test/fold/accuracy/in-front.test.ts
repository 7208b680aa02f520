import { describe, expect, test } from 'vitest';
import type { Certificate } from '../../../src/fold/report.ts';
import { float, int } from '../../../src/onnx/attribute.ts';
import { Fixture } from '../fixture.ts';
import {
  abs,
  certificateOf,
  constant,
  EPSILON,
  expectEqual,
  foldsOf,
  g,
  normalized,
  NORMAL,
  scaleOf,
  shiftOf,
  sum,
  U,
  type Numbers,
  type Normal,
} from './normal.ts';

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
