import { expect, test } from 'vitest';
import { int, ints, type Attribute } from '../../../src/onnx/attribute.ts';
import { Constant } from '../../../src/onnx/constant.ts';
import { foldGraph } from '../../../src/fold/fold-graph.ts';
import { writeOnnx } from '../../../src/onnx/write.ts';
import { float32 } from '../../../src/tensor.ts';
import { checkFold } from '../check-fold.ts';
import { Fixture } from '../fixture.ts';

const value = (number: number): Attribute => ({ kind: 'tensor', value: Constant.of(float32([1], [number])) });
const generated = (f: Fixture, shape: readonly number[]) =>
  f.node('ConstantOfShape', [f.shape(shape)], { value: value(0.5) });
const elements = (graph: ReturnType<Fixture['done']>) =>
  Object.fromEntries(graph.initializers.map(({ name, constant }) => [name, constant!.shape.join()]));

test('weights that a file generates are generated again when their output channels have been scaled', async () => {
  const f = new Fixture();
  const y = f.node('Conv', [f.input([2, 3, 7, 7]), generated(f, [11, 3, 5, 5])]);
  const graph = f.done(f.batchNormalization(y, 11));
  await checkFold(graph, [
    'constantofshape_2 = Expand(constantofshape_1, shape)',
    'bn = Conv(x, constantofshape_2, constantofshape_bias)',
  ]);
  const { graph: folded } = foldGraph(graph);
  expect(elements(folded)).toMatchObject({ shape: '4', constantofshape_1: '11,1,1,1' });
  for (const { total, correctlyRounded } of foldGraph(graph).report.written) expect(correctlyRounded).toBe(total);
  expect(writeOnnx(folded).length).toBeLessThan(11 * 3 * 5 * 5 * 4);
});

test('weights whose input and output channels have both been scaled keep what repeats along the kernel', async () => {
  const f = new Fixture();
  const x = f.node('Mul', [f.input([2, 3, 7, 7]), f.integers([3, 1, 1], 'c')]);
  const y = f.node('Conv', [x, generated(f, [11, 3, 5, 5])]);
  const graph = f.done(f.batchNormalization(y, 11));
  await checkFold(graph, undefined);
  expect(Object.values(elements(foldGraph(graph).graph))).toContain('11,3,1,1');
});

test('a second affine is folded into what was generated', async () => {
  const f = new Fixture();
  const y = f.node('Conv', [f.input([2, 3, 7, 7]), f.node('Expand', [f.integers([11, 1, 1, 1]), f.shape([11, 3, 5, 5])])]); // prettier-ignore
  const graph = f.done(f.batchNormalization(y, 11));
  await checkFold(graph, undefined);
  expect(Object.values(elements(foldGraph(graph).graph))).toContain('11,1,1,1');
});

test('weights that are stored, or of which nothing repeats, are written out', async () => {
  const f = new Fixture();
  const y = f.node('Conv', [f.input([2, 3, 7, 7]), f.graph.constant('W', float32([11, 3, 5, 5], new Float32Array(825)))]); // prettier-ignore
  await checkFold(f.done(f.batchNormalization(y, 11)), ['bn = Conv(x, W_1, W_bias)']);
  const g = new Fixture();
  const W = g.node('Transpose', [g.integers([3, 11, 1, 1])], { perm: ints([1, 0, 2, 3]) });
  const z = g.node('Conv', [g.input([2, 3, 7, 7]), W]);
  await checkFold(g.done(g.batchNormalization(z, 11)), ['bn = Conv(x, transpose_1, transpose_bias)']);
});

test('weights of a kernel that is as large as its channels are told from those by their place', async () => {
  const f = new Fixture();
  const y = f.node('Conv', [f.input([2, 4, 4, 4]), generated(f, [4, 1, 4, 4])], { group: int(4) });
  const graph = f.done(f.batchNormalization(y, 4));
  await checkFold(graph, undefined);
  expect(Object.values(elements(foldGraph(graph).graph))).toContain('4,1,1,1');
});

test('numbers of the weights that happen to be those of their shape are not taken for it', async () => {
  const f = new Fixture();
  const flat = f.graph.constant('flat', float32([2], [2, 1]));
  const y = f.node('MatMul', [f.input([3, 5, 2]), f.node('Reshape', [flat, f.shape([2, 1])])]);
  await checkFold(f.done(f.node('Mul', [y, f.graph.constant('c', float32([1], [0]))])), [
    'reshape_2 = Expand(reshape_1, reshape_shape)',
    'mul = MatMul(x, reshape_2)',
  ]);
});
