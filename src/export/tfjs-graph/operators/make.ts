import { sizeOf, type Dim } from '../../../tensor.ts';
import type { GraphWriter } from '../../graph-writer.ts';
import { channelsLastAxes, physicalShape, type Handle } from '../../layout.ts';
import { asKeras } from '../../reorder.ts';
import type { OperatorLowering } from '../lowering.ts';
import { Constant, constantOperand, integerConstant, type Operand } from '../operand.ts';
import { allKnown, type Operator } from '../operator.ts';
import { castTo } from './unary.ts';

/**
 * TensorFlow `Shape`, `ShapeN`: the sizes of a tensor, int32. What is known of them goes by the name of the sizes to whoever
 * reads it; the nodes are for what is left.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/Shape
 */
export const shapeOf: OperatorLowering = {
  ops: ['Shape', 'ShapeN'],
  lower: (op, graph) =>
    op.inputs.map((input, i) => sizesOf(input, op.inputs.length === 1 ? graph : graph.part(`output_${i}`))),
};

function sizesOf({ handle, shape, constant }: Operand, graph: GraphWriter): Operand | Handle {
  const rank = shape.length;
  if (constant) return constantOperand(integerConstant(graph.name, [rank], constant.shape), graph.workshop);
  const given = handle();
  const x = given.layout.kind === 'reordered' ? asKeras(graph, given) : given;
  const lying = graph.node('Shape', [x.value], { shape: [rank], dtype: 'int64', suffix: 'lying' });
  if (x.layout.kind !== 'channels-first') return castTo(graph.handle(lying, [rank]), 'int32', graph);
  const order = graph.integers('order', channelsLastAxes(rank));
  const sizes = graph.node('Gather', [lying, order], { shape: [rank], dtype: 'int64', suffix: 'sizes' });
  return castTo(graph.handle(sizes, [rank]), 'int32', graph);
}

/**
 * TensorFlow `Size` and `Rank`.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/Size
 */
export const sizeAndRank: OperatorLowering = {
  ops: ['Size', 'Rank'],

  lower(op, graph) {
    const { shape } = op.input(0);
    const known = op.className === 'Rank' ? shape.length : allKnown(shape) ? sizeOf(shape) : undefined;
    if (known !== undefined) return constantOperand(integerConstant(op.name, [], [known]), graph.workshop);
    const count = graph.node('Size', [op.handle(0).value], { shape: [], dtype: 'int64', suffix: 'count' });
    return castTo(graph.handle(count, []), 'int32', graph);
  },
};

/** Beyond this a filled tensor is made when the model runs. */
const MAX_FILLED = 2 ** 16;

/**
 * TensorFlow `Fill`, `BroadcastTo`: a tensor as large as a shape asks for.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/Fill
 */
export const fill: OperatorLowering = {
  ops: ['Fill', 'BroadcastTo'],

  lower(op, graph) {
    const [at, from] = op.className === 'Fill' ? [0, 1] : [1, 0];
    const { contents, shape: length } = op.input(at);
    const shape = contents ?? unknownShape(op, length, graph);
    const { constant, dtype } = op.input(from);
    const isPlain = constant?.shape.length === 0 && allKnown(shape) && sizeOf(shape) <= MAX_FILLED;
    if (isPlain) return constantOperand(filled(op.name, shape, constant), graph.workshop);
    const x = op.keras(from, graph);
    return graph.handle(graph.node('Expand', [x.value, op.int64(at, graph)], { shape, dtype }), shape);
  },
};

function unknownShape(op: Operator, [rank]: readonly Dim[], graph: GraphWriter): Dim[] {
  if (typeof rank !== 'number' || rank > 16) return op.unsupported('the rank of its result is not known');
  return Array.from({ length: rank }, (_, axis) => graph.symbol(axis));
}

function filled(name: string, shape: readonly number[], constant: Constant): Constant {
  return new Constant(name, shape, constant.dtype, () => {
    const [value] = constant.numbers();
    const tensor = constant.tensor();
    const count = sizeOf(shape);
    if (tensor.dtype === 'float32') return { dtype: 'float32', shape, data: new Float32Array(count).fill(value!) };
    if (tensor.dtype === 'int32') return { dtype: 'int32', shape, data: new Int32Array(count).fill(value!) };
    return { dtype: 'bool', shape, data: new Uint8Array(count).fill(value!) };
  });
}

/**
 * TensorFlow `ZerosLike` and `OnesLike`.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/ZerosLike
 */
export const like: OperatorLowering = {
  ops: ['ZerosLike', 'OnesLike'],

  lower(op, graph) {
    const { shape, dtype } = op.input(0);
    const value = Number(op.className === 'OnesLike');
    const one = new Constant(op.name, [], dtype, () => scalarOf(dtype, value));
    if (allKnown(shape) && sizeOf(shape) <= MAX_FILLED) return constantOperand(filled(op.name, shape, one), graph.workshop);
    const x = op.handle(0);
    const lying = physicalShape(x.shape, x.layout);
    const sizes = graph.node('Shape', [x.value], { shape: [shape.length], dtype: 'int64', suffix: 'sizes' });
    return { ...x, value: graph.node('Expand', [one.value(graph), sizes], { shape: lying, dtype }) };
  },
}; // prettier-ignore

function scalarOf(dtype: Operand['dtype'], value: number) {
  if (dtype === 'float32') return { dtype, shape: [], data: Float32Array.of(value) } as const;
  if (dtype === 'int32') return { dtype, shape: [], data: Int32Array.of(value) } as const;
  return { dtype, shape: [], data: Uint8Array.of(value) } as const;
}

/**
 * TensorFlow `Range`: start, start + delta, … below the limit.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/Range
 */
export const range: OperatorLowering = {
  ops: ['Range'],

  lower(op, graph) {
    const inputs = [0, 1, 2].map((index) => op.keras(index, graph).value);
    const [start, limit, delta] = [0, 1, 2].map((index) => op.input(index).contents?.[0]);
    const known = typeof start === 'number' && typeof limit === 'number' && typeof delta === 'number' && delta !== 0;
    const counts = start === 0 && delta === 1;
    const size = known ? Math.max(0, Math.ceil((limit - start) / delta)) : counts ? (limit ?? graph.symbol(0)) : graph.symbol(0);
    const { dtype } = op.input(0);
    return graph.handle(graph.node('Range', inputs, { shape: [size], dtype }), [size]);
  },
}; // prettier-ignore
