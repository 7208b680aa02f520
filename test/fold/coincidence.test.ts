import { describe, expect, test } from 'vitest';
import { float, int, ints, string } from '../../src/onnx/attribute.ts';
import { Node, Value } from '../../src/onnx/graph.ts';
import { checkFold } from './check-fold.ts';
import { Fixture } from './fixture.ts';

/**
 * A wrong axis goes unnoticed where all sizes are equal, and a wrong vector where it happens to fit. So whatever must
 * stay is tried with every size 4, and whatever must fold with sizes that are all different primes.
 */

interface Case {
  readonly name: string;
  readonly opset?: number;
  /** Rounds on the way, so that folded and unfolded may differ in their last bits. */
  readonly rounds?: true;
  readonly make: (f: Fixture) => Value | readonly Value[];
}

/** One that no Relu and no border lets through, along axis 1. */
const awkward = (f: Fixture, x: Value, channels = 4, name = 'bn') =>
  f.batchNormalization(x, channels, { gamma: Array.from({ length: channels }, (_, c) => [-2, 4, 2, -8][c % 4]!), beta: new Array<number>(channels).fill(3) }, name); // prettier-ignore

const square = (f: Fixture) => f.input([4, 4, 4, 4]);
const conv = (f: Fixture, x = square(f)) => f.node('Conv', [x, f.integers([4, 4, 1, 1])]);
const matMul = (f: Fixture, x = f.input([4, 4, 4])) => f.node('MatMul', [x, f.integers([4, 4])]);
const floor = (f: Fixture, x: Value) => f.node('Floor', [x]);
const integersOf = (f: Fixture, ...shape: readonly number[]) => {
  const c = f.integers(shape, 'c');
  // No zeros, which would let anything through, and no two alike.
  (c.constant!.tensor().data as Float32Array).forEach((_, index, all) => (all[index] = [2, -1, 4, -2][index % 4]! * (index < 4 ? 1 : 2))); // prettier-ignore
  return c;
};

