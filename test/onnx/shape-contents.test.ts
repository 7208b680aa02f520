import { describe, expect, test } from 'vitest';
import { int, ints, type Attribute } from '../../src/onnx/attribute.ts';
import { Graph, type Value } from '../../src/onnx/graph.ts';
import { newModelInfo } from '../../src/onnx/model-info.ts';
import { inferTypes } from '../../src/onnx/shapes/infer.ts';
import { writeOnnx } from '../../src/onnx/write.ts';
import { load } from '../../src/runtime/node.ts';
import { float32, int64, type Dim } from '../../src/tensor.ts';
import { tensor } from './evaluate/tensors.ts';

/** What exporters write to compute the target of a Reshape: integer operators on the shape of x. */
type Step = readonly [opType: string, inputs: readonly (string | readonly number[] | number | undefined)[], attributes?: Record<string, Attribute>]; // prettier-ignore
type Row = readonly [says: string, steps: readonly Step[]];

const SHAPE: Step = ['Shape', ['x']];

/** `0`, `1`, … name the outputs of the steps. x is 6 × 4 × 10. */
const ROWS: readonly Row[] = [
  ['the shape', [SHAPE]],
  ['a part of the shape', [['Shape', ['x'], { start: int(-2), end: int(3) }]]],
  ['the shape from a place', [['Shape', ['x'], { start: int(1) }]]],
  ['the shape up to a place', [['Shape', ['x'], { end: int(-1) }]]],
  ['sizes by their places', [SHAPE, ['Gather', ['0', [2, -3]]]]],
  ['one size', [SHAPE, ['Gather', ['0', 1]], ['Unsqueeze', ['1', [0]]]]],
  ['a slice', [SHAPE, ['Slice', ['0', [1], [1000]]]]],
  ['a slice from the end', [SHAPE, ['Slice', ['0', [-2], [-1]]]]],
  ['a slice with a step', [SHAPE, ['Slice', ['0', [0], [3], [0], [2]]]]],
  ['a slice backwards', [SHAPE, ['Slice', ['0', [-1], [-9], [0], [-1]]]]],
  ['a slice with a step of one', [SHAPE, ['Slice', ['0', [0], [2], [0], [1]]]]],
  ['parts put together', [SHAPE, ['Slice', ['0', [0], [1]]], ['Concat', ['1', [7], '1'], { axis: int(0) }]]],
  ['the number of elements', [['Size', ['x']], ['Unsqueeze', ['0', [0]]]]],
  ['a sum', [SHAPE, ['Add', ['0', [1, 2, 3]]]]],
  ['a sum with one number', [SHAPE, ['Add', ['0', [5]]]]],
  ['one number and a sum', [SHAPE, ['Add', [[5], '0']]]],
  ['a difference', [SHAPE, ['Sub', ['0', [1, 2, 3]]]]],
  ['a product', [SHAPE, ['Mul', ['0', [2]]]]],
  ['a product of sizes', [SHAPE, ['Mul', ['0', '0']]]],
  ['a quotient', [SHAPE, ['Div', ['0', [2]]]]],
  ['a quotient with a rest', [SHAPE, ['Div', ['0', [4, 3, 3]]]]],
  ['a Cast there and back', [SHAPE, ['Cast', ['0'], { to: int(6) }], ['Cast', ['1'], { to: int(7) }]]],
  ['an Identity', [SHAPE, ['Identity', ['0']]]],
  ['one without axes and back', [SHAPE, ['Slice', ['0', [1], [2]]], ['Squeeze', ['1', [0]]], ['Unsqueeze', ['2', [0]]]]],
  ['the product of all', [SHAPE, ['ReduceProd', ['0'], { axes: ints([0]), keepdims: int(1) }]]],
  ['so many ones', [['ConstantOfShape', [[3]], { value: tensor(int64([7])) }], SHAPE, ['Mul', ['0', '1']]]],
  ['so many zeros', [['ConstantOfShape', [[2]], { value: tensor(int64([0])) }]]],
  ['as many as there are', [['Constant', [], { value_ints: ints([3, 5]) }], ['Add', ['0', [1]]]]],
  ['a Where', [SHAPE, ['Equal', ['0', [6]]], ['Where', ['1', [9], '0']]]],
  ['the remainders', [SHAPE, ['Mod', ['0', [4]]]]],
  ['the largest', [SHAPE, ['Max', ['0', [5]]]]],
]; // prettier-ignore

const UNKNOWN: readonly string[] = [
  'a slice with a step',
  'a slice backwards',
  'a quotient with a rest',
  'the product of all',
  'a Where',
  'the remainders',
  'the largest',
];

function graphOf(steps: readonly Step[], shape: readonly Dim[]): { graph: Graph; last: Value; target: Value } {
  const graph = new Graph('g', newModelInfo(17));
  const values = new Map<string, Value>([['x', graph.input('x', { dtype: 'float32', shape })]]);
  let last!: Value;
  for (const [n, [opType, inputs, attributes = {}]] of steps.entries()) {
    const given = inputs.map((each, i) => {
      if (typeof each === 'string' || each === undefined) return each === undefined ? undefined : values.get(each);
      const numbers = typeof each === 'number' ? { ...int64([each]), shape: [] } : int64(each);
      return graph.constant(`c${String(n)}_${String(i)}`, numbers);
    });
    last = graph.node(opType, { inputs: given, attributes, output: { name: `t${String(n)}` } });
    values.set(String(n), last);
  }
  const target = graph.node('ConstantOfShape', { inputs: [last], output: { name: 'made', dtype: 'float32' } });
  graph.outputs.push(last, target);
  return { graph, last, target };
}

const SIZES = [6, 4, 10];

describe('what integer operators make of shapes is what onnxruntime makes of them', () => {
  test.each(ROWS)('%s', async (_, steps) => {
    const { graph, last, target } = graphOf(steps, SIZES);
    await using model = await load(writeOnnx(graph), { optimization: 'disabled', warmup: 0 });
    const results = await model.run({ x: float32(SIZES, new Array<number>(240).fill(0)) });
    const expected = Array.from(results[last.name]!.data as BigInt64Array, Number);

    const without = (dims: readonly Dim[]) => dims.map((dim, axis) => (dim === '' ? expected[axis] : dim));
    const types = inferTypes(graph);
    expect(without(types.content(last) ?? expected)).toEqual(expected);
    expect(without(types.shape(target) ?? expected)).toEqual(expected);

    const named = graphOf(steps, ['N', 4, 'M']);
    const symbolic = inferTypes(named.graph).content(named.last) ?? expected;
    const sizes: Readonly<Record<string, number>> = { N: 6, M: 10 };
    expect(without(symbolic.map((dim) => (typeof dim === 'string' ? (sizes[dim] ?? '') : dim)))).toEqual(expected);
  });

  test('and is known where it is of use', () => {
    const isKnown = ([, steps]: Row) => {
      const { graph, last } = graphOf(steps, SIZES);
      return (
        inferTypes(graph)
          .content(last)
          ?.every((dim) => dim !== '') ?? false
      );
    };
    expect(ROWS.filter((row) => !isKnown(row)).map(([says]) => says)).toEqual(UNKNOWN);
  });
});
