import { describe, expect, test } from 'vitest';
import { float } from '../../../../src/onnx/attribute.ts';
import { Graph } from '../../../../src/onnx/graph.ts';
import { toReal } from '../../../../src/onnx/evaluate/decode.ts';
import { boundFragment } from '../../../../src/parity/audit/bounds/fragment.ts';
import { float32 } from '../../../../src/tensor.ts';
import { noise } from '../../../support/runnable-models.ts';

const f = Math.fround;
const N = 500;

/**
 * y = opType(Mul(x, a), Mul(z, b)): both operands are off by a rounding, so that what is tested is how the operator
 * carries errors on as well as the one it makes. `step` is the operator in float32.
 */
const CASES: readonly (readonly [string, (a: number, b: number) => number, ((a: number, b: number) => number)?])[] = [
  ['Add', (a, b) => f(a + b), (a, b) => a + b],
  ['Sub', (a, b) => f(a - b), (a, b) => a - b],
  ['Mul', (a, b) => f(a * b), (a, b) => a * b],
  ['Div', (a, b) => f(a / b), (a, b) => a / b],
  ['Max', (a, b) => Math.max(a, b)],
  ['Min', (a, b) => Math.min(a, b)],
  ['PRelu', (a, b) => (a < 0 ? f(a * b) : a), (a, b) => (a < 0 ? a * b : a)],
  ['Sum', (a, b) => f(a + b), (a, b) => a + b],
  ['Mean', (a, b) => f(f(a + b) / 2), (a, b) => (a + b) / 2],
];

for (const [opType, step, exactly = step] of CASES) {
  test(`${opType} stays within its bound on operands that are rounded themselves`, () => {
    const { x, z, a, b, y } = operands(opType);
    const bounded = y();
    const worst = Math.max(...Array.from({ length: N }, (_, i) => {
      const exact = exactly(x[i]! * a, z[i]! * b);
      const computed = step(f(x[i]! * a), f(z[i]! * b));
      expect(Math.abs(bounded.value[i]! - exact)).toBeLessThanOrEqual(1e-12 * Math.abs(exact));
      return Math.abs(computed - exact) / bounded.error[i]!;
    })); // prettier-ignore
    expect(worst).toBeLessThanOrEqual(1);
    // A bound that nothing comes near would prove nothing.
    expect(worst).toBeGreaterThan(0.2);
  });
}

function operands(opType: string) {
  const random = noise(opType.length);
  const numbers = () => Array.from({ length: N }, () => f(random()));
  const [x, z, a, b] = [numbers(), numbers(), f(random() + 2), f(random() + 2)];
  const y = () => {
    const graph = new Graph('binary');
    const inputs = [x, z].map((data, i) => graph.input(`i${i}`, float32([N], data)));
    const factors = [a, b].map((factor, i) => graph.constant(`f${i}`, float32([], [factor])));
    const products = inputs.map((input, i) =>
      graph.node('Mul', { inputs: [input, factors[i]], output: { name: 'p' } }),
    );
    const result = graph.node(opType, { inputs: products, output: { name: 'y' } });
    const leaves = new Map(inputs.map((input, i) => [input, toReal(float32([N], [x, z][i]!))]));
    const made = boundFragment({ graph, nodes: graph.nodes, leaves, isRounded: () => false }).get(result)!;
    return { value: made.value.data as Float64Array, error: made.error! };
  };
  return { x, z, a, b, y };
}

const UNARY: readonly (readonly [string, (x: number) => number, Record<string, ReturnType<typeof float>>?])[] = [
  ['Relu', (x) => Math.max(0, x)],
  ['LeakyRelu', (x) => (x < 0 ? f(x * f(0.3)) : x), { alpha: float(0.3) }],
  ['Sqrt', (x) => f(Math.sqrt(Math.max(0, x)))],
  ['Reciprocal', (x) => f(1 / x)],
  ['Abs', Math.abs],
  ['Neg', (x) => -x],
];

for (const [opType, step, attributes = {}] of UNARY)
  test(`${opType} stays within its bound on an operand that is rounded itself`, () => {
    const random = noise(opType.length);
    const positive = opType === 'Sqrt';
    const x = Array.from({ length: N }, () => f(positive ? random() + 1.001 : random()));
    const graph = new Graph('unary');
    const input = graph.input('x', float32([N], x));
    const factor = graph.constant('factor', float32([], [f(1.7)]));
    const product = graph.node('Mul', { inputs: [input, factor], output: { name: 'p' } });
    const y = graph.node(opType, { inputs: [product], attributes, output: { name: 'y' } });
    const leaves = new Map([[input, toReal(float32([N], x))]]);
    const made = boundFragment({ graph, nodes: graph.nodes, leaves, isRounded: () => false }).get(y)!;
    const shares = x.map((element, i) => {
      const error = Math.abs(step(f(element * f(1.7))) - (made.value.data as Float64Array)[i]!);
      return error === 0 ? 0 : error / made.error![i]!;
    });
    expect(Math.max(...shares)).toBeLessThanOrEqual(1);
    expect(Math.max(...shares)).toBeGreaterThan(0.3);
  });

describe('BatchNormalization', () => {
  /** The forms in which runtimes evaluate it, in float32. */
  const FORMS: Readonly<Record<string, (x: number, g: number, b: number, m: number, v: number, e: number) => number>> =
    {
      'scale and shift': (x, g, b, m, v, e) => {
        const scale = f(g / f(Math.sqrt(f(v + e))));
        return f(f(x * scale) + f(b - f(m * scale)));
      },
      'scale and shift, fused': (x, g, b, m, v, e) => {
        const scale = f(g * f(1 / f(Math.sqrt(f(v + e)))));
        return f(x * scale + f(b - m * scale));
      },
      'centred first': (x, g, b, m, v, e) => f(f(f(f(x - m) * g) / f(Math.sqrt(f(v + e)))) + b),
    };

  test.each(Object.keys(FORMS))('stays within its bound, evaluated as %s', (form) => {
    const random = noise(form.length);
    const C = 40;
    const vector = (make: () => number) => Array.from({ length: C }, () => f(make()));
    const x = Array.from({ length: 12 * C }, () => f(random() * 50));
    const [g, b, m] = [vector(random), vector(random), vector(() => random() * 40)];
    const v = vector(() => 10 ** (3 * random()));
    const graph = new Graph('norm');
    const input = graph.input('x', float32([3, C, 4], x));
    const others = [g, b, m, v].map((data, i) => graph.constant(`p${i}`, float32([C], data)));
    const attributes = { epsilon: float(1e-3) };
    const y = graph.node('BatchNormalization', { inputs: [input, ...others], attributes, output: { name: 'y' } });
    const leaves = new Map([[input, toReal(float32([3, C, 4], x))]]);
    const made = boundFragment({ graph, nodes: graph.nodes, leaves, isRounded: () => false }).get(y)!;
    const shares = x.map((element, i) => {
      const c = Math.floor(i / 4) % C;
      const computed = FORMS[form]!(element, g[c]!, b[c]!, m[c]!, v[c]!, f(1e-3));
      return Math.abs(computed - (made.value.data as Float64Array)[i]!) / made.error![i]!;
    });
    expect(Math.max(...shares)).toBeLessThanOrEqual(1);
    expect(Math.max(...shares)).toBeGreaterThan(0.1);
  });
});
