import { describe, expect, test } from 'vitest';
import { foldGraph } from '../../../src/fold/fold-graph.ts';
import { int, type Attribute } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { sizeOf } from '../../../src/tensor.ts';
import { checkFold, type CheckOptions } from '../check-fold.ts';
import { Fixture, type BatchNormalizationParts } from '../fixture.ts';

type Attributes = Readonly<Record<string, Attribute>>;
/** From "extended" on onnxruntime rounds the floats that a matrix of integers meets to integers too. */
const UNROUNDED = { levels: ['disabled', 'basic'] } as const;
const USUAL = { gamma: [4, -2], beta: [1, -1], mean: [2, 1] };
const NO_SHIFT = { ...USUAL, beta: [0, 0], mean: [0, 0] };

/** A fixture with integer weights, whose scales are powers of two. */
class Quantised extends Fixture {
  tensor(
    name: string,
    dtype: 'float32' | 'int8' | 'uint8' | 'int32',
    shape: readonly number[],
    values: readonly number[],
  ): Value {
    // prettier-ignore
    const data = { float32: Float32Array, int8: Int8Array, uint8: Uint8Array, int32: Int32Array }[dtype].from(values);
    return this.graph.constant(name, { dtype, shape, data });
  }

  weights(
    shape: readonly number[],
    scale: readonly number[],
    { axis = 0, zero = [] as readonly number[] } = {},
  ): Value {
    const values = Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 5) % 7) - 3);
    const scales = this.tensor('scale', 'float32', scale.length === 1 ? [] : [scale.length], scale);
    const zeros = zero.length > 0 ? [this.tensor('zero', 'int8', zero.length === 1 ? [] : [zero.length], zero)] : [];
    const attributes: Attributes = scale.length === 1 ? {} : { axis: int(axis) };
    return this.node('DequantizeLinear', [this.tensor('q', 'int8', shape, values), scales, ...zeros], attributes, 'W');
  }

  bias(scale: readonly number[]): Value {
    const scales = this.tensor('b_scale', 'float32', [scale.length], scale);
    return this.node('DequantizeLinear', [this.tensor('b_q', 'int32', [2], [5, -3]), scales], { axis: int(0) }, 'b');
  }

  conv(W: Value, b?: Value): Value {
    return this.node('Conv', [this.input([1, 3, 5, 7]), W, b]);
  }
}

type Build = (f: Quantised) => Value;

async function foldsTo(build: Build, lines: readonly string[], options: CheckOptions = {}): Promise<void> {
  const f = new Quantised();
  const { batchNormalizations } = await checkFold(f.done(build(f)), lines, options);
  expect(batchNormalizations.kept).toEqual([]);
}

async function keeps(build: Build, reason: string, options: CheckOptions = {}): Promise<void> {
  const f = new Quantised();
  const { batchNormalizations } = await checkFold(f.done(build(f)), undefined, options);
  expect(batchNormalizations.kept[0]?.reason).toContain(reason);
}

const KERNEL = [2, 3, 3, 2];
const behind = (y: (f: Quantised) => Value, parts: BatchNormalizationParts = USUAL): Build => (f) => f.batchNormalization(y(f), 2, parts); // prettier-ignore

