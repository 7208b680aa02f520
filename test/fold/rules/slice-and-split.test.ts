import { describe, expect, test } from 'vitest';
import { int, ints } from '../../../src/onnx/attribute.ts';
import { Node, Value } from '../../../src/onnx/graph.ts';
import { checkFold } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

/** Every BatchNormalization is gone, or the first one that is left says this. */
async function check(f: Fixture, output: Value | readonly Value[], reason?: string): Promise<void> {
  const { batchNormalizations } = await checkFold(f.done(...[output].flat()), undefined);
  if (reason === undefined) expect(batchNormalizations.kept).toEqual([]);
  else expect(batchNormalizations.kept[0]!.reason).toContain(reason);
}

const conv = (f: Fixture, x: Value, C: number, M: number) =>
  f.node('Conv', [x, f.integers([M, C, 1, 1]), f.integers([M], 'b')]);

describe('Slice', () => {
  const sliced = (f: Fixture, x: Value, ...lists: (readonly number[] | undefined)[]) =>
    f.node('Slice', [x, ...lists.map((list) => list && f.shape(list, 'list'))]);

  test('puts an affine back in the places of the channels that were taken', async () => {
    const f = new Fixture();
    const y = sliced(f, conv(f, f.input(['N', 2, 5, 4]), 2, 11), [1], [9], [1], [3]);
    await check(f, f.batchNormalization(y, 3));
  });

  test('leaves the channels alone that nobody took', async () => {
    const f = new Fixture();
    const y = sliced(f, f.node('Conv', [f.input([1, 1, 1, 1]), f.integers([4, 1, 1, 1])]), [2], [3], [1]);
    const bn = f.batchNormalization(y, 1, { gamma: [8], beta: [1], mean: [0] });
    await checkFold(f.done(bn), ['conv_1 = Conv(x, W_1, W_bias)', 'bn = Slice(conv_1, list, list_1, list_2)']);
  });

  test('cuts an affine in front of it', async () => {
    const f = new Fixture();
    const y = sliced(f, f.batchNormalization(f.input(['N', 11, 5, 4]), 11), [-10], [1000], [-3], [2]);
    await check(f, conv(f, y, 5, 7));
  });

  test('lets an affine pass along an axis that is not sliced', async () => {
    const f = new Fixture();
    const y = sliced(f, conv(f, f.input(['N', 2, 5, 4]), 2, 7), [0, 1], [-1, 4], [3, 2], [1, 2]);
    await check(f, f.batchNormalization(y, 7));
    const g = new Fixture();
    await check(g, conv(g, sliced(g, g.batchNormalization(g.input(['N', 3, 5, 4]), 3), [0, -4], [2, 5], [0, 2]), 3, 7));
  });

  test('without axes means the first ones', async () => {
    const f = new Fixture();
    await check(f, f.batchNormalization(sliced(f, conv(f, f.input([3, 2, 5, 4]), 2, 7), [0, 2], [2, 5]), 3));
  });

  test('of opset 9 has its bounds as attributes', async () => {
    const f = new Fixture(9);
    const bounds = { starts: ints([1]), ends: { kind: 'ints', value: [2n ** 63n - 1n] } as const, axes: ints([1]) };
    const y = f.node('Slice', [conv(f, f.input([3, 2, 5, 4]), 2, 7)], bounds);
    await check(f, f.batchNormalization(y, 6));
  });

  test('lets a uniform affine pass, wherever it cuts', async () => {
    const f = new Fixture();
    const y = sliced(f, f.node('MatMul', [f.input([5, 3]), f.integers([3, 7])]), [6], [-8], [1], [-2]);
    const { nodes } = await checkFold(f.done(f.node('Mul', [y, f.integers([1], 'c')])), undefined);
    expect(nodes.after).toBe(2);
  });

  test('backwards turns the affine around, both ways', async () => {
    const f = new Fixture();
    const y = sliced(f, conv(f, f.input([4, 4, 4, 4]), 4, 4), [3], [-9], [1], [-1]);
    await check(f, f.batchNormalization(y, 4));
    const g = new Fixture();
    const z = sliced(g, g.batchNormalization(g.input(['N', 7, 5, 4]), 7), [-1], [0], [1], [-2]);
    await check(g, conv(g, z, 3, 5));
  });

  test('at places that are computed at run time is refused', async () => {
    const f = new Fixture();
    const x = f.batchNormalization(f.input([1, 4, 4, 4]), 4);
    const y = f.node('Slice', [x, f.graph.input('starts', { dtype: 'int64', shape: [1] }), f.shape([4]), f.shape([1])]);
    const { batchNormalizations } = await checkFold(f.done(conv(f, y, 4, 7)), undefined, { runs: false });
    expect(batchNormalizations.kept[0]!.reason).toContain('cuts at places that are not known');
  });

  test('of an axis whose size only the BatchNormalization tells lets it pass', async () => {
    const f = new Fixture();
    const y = sliced(f, f.node('Transpose', [f.batchNormalization(f.input(['N', 'C']), 3)]), [0], [2], [0]);
    const z = f.node('Transpose', [y]);
    const report = await checkFold(f.done(f.node('MatMul', [z, f.integers([2, 5])])), undefined, { sizes: { C: 3 } });
    expect(report.batchNormalizations.kept).toEqual([]);
  });
});

