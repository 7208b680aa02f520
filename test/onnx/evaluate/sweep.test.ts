import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { float, int, ints, string, type Attribute } from '../../../src/onnx/attribute.ts';
import { float32, sizeOf, type Tensor } from '../../../src/tensor.ts';
import { noise } from '../../support/runnable-models.ts';
import { outcomesOf, type Case } from './against-onnxruntime.ts';
import { reals } from './tensors.ts';

/** Integers from −4 to 4, whose sums of products float32 holds exactly. */
function integers(shape: readonly number[], seed: number): Tensor {
  const random = noise(seed);
  return float32(
    shape,
    Array.from({ length: sizeOf(shape) }, () => Math.round(4 * random())),
  );
}

/** How far the evaluation of the node is from onnxruntime's; `undefined` if that refuses it. */
async function difference(given: Case): Promise<number | undefined> {
  const [outcome] = (await outcomesOf(given)) ?? [];
  if (!outcome) return undefined;
  const { actual, expected } = outcome;
  expect(actual.shape).toEqual(expected.shape);
  const data = expected.data as Float32Array;
  return data.reduce((worst, x, i) => Math.max(worst, Object.is(x, actual.data[i]) ? 0 : Math.abs(x - (actual.data[i] as number))), 0); // prettier-ignore
}

/** Runs the property, and demands that onnxruntime had its say in most of the cases. */
async function sweep<T>(
  arbitrary: fc.Arbitrary<T>,
  make: (given: T) => Case,
  tolerance: number,
  runs = 120,
): Promise<void> {
  let [held, all] = [0, 0];
  const property = fc.asyncProperty(arbitrary, async (given) => {
    const off = await difference(make(given));
    all++;
    if (off === undefined) return;
    held++;
    expect(off).toBeLessThanOrEqual(tolerance);
  });
  await fc.assert(property, { numRuns: runs, seed: 1, endOnFailure: true });
  expect(held / all).toBeGreaterThan(0.6);
}

const small = (max: number, min = 1) => fc.integer({ min, max });
const perAxis = <T>(axes: number, each: fc.Arbitrary<T>) => fc.array(each, { minLength: axes, maxLength: axes });

