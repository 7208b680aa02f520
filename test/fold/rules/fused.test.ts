import { describe, expect, test } from 'vitest';
import { float, int, ints, string, type Attribute } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { float32, type Dim } from '../../../src/tensor.ts';
import { checkFold, type CheckOptions } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

/** A fixture that knows onnxruntime's own operators. */
class Contrib extends Fixture {
  constructor() {
    super();
    this.graph.model.opsets.set('com.microsoft', 1);
  }

  fused(
    opType: string,
    inputs: readonly (Value | undefined)[],
    shape: readonly Dim[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value {
    // prettier-ignore
    const output = { name: opType.toLowerCase(), dtype: 'float32', shape } as const;
    return this.graph.node(opType, { domain: 'com.microsoft', inputs, attributes, output });
  }

  conv(activation: Readonly<Record<string, Attribute>> = {}, z?: Value): Value {
    const inputs = [this.input([1, 3, 5, 7]), this.integers([2, 3, 3, 2]), this.integers([2], 'b')];
    return this.fused('FusedConv', z ? [...inputs, z] : inputs, [1, 2, 3, 6], activation);
  }
}

const RELU = { activation: string('Relu') };
const LEAKY = { activation: string('LeakyRelu'), activation_params: { kind: 'floats', value: [0.25] } as const };
const POSITIVE = { gamma: [4, 2], beta: [0, 0], mean: [0, 0] };

async function foldsTo(f: Contrib, y: Value, lines: readonly string[]): Promise<void> {
  const { batchNormalizations } = await checkFold(f.done(y), lines);
  expect(batchNormalizations.kept).toEqual([]);
}

async function keeps(f: Contrib, y: Value, reason: string, options: CheckOptions = {}): Promise<void> {
  const { batchNormalizations } = await checkFold(f.done(y), undefined, options);
  expect(batchNormalizations.kept[0]?.reason).toContain(reason);
}

describe('into FusedConv', () => {
  test('behind it goes a whole affine if there is no activation', async () => {
    const f = new Contrib();
    await foldsTo(f, f.batchNormalization(f.conv(), 2), ['bn = com.microsoft.FusedConv(x, W_1, b_1)']);
  });

  test.each([
    ['Relu', RELU, 'activation="Relu"'],
    ['LeakyRelu', LEAKY, 'activation="LeakyRelu", activation_params=[0.25]'],
  ])('behind its %s goes a positive scale', async (_, activation, text) => {
    const f = new Contrib();
    await foldsTo(f, f.batchNormalization(f.conv(activation), 2, POSITIVE), [`bn = com.microsoft.FusedConv<${text}>(x, W_1, b_1)`]); // prettier-ignore
  });

  test.each(['FusedConv', 'FusedGemm'])('behind %s go numbers for each channel, although the file declares no shape', async (opType) => {
    const f = new Contrib();
    const [x, W, c] = opType === 'FusedConv' ? [[1, 3, 5, 7], [2, 3, 3, 2], [2, 1, 1]] as const : [[5, 3], [3, 2], [2]] as const;
    const inputs = [f.input(x), f.integers(W), f.integers([2], 'b')];
    const y = f.graph.node(opType, { domain: 'com.microsoft', inputs, attributes: RELU, output: { name: 'y' } });
    const factors = f.graph.constant('c', float32(c, [4, 0.5]));
    await checkFold(f.done(f.node('Mul', [y, factors])), [`mul = com.microsoft.${opType}<activation="Relu">(x, W_1, b_1)`]);
  }); // prettier-ignore

  test('in front of it goes a whole affine, whatever its activation, and z stays', async () => {
    const f = new Contrib();
    const x = f.batchNormalization(f.input([1, 3, 5, 7]), 3);
    const inputs = [x, f.integers([2, 3, 3, 2]), f.integers([2], 'b'), f.input([1, 2, 3, 6], 'z')];
    await foldsTo(f, f.fused('FusedConv', inputs, [1, 2, 3, 6], RELU), ['fusedconv = com.microsoft.FusedConv<activation="Relu">(x, W_1, b_1, z)']); // prettier-ignore
  });

  test('past z goes a shift', async () => {
    const f = new Contrib();
    const y = f.conv({}, f.input([1, 2, 3, 6], 'z'));
    await foldsTo(f, f.batchNormalization(y, 2, { gamma: [2, 2] }), ['bn = com.microsoft.FusedConv(x, W, b_1, z)']);
  });

  test.each<[string, (f: Contrib) => Value, Parameters<Fixture['batchNormalization']>[2], string]>([
    ['past z goes no scale', (f) => f.conv({}, f.input([1, 2, 3, 6], 'z')), {}, 'adds z, which the scale would not reach'], // prettier-ignore
    ['past a Relu goes no negative scale', (f) => f.conv(RELU), { ...POSITIVE, gamma: [4, -2] }, 'ends in Relu, which lets no negative scale'], // prettier-ignore
    ['past a Tanh goes nothing', (f) => f.conv({ activation: string('Tanh') }), POSITIVE, 'ends in Tanh, which lets no affine through'], // prettier-ignore
  ])('%s', async (_, build, parts, reason) => {
    const f = new Contrib();
    await keeps(f, f.batchNormalization(build(f), 2, parts), reason);
  });

  test('past a Relu goes no shift, which stays as an Add', async () => {
    const f = new Contrib();
    await foldsTo(f, f.batchNormalization(f.conv(RELU), 2, { gamma: [4, 2] }), [
      'fusedconv_1 = com.microsoft.FusedConv<activation="Relu">(x, W_1, b_1)',
      'bn = Add(fusedconv_1, bn_shift)',
    ]);
  });

  test('in front of padding goes no shift, which stays as an Add', async () => {
    const f = new Contrib();
    const x = f.batchNormalization(f.input([1, 3, 5, 7]), 3);
    const y = f.fused('FusedConv', [x, f.integers([2, 3, 3, 3])], [1, 2, 5, 7], { ...RELU, pads: ints([1, 1, 1, 1]) });
    await foldsTo(f, y, [
      'bn_1 = Add(x, bn_shift)',
      'fusedconv = com.microsoft.FusedConv<activation="Relu", pads=[1, 1, 1, 1]>(bn_1, W_1)',
    ]);
  });

  test('goes nothing that the model defines itself under that name', async () => {
    const f = new Contrib();
    const y = f.conv();
    Object.assign(f.graph.model, { functions: new Set(['com.microsoft:FusedConv']) });
    const { batchNormalizations } = await checkFold(f.done(f.batchNormalization(y, 2)), undefined, { runs: false });
    expect(batchNormalizations.kept[0]?.reason).toContain('lets no affine through');
  });
});

describe('into FusedGemm', () => {
  const gemm = (f: Contrib, x: Value, attributes: Readonly<Record<string, Attribute>>) =>
    f.fused('FusedGemm', [x, f.integers([3, 5]), f.integers([3], 'b')], [2, 3], { transB: int(1), alpha: float(2), beta: float(-1), ...attributes }); // prettier-ignore

  test('behind its Relu goes a positive scale', async () => {
    const f = new Contrib();
    const y = f.batchNormalization(gemm(f, f.input([2, 5]), RELU), 3, { gamma: [2, 4, 8], beta: [0, 0, 0], mean: [0, 0, 0] }); // prettier-ignore
    await foldsTo(f, y, ['bn = com.microsoft.FusedGemm<activation="Relu", alpha=2, beta=1, transB=1>(x, W_1, b_1)']); // prettier-ignore
  });

  test('in front of it goes a whole affine', async () => {
    const f = new Contrib();
    const y = gemm(f, f.batchNormalization(f.input([2, 5]), 5), RELU);
    await foldsTo(f, y, ['fusedgemm = com.microsoft.FusedGemm<activation="Relu", alpha=2, beta=1, transB=1>(x, W_1, b_1)']); // prettier-ignore
  });
});

describe('into FusedMatMul', () => {
  test('behind it goes a whole affine along its last axis, and leaves an Add', async () => {
    const f = new Contrib();
    const y = f.fused('FusedMatMul', [f.input([2, 5]), f.integers([3, 5])], [2, 3], {
      transB: int(1),
      alpha: float(2),
    });
    await foldsTo(f, f.batchNormalization(y, 3), ['bn_1 = com.microsoft.FusedMatMul<alpha=2, transB=1>(x, W_1)', 'bn = Add(bn_1, W_bias)']); // prettier-ignore
  });

  test('in front of it goes a whole affine along the axis that it sums over', async () => {
    const f = new Contrib();
    const x = f.batchNormalization(f.input([2, 5, 7]), 5);
    const y = f.fused('FusedMatMul', [x, f.integers([5, 3])], [2, 7, 3], { transA: int(1), alpha: float(2) });
    await foldsTo(f, y, ['fusedmatmul_1 = com.microsoft.FusedMatMul<alpha=2, transA=1>(x, W_1)', 'fusedmatmul = Add(fusedmatmul_1, W_bias)']); // prettier-ignore
  });

  test.each([
    ['along another axis', {}, 'not along axis 1'],
    ['where it moves its batch axis', { transBatchA: int(1) }, 'moves its batch axis'],
  ])('goes nothing %s', async (_, attributes, reason) => {
    const f = new Contrib();
    const y = f.fused('FusedMatMul', [f.input([3, 3, 3]), f.integers([3, 3])], [3, 3, 3], attributes);
    // onnxruntime moves the batch axis only where W has one too.
    await keeps(f, f.batchNormalization(y, 3), reason, { runs: !('transBatchA' in attributes) });
  });
});
