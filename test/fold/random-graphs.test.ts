import fc from 'fast-check';
import { test } from 'vitest';
import { int, ints } from '../../src/onnx/attribute.ts';
import { Node, Value } from '../../src/onnx/graph.ts';
import { checkFold } from './check-fold.ts';
import { Fixture } from './fixture.ts';

/** One more operator behind an image of this many channels, 4 × 4; `n` varies it. */
type Grow = (f: Fixture, x: Value, channels: number, n: number) => readonly [Value, number];

const same =
  (grow: (f: Fixture, x: Value, channels: number, n: number) => Value): Grow =>
  (f, x, channels, n) => [grow(f, x, channels, n), channels];

/** Cuts the channels in two. */
function split(f: Fixture, x: Value, sizes: readonly [number, number]): readonly [Value, Value] {
  const outputs = [new Value(f.graph.uniqueName('part')), new Value(f.graph.uniqueName('part'))] as const;
  const name = f.graph.uniqueName('split');
  f.graph.nodes.push(new Node('Split', { name, inputs: [x, f.shape(sizes)], outputs, attributes: { axis: int(1) } }));
  return outputs;
}

const GROW: readonly Grow[] = [
  (f, x, C, n) => [f.node('Conv', [x, f.integers([n + 1, C, 1, 1]), f.integers([n + 1], 'b')]), n + 1],
  (f, x, C, n) => [f.node('Conv', [x, f.integers([n + 1, C, 3, 3])], { pads: ints([1, 1, 1, 1]) }), n + 1],
  (f, x, C, n) => [f.node('ConvTranspose', [x, f.integers([C, n + 1, 1, 1])]), n + 1],
  same((f, x, C) => f.node('Conv', [x, f.integers([C, 1, 1, 1])], { group: int(C) })),
  same((f, x, C) => f.batchNormalization(x, C)),
  same((f, x, C) => f.batchNormalization(x, C, { gamma: new Array<number>(C).fill(2) })),
  same((f, x, C) => f.batchNormalization(x, C, { beta: new Array<number>(C).fill(0), mean: new Array<number>(C).fill(0) })), // prettier-ignore
  same((f, x, C, n) => f.node(['Mul', 'Add', 'Sub'][n % 3]!, [x, f.integers([C, 1, 1], 'c')])),
  same((f, x, _, n) => f.node(['Mul', 'Add', 'Sub'][n % 3]!, [f.integers([4], 'c'), x])),
  same((f, x) => f.node('Neg', [x])),
  same((f, x) => f.node('Relu', [x])),
  same((f, x) => f.node('Identity', [x])),
  same((f, x) => f.node('Transpose', [x], { perm: ints([0, 1, 3, 2]) })),
  same((f, x) => f.node('MaxPool', [x], { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]) })),
  same((f, x, _, n) => f.node('AveragePool', [x], { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]), count_include_pad: int(n % 2) })), // prettier-ignore
  (f, x, C, n) => [
    f.node('Concat', [x, f.node('Conv', [x, f.integers([n + 1, C, 1, 1])])], { axis: int(1) }),
    C + n + 1,
  ],
  (f, x, C, n) => {
    const kept = Math.ceil(C / (1 + (n % 2)));
    const bounds = [[0], [C], [1], [1 + (n % 2)]].map((list) => f.shape(list, 'bounds'));
    return [f.node('Slice', [x, ...bounds]), kept];
  },
  same((f, x, C, n) => {
    if (C < 2) return x;
    const [a, b] = split(f, x, [1, C - 1]);
    return f.node('Concat', [n % 2 ? f.batchNormalization(a, 1) : a, b], { axis: int(1) });
  }),
  same((f, x, C) => f.node('DepthToSpace', [f.node('Conv', [x, f.integers([4 * C, C, 2, 2])], { strides: ints([2, 2]) })], { blocksize: int(2) })), // prettier-ignore
  same((f, x, _, n) => f.node('Gather', [x, f.shape([3, 1, 0, 2], 'order')], { axis: int(2 + (n % 2)) })),
  same((f, x, C) => f.node('Add', [x, f.node('Conv', [x, f.integers([C, C, 1, 1])])])),
  same((f, x, C, n) => {
    const flat = f.node('Reshape', [x, f.shape([0, n % 2 ? -1 : C, n % 2 ? 16 : -1])]);
    return f.node('Reshape', [flat, f.shape([0, C, 4, 4])]);
  }),
];

const steps = fc.array(fc.tuple(fc.nat(GROW.length - 1), fc.nat(4)), { minLength: 1, maxLength: 8 });