describe('a BatchNormalization behind integer weights goes into their scales', () => {
  test('one scale for all becomes one for each output', async () => {
    await foldsTo(
      behind((f) => f.conv(f.weights(KERNEL, [0.5]), f.integers([2], 'b'))),
      ['W_2 = DequantizeLinear<axis=0>(q, W_1)', 'bn = Conv(x, W_2, b_1)'],
    );
  });

  test('and so does the zero point', async () => {
    await foldsTo(
      behind((f) => f.conv(f.weights(KERNEL, [0.5], { zero: [2] }))),
      ['W_2 = DequantizeLinear<axis=0>(q, W_1, zero_1)', 'bn = Conv(x, W_2, W_bias)'],
    );
  });

  test('scales and zero points for each output keep their axis', async () => {
    await foldsTo(
      behind((f) => f.conv(f.weights(KERNEL, [0.5, 2], { zero: [1, -2] }))),
      ['W_2 = DequantizeLinear<axis=0>(q, W_1, zero)', 'bn = Conv(x, W_2, W_bias)'],
    );
  });

  test('a scale goes into a bias of integers too', async () => {
    await foldsTo(
      behind((f) => f.conv(f.weights(KERNEL, [0.5]), f.bias([0.25, 0.5])), NO_SHIFT),
      ['W_2 = DequantizeLinear<axis=0>(q, W_1)', 'b_2 = DequantizeLinear<axis=0>(b_q, b_1)', 'bn = Conv(x, W_2, b_2)'],
    );
  });

  test('a shift does not, and stays as an Add', async () => {
    await foldsTo(
      behind((f) => f.conv(f.weights(KERNEL, [0.5]), f.bias([0.25, 0.5]))),
      [
        'W_2 = DequantizeLinear<axis=0>(q, W_1)',
        'b_2 = DequantizeLinear<axis=0>(b_q, b_1)',
        'conv_1 = Conv(x, W_2, b_2)',
        'bn = Add(conv_1, bn_shift)',
      ],
    );
  });

  test('of a ConvTranspose, whose outputs lie along axis 1', async () => {
    const conv: Build = (f) => f.node('ConvTranspose', [f.input([1, 3, 5, 7]), f.weights([3, 2, 3, 3], [0.5, 4], { axis: 1 })]); // prettier-ignore
    await foldsTo(behind(conv), ['W_2 = DequantizeLinear<axis=1>(q, W_1)', 'bn = ConvTranspose(x, W_2, W_bias)']);
  });

  test.each([
    [0, 1, [5, 2]],
    [1, 0, [2, 5]],
  ])('of a Gemm with transB %i, along axis %i', async (transB, axis, shape) => {
    const gemm: Build = (f) => f.node('Gemm', [f.input([3, 5]), f.weights(shape, [0.5]), f.integers([2], 'b')], { transB: int(transB), beta: { kind: 'float', value: 2 } }); // prettier-ignore
    await foldsTo(
      behind(gemm),
      [`W_2 = DequantizeLinear<axis=${axis}>(q, W_1)`, `bn = Gemm<beta=1, transB=${transB}>(x, W_2, b_1)`],
      UNROUNDED,
    );
  });

  test('of a MatMul', async () => {
    const matMul: Build = (f) => f.node('MatMul', [f.input([3, 5]), f.weights([5, 2], [0.5])]);
    await foldsTo(behind(matMul), ['W_2 = DequantizeLinear<axis=1>(q, W_1)', 'bn = Gemm(x, W_2, W_bias)'], UNROUNDED);
  });

  test('of integers that two convolutions share, each with scales of its own', async () => {
    await foldsTo(
      (f) => {
        const W = f.weights(KERNEL, [0.5, 2]);
        const x = f.input([1, 3, 5, 7]);
        const first = f.batchNormalization(f.node('Conv', [x, W]), 2, USUAL, 'one');
        return f.node('Add', [
          first,
          f.batchNormalization(f.node('Conv', [x, W]), 2, { ...USUAL, gamma: [8, 4] }, 'two'),
        ]);
      },
      [
        'W_2 = DequantizeLinear<axis=0>(q, W_1)',
        'one = Conv(x, W_2, W_bias)',
        'W_4 = DequantizeLinear<axis=0>(q, W_3)',
        'two = Conv(x, W_4, W_bias_1)',
        'add = Add(one, two)',
      ],
    );
  });

  test('in four bits, two to a byte', async () => {
    const f = new Quantised(21);
    const q = f.graph.constant('q', { dtype: 'int4', shape: [5, 3], data: Uint8Array.from([0x21, 0xf3, 0x4e, 0x15, 0xd2, 0x3f, 0xe1, 0x01]) }); // prettier-ignore
    const zero = f.graph.constant('zero', { dtype: 'int4', shape: [], data: Uint8Array.of(0x0e) });
    const W = f.node('DequantizeLinear', [q, f.tensor('scale', 'float32', [], [0.5]), zero], {}, 'W');
    const y = f.batchNormalization(f.node('MatMul', [f.input([2, 5]), W]), 3, { gamma: [2, 4, -2] });
    await checkFold(
      f.done(y),
      ['W_2 = DequantizeLinear<axis=1>(q, W_1, zero_1)', 'bn = Gemm(x, W_2, W_bias)'],
      UNROUNDED,
    );
  });

  test('in a model that is quantised throughout, negative scales and 0 included, whatever kernels run it', async () => {
    const quantised = (f: Quantised, x: Value, scale: number) => {
      const s = f.tensor('s', 'float32', [], [scale]);
      const zero = f.tensor('z', 'uint8', [], [128]);
      return f.node('DequantizeLinear', [f.node('QuantizeLinear', [x, s, zero]), s, zero]);
    };
    const f = new Quantised();
    const x = quantised(f, f.input([1, 3, 5, 7]), 0.5);
    const y = f.node('Conv', [x, f.weights([3, 3, 3, 2], [0.5, 0.25, 1], { zero: [0, 0, 0] })]);
    const parts = { gamma: [-4, 2, 0], beta: [0, 0, 0], mean: [0, 0, 0] };
    const report = await checkFold(f.done(quantised(f, f.batchNormalization(y, 3, parts), 8)), undefined);
    expect(report.batchNormalizations).toMatchObject({ found: 1, folded: 1 });
  });
});

