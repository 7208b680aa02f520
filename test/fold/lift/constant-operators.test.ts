import { describe, expect, test } from 'vitest';
import { Constants, type Numbers } from '../../../src/fold/lift/constants.ts';
import { float, int, ints, type Attribute } from '../../../src/onnx/attribute.ts';
import { Constant } from '../../../src/onnx/constant.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { inferTypes } from '../../../src/onnx/shapes/infer.ts';
import { float32, sizeOf, type DType } from '../../../src/tensor.ts';
import { Fixture } from '../fixture.ts';
import { runGraph } from '../run-graph.ts';

type Build = (f: Fixture) => Value;

const numbers = (f: Fixture, name: string, shape: readonly number[], data: readonly number[]) =>
  f.graph.constant(name, float32(shape, data));
const doubles = (f: Fixture, name: string, ...data: number[]) =>
  f.graph.constant(name, { dtype: 'float64', shape: [data.length], data: Float64Array.from(data) });
const range = (f: Fixture, ...shape: number[]) => numbers(f, 'x', shape, Array.from({ length: sizeOf(shape) }, (_, i) => i + 1)); // prettier-ignore
const scalar = (f: Fixture, value: number) => numbers(f, 'e', [], [value]);

function found(build: Build, opset = 17): Numbers | undefined {
  const f = new Fixture(opset);
  const y = build(f);
  const graph = f.done(y);
  return new Constants(graph, inferTypes(graph)).of(y);
}

const slice =
  (shape: readonly number[], starts: readonly number[], ends: readonly number[], axes?: readonly number[], steps?: readonly number[]): Build =>
  (f) => f.node('Slice', [range(f, ...shape), f.shape(starts, 's'), f.shape(ends, 'e'), axes && f.shape(axes, 'a'), steps && f.shape(steps, 'n')]); // prettier-ignore

const SAME: Readonly<Record<string, Build>> = {
  'a slice without axes': slice([5, 7], [1, 2], [4, 6]),
  'a slice from before the first element to behind the last': slice([5, 7], [-99, 3], [99, 99], [0, 1]),
  'a slice of a negative axis': slice([5, 7], [2], [5], [-1]),
  'a slice of the last axis in steps': slice([5, 7], [1], [7], [1], [3]),
  'a slice from behind': slice([5, 7], [-3, -2], [-1, 99], [1, 0]),
  'a slice of nothing': slice([5, 7], [4], [2], [1]),
  'a slice that begins behind the last element': slice([5, 7], [9], [12], [0]),
  'a power of 4': (f) => f.node('Pow', [range(f, 5), scalar(f, 4)]),
  'a power of −4': (f) => f.node('Pow', [range(f, 5), scalar(f, -4)]),
  'a power of 3.5': (f) => f.node('Pow', [range(f, 5), scalar(f, 3.5)]),
  'a power of −0.5': (f) => f.node('Pow', [range(f, 5), scalar(f, -0.5)]),
  'a power of 0': (f) => f.node('Pow', [range(f, 5), scalar(f, 0)]),
  'a power of −1 of negative numbers': (f) => f.node('Pow', [numbers(f, 'x', [3], [-2, 4, -5]), scalar(f, -1)]),
  'a power of 3 of negative numbers': (f) => f.node('Pow', [numbers(f, 'x', [3], [-2, 0, -5]), scalar(f, 3)]),
  'powers of many exponents': (f) => f.node('Pow', [range(f, 3), numbers(f, 'e', [3], [2, -1, 0.5])]),
  'roots of 0 and of a square': (f) => f.node('Sqrt', [numbers(f, 'x', [2], [0, 6.25])]),
  'the positive ones of some numbers': (f) => f.node('Relu', [numbers(f, 'x', [4], [-2, 0, 3, -0.5])]),
  'what is expanded along an axis in front': (f) => f.node('Expand', [range(f, 3), f.shape([2, 1])]),
  'what is expanded to no more than it is': (f) => f.node('Expand', [range(f, 2, 3), f.shape([1, 1])]),
  'a transpose of four axes': (f) => f.node('Transpose', [range(f, 2, 1, 3, 4)], { perm: ints([3, 1, 0, 2]) }),
  'a Concat of three along the middle': (f) => f.node('Concat', [range(f, 2, 1, 3), f.integers([2, 2, 3], 'b'), f.integers([2, 3, 3], 'c')], { axis: int(1) }),
  'a Concat along the last': (f) => f.node('Concat', [range(f, 2, 1), f.integers([2, 4], 'b')], { axis: int(-1) }),
  'a difference of a column and a row': (f) => f.node('Sub', [range(f, 3, 1), numbers(f, 'r', [4], [5, 7, 2, 1])]),
  'a quotient of a scalar': (f) => f.node('Div', [scalar(f, 5), range(f, 3)]),
  'an integer that is cast': (f) => f.node('Cast', [f.shape([7])], { to: int(11) }),
  'a float64 that is cast to a half and back': (f) => f.node('Cast', [f.node('Cast', [doubles(f, 'd', 0.1, 70000, 1e-9)], { to: int(10) })], { to: int(1) }),
  'a Concat of a Transpose of a product': (f) => f.node('Concat', [f.node('Transpose', [f.node('Mul', [range(f, 2, 3), scalar(f, 0.1)])]), range(f, 3, 1)], { axis: int(1) }),
  'a Flatten of four axes in front of the third': (f) => f.node('Flatten', [range(f, 2, 1, 3, 2)], { axis: int(-2) }),
}; // prettier-ignore

