import fc from 'fast-check';
import { test } from 'vitest';
import { int, ints } from '../../src/onnx/attribute.ts';
import type { Value } from '../../src/onnx/graph.ts';
import { checkFold } from './check-fold.ts';
import { Fixture } from './fixture.ts';

/** One more operator behind an image of this many channels, 4 × 4; `n` varies it. */
type Grow = (f: Fixture, x: Value, channels: number, n: number) => readonly [Value, number];

const same =
  (grow: (f: Fixture, x: Value, channels: number, n: number) => Value): Grow =>
  (f, x, channels, n) => [grow(f, x, channels, n), channels];

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

test('random networks keep every law, and every BatchNormalization is accounted for', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), fc.nat(15), async (grown, dense, shown) => {
      await checkFold(networkOf(grown, dense, shown), undefined, { tolerance: 'layer' });
    }),
    { seed: 20, numRuns: 120 },
  );
}, 60_000);
