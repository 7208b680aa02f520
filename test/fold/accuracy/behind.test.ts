import { describe, expect, test } from 'vitest';
import { int, ints } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
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
  U,
  type Numbers,
} from './normal.ts';

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
