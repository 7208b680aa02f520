import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { add, exact, type DoubleDouble } from '../../../src/fold/algebra/double-double.ts';
import { foldGraph } from '../../../src/fold/fold-graph.ts';
import { roundTo, RoundedArray } from '../../../src/fold/algebra/rounding.ts';
import { Graph } from '../../../src/onnx/graph.ts';
import { float32 } from '../../../src/tensor.ts';
import { fraction, middlesAround, product, signOfRootSum } from '../exact-oracle.ts';

const toFloat32 = (value: DoubleDouble) => roundTo('float32', value);
const numbers = (data: readonly number[]) => ({ dtype: 'float32', shape: [data.length], data }) as const;
const RUNS = { seed: 11, numRuns: 300 };
/** float32 numbers of 24 bits between −4 and 4. */
const real = fc.integer({ min: -(2 ** 24), max: 2 ** 24 }).map((n) => n / 2 ** 22);

/** Conv of kernel 1 with one channel in and out, and a BatchNormalization behind it. */
function folded(W: number, b: number, [gamma, beta, mean, variance]: readonly number[]): [number, number] {
  const graph = new Graph('g');
  const x = graph.input('x', { dtype: 'float32', shape: [1, 1, 1] });
  const one = (name: string, value: number) => graph.constant(name, float32([1], [value]));
  const weight = graph.constant('W', float32([1, 1, 1], [W]));
  const y = graph.node('Conv', { inputs: [x, weight, one('b', b)], output: { name: 'y' } });
  const parameters = [one('gamma', gamma!), one('beta', beta!), one('mean', mean!), one('variance', variance!)];
  graph.outputs.push(graph.node('BatchNormalization', { inputs: [y, ...parameters], output: { name: 'z' } }));
  const [conv] = foldGraph(graph).graph.nodes;
  return [1, 2].map((input) => (conv!.inputs[input]!.constant!.tensor().data as Float32Array)[0]!) as [number, number];
}

/** Whether `got` is the float32 nearest to a / √v + c. */
function isNearest(got: number, a: bigint, v: bigint, c: bigint): boolean {
  const [below, above] = middlesAround(got).map(fraction) as [bigint, bigint];
  return signOfRootSum(a, v, c, below) >= 0n && signOfRootSum(a, v, c, above) <= 0n;
}

describe('a folded parameter is the float32 nearest to the real number', () => {
  test('for weights and biases of a Conv, decided by exact squares', () => {
    const parameters = fc.tuple(real, real, real, real.map(Math.abs));
    fc.assert(
      fc.property(real, real, parameters, (W, b, [gamma, beta, mean, variance]) => {
        const [weight, bias] = folded(W, b, [gamma, beta, mean, variance]);
        const v = fraction(variance) + fraction(Math.fround(1e-5));
        const g = fraction(gamma);
        expect(isNearest(weight, product(fraction(W), g), v, 0n)).toBe(true);
        expect(isNearest(bias, product(fraction(b) - fraction(mean), g), v, fraction(beta))).toBe(true);
      }),
      RUNS,
    );
  });

  test('for the middle of two floats and its closest neighbours', () => {
    const middle = 1 + 2 ** -24;
    expect(toFloat32(exact(middle))).toBe(1);
    expect(toFloat32(add(exact(middle), exact(2 ** -90)))).toBe(1 + 2 ** -23);
    expect(toFloat32(add(exact(middle), exact(-(2 ** -90))))).toBe(1);
    expect(toFloat32(exact(1 + 3 * 2 ** -24))).toBe(1 + 2 ** -22);
    expect(toFloat32(add(exact(1 + 3 * 2 ** -24), exact(-(2 ** -90))))).toBe(1 + 2 ** -23);
  });

  test('for products that float64 alone would put on the wrong side of the middle', () => {
    const target = new RoundedArray('float32', 3);
    const factor = add(exact(1 + 2 ** -24), exact(2 ** -80));
    target.writeProducts(numbers([1, -2, 0]), factor, 0, 3);
    expect([...target.data]).toEqual([1 + 2 ** -23, -2 - 2 ** -22, 0]);
    target.writeProducts(numbers([1]), add(exact(1 + 2 ** -24), exact(-(2 ** -80))), 0, 1);
    expect(target.data[0]).toBe(1);
    expect(target.correctlyRounded).toBe(4);
  });

  test('for negative, subnormal, huge and special numbers', () => {
    expect(toFloat32(add(exact(-1 - 2 ** -24), exact(-(2 ** -90))))).toBe(-1 - 2 ** -23);
    expect(toFloat32(add(exact(2 ** -150), exact(2 ** -230)))).toBe(2 ** -149);
    expect(toFloat32(exact(2 ** -150))).toBe(0);
    expect(toFloat32(exact(3.4e38))).toBe(Math.fround(3.4e38));
    expect(toFloat32(exact(1e39))).toBe(Infinity);
    expect(Object.is(toFloat32(exact(-0)), -0)).toBe(true);
  });
});