describe('a BatchNormalization stays', () => {
  test('in front of integer weights, which have no scale for each input', async () => {
    const build: Build = (f) => f.node('Conv', [f.batchNormalization(f.input([1, 2, 5, 7]), 2, USUAL), f.weights([2, 2, 3, 2], [0.5])]); // prettier-ignore
    await keeps(build, 'has quantised weights, with no scale for each of its inputs');
  });

  test('behind groups that share their scales', async () => {
    const conv: Build = (f) => f.node('ConvTranspose', [f.input([1, 4, 5, 7]), f.weights([4, 1, 3, 3], [0.5])], { group: int(2) }); // prettier-ignore
    await keeps(behind(conv), 'has scales that groups of outputs share');
  });

  test('behind scales along another axis, even of the same size', async () => {
    const conv: Build = (f) => f.node('Conv', [f.input([1, 2, 5, 7]), f.weights([2, 2, 2, 2], [0.5, 2], { axis: 1 })]);
    await keeps(behind(conv), 'has its scales along another axis than its outputs');
  });

  test('behind a scale that the caller gives', async () => {
    const conv: Build = (f) => f.conv(f.node('DequantizeLinear', [f.tensor('q', 'int8', KERNEL, new Array<number>(36).fill(1)), f.input([], 'scale')], {}, 'W')); // prettier-ignore
    await keeps(behind(conv), 'has a scale that is not a constant');
  });

  test('behind activations that are rounded to integers and back', async () => {
    const build: Build = (f) => {
      const s = f.tensor('s', 'float32', [], [0.5]);
      return f.node('DequantizeLinear', [f.node('QuantizeLinear', [f.conv(f.integers(KERNEL)), s]), s]);
    };
    await keeps(behind(build), 'makes its numbers of integers, which no affine passes');
  });

  test('in front of activations that are rounded to integers', () => {
    const build: Build = (f) => f.node('QuantizeLinear', [f.batchNormalization(f.input([1, 2, 3]), 2, USUAL), f.tensor('s', 'float32', [], [0.5])]); // prettier-ignore
    const f = new Quantised();
    const { kept } = foldGraph(f.done(build(f))).report.batchNormalizations;
    expect(kept[0]?.reason).toContain('rounds to integers, which no affine passes exactly');
  });

  test('behind what computes with integers', () => {
    const f = new Quantised();
    const [one, zero] = [f.tensor('one', 'float32', [], [1]), f.tensor('zero', 'uint8', [], [0])];
    const q = f.tensor('q', 'uint8', KERNEL, new Array<number>(36).fill(1));
    const y = f.node('QLinearConv', [f.input([1, 3, 5, 7], 'x', 'uint8'), one, zero, q, one, zero, one, zero]);
    const z = f.batchNormalization(f.node('DequantizeLinear', [y, one, zero]), 2, USUAL);
    expect(foldGraph(f.done(z)).report.batchNormalizations.kept[0]?.reason).toContain('makes its numbers of integers');
  });

  test.each(['ConvInteger', 'MatMulInteger', 'QLinearConv', 'QLinearMatMul'])('in front of %s', (opType) => {
    const f = new Quantised();
    const x = f.batchNormalization(f.input([1, 2]), 2, USUAL);
    const { kept } = foldGraph(f.done(f.node(opType, [x]))).report.batchNormalizations;
    expect(kept[0]?.reason).toContain('computes with integers, which take in no affine exactly');
  });
});