describe('Split', () => {
  function split(f: Fixture, x: Value, axis: number, sizes: readonly number[]): Value[] {
    const outputs = sizes.map((_, part) => new Value(f.graph.uniqueName(`part${part}`)));
    const inputs = [x, f.shape(sizes, 'sizes')];
    f.graph.nodes.push(new Node('Split', { name: f.graph.uniqueName('split'), inputs, outputs, attributes: { axis: int(axis) } })); // prettier-ignore
    return outputs;
  }
  const parts = (f: Fixture, x: Value, axis: number, sizes: readonly number[]) => split(f, x, axis, sizes) as [Value, Value]; // prettier-ignore

  test('takes the affine of each part', async () => {
    const f = new Fixture();
    const [a, b] = parts(f, conv(f, f.input(['N', 2, 5, 4]), 2, 8), -3, [3, 5]);
    await check(f, [f.batchNormalization(a, 3), f.batchNormalization(b, 5, {}, 'bn2')]);
  });

  test('takes the affine of one part, and leaves the other alone', async () => {
    const f = new Fixture();
    const [a, b] = parts(f, conv(f, f.input(['N', 2, 5, 4]), 2, 8), 1, [3, 5]);
    await check(f, [a, f.batchNormalization(b, 5)]);
  });

  test('takes an affine of all its parts, joined again', async () => {
    const f = new Fixture();
    const y = f.node('Relu', [conv(f, f.input(['N', 2, 5, 4]), 2, 8)]);
    const joined = f.node('Concat', parts(f, y, 1, [3, 5]).toReversed(), { axis: int(1) });
    const scales = { gamma: [1, 2, 4, 8, 2, 1, 4, 2], beta: new Array<number>(8).fill(0), mean: new Array<number>(8).fill(0) }; // prettier-ignore
    await check(f, f.batchNormalization(joined, 8, scales));
  });

  test('takes an affine of all its parts past another affine in front of it', async () => {
    const f = new Fixture();
    const y = f.batchNormalization(conv(f, f.input(['N', 2, 5, 4]), 2, 8), 8);
    const joined = f.node('Concat', parts(f, y, 1, [3, 5]), { axis: int(1) });
    await check(f, f.batchNormalization(joined, 8, {}, 'bn2'));
  });

  test('cuts an affine in front of it for all its parts', async () => {
    const f = new Fixture();
    const [a, b] = parts(f, f.batchNormalization(f.input(['N', 8, 5, 4]), 8), 1, [3, 5]);
    await check(f, [conv(f, a, 3, 7), conv(f, b, 5, 2)]);
  });

  test('lets an affine of another axis pass forward to all its parts', async () => {
    const f = new Fixture();
    const [a, b] = parts(f, f.batchNormalization(f.input([2, 3, 5, 4]), 3), 2, [2, 3]);
    await check(f, [conv(f, a, 3, 7), conv(f, b, 3, 2)]);
  });

  test('refuses if one part does', async () => {
    const f = new Fixture();
    const [a, b] = parts(f, f.batchNormalization(f.input([2, 8, 5, 4]), 8), 1, [3, 5]);
    await check(f, [conv(f, a, 3, 7), f.node('Abs', [b])], 'lets no affine through');
  });

  test('refuses if nobody reads one part, which would change', async () => {
    const f = new Fixture();
    const [a] = parts(f, f.batchNormalization(f.input([2, 8, 5, 4]), 8), 1, [3, 5]);
    await check(f, conv(f, a, 3, 7), 'nothing reads part1');
  });

  test('refuses the affine of one part along another axis, even if all sizes are equal', async () => {
    const f = new Fixture();
    const [a, b] = parts(f, conv(f, f.input([4, 4, 4, 4]), 4, 4), 2, [2, 2]);
    await check(f, [f.batchNormalization(a, 4), b], 'splits axis 2, and the affine of one part acts along axis 1');
  });

  test('into parts of unknown sizes is refused', async () => {
    const f = new Fixture();
    const sizes = f.graph.input('sizes', { dtype: 'int64', shape: [2] });
    const outputs = [new Value('a'), new Value('b')];
    const x = f.batchNormalization(f.input([2, 8, 5, 4]), 8);
    f.graph.nodes.push(new Node('Split', { name: 's', inputs: [x, sizes], outputs, attributes: { axis: int(1) } }));
    const graph = f.done(f.node('Relu', [outputs[0]]), outputs[1]!);
    const { batchNormalizations } = await checkFold(graph, undefined, { runs: false });
    expect(batchNormalizations.kept[0]!.reason).toContain('makes parts of unknown sizes');
  });
});
