import { describe, expect, test } from 'vitest';
import { float, int, type Attribute } from '../../../src/onnx/attribute.ts';
import { Value, type Graph } from '../../../src/onnx/graph.ts';
import { foldGraph } from '../../../src/fold/fold-graph.ts';
import { float32, type Tensor } from '../../../src/tensor.ts';
import { checkFold } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';
import { runGraph } from '../run-graph.ts';

interface Parts {
  readonly opset?: number;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly parameters?: readonly Tensor[];
  readonly statistics?: boolean;
}

const vector = (...values: number[]) => float32([values.length], values);
/** gamma, beta, mean, variance of two channels. */
const PARAMETERS = [vector(1, 2), vector(0, 1), vector(-1, 0), vector(1, 4)];

/** Conv → BatchNormalization, or a MatMul in front of it. */
function behindConv({ opset = 17, attributes = {}, parameters = PARAMETERS, statistics = false }: Parts): Graph {
  const f = new Fixture(opset);
  const y = f.node('Conv', [f.input([1, 3, 2, 2]), f.integers([2, 3, 1, 1])]);
  const inputs = [y, ...parameters.map((tensor) => f.graph.constant('p', tensor))];
  const z = f.node('BatchNormalization', inputs, attributes, 'bn');
  if (statistics)
    (z.producer!.outputs as (Value | undefined)[]).push(new Value('running_mean'), new Value('running_var'));
  return f.done(z);
}

const fateOf = (parts: Parts) => {
  const { batchNormalizations } = foldGraph(behindConv(parts)).report;
  return batchNormalizations.kept[0]?.reason ?? 'folded';
};

test.each([14, 15])('BatchNormalization in training mode of opset %i is kept', (opset) => {
  expect(fateOf({ opset, attributes: { training_mode: int(1) } })).toContain('training');
});

describe('BatchNormalization at inference is folded', () => {
  const forms: [string, Parts][] = [
    ['of opset 1 with is_test', { opset: 1, attributes: { is_test: int(1) } }],
    ['of opset 6 with is_test', { opset: 6, attributes: { is_test: int(1), spatial: int(1) } }],
    ['of opset 7', { opset: 7 }],
    ['of opset 8 with spatial', { opset: 8, attributes: { spatial: int(1) } }],
    ['of opset 9', { opset: 9 }],
    ['of opset 13', { opset: 13 }],
    ['of opset 14', { opset: 14, attributes: { training_mode: int(0) } }],
    ['of opset 17', { opset: 17 }],
    [
      'of opset 6 that names outputs which nobody reads',
      { opset: 6, statistics: true, attributes: { is_test: int(1) } },
    ],
    ['of opset 15 that names outputs which nobody reads', { opset: 15, statistics: true }],
    ['with a gamma of 0, which leaves its beta', { parameters: [vector(0, 0), ...PARAMETERS.slice(1)] }],
    ['with a variance of 0 and an epsilon', { parameters: [...PARAMETERS.slice(0, 3), vector(0, 1)] }],
  ];
  test.each(forms)('%s', (_, parts) => {
    expect(fateOf(parts)).toBe('folded');
  });

  test('by the numbers of onnxruntime, without an epsilon', async () => {
    await checkFold(behindConv({}), undefined, { tolerance: 'layer' });
    await checkFold(behindConv({ opset: 9 }), undefined, { tolerance: 'layer' });
  });

  test('by the numbers of onnxruntime, on a vector whose one channel is everything', async () => {
    const f = new Fixture();
    const y = f.node('MatMul', [f.input([4, 3]), f.integers([3, 1])]);
    const z = f.node('Squeeze', [y, f.shape([1], 'axes')]);
    await checkFold(f.done(f.batchNormalization(z, 1)), undefined, { runs: false });
  });

  test('of opset 7 without spatial, on matrices, where that makes no difference', async () => {
    const f = new Fixture(7);
    const y = f.node('MatMul', [f.input([4, 3]), f.integers([3, 5])]);
    const z = f.batchNormalization(y, 5, { attributes: { spatial: int(0) } });
    const { nodes } = await checkFold(f.done(z), undefined, { runs: false });
    expect(nodes.after).toBe(1);
  });

  test('with parameters of another dtype than x, which they may be since opset 14', () => {
    const [opset9, opset15] = [9, 15].map((opset) => {
      const f = new Fixture(opset);
      const half = f.graph.constant('W', { dtype: 'float16', shape: [2, 3, 1, 1], data: new Uint16Array(6).fill(0x3c00) }); // prettier-ignore
      const y = f.node('Conv', [f.input([1, 3, 2, 2], 'x', 'float16'), half]);
      const parameters = PARAMETERS.map((tensor) => f.graph.constant('p', tensor));
      return foldGraph(f.done(f.node('BatchNormalization', [y, ...parameters], {}, 'bn')));
    });
    expect(opset9!.report.batchNormalizations.kept[0]!.reason).toContain('mixes the dtypes float16 and float32');
    expect(opset15!.report.batchNormalizations.kept).toEqual([]);
    expect(opset15!.graph.initializers.map(({ constant }) => constant?.dtype)).toEqual(['float16', 'float16']);
  });

  test('in float64', async () => {
    const f = new Fixture();
    const double = (name: string, shape: readonly number[], values: readonly number[]) =>
      f.graph.constant(name, { dtype: 'float64', shape, data: Float64Array.from(values) });
    const x = f.input([2, 2], 'x', 'float64');
    const y = f.node('MatMul', [x, double('W', [2, 2], [0.1, 0.2, 0.3, -0.7])]);
    const parameters = PARAMETERS.map(({ data }) => double('p', [2], Array.from(data)));
    const z = f.node('BatchNormalization', [y, ...parameters], {}, 'bn');
    await checkFold(f.done(z), ['bn = Gemm(x, W_1, W_bias)'], { tolerance: 'double', seeding: 'reals' });
  });
});