/** Window attributes over one to three axes. */
const windows = small(3).chain((axes) =>
  fc.record({
    spatial: perAxis(axes, small(9, 5)),
    kernel: perAxis(axes, small(3)),
    strides: perAxis(axes, small(3)),
    dilations: perAxis(axes, small(2)),
    pads: perAxis(2 * axes, small(1, 0)),
    autoPad: fc.constantFrom('NOTSET', 'NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
    seed: fc.nat(1000),
  }),
);

type Windows = typeof windows extends fc.Arbitrary<infer T> ? T : never;

function windowAttributes({ kernel, strides, dilations, pads, autoPad }: Windows): Record<string, Attribute> {
  const padding = autoPad === 'NOTSET' ? { pads: ints(pads) } : { auto_pad: string(autoPad) };
  return { kernel_shape: ints(kernel), strides: ints(strides), dilations: ints(dilations), ...padding };
}

const isSame = ({ autoPad }: Windows): boolean => autoPad.startsWith('SAME');
/** Where a window with SAME is shorter than its stride, onnxruntime pads and counts in ways of its own. */
const covering = windows.filter((given) => {
  const reach = (axis: number) => (given.kernel[axis]! - 1) * given.dilations[axis]! + 1;
  return !isSame(given) || given.strides.every((stride, axis) => reach(axis) >= stride);
});
/** With SAME, onnxruntime forgets dilations when it counts the outputs of a pooling; ONNX gives ⌈in / stride⌉. */
const pooling = covering.filter((given) => !isSame(given) || given.dilations.every((dilation) => dilation === 1));

describe('windows of every size, stride, dilation and padding, as onnxruntime sees them', () => {
  const channels = fc.record({ group: small(3), C: small(3), M: small(5), N: small(2), bias: fc.boolean() });

  test('Conv', async () => {
    await sweep(fc.tuple(windows, channels), ([given, { group, C, M, N, bias }]) => ({
      opType: 'Conv',
      inputs: [
        integers([N, C * group, ...given.spatial], given.seed),
        integers([M * group, C, ...given.kernel], given.seed + 1),
        bias ? integers([M * group], given.seed + 2) : undefined,
      ],
      attributes: { ...windowAttributes(given), group: int(group) },
    }), 0); // prettier-ignore
  });

  test('ConvTranspose', async () => {
    await sweep(fc.tuple(covering, channels, small(1, 0)), ([given, { group, C, M, N, bias }, extra]) => ({
      opType: 'ConvTranspose',
      inputs: [
        integers([N, C * group, ...given.spatial], given.seed),
        integers([C * group, M, ...given.kernel], given.seed + 1),
        bias ? integers([M * group], given.seed + 2) : undefined,
      ],
      attributes: {
        ...windowAttributes(given),
        group: int(group),
        output_padding: ints(given.strides.map((stride) => Math.min(extra, stride - 1))),
      },
    }), 0); // prettier-ignore
  });

  const pools = fc.record({ ceil: small(1, 0), counts: small(1, 0) });

  test('MaxPool', async () => {
    await sweep(fc.tuple(pooling, pools), ([given, { ceil }]) => ({
      opType: 'MaxPool',
      inputs: [integers([2, 3, ...given.spatial], given.seed)],
      attributes: { ...windowAttributes(given), ceil_mode: int(ceil) },
    }), 0); // prettier-ignore
  });

  test('AveragePool', async () => {
    await sweep(fc.tuple(pooling, pools), ([given, { ceil, counts }]) => ({
      opType: 'AveragePool',
      opset: 19,
      inputs: [integers([2, 3, ...given.spatial], given.seed)],
      attributes: { ...windowAttributes(given), ceil_mode: int(ceil), count_include_pad: int(counts) },
    }), 1e-6); // prettier-ignore
  });
});

describe('recurrent operators with every option, as onnxruntime computes them', () => {
  const options = fc.record({
    T: small(4),
    N: small(3),
    I: small(4),
    H: small(4),
    direction: fc.constantFrom('forward', 'reverse', 'bidirectional'),
    bias: fc.boolean(),
    lengths: fc.boolean(),
    initial: fc.boolean(),
    peepholes: fc.boolean(),
    clip: fc.option(fc.constantFrom(0.3, 1), { nil: undefined }),
    flag: small(1, 0),
    seed: fc.nat(1000),
  });
  const GATES = { RNN: 1, GRU: 3, LSTM: 4 } as const;

  test.each(['RNN', 'GRU', 'LSTM'] as const)('%s', async (opType) => {
    await sweep(options, ({ T, N, I, H, direction, bias, lengths, initial, peepholes, clip, flag, seed }) => {
      const D = direction === 'bidirectional' ? 2 : 1;
      const width = GATES[opType] * H;
      const lengthList = Int32Array.from({ length: N }, (_, n) => (n === 0 ? T : Math.max(1, T - n)));
      const inputs = [
        reals([T, N, I], seed),
        reals([D, width, I], seed + 1),
        reals([D, width, H], seed + 2),
        bias ? reals([D, 2 * width], seed + 3) : undefined,
        lengths ? ({ dtype: 'int32', shape: [N], data: lengthList } as const) : undefined,
        initial ? reals([D, N, H], seed + 4) : undefined,
      ];
      if (opType === 'LSTM') inputs.push(initial ? reals([D, N, H], seed + 5) : undefined);
      if (opType === 'LSTM') inputs.push(peepholes ? reals([D, 3 * H], seed + 6) : undefined);
      return {
        opType,
        inputs,
        attributes: {
          hidden_size: int(H),
          direction: string(direction),
          ...(clip !== undefined && { clip: float(clip) }),
          ...(opType === 'GRU' && { linear_before_reset: int(flag) }),
          ...(opType === 'LSTM' && { input_forget: int(flag) }),
        },
      };
    }, 1e-5); // prettier-ignore
  });
});

describe('resizing in every mode, as onnxruntime does', () => {
  const options = fc.record({
    mode: fc.constantFrom('nearest', 'linear', 'cubic'),
    coordinates: fc.constantFrom('half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'),
    rounding: fc.constantFrom('round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'),
    from: perAxis(2, small(7, 2)),
    to: perAxis(2, small(13, 1)),
    factors: perAxis(2, fc.constantFrom(1, 2, 4)),
    seed: fc.nat(1000),
  });

  /** In float32 a place between two neighbours falls to either side, unless the scale is a power of two. */
  const target = ({ mode, from, to, factors }: { mode: string } & Record<'from' | 'to' | 'factors', number[]>) =>
    mode === 'nearest' ? from.map((size, axis) => size * factors[axis]!) : to;

  test('Resize', async () => {
    await sweep(options, ({ mode, coordinates, rounding, from, to, factors, seed }) => ({
      opType: 'Resize',
      inputs: [reals([1, 2, ...from], seed), undefined, undefined, { dtype: 'int64', shape: [4], data: BigInt64Array.from([1, 2, ...target({ mode, from, to, factors })], BigInt) }],
      attributes: { mode: string(mode), coordinate_transformation_mode: string(coordinates), nearest_mode: string(rounding) },
    }), 1e-5); // prettier-ignore
  });
});