describe('what onnxruntime computes of constants is what folding takes them for', () => {
  test.each(Object.entries(SAME))('%s', async (_, build) => {
    const f = new Fixture();
    const y = build(f);
    const graph = f.done(y);
    const own = new Constants(graph, inferTypes(graph)).of(y);
    const { data, dims } = (await runGraph(graph, 'disabled', {})).get(y.name)!;
    expect(own?.shape).toEqual(dims);
    expect(own!.data.length).toBe(data.length);
    Array.from(own!.data).forEach((value, i) => {
      if (Object.is(value, data[i])) return;
      expect(Math.abs(value - data[i]!)).toBeLessThanOrEqual(2 ** -22 * Math.abs(data[i]!));
    });
  });
});

const REFUSED: Readonly<Record<string, Build>> = {
  'a power of 4.5': (f) => f.node('Pow', [range(f, 5), scalar(f, 4.5)]),
  'a power of −5': (f) => f.node('Pow', [range(f, 5), scalar(f, -5)]),
  'a power of 5': (f) => f.node('Pow', [range(f, 5), scalar(f, 5)]),
  'a power of 0.25': (f) => f.node('Pow', [range(f, 5), scalar(f, 0.25)]),
  'the root of 0 as a power': (f) => f.node('Pow', [numbers(f, 'x', [2], [1, 0]), scalar(f, 0.5)]),
  'a slice in steps backwards': slice([5], [3], [0], [0], [-1]),
  'a slice in steps, one of them backwards': slice([5, 7], [1, 3], [4, 0], [0, 1], [1, -1]),
  'a slice whose axes are computed': (f) => f.node('Slice', [range(f, 5), f.shape([1], 's'), f.shape([3], 'e'), f.input([1], 'a', 'int64')]),
  'a slice whose steps are computed': (f) => f.node('Slice', [range(f, 5), f.shape([1], 's'), f.shape([3], 'e'), f.shape([0], 'a'), f.input([1], 'n', 'int64')]),
  'a slice whose ends are computed': (f) => f.node('Slice', [range(f, 5), f.shape([1], 's'), f.input([1], 'e', 'int64')]),
  'a Concat with something that is computed': (f) => f.node('Concat', [range(f, 2), f.input([3])], { axis: int(0) }),
  'a Cast to an integer': (f) => f.node('Cast', [range(f, 3)], { to: int(7) }),
  'a ConstantOfShape of integers': (f) => f.node('ConstantOfShape', [f.shape([2])], { value: { kind: 'tensor', value: Constant.of({ dtype: 'int64', shape: [1], data: BigInt64Array.of(3n) }) } }),
  'a transpose of something that is computed': (f) => f.node('Transpose', [f.input([2, 3])]),
  'an Expand of something that is computed': (f) => f.node('Expand', [f.input([3]), f.shape([2, 3])]),
  'a sum of something that is computed on the right': (f) => f.node('Add', [f.integers([3]), f.input([3])]),
  'an Exp': (f) => f.node('Exp', [range(f, 3)]),
  'an operator of another domain': (f) => f.graph.node('Neg', { domain: 'com.example', inputs: [range(f, 3)], output: { name: 'y' } }),
}; // prettier-ignore