const MUST_STAY: readonly Case[] = [
  { name: 'Conv → Mul along the width', make: (f) => f.node('Mul', [conv(f), integersOf(f, 4)]) },
  { name: 'Conv → Mul along the height', make: (f) => f.node('Mul', [conv(f), integersOf(f, 4, 1)]) },
  { name: 'Conv → Mul along the batch', make: (f) => f.node('Mul', [conv(f), integersOf(f, 4, 1, 1, 1)]) },
  { name: 'Conv → Add along the width', make: (f) => f.node('Add', [integersOf(f, 4), conv(f)]) },
  { name: 'Conv → Mul of every pixel', make: (f) => f.node('Mul', [conv(f), integersOf(f, 4, 4)]) },
  { name: 'Conv → Mul that enlarges it', make: (f) => f.node('Mul', [conv(f), integersOf(f, 4, 1, 4, 1, 1)]) },
  { name: 'Mul along the width → Conv', make: (f) => conv(f, f.node('Mul', [square(f), integersOf(f, 4)])) },
  { name: 'Mul along the height → Conv', make: (f) => conv(f, f.node('Mul', [square(f), integersOf(f, 4, 1)])) },
  { name: 'ConvTranspose → Sub along the width', make: (f) => f.node('Sub', [f.node('ConvTranspose', [square(f), f.integers([4, 4, 2, 2])]), integersOf(f, 5)]) }, // prettier-ignore
  { name: 'Conv → Transpose of channels and height → BatchNormalization', make: (f) => awkward(f, f.node('Transpose', [conv(f)], { perm: ints([0, 2, 1, 3]) })) }, // prettier-ignore
  { name: 'Conv → Reshape of batch and channels → BatchNormalization', make: (f) => awkward(f, f.node('Reshape', [conv(f), f.shape([2, 4, 4, 8])])) }, // prettier-ignore
  { name: 'Conv → Flatten → BatchNormalization of every pixel', make: (f) => awkward(f, f.node('Flatten', [conv(f)]), 64) }, // prettier-ignore
  { name: 'MatMul of rank 3 → BatchNormalization', make: (f) => awkward(f, matMul(f)) },
  { name: 'BatchNormalization → MatMul of rank 3', make: (f) => matMul(f, awkward(f, f.input([4, 4, 4]))) },
  { name: 'MatMul → Mul of every row', make: (f) => f.node('Mul', [matMul(f, f.input([4, 4])), integersOf(f, 4, 1)]) },
  { name: 'Mul of every row → MatMul', make: (f) => matMul(f, f.node('Mul', [f.input([4, 4]), integersOf(f, 4, 1)])) },
  { name: 'MatMul → Transpose → BatchNormalization', make: (f) => awkward(f, f.node('Transpose', [matMul(f, f.input([4, 4]))], { perm: ints([1, 0]) })) }, // prettier-ignore
  { name: 'MatMul → Reshape to rows of channels → BatchNormalization', make: (f) => awkward(f, f.node('Reshape', [matMul(f, f.input([4, 4])), f.shape([2, 4, 2])])) }, // prettier-ignore
  { name: 'MatMul → Reshape [1, 4, 4] → BatchNormalization', make: (f) => awkward(f, f.node('Reshape', [matMul(f, f.input([4, 4])), f.shape([1, 4, 4])])) }, // prettier-ignore
  { name: 'Gemm → Unsqueeze in front → BatchNormalization', make: (f) => awkward(f, f.node('Unsqueeze', [f.node('Gemm', [f.input([4, 4]), f.integers([4, 4])]), f.shape([0], 'axes')])) }, // prettier-ignore
  { name: 'BatchNormalization → Gemm that sums over the batch', make: (f) => f.node('Gemm', [awkward(f, f.input([4, 4])), f.integers([4, 4])], { transA: int(1) }) }, // prettier-ignore
  { name: 'BatchNormalization of the batch → RNN', rounds: true, make: (f) => f.node('RNN', [awkward(f, f.input([4, 4, 4])), f.integers([1, 4, 4]), f.integers([1, 4, 4])], { hidden_size: int(4) }) }, // prettier-ignore
  { name: 'GRU → BatchNormalization', rounds: true, make: (f) => awkward(f, f.node('Squeeze', [f.node('GRU', [f.input([4, 4, 4]), f.integers([1, 12, 4]), f.integers([1, 12, 4])], { hidden_size: int(4) }), f.shape([1], 'axes')])) }, // prettier-ignore
  { name: 'embedding → BatchNormalization along the words', make: (f) => awkward(f, f.node('Gather', [f.integers([4, 4], 'E'), f.graph.constant('ids', { dtype: 'int64', shape: [4, 4], data: BigInt64Array.from({ length: 16 }, (_, i) => BigInt(i % 4)) })])) }, // prettier-ignore
  { name: 'LayerNormalization → BatchNormalization of the rows', rounds: true, make: (f) => awkward(f, f.node('LayerNormalization', [f.input([4, 4, 4]), integersOf(f, 4), integersOf(f, 4)])) }, // prettier-ignore
  { name: 'InstanceNormalization → Mul along the width', rounds: true, make: (f) => f.node('Mul', [f.node('InstanceNormalization', [square(f), integersOf(f, 4), integersOf(f, 4)]), integersOf(f, 4)]) }, // prettier-ignore
  { name: 'Conv → mean of the channels → BatchNormalization', make: (f) => awkward(f, f.node('ReduceMean', [conv(f)], { axes: ints([1]), keepdims: int(0) })) }, // prettier-ignore
  { name: 'Conv → MaxPool → negative scale', make: (f) => awkward(f, f.node('MaxPool', [conv(f)], { kernel_shape: ints([1, 1]) })) }, // prettier-ignore
  { name: 'Conv → Relu → negative scale', make: (f) => awkward(f, f.node('Relu', [conv(f)])) },
  { name: 'Conv → LeakyRelu → negative scale', make: (f) => awkward(f, f.node('LeakyRelu', [conv(f)], { alpha: float(0.5) })) }, // prettier-ignore
  { name: 'Conv → PRelu → negative scale', make: (f) => awkward(f, f.node('PRelu', [conv(f), integersOf(f, 4, 1, 1)])) }, // prettier-ignore
  { name: 'BatchNormalization → Relu → Conv', make: (f) => conv(f, f.node('Relu', [awkward(f, square(f))])) },
  { name: 'Conv that an output of the graph shows → BatchNormalization', make: (f) => { const y = conv(f); return [floor(f, awkward(f, y)), y]; } }, // prettier-ignore
  { name: 'Conv that is read elsewhere → BatchNormalization', make: (f) => { const y = conv(f); return [floor(f, awkward(f, y)), floor(f, y)]; } }, // prettier-ignore
  { name: 'Concat of a Conv and an input → BatchNormalization', make: (f) => { const x = square(f); return awkward(f, f.node('Concat', [conv(f, x), x], { axis: int(1) }), 8); } }, // prettier-ignore
  { name: 'BatchNormalization → Concat along the width → Conv', make: (f) => { const x = square(f); return conv(f, f.node('Concat', [awkward(f, x), floor(f, x)], { axis: int(3) })); } }, // prettier-ignore
  { name: 'Conv · Conv → BatchNormalization and a reader of one', make: (f) => { const [x, y] = [conv(f), conv(f, f.input([4, 4, 4, 4], 'y'))]; return [awkward(f, f.node('Mul', [x, floor(f, y)])), x]; } }, // prettier-ignore
  { name: 'BatchNormalization of all channels → DepthToSpace → Conv', make: (f) => f.node('Conv', [f.node('DepthToSpace', [awkward(f, f.input([4, 16, 4, 4]), 16)], { blocksize: int(4) }), f.integers([4, 1, 1, 1])]) }, // prettier-ignore
  { name: 'BatchNormalization of the weights of a Conv', make: (f) => f.node('Conv', [square(f), awkward(f, f.input([4, 4, 1, 1], 'w'))]) }, // prettier-ignore
  { name: 'BatchNormalization of constant weights → Conv', make: (f) => f.node('Conv', [square(f), awkward(f, f.integers([4, 4, 1, 1]))]) }, // prettier-ignore
  { name: 'BatchNormalization of the bias of a Gemm', make: (f) => f.node('Gemm', [f.input([4, 4]), f.integers([4, 4]), awkward(f, f.input([4, 4], 'c'))]) }, // prettier-ignore
  { name: 'BatchNormalization of the second factor of a MatMul', make: (f) => f.node('MatMul', [f.integers([4, 4]), awkward(f, f.input([4, 4]))]) }, // prettier-ignore
  { name: 'BatchNormalization → Softmax → Conv', rounds: true, make: (f) => conv(f, f.node('Softmax', [awkward(f, square(f))])) }, // prettier-ignore
  { name: 'Conv → Clip → BatchNormalization', opset: 7, make: (f) => awkward(f, f.node('Clip', [conv(f)], { min: float(-2), max: float(2) })) }, // prettier-ignore
];

