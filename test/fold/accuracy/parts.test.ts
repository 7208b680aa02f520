import { describe, expect, test } from 'vitest';
import { ints } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { Fixture } from '../fixture.ts';
import { abs, certificateOf, constant, EPSILON, expectEqual, foldsOf, g, normalized, NORMAL, scaleOf, type Normal } from './normal.ts'; // prettier-ignore

/** Scales of exactly 1 and −1, and shifts of 1 that are what is left of a mean and a beta far larger. */
const UNIT: Normal = {
  gamma: [2, 2, 2],
  beta: [0.5 + 2 ** 20, -3, 1 - 2 ** 16],
  mean: [2 ** 20 - 0.5, -4, -(2 ** 16)],
  variance: new Array<number>(3).fill(4 - EPSILON),
};
const NEGATIVE: Normal = { ...UNIT, gamma: [-2, 2, -2], mean: [0.5 - 2 ** 20, -4, 2 ** 16] };
const [V, b] = [[1, -2, 0.5, 1.5, -1, 2], [0.5, -1, 2]]; // prettier-ignore
const W = [[0.5, -1.25, 2], [1.5, 0.25, -0.75]]; // prettier-ignore

const conv = (f: Fixture, x: Value) =>
  f.node('Conv', [x, constant(f, 'V', [3, 2, 1], V), constant(f, 'b', [3], b)], {}, 'conv');
const moved = ({ mean, gamma }: Normal, c: number) => abs((mean[c]! * gamma[c]!) / 2);

describe.each([
  ['1', UNIT],
  ['1 or −1', NEGATIVE],
])('A BatchNormalization that scales by %s', (_, n) => {
  test('behind a layer counts mean and beta, however near to one another they are', () => {
    const f = new Fixture();
    const { bound, kappa } = certificateOf(f.done(normalized(f, conv(f, f.input(['n', 2, 5])), n)));
    const sizes = b.map((own, c) => g(2 + 8) * (abs(own) + moved(n, c)) + g(8) * abs(n.beta[c]!));
    expectEqual(bound.unfolded.constant, Math.max(...sizes));
    expectEqual(kappa!.unfolded, Math.max(...n.mean.map((mean) => abs(mean) / 2)));
  });

  test('in front of a layer as well', () => {
    const f = new Fixture();
    const small = { ...n, beta: [-1.5, -3, 2], mean: [-2.5, -4, 1] };
    const x = normalized(f, f.input(['n', 3]), small);
    const y = f.node('Gemm', [x, constant(f, 'W', [3, 2], [0, 1, 2].flatMap((c) => W.map((row) => row[c]!)))]); // prettier-ignore
    const { bound } = certificateOf(f.done(y));
    const sizes = W.map((row) => row.reduce((sum, w, c) => sum + abs(w) * (abs(small.beta[c]!) + moved(small, c)), 0));
    expectEqual(bound.unfolded.constant, g(3 + 8) * Math.max(...sizes));
  });

  test('and merged with a neighbour', () => {
    const f = new Fixture();
    const half = { ...n, gamma: n.gamma.map((gamma) => gamma / 2) };
    const y = f.node('Mul', [normalized(f, f.input(['n', 3]), half), constant(f, 'c', [3], [2, -2, 2])]);
    const { bound } = certificateOf(f.done(y));
    const sizes = n.beta.map((beta, c) => 2 * abs(beta) + moved(n, c));
    expectEqual(bound.unfolded.constant, g(8) * Math.max(...sizes));
  });
});

test('what float32 makes of (x − mean) · 1 + beta stays within the bound', () => {
  const f = new Fixture();
  const identity = constant(f, 'V', [1, 1, 1], [1]);
  const far: Normal = { gamma: [2], beta: [2 ** 20 + 0.5], mean: [2 ** 20 - 0.5], variance: [4 - EPSILON] };
  const y = normalized(f, f.node('Conv', [f.input(['n', 1, 5]), identity]), far);
  const { perUnit, constant: rest } = certificateOf(f.done(y)).bound.unfolded;
  const shares = Array.from({ length: 1000 }, (_, index) => {
    const x = Math.fround(Math.sin(index));
    const got = Math.fround(Math.fround(x - far.mean[0]!) + far.beta[0]!);
    return abs(got - (x + 1)) / (perUnit * abs(x) + rest);
  });
  expect(Math.max(...shares)).toBeLessThanOrEqual(1);
  expect(Math.max(...shares)).toBeGreaterThan(0.01);
});

test('A bias has the same condition number as a node of its own', () => {
  const b = [50, -1, 2];
  const kappaOf = (dense: (f: Fixture, x: Value, W: Value, bias: Value) => Value) => {
    const f = new Fixture();
    const y = dense(f, f.input(['n', 2]), constant(f, 'W', [2, 3], V), constant(f, 'b', [3], b));
    return certificateOf(f.done(normalized(f, y, NORMAL))).kappa!.folded;
  };
  const deviation = NORMAL.variance.map((own) => Math.sqrt(own + EPSILON));
  const wanted = Math.max(...b.map((own, c) => abs(NORMAL.mean[c]! - own) / deviation[c]!));
  expectEqual(
    kappaOf((f, x, W, bias) => f.node('Gemm', [x, W, bias])),
    wanted,
  );
  expectEqual(
    kappaOf((f, x, W, bias) => f.node('Add', [f.node('MatMul', [x, W]), bias])),
    wanted,
  );
});

describe('Of a BatchNormalization that goes two ways', () => {
  const n: Normal = { gamma: [2, -4, 8], beta: [1, -2, 3], mean: [5, 7, -6], variance: UNIT.variance };
  const s = scaleOf(n);

  function between(f: Fixture): Value {
    const x = f.node('MaxPool', [conv(f, f.input(['n', 2, 7]))], { kernel_shape: ints([2]) });
    return normalized(f, x, n);
  }

  test('the shift that goes back is as large as mean and beta are in front of the scale', () => {
    const f = new Fixture();
    const next = f.node('Conv', [between(f), constant(f, 'U', [1, 3, 3], [1, 2, 1, 1, 1, 3, 1, 1, 1].map((w) => w / 1024))], { pads: ints([1, 1]) }); // prettier-ignore
    const [fold] = foldsOf(f.done(next));
    expect(fold!.way).toBe('split');
    const { bound, kappa } = fold!.certificate!;
    const back = b.map((own, c) => g(2 + 8) * (abs(own) + abs(n.mean[c]!)) + g(8) * abs(n.beta[c]! / s[c]!));
    expectEqual(bound.unfolded.constant, Math.max(...back));
    expectEqual(kappa!.unfolded, Math.max(...n.mean.map((mean) => abs(mean) / 2)));
  });

  test('the scale that goes back alone has no condition number, as the mean stays', () => {
    const f = new Fixture();
    const positive = { ...n, gamma: n.gamma.map(abs), beta: [0, 0, 0] };
    const x = f.node('Relu', [conv(f, f.input(['n', 2, 7]))]);
    const [fold] = foldsOf(f.done(f.node('Tanh', [normalized(f, x, positive)])));
    expect(fold).toMatchObject({ way: 'scale', leaves: 'Add', certificate: { kappa: null } });
  });
});