test.each(Object.entries(REFUSED))('%s is left to the runtime', (_, build) => {
  expect(found(build)).toBeUndefined();
});

describe('in older opsets', () => {
  test('the bounds of a Slice are attributes', () => {
    const attributes: Record<string, Attribute> = { starts: ints([1, 2]), ends: ints([4, 5]) };
    expect(Array.from(found((f) => f.node('Slice', [range(f, 5, 7)], attributes), 9)!.data)).toEqual([10, 11, 12, 17, 18, 19, 24, 25, 26]); // prettier-ignore
    const last = { ...attributes, axes: ints([1, 0]) };
    expect(Array.from(found((f) => f.node('Slice', [range(f, 5, 7)], last), 9)!.data)).toEqual([16, 17, 18, 23, 24, 25, 30, 31, 32]); // prettier-ignore
  });

  test('an operand that an attribute aligns is left to the runtime', () => {
    const add = (attributes: Record<string, Attribute>): Build => (f) => f.node('Add', [range(f, 3, 3), f.integers([3], 'b')], attributes); // prettier-ignore
    expect(found(add({ broadcast: int(1), axis: int(0) }), 6)).toBeUndefined();
    expect(found(add({ broadcast: int(1) }), 6)).toBeDefined();
  });

  test('a Concat without an axis is one along the second', () => {
    const joined = found((f) => f.node('Concat', [range(f, 2, 1), f.integers([2, 2], 'b')]), 3);
    expect(joined?.shape ?? [2, 3]).toEqual([2, 3]);
  });
});

describe('what is moved keeps all that is known of it', () => {
  const third: Build = (f) => f.node('Div', [numbers(f, 'one', [3, 1], [1, 2, 5]), numbers(f, 'three', [1, 1], [3])]);
  const parts = ({ values }: Numbers) => values?.map(({ hi, lo, error }) => [hi, lo, error]);

  test('to the last bit', () => {
    const own = parts(found(third)!)!;
    expect(own.every(([, lo]) => lo !== 0)).toBe(true);
    expect(parts(found((f) => f.node('Transpose', [third(f)]))!)).toEqual(own);
    expect(parts(found((f) => f.node('Expand', [third(f), f.shape([3, 2])]))!)).toEqual(own.flatMap((entry) => [entry, entry])); // prettier-ignore
    expect(parts(found((f) => f.node('Identity', [third(f)]))!)).toEqual(own);
    expect(parts(found((f) => f.node('Concat', [third(f), third(f)], { axis: int(1) }))!)).toEqual(own.flatMap((entry) => [entry, entry])); // prettier-ignore
  });

  test('and the type of its numbers', () => {
    const of = (build: Build) => found(build)!.data.constructor;
    expect(of((f) => f.node('Transpose', [range(f, 2, 3)]))).toBe(Float32Array);
    expect(of((f) => f.node('Transpose', [doubles(f, 'd', 1, 2)]))).toBe(Float64Array);
    const filled =
      (dtype: DType): Build =>
      (f) => {
        const data = dtype === 'float32' ? Float32Array.of(0.1) : Float64Array.of(0.1);
        return f.node('ConstantOfShape', [f.shape([2])], { value: { kind: 'tensor', value: Constant.of({ dtype, shape: [1], data }) } }); // prettier-ignore
      };
    expect(of(filled('float32'))).toBe(Float32Array);
    expect(of(filled('float64'))).toBe(Float64Array);
    expect(Array.from(found(filled('float64'))!.data)).toEqual([0.1, 0.1]);
  });

  test('but large results are float64, and say so where that rounds them', () => {
    const large = (divisor: number): Build => (f) => f.node('Div', [f.node('Expand', [numbers(f, 'x', [1], [1]), f.shape([2 ** 20 + 1])]), scalar(f, divisor)]); // prettier-ignore
    const [halves, thirds] = [found(large(2))!, found(large(3))!];
    expect([halves.values, halves.isRounded, halves.data[5]]).toEqual([undefined, undefined, 0.5]);
    expect([thirds.values, thirds.isRounded, thirds.data[5]]).toEqual([undefined, true, 1 / 3]);
    const again = found((f) => f.node('Expand', [large(3)(f), f.shape([2 ** 20 + 1])]))!;
    expect([again.values, again.isRounded]).toEqual([undefined, true]);
    const widened = found((f) => f.node('Expand', [f.node('Div', [numbers(f, 'x', [1], [1]), scalar(f, 3)]), f.shape([2 ** 20 + 1])]))!; // prettier-ignore
    expect([widened.values, widened.isRounded]).toEqual([undefined, true]);
    const fits = found((f) => f.node('Expand', [f.node('Div', [numbers(f, 'x', [1], [1]), scalar(f, 3)]), f.shape([2 ** 20])]))!; // prettier-ignore
    expect([fits.values?.length, fits.isRounded]).toEqual([2 ** 20, undefined]);
  });
});