describe('BatchNormalization is kept', () => {
  const [gamma, beta, mean, variance] = PARAMETERS as [Tensor, Tensor, Tensor, Tensor];
  const forms: [string, Parts, string][] = [
    ['that trains by default (opset 6)', { opset: 6 }, 'is in training mode (is_test is 0)'],
    ['that trains (opset 15)', { opset: 15, attributes: { training_mode: int(1) } }, 'is in training mode'],
    ['that normalises elements (opset 7)', { opset: 7, attributes: { spatial: int(0) } }, '(spatial is 0)'],
    ['that names statistics (opset 9)', { opset: 9, statistics: true }, 'names outputs for its statistics'],
    ['with a negative variance', { parameters: [gamma, beta, mean, vector(1, -1)] }, 'has a variance that is negative'],
    ['with a variance that is NaN', { parameters: [gamma, beta, mean, vector(1, NaN)] }, 'has a variance that is'],
    ['with an infinite variance', { parameters: [gamma, beta, mean, vector(1, Infinity)] }, 'has a variance that is'],
    ['with neither variance nor epsilon', { parameters: [gamma, beta, mean, vector(1, 0)], attributes: { epsilon: float(0) } }, 'zero without epsilon'], // prettier-ignore
    ['with a negative epsilon', { attributes: { epsilon: float(-1) } }, 'has a variance that is negative'],
    ['with an epsilon that is NaN', { attributes: { epsilon: float(NaN) } }, 'has a variance that is'],
    ['with an infinite gamma', { parameters: [vector(1, Infinity), beta, mean, variance] }, 'is not finite'],
    ['with a mean that is NaN', { parameters: [gamma, beta, vector(NaN, 1), variance] }, 'is not finite'],
    ['of another number of channels', { parameters: PARAMETERS.map(() => vector(1, 1, 1)) }, 'do not fit its channels'],
    ['whose parameters differ in length', { parameters: [vector(1), beta, mean, variance] }, 'do not fit its channels'],
    ['whose parameters are matrices', { parameters: PARAMETERS.map(() => float32([2, 1], [1, 1])) }, 'do not fit its channels'], // prettier-ignore
    ['of two dtypes (opset 13)', { opset: 13, parameters: [gamma, beta, mean, { dtype: 'float64', shape: [2], data: new Float64Array(2) }] }, 'mixes the dtypes float32 and float64'], // prettier-ignore
    ['of three parameters', { parameters: PARAMETERS.slice(0, 3) }, 'has parameters that are not constants'],
    ['whose scale leaves float32', { parameters: [vector(3e38, 1), beta, mean, vector(1e-30, 1)], attributes: { epsilon: float(0) } }, 'would get weights beyond the range of float32'], // prettier-ignore
    ['whose shift leaves float32', { parameters: [gamma, beta, vector(3e38, 0), vector(1e-4, 1)] }, 'would get a bias beyond the range of float32'], // prettier-ignore
    ['whose scale is next to nothing', { parameters: [vector(1e-42, 1), beta, mean, variance] }, 'would get weights too small for float32'], // prettier-ignore
  ];
  test.each(forms)('%s', (_, parts, reason) => {
    expect(fateOf(parts)).toContain(reason);
  });

  test('whose statistics are read', () => {
    for (const opset of [6, 15]) {
      const graph = behindConv({ opset, statistics: true, attributes: { is_test: int(1) } });
      graph.outputs.push(graph.nodes[1]!.outputs[1]!);
      expect(foldGraph(graph).report.batchNormalizations.kept[0]!.reason).toContain('gives out its statistics');
    }
  });
});

test('onnxruntime trains by as much as naming the five outputs of opset 9, so such a node must stay', async () => {
  const f = new Fixture(9);
  const bn = f.batchNormalization(f.input([2, 3, 4]), 3);
  const plain = await runGraph(f.done(bn), 'disabled', {});
  (bn.producer!.outputs as Value[]).push(...['a', 'b', 'c', 'd'].map((name) => new Value(name, { dtype: 'float32' })));
  expect(await runGraph(f.graph, 'disabled', {})).not.toEqual(plain);
});