describe('with every size 4, stays as it is:', () => {
  test.each(MUST_STAY)('$name', async ({ make, opset, rounds }) => {
    const f = new Fixture(opset);
    const made = make(f);
    const outputs = made instanceof Value ? [floor(f, made)] : made;
    const { folds, batchNormalizations } = await checkFold(f.done(...outputs), undefined, {
      tolerance: rounds ? 'layer' : 'exact',
    });
    expect(folds).toEqual([]);
    expect(batchNormalizations.folded).toBe(0);
  });
});

const PRIMES = [2, 5, 11, 7] as const;
const image = (f: Fixture) => f.input(PRIMES);
const gentle = (f: Fixture, x: Value, channels: number, name = 'bn') =>
  f.batchNormalization(x, channels, { gamma: Array.from({ length: channels }, (_, c) => [2, 4, 1, 8][c % 4]!) }, name); // prettier-ignore
const scaling = (f: Fixture, x: Value, channels: number) =>
  f.batchNormalization(x, channels, { gamma: Array.from({ length: channels }, (_, c) => [2, 4, 1, 8][c % 4]!), beta: new Array<number>(channels).fill(0), mean: new Array<number>(channels).fill(0) }); // prettier-ignore
/** Conv from 5 channels to 3. */
const conv3 = (f: Fixture, x = image(f)) => f.node('Conv', [x, f.integers([3, 5, 2, 3]), f.integers([3], 'b')]);
/** MatMul from 7 features to 3. */
const dense3 = (f: Fixture, x = f.input([2, 5, 7])) => f.node('MatMul', [x, f.integers([7, 3])]);

const parts = (f: Fixture, x: Value, sizes: readonly number[], axis: number): Value[] => {
  const outputs = sizes.map(() => new Value(f.graph.uniqueName('part')));
  f.graph.nodes.push(new Node('Split', { name: f.graph.uniqueName('split'), inputs: [x, f.shape(sizes)], outputs, attributes: { axis: int(axis) } })); // prettier-ignore
  return outputs;
};

