import { describe, expect, test } from 'vitest';
import { float, int, ints, type Attribute } from '../../../src/onnx/attribute.ts';
import { Constant } from '../../../src/onnx/constant.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { inferTypes } from '../../../src/onnx/shapes/infer.ts';
import { Constants } from '../../../src/fold/lift/constants.ts';
import { float32, sizeOf, type Tensor } from '../../../src/tensor.ts';
import { checkFold } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';
import { runGraph } from '../run-graph.ts';

const tensorAttribute = (tensor: Tensor): Attribute => ({ kind: 'tensor', value: Constant.of(tensor) });
const positive = (f: Fixture, shape: readonly number[], name = 'p') =>
  f.graph.constant(
    name,
    float32(
      shape,
      Array.from({ length: sizeOf(shape) }, (_, i) => 0.3 + ((i * 7) % 11) / 4),
    ),
  );

type Build = (f: Fixture) => Value;

/** Each builds a value from constants alone. */
const COMPUTED: Readonly<Record<string, Build>> = {
  Abs: (f) => f.node('Abs', [f.integers([2, 3])]),
  'Add, broadcast both ways': (f) => f.node('Add', [f.integers([3, 1]), f.integers([2, 1, 5], 'c')]),
  'Cast from int64': (f) => f.node('Cast', [f.shape([2, -3, 5])], { to: int(1) }),
  'Cast from float64': (f) => f.node('Cast', [f.graph.constant('d', { dtype: 'float64', shape: [2], data: Float64Array.of(0.1, 1e-9) })], { to: int(1) }), // prettier-ignore
  'Concat along the first axis': (f) => f.node('Concat', [f.integers([2, 3]), f.integers([5, 3], 'c')], { axis: int(0) }), // prettier-ignore
  'Concat along an inner axis': (f) => f.node('Concat', [f.integers([2, 3, 5]), f.integers([2, 1, 5], 'c'), f.integers([2, 2, 5], 'd')], { axis: int(-2) }), // prettier-ignore
  'Constant with value_float': (f) => f.node('Constant', [], { value_float: float(0.1) }),
  'Constant with value_floats': (f) => f.node('Constant', [], { value_floats: { kind: 'floats', value: [1, 2, 3] } }),
  'Constant with value': (f) => f.node('Constant', [], { value: tensorAttribute(float32([2, 2], [1, 2, 3, 4])) }),
  ConstantOfShape: (f) => f.node('ConstantOfShape', [f.shape([2, 3])], { value: tensorAttribute(float32([1], [0.02])) }), // prettier-ignore
  'ConstantOfShape without a value': (f) => f.node('ConstantOfShape', [f.shape([2, 3])]),
  'ConstantOfShape in float64': (f) => f.node('ConstantOfShape', [f.shape([2, 3])], { value: tensorAttribute({ dtype: 'float64', shape: [1], data: Float64Array.of(0.1) }) }), // prettier-ignore
  Div: (f) => f.node('Div', [f.integers([3, 2]), positive(f, [2])]),
  Expand: (f) => f.node('Expand', [f.integers([3, 1]), f.shape([2, 1, 5])]),
  Flatten: (f) => f.node('Flatten', [f.integers([2, 3, 5])], { axis: int(2) }),
  Identity: (f) => f.node('Identity', [f.integers([2, 3])]),
  Mul: (f) => f.node('Mul', [f.integers([7]), f.integers([1], 'c')]),
  Neg: (f) => f.node('Neg', [f.integers([7])]),
  'Pow by one half': (f) => f.node('Pow', [positive(f, [7]), f.graph.constant('e', float32([], [0.5]))]),
  'Pow by −1.5': (f) => f.node('Pow', [positive(f, [7]), f.graph.constant('e', float32([1], [-1.5]))]),
  'Pow by 2': (f) => f.node('Pow', [f.integers([7]), f.graph.constant('e', float32([], [2]))]),
  Reciprocal: (f) => f.node('Reciprocal', [positive(f, [7])]),
  Relu: (f) => f.node('Relu', [f.integers([7])]),
  Reshape: (f) => f.node('Reshape', [f.integers([2, 6]), f.shape([3, -1])]),
  'Slice with steps and negative bounds': (f) => f.node('Slice', [f.integers([5, 7]), f.shape([-6, 1], 's'), f.shape([-1, 99], 'e'), f.shape([1, 0], 'a'), f.shape([2, 3], 'n')]), // prettier-ignore
  Sqrt: (f) => f.node('Sqrt', [positive(f, [7])]),
  Squeeze: (f) => f.node('Squeeze', [f.integers([1, 3, 1]), f.shape([0], 'axes')]),
  Sub: (f) => f.node('Sub', [f.integers([], 'c'), f.integers([7])]),
  'Transpose of three axes': (f) => f.node('Transpose', [f.integers([2, 3, 5])], { perm: ints([2, 0, 1]) }),
  'Transpose without perm': (f) => f.node('Transpose', [f.integers([2, 3, 5])]),
  Unsqueeze: (f) => f.node('Unsqueeze', [f.integers([3]), f.shape([0, 2], 'axes')]),
};

