import { describe, expect, test } from 'vitest';
import { Facts } from '../../../src/fold/facts.ts';
import { Constants } from '../../../src/fold/lift/constants.ts';
import { convReaches, convTransposeReaches } from '../../../src/fold/plan/reach.ts';
import { ints, string, type Attribute } from '../../../src/onnx/attribute.ts';
import type { Value } from '../../../src/onnx/graph.ts';
import { inferTypes } from '../../../src/onnx/shapes/infer.ts';
import { float32, sizeOf, type Dim } from '../../../src/tensor.ts';
import { Fixture } from '../fixture.ts';
import { runGraph } from '../run-graph.ts';

type OpType = 'Conv' | 'ConvTranspose';
type Attributes = Readonly<Record<string, Attribute>>;

/** One output channel for each tap, whose kernel is 1 there and 0 elsewhere. */
function network(opType: OpType, kernel: readonly number[], attributes: Attributes) {
  const f = new Fixture();
  const taps = sizeOf(kernel);
  const shape = opType === 'Conv' ? [taps, 1, ...kernel] : [1, taps, ...kernel];
  const W = f.graph.constant('W', float32(shape, Array.from({ length: taps * taps }, (_, i) => Number(i % (taps + 1) === 0)))); // prettier-ignore
  return { f, build: (x: Value) => f.done(f.node(opType, [x, W], attributes)) };
}

/** Which taps meet an element of the input, by what onnxruntime makes of an image of ones. */
async function seenByRuntime(
  opType: OpType,
  size: readonly number[],
  kernel: readonly number[],
  attributes: Attributes,
) {
  // prettier-ignore
  const { f, build } = network(opType, kernel, attributes);
  const ones = f.graph.constant('x', float32([1, 1, ...size], new Array<number>(sizeOf(size)).fill(1)));
  const graph = build(ones);
  return (await runGraph(graph, 'disabled', {})).get(graph.outputs[0]!.name)!;
}

function reachesOf(opType: OpType, size: readonly Dim[], kernel: readonly number[], attributes: Attributes) {
  const { f, build } = network(opType, kernel, attributes);
  const graph = build(f.input([1, 1, ...size]));
  const types = inferTypes(graph, new Set());
  const facts = new Facts(graph, types, new Constants(graph, types, new Set()));
  return (opType === 'Conv' ? convReaches : convTransposeReaches)(graph.nodes[0]!, kernel, facts);
}

/** Row-major indices of an element. */
const unravel = (flat: number, shape: readonly number[]): number[] =>
  shape.reduceRight<[number[], number]>(([at, rest], size) => [[rest % size, ...at], Math.floor(rest / size)], [[], flat])[0]; // prettier-ignore

const [s, d, p] = [ints, ints, ints];
const CASES: readonly (readonly [OpType, readonly number[], readonly number[], Attributes])[] = [
  ['Conv', [5], [3], {}],
  ['Conv', [5], [3], { pads: p([1, 1]) }],
  ['Conv', [7], [2], { pads: p([2, 0]), strides: s([2]) }],
  ['Conv', [7], [3], { pads: p([1, 4]), strides: s([3]), dilations: d([2]) }],
  ['Conv', [7], [4], { auto_pad: string('SAME_UPPER'), strides: s([2]) }],
  ['Conv', [7], [4], { auto_pad: string('SAME_LOWER'), strides: s([2]) }],
  ['Conv', [5, 4], [3, 2], { pads: p([1, 0, 2, 1]), strides: s([2, 1]), dilations: d([1, 2]) }],
  ['ConvTranspose', [5], [3], {}],
  ['ConvTranspose', [5], [3], { pads: p([1, 0]) }],
  ['ConvTranspose', [5], [2], { strides: s([3]) }],
  ['ConvTranspose', [4], [3], { strides: s([2]), pads: p([0, 1]), dilations: d([2]) }],
  ['ConvTranspose', [4], [3], { strides: s([2]), pads: p([2, 1]), dilations: d([3]) }],
  ['ConvTranspose', [4], [3], { strides: s([2]), output_padding: p([1]) }],
  ['ConvTranspose', [4], [4], { strides: s([2]), auto_pad: string('VALID') }],
  ['ConvTranspose', [4], [5], { strides: s([2]), auto_pad: string('SAME_UPPER') }],
  ['ConvTranspose', [4], [5], { strides: s([2]), auto_pad: string('SAME_LOWER') }],
  ['ConvTranspose', [4], [3], { strides: s([3]), auto_pad: string('SAME_UPPER') }],
  ['ConvTranspose', [4], [3], { strides: s([2]), output_shape: p([6]) }],
  ['ConvTranspose', [4], [3], { strides: s([2]), output_shape: p([7]) }],
  ['ConvTranspose', [4], [5], { strides: s([2]), output_shape: p([8]), auto_pad: string('SAME_UPPER') }],
  ['ConvTranspose', [4], [5], { strides: s([2]), output_shape: p([8]), auto_pad: string('SAME_LOWER') }],
  ['ConvTranspose', [3, 4], [2, 3], { strides: s([2, 3]), output_padding: p([0, 1]), pads: p([0, 1, 1, 0]) }],
  ['ConvTranspose', [3, 4], [4, 3], { strides: s([2, 1]), output_shape: p([5, 4]) }],
];

describe('which taps of a kernel lie on the input is what onnxruntime shows', () => {
  test.each(CASES)('for %s of %j by %j, %j', async (opType, size, kernel, attributes) => {
    const { dims, data } = await seenByRuntime(opType, size, kernel, attributes);
    const found = reachesOf(opType, size, kernel, attributes);
    if (found.kind === 'refuse') throw new Error(found.reason);
    const positions = found.axes.map((axis) => axis.positions);
    expect([1, sizeOf(kernel), ...positions]).toEqual(dims);
    expect(found.axes.map(({ taps }) => taps)).toEqual(kernel);
    const isOn = data.map((_, flat) => {
      const [tap, at] = [unravel(Math.floor(flat / sizeOf(positions)), kernel), unravel(flat % sizeOf(positions), positions)]; // prettier-ignore
      return Number(found.axes.every(({ reaches }, axis) => reaches(at[axis]!, tap[axis]!)));
    });
    expect(isOn).toEqual(data);
  });

  test.each([
    ['a size is not known', 'Conv', ['h'], [3], {}],
    ['one of two sizes is not known', 'ConvTranspose', [5, 'w'], [3, 3], {}],
    ['onnxruntime and ONNX differ on gaps between windows', 'ConvTranspose', [4], [2], { strides: s([3]), auto_pad: string('SAME_UPPER') }],
    ['a stride is 0', 'ConvTranspose', [4], [2], { strides: s([0]) }],
    ['a dilation is 0', 'Conv', [4], [2], { dilations: d([0]) }],
    ['there is no position', 'Conv', [2], [3], {}],
    ['all of a transposed kernel is cut off', 'ConvTranspose', [1], [3], { pads: p([2, 1]) }],
    ['there are too many to look at', 'Conv', [2 ** 20], [2], {}],
  ] as const)('is refused where %s', (_, opType, size, kernel, attributes: Attributes) => {
    expect(reachesOf(opType, size, kernel, attributes)).toMatchObject({ kind: 'refuse' });
  }); // prettier-ignore

  test('is told where there are just so many that they are looked at', () => {
    expect(reachesOf('Conv', [2 ** 19 + 1], [2], {})).toMatchObject({ kind: 'reaches' });
  });
});