const MUST_FOLD: readonly Case[] = [
  { name: 'Conv → BatchNormalization', make: (f) => awkward(f, conv3(f), 3) },
  { name: 'Conv → Mul along the channels', make: (f) => f.node('Mul', [integersOf(f, 3, 1, 1), conv3(f)]) },
  { name: 'constant − Conv', make: (f) => f.node('Sub', [integersOf(f, 1, 3, 1, 1), conv3(f)]) },
  { name: 'Conv ÷ constant', make: (f) => f.node('Div', [conv3(f), integersOf(f, 3, 1, 1)]) },
  { name: 'grouped ConvTranspose → BatchNormalization', make: (f) => awkward(f, f.node('ConvTranspose', [f.input([2, 6, 11, 7]), f.integers([6, 5, 3, 2])], { group: int(3) }), 15) }, // prettier-ignore
  { name: 'BatchNormalization → Conv', make: (f) => conv3(f, awkward(f, image(f), 5)) },
  { name: 'BatchNormalization → grouped Conv', make: (f) => f.node('Conv', [awkward(f, f.input([2, 6, 11, 7]), 6), f.integers([15, 2, 3, 5])], { group: int(3) }) }, // prettier-ignore
  { name: 'scale → padded Conv', make: (f) => f.node('Conv', [scaling(f, image(f), 5), f.integers([3, 5, 2, 3])], { pads: ints([1, 2, 1, 0]) }) }, // prettier-ignore
  { name: 'scale → ConvTranspose', make: (f) => f.node('ConvTranspose', [scaling(f, image(f), 5), f.integers([5, 3, 2, 3])]) }, // prettier-ignore
  { name: 'Conv → Transpose → Mul along the last axis', make: (f) => f.node('Mul', [f.node('Transpose', [conv3(f)], { perm: ints([0, 2, 3, 1]) }), integersOf(f, 3)]) }, // prettier-ignore
  { name: 'MatMul of rank 3 → Transpose → BatchNormalization', make: (f) => awkward(f, f.node('Transpose', [dense3(f)], { perm: ints([0, 2, 1]) }), 3) }, // prettier-ignore
  { name: 'MatMul of rank 3 → Reshape → BatchNormalization', make: (f) => awkward(f, f.node('Reshape', [dense3(f), f.shape([-1, 3])]), 3) }, // prettier-ignore
  { name: 'MatMul → Add → BatchNormalization', make: (f) => awkward(f, f.node('Add', [dense3(f, f.input([5, 7])), f.integers([3], 'b')]), 3) }, // prettier-ignore
  { name: 'BatchNormalization → Flatten → Gemm', make: (f) => f.node('Gemm', [f.node('Flatten', [awkward(f, image(f), 5)]), f.integers([385, 3])]) }, // prettier-ignore
  { name: 'BatchNormalization → Transpose → Flatten → Gemm', make: (f) => f.node('Gemm', [f.node('Flatten', [f.node('Transpose', [awkward(f, image(f), 5)], { perm: ints([0, 2, 3, 1]) })]), f.integers([385, 3])]) }, // prettier-ignore
  { name: 'Gemm with transA, transB, alpha and beta → BatchNormalization', make: (f) => awkward(f, f.node('Gemm', [f.input([7, 5]), f.integers([3, 7]), f.integers([5, 1], 'C')], { transA: int(1), transB: int(1), alpha: float(2), beta: float(-0.5) }), 3) }, // prettier-ignore
  { name: 'BatchNormalization → Gemm with alpha', make: (f) => f.node('Gemm', [awkward(f, f.input([2, 5]), 5), f.integers([5, 3]), f.integers([3], 'C')], { alpha: float(4), beta: float(2) }) }, // prettier-ignore
  { name: 'BatchNormalization → Transpose → LSTM', rounds: true, make: (f) => f.node('LSTM', [f.node('Transpose', [awkward(f, f.input([2, 5, 7]), 5)], { perm: ints([2, 0, 1]) }), f.integers([1, 12, 5]), f.integers([1, 12, 3])], { hidden_size: int(3) }) }, // prettier-ignore
  { name: 'embedding → Transpose → BatchNormalization', make: (f) => awkward(f, f.node('Transpose', [f.node('Gather', [f.integers([7, 3], 'E'), f.graph.constant('ids', { dtype: 'int64', shape: [2, 5], data: BigInt64Array.from({ length: 10 }, (_, i) => BigInt(i % 7)) })])], { perm: ints([0, 2, 1]) }), 3) }, // prettier-ignore
  { name: 'InstanceNormalization → BatchNormalization', rounds: true, make: (f) => awkward(f, f.node('InstanceNormalization', [image(f), f.integers([5]), f.integers([5])]), 5) }, // prettier-ignore
  { name: 'LayerNormalization → Mul', rounds: true, make: (f) => f.node('Mul', [f.node('LayerNormalization', [f.input([2, 5, 7]), f.integers([7]), f.integers([7])]), integersOf(f, 7)]) }, // prettier-ignore
  { name: 'Conv → MaxPool → positive scale and shift', make: (f) => gentle(f, f.node('MaxPool', [conv3(f)], { kernel_shape: ints([3, 2]), pads: ints([1, 1, 1, 1]) }), 3) }, // prettier-ignore
  { name: 'Conv → Relu → positive scale', make: (f) => scaling(f, f.node('Relu', [conv3(f)]), 3) },
  { name: 'Conv → AveragePool → BatchNormalization', make: (f) => awkward(f, f.node('AveragePool', [conv3(f)], { kernel_shape: ints([2, 2]) }), 3) }, // prettier-ignore
  { name: 'Conv → GlobalAveragePool → Flatten → BatchNormalization', rounds: true, make: (f) => awkward(f, f.node('Flatten', [f.node('GlobalAveragePool', [conv3(f)])]), 3) }, // prettier-ignore
  { name: 'Conv → Pad by its edge → BatchNormalization', make: (f) => awkward(f, f.node('Pad', [conv3(f), f.shape([0, 0, 1, 2, 0, 0, 1, 0])], { mode: string('edge') }), 3) }, // prettier-ignore
  { name: 'Conv → Resize → BatchNormalization', make: (f) => awkward(f, f.node('Resize', [conv3(f), undefined, f.graph.constant('scales', { dtype: 'float32', shape: [4], data: Float32Array.of(1, 1, 2, 3) })], { mode: string('nearest') }), 3) }, // prettier-ignore
  { name: 'Conv → DepthToSpace → BatchNormalization', make: (f) => awkward(f, f.node('DepthToSpace', [f.node('Conv', [image(f), f.integers([12, 5, 1, 1])])], { blocksize: int(2), mode: string('CRD') }), 3) }, // prettier-ignore
  { name: 'Conv → SpaceToDepth → Mul of each copy alike', make: (f) => f.node('Mul', [f.node('SpaceToDepth', [f.node('Conv', [image(f), f.integers([3, 5, 2, 2])])], { blocksize: int(2) }), integersOf(f, 1)]) }, // prettier-ignore
  { name: 'Concat of two Convs → BatchNormalization', make: (f) => { const x = image(f); return awkward(f, f.node('Concat', [conv3(f, x), f.node('Conv', [x, f.integers([2, 5, 2, 3])])], { axis: int(1) }), 5); } }, // prettier-ignore
  { name: 'Split of a Conv → BatchNormalization of one part', make: (f) => { const [a, b] = parts(f, conv3(f), [1, 2], 1); return [awkward(f, b!, 2), floor(f, a!)]; } }, // prettier-ignore
  { name: 'Slice of a Conv → BatchNormalization', make: (f) => awkward(f, f.node('Slice', [conv3(f), f.shape([1]), f.shape([3]), f.shape([1])]), 2) }, // prettier-ignore
  { name: 'Conv + Conv → BatchNormalization', make: (f) => awkward(f, f.node('Add', [conv3(f), conv3(f, f.input(PRIMES, 'z'))]), 3) }, // prettier-ignore
  { name: 'BatchNormalization → two readers', make: (f) => { const x = awkward(f, image(f), 5); return [conv3(f, x), f.node('Gemm', [f.node('Flatten', [x]), f.integers([385, 2])])]; } }, // prettier-ignore
  { name: 'BatchNormalization → BatchNormalization → Conv → BatchNormalization', make: (f) => awkward(f, conv3(f, awkward(f, awkward(f, image(f), 5), 5, 'bn2')), 3, 'bn3') }, // prettier-ignore
  { name: 'Conv → BatchNormalization at opset 7', opset: 7, make: (f) => f.batchNormalization(conv3(f), 3, { attributes: { spatial: int(1) } }) }, // prettier-ignore
];

describe('with sizes that are different primes, folds:', () => {
  test.each(MUST_FOLD)('$name', async ({ make, opset, rounds }) => {
    const f = new Fixture(opset);
    const made = make(f);
    const outputs = made instanceof Value ? [made] : made;
    const { batchNormalizations, folds } = await checkFold(f.done(...outputs), undefined, { tolerance: rounds ? 'layer' : 'exact' }); // prettier-ignore
    expect(batchNormalizations.kept).toEqual([]);
    expect(folds.length).toBeGreaterThan(0);
    expect(folds.every(({ leaves }) => leaves === undefined)).toBe(true);
  });
});
