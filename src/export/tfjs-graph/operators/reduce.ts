import { int } from '../../../onnx/attribute.ts';
import type { Dim } from '../../../tensor.ts';
import type { GraphWriter } from '../../graph-writer.ts';
import { physicalShape, type Handle } from '../../layout.ts';
import { withoutAxes } from '../broadcast.ts';
import type { OperatorLowering } from '../lowering.ts';
import { physicalAxes, type Operator } from '../operator.ts';
import { castTo } from './unary.ts';

const REDUCTIONS: Readonly<Record<string, string>> = {
  Mean: 'ReduceMean',
  Sum: 'ReduceSum',
  Max: 'ReduceMax',
  Min: 'ReduceMin',
  Prod: 'ReduceProd',
  EuclideanNorm: 'ReduceL2',
  All: 'ReduceMin',
  Any: 'ReduceMax',
};

/** The first opset in which ONNX takes the axes as an input. */
const axesSince = (opType: string) => (opType === 'ReduceSum' ? 13 : 18);

/**
 * TensorFlow's reductions along axes that are known: ONNX Reduce… along the axes where they lie. Truth values are
 * reduced as integers: all is the least of them, any the largest.
 *
 * Defaults: `keep_dims` false. No axes leave the tensor as it is.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/Mean
 */
export const reduce: OperatorLowering = {
  ops: Object.keys(REDUCTIONS),

  lower(op, graph) {
    const axes = op.axesAt(1, op.input(0).shape.length);
    if (axes.length === 0) return op.input(0);
    const isBool = op.input(0).dtype === 'bool';
    const x = isBool ? castTo(op.handle(0), 'int32', graph, 'integers') : op.handle(0);
    const opType = REDUCTIONS[op.className]!;
    const y = reduced(opType, x, { axes, keep: op.flag('keep_dims', false) }, isBool ? graph.part('reduced') : graph);
    return isBool ? castTo(y, 'bool', graph) : y;
  },
};

function reduced(
  opType: string,
  given: Handle,
  { axes, keep }: { readonly axes: readonly number[]; readonly keep: boolean },
  graph: GraphWriter,
): Handle {
  const { x, layout } = keep ? { x: given, layout: given.layout } : withoutAxes(given, axes, graph);
  const shape = shapeWithout(x.shape, axes, keep);
  const { inputs, attributes } = graph.axes(physicalAxes(x, axes), axesSince(opType));
  const output = {
    shape: physicalShape(shape, layout),
    dtype: x.value.dtype,
    attributes: { ...attributes, keepdims: int(keep ? 1 : 0) },
  };
  return graph.handle(graph.node(opType, [x.value, ...inputs], output), shape, layout);
}

function shapeWithout(shape: readonly Dim[], axes: readonly number[], keep: boolean): Dim[] {
  return shape.flatMap((dim, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [dim]));
}

/**
 * TensorFlow `ArgMax`, `ArgMin` along one axis; the first of equals. int32, as in TF.js.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/ArgMax
 */
export const argument: OperatorLowering = {
  ops: ['ArgMax', 'ArgMin'],

  lower(op, graph) {
    const axis = op.axisAt(1, op.input(0).shape.length);
    const { x, layout } = withoutAxes(op.handle(0), [axis], graph);
    const shape = shapeWithout(x.shape, [axis], false);
    const output = {
      shape: physicalShape(shape, layout),
      dtype: 'int64' as const,
      attributes: { axis: int(physicalAxes(x, [axis])[0]!), keepdims: int(0) },
      suffix: 'index',
    };
    return castTo(graph.handle(graph.node(op.className, [x.value], output), shape, layout), 'int32', graph);
  },
};

/**
 * TensorFlow `TopKV2` along the last axis: the k largest and where they are, the largest first.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/TopKV2
 */
export const topK: OperatorLowering = {
  ops: ['TopKV2'],

  lower(op, graph) {
    const x = op.keras(0, graph);
    const k = op.scalar(1);
    const shape = [...x.shape.slice(0, -1), k];
    const attributes = { sorted: int(1) };
    const outputs = [{ shape, dtype: x.value.dtype }, { shape, dtype: 'int64' as const, suffix: 'places' }];
    const [values, places] = graph.nodes('TopK', [x.value, graph.integers('k', [k])], outputs, attributes);
    return [graph.handle(values!, shape), castTo(graph.handle(places!, shape), 'int32', graph, 'indices')];
  },
}; // prettier-ignore

/**
 * TensorFlow `Cumsum` along one axis.
 *
 * Defaults: `exclusive` false, `reverse` false.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/Cumsum
 */
export const cumulativeSum: OperatorLowering = {
  ops: ['Cumsum'],

  lower(op: Operator, graph) {
    const x = op.keras(0, graph);
    const axis = graph.integers('axis', [op.axisAt(1, x.shape.length)]);
    const flag = (name: string) => int(op.flag(name, false) ? 1 : 0);
    const attributes = { exclusive: flag('exclusive'), reverse: flag('reverse') };
    return graph.like(x, 'CumSum', { operands: [axis], attributes });
  },
};