/** An image network of these steps, with or without a dense layer at the end; some inner values are outputs too. */
function networkOf(grown: readonly (readonly [number, number])[], dense: boolean, shown: number) {
  const f = new Fixture();
  let [x, channels]: readonly [Value, number] = [f.input([2, 3, 4, 4]), 3];
  const inner: Value[] = [];
  for (const [kind, n] of grown) {
    [x, channels] = GROW[kind]!(f, x, channels, n);
    inner.push(x);
  }
  if (dense) {
    const y = f.node('MatMul', [f.node('Flatten', [x]), f.integers([16 * channels, 5])]);
    x = f.batchNormalization(f.node('Add', [y, f.integers([5], 'bias')]), 5, {}, 'head');
  }
  const extra = inner[shown];
  return f.done(...new Set([x, ...(extra ? [extra] : [])]));
}

test('random image networks keep every law, and every BatchNormalization is accounted for', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), fc.nat(15), async (grown, dense, shown) => {
      await checkFold(networkOf(grown, dense, shown), undefined, { tolerance: 'layer' });
    }),
    { seed: 20, numRuns: 120 },
  );
}, 60_000);

/** One more operator behind a matrix or a batch of matrices of these sizes; `n` varies it. */
type GrowMatrix = (f: Fixture, x: Value, shape: readonly number[], n: number) => readonly [Value, readonly number[]];

const unchanged =
  (grow: (f: Fixture, x: Value, shape: readonly number[], n: number) => Value): GrowMatrix =>
  (f, x, shape, n) => [grow(f, x, shape, n), shape];

const GROW_MATRIX: readonly GrowMatrix[] = [
  (f, x, shape, n) => [f.node('MatMul', [x, f.integers([shape.at(-1)!, n + 1])]), [...shape.slice(0, -1), n + 1]],
  (f, x, shape) => [f.node('MatMul', [x, f.integers([shape.at(-1)!, 6])]), [...shape.slice(0, -1), 6]],
  unchanged((f, x, shape) => f.node('Add', [x, f.integers([shape.at(-1)!], 'b')])),
  unchanged((f, x, shape, n) => f.node(n % 2 ? 'Mul' : 'Sub', [x, f.integers([shape.at(-2)!, 1], 'c')])),
  unchanged((f, x, shape) => f.batchNormalization(x, shape[1]!)),
  unchanged((f, x, shape) => f.batchNormalization(x, shape[1]!)),
  unchanged((f, x) => f.node('Relu', [x])),
  unchanged((f, x) => f.node('Dropout', [x])),
  (f, x, shape) => [f.node('Transpose', [x], { perm: ints([...shape.keys()].reverse()) }), shape.toReversed()],
  (f, x, shape) => (shape.length < 3 ? [x, shape] : [f.node('Transpose', [x], { perm: ints([0, 2, 1]) }), [shape[0]!, shape[2]!, shape[1]!]]), // prettier-ignore
  (f, x, shape) => {
    const size = shape.reduce((product, dim) => product * dim, 1);
    return [f.node('Reshape', [x, f.shape([-1, shape.at(-1)!])]), [size / shape.at(-1)!, shape.at(-1)!]];
  },
  (f, x, shape) => {
    const size = shape.reduce((product, dim) => product * dim, 1);
    return size % 6 === 0 ? [f.node('Reshape', [x, f.shape([-1, 6, 1])]), [size / 6, 6, 1]] : [x, shape];
  },
  (f, x, shape) => [f.node('Flatten', [x]), [shape[0]!, shape.slice(1).reduce((product, dim) => product * dim, 1)]],
  (f, x, shape, n) => {
    const at = n % (shape.length + 1);
    return shape.length > 2 ? [x, shape] : [f.node('Unsqueeze', [x, f.shape([at], 'axes')]), shape.toSpliced(at, 0, 1)];
  },
  (f, x, shape) => {
    const at = shape.lastIndexOf(1);
    return shape.length < 3 || at < 0 ? [x, shape] : [f.node('Squeeze', [x, f.shape([at], 'axes')]), shape.toSpliced(at, 1)]; // prettier-ignore
  },
];

const matrixSteps = fc.array(fc.tuple(fc.nat(GROW_MATRIX.length - 1), fc.nat(6)), { minLength: 1, maxLength: 9 });

test('random networks of matrices keep every law, whatever their sizes have in common', async () => {
  await fc.assert(
    fc.asyncProperty(matrixSteps, fc.constantFrom([6, 6], [6, 6, 6], [2, 3, 5], [6, 1, 6]), async (grown, shape) => {
      const f = new Fixture();
      let [x, sizes]: readonly [Value, readonly number[]] = [f.input(shape), shape];
      for (const [kind, n] of grown) [x, sizes] = GROW_MATRIX[kind]!(f, x, sizes, n);
      if (!x.producer) return;
      await checkFold(f.done(x), undefined, { tolerance: 'layer' });
    }),
    { seed: 21, numRuns: 120 },
  );
}, 60_000);