test('the root of 0 is 0, and of that nothing is unknown', () => {
  expect(found((f) => f.node('Sqrt', [numbers(f, 'x', [1], [0])]))!.values).toEqual([{ hi: 0, lo: 0, error: 0 }]);
});

describe('constants of constants', () => {
  const chain = (steps: number): Build => (f) => {
    let x = range(f, 3);
    for (let step = 0; step < steps; step++) x = f.node('Neg', [x]);
    return x;
  }; // prettier-ignore

  test('are followed through sixteen steps and no more', () => {
    expect(found(chain(16))?.data).toEqual(Float64Array.of(1, 2, 3));
    expect(found(chain(17))).toBeUndefined();
  });

  test('that can be overridden are none', () => {
    const f = new Fixture();
    const x = range(f, 3);
    const y = f.node('Neg', [x]);
    const graph = f.done(y);
    const types = inferTypes(graph);
    expect(new Constants(graph, types, new Set([x])).of(y)).toBeUndefined();
    expect(new Constants(graph, types, new Set([x])).isFixed(x)).toBe(false);
    expect(new Constants(graph, types, new Set([y])).of(y)).toBeUndefined();
    expect(new Constants(graph, types, new Set()).isFixed(y)).toBe(true);
  });

  test('are computed until there are 2²⁶ numbers of them', () => {
    const half = 2 ** 25;
    const f = new Fixture();
    const shape = f.shape([half]);
    const fill = () => f.node('ConstantOfShape', [shape]);
    const [a, b, c] = [fill(), fill(), f.node('ConstantOfShape', [f.shape([1])])];
    const graph = f.done(a, b, c);
    const constants = new Constants(graph, inferTypes(graph));
    expect(constants.of(a)?.data.length).toBe(half);
    expect(constants.of(b)?.data.length).toBe(half);
    expect(constants.of(c)).toBeUndefined();
    expect(found((g) => g.node('ConstantOfShape', [g.shape([2 ** 26 + 1])]))).toBeUndefined();
  });

  test('what computes nothing costs nothing', () => {
    const f = new Fixture();
    const exp = f.node('Pow', [f.node('Expand', [range(f, 1), f.shape([2 ** 25])]), scalar(f, 0.3)]);
    const more = Array.from({ length: 3 }, () => f.node('Pow', [exp, scalar(f, 0.3)]));
    const last = f.node('ConstantOfShape', [f.shape([3])]);
    const graph = f.done(exp, ...more, last);
    const constants = new Constants(graph, inferTypes(graph));
    for (const value of [exp, ...more]) expect(constants.of(value)).toBeUndefined();
    expect(constants.of(last)?.data.length).toBe(3);
  });
});

test('an attribute of a Constant node is read whatever its kind', () => {
  expect(Array.from(found((f) => f.node('Constant', [], { value_float: float(0.5) }))!.data)).toEqual([0.5]);
  expect(found((f) => f.node('Constant', [], { value_int: int(5) }))).toBeUndefined();
});
