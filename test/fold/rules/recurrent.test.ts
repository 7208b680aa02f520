import { describe, expect, test } from 'vitest';
import { int, ints, string } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { float32 } from '../../../src/tensor.ts';
import { checkFold } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

const [T, N, I, H] = [3, 2, 5, 7];

interface Parts {
  readonly directions?: 1 | 2;
  readonly hasBias?: boolean;
  readonly W?: Value;
  readonly B?: Value;
}

/** Between −0.05 and 0.05, so that the activations stay where they are steep: large sums would all come out as ±1. */
function small(f: Fixture, shape: readonly number[], name: string): Value {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return f.graph.constant(name, float32(shape, Array.from({ length: size }, (_, index) => (((index * 37) % 11) - 5) / 100))); // prettier-ignore
}

describe.each([
  ['LSTM', 4, {}],
  ['GRU', 3, {}],
  ['GRU', 3, { linear_before_reset: int(1) }],
  ['RNN', 1, {}],
] as const)('%s with %i gates %o', (opType, gates, attributes) => {
  function recurrent(f: Fixture, x: Value, { directions = 1, hasBias = false, ...given }: Parts = {}): Value {
    const W = given.W ?? small(f, [directions, gates * H, I], 'W');
    const B = given.B ?? (hasBias ? small(f, [directions, 2 * gates * H], 'B') : undefined);
    const direction = string(directions === 2 ? 'bidirectional' : 'reverse');
    const inputs = [x, W, small(f, [directions, gates * H, H], 'R'), B];
    return f.node(opType, inputs, { hidden_size: int(H), direction, ...attributes }, 'y');
  }

  /** Feature first, as a BatchNormalization wants it: `[N, I, T]` to `[T, N, I]`. */
  const sequence = (f: Fixture) =>
    f.node('Transpose', [f.batchNormalization(f.input([N, I, T]), I)], { perm: ints([2, 0, 1]) });

  test.each([
    { directions: 1, hasBias: true },
    { directions: 2, hasBias: true },
    { directions: 1, hasBias: false },
    { directions: 2, hasBias: false },
  ] as const)('takes an affine of the features in (%o)', async (parts) => {
    const f = new Fixture();
    const lines = ['transpose_1 = Transpose<perm=[2, 0, 1]>(x)', expect.stringMatching(/\(transpose_1, W_1, R, (B_1|W_bias)\)$/) as string]; // prettier-ignore
    const { batchNormalizations } = await checkFold(f.done(recurrent(f, sequence(f), parts)), lines, {
      tolerance: 'layer',
    });
    expect(batchNormalizations.kept).toEqual([]);
  });

  test('refuses an affine of the samples, even if all sizes are equal', async () => {
    const f = new Fixture();
    const x = f.batchNormalization(f.input([I, I, I]), I);
    const { batchNormalizations } = await checkFold(f.done(recurrent(f, x)), undefined);
    expect(batchNormalizations.kept[0]!.reason).toContain('reads its features along axis 2, and the affine acts along axis 1'); // prettier-ignore
  });

  test('refuses an affine behind it', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(recurrent(f, f.input([T, N, I])), 1, { gamma: [4] });
    const { batchNormalizations } = await checkFold(f.done(y), undefined, { tolerance: 'layer' });
    expect(batchNormalizations.kept[0]!.reason).toContain('lets no affine through');
  });

  test('refuses with weights or a bias that are computed at run time', async () => {
    const f = new Fixture();
    const W = f.input([1, gates * H, I], 'w');
    const { batchNormalizations } = await checkFold(f.done(recurrent(f, sequence(f), { W })), undefined);
    expect(batchNormalizations.kept[0]!.reason).toContain('has weights that are not constants');
    const g = new Fixture();
    const B = g.input([1, 2 * gates * H], 'b');
    const second = await checkFold(g.done(recurrent(g, sequence(g), { B })), undefined);
    expect(second.batchNormalizations.kept[0]!.reason).toContain('has a bias that is not a constant');
  });

  test('refuses an affine of its bias', async () => {
    const f = new Fixture();
    const B = f.batchNormalization(f.input([1, 2 * gates * H], 'b'), 2 * gates * H);
    const { batchNormalizations } = await checkFold(f.done(recurrent(f, f.input([T, N, I]), { B })), undefined);
    expect(batchNormalizations.kept[0]!.reason).toContain('reads it as a parameter or a state');
  });
});