describe('a constant that is computed holds what onnxruntime computes', () => {
  test.each(Object.entries(COMPUTED))('%s', async (_, build) => {
    const f = new Fixture();
    const y = build(f);
    const graph = f.done(y);
    const found = new Constants(graph, inferTypes(graph)).of(y);
    const { data, dims } = (await runGraph(graph, 'disabled', {})).get(y.name)!;
    expect(found?.shape).toEqual(dims);
    Array.from(found!.data).forEach((value, i) => {
      expect(Math.abs(value - data[i]!)).toBeLessThanOrEqual(2 ** -22 * Math.abs(data[i]!));
    });
  });
});

describe('a constant is left to the runtime', () => {
  const isUnknown = (build: Build) => {
    const f = new Fixture();
    const y = build(f);
    const graph = f.done(y);
    expect(new Constants(graph, inferTypes(graph)).of(y)).toBeUndefined();
  };

  test('where it needs a function that differs from one platform to the next', () => {
    isUnknown((f) => f.node('Exp', [f.integers([3])]));
    isUnknown((f) => f.node('Pow', [positive(f, [3]), f.graph.constant('e', float32([], [0.3]))]));
    isUnknown((f) => f.node('Pow', [f.integers([3]), f.graph.constant('e', float32([], [0.5]))]));
  });

  test('where an input is computed at run time', () => {
    isUnknown((f) => f.node('Add', [f.input([3]), f.integers([3])]));
    isUnknown((f) => f.node('Concat', [f.input([3]), f.integers([3])], { axis: int(0) }));
  });

  test('where a few bytes ask for more memory than any weights', () => {
    isUnknown((f) => f.node('ConstantOfShape', [f.shape([2 ** 20, 2 ** 20])]));
    isUnknown((f) => f.node('Expand', [f.integers([1]), f.shape([2 ** 20, 2 ** 20])]));
  });
});

test('a BatchNormalization that an exporter has taken apart into constants folds to the nearest floats', async () => {
  const f = new Fixture();
  const [mean, variance, gamma, beta] = ['mean', 'variance', 'gamma', 'beta'].map((name) => positive(f, [7], name));
  const epsilon = f.node('Constant', [], { value_float: float(1e-3) });
  const wide = (x: Value) => f.node('Unsqueeze', [x, f.shape([1, 2], 'axes')]);
  const deviation = f.node('Pow', [f.node('Add', [variance!, epsilon]), f.graph.constant('half', float32([], [0.5]))]);
  const factor = f.node('Div', [gamma!, deviation]);
  const y = f.node('Conv', [f.input([2, 3, 5, 4]), f.integers([7, 3, 1, 2])]);
  const scaled = f.node('Mul', [f.node('Sub', [y, wide(mean!)]), wide(factor)]);
  const z = f.node('Add', [scaled, wide(beta!)]);
  const { nodes } = await checkFold(f.done(z), undefined, { tolerance: 'layer' });
  expect(nodes.after).toBe(1);
});
