import { int } from '../../onnx/attribute.ts';
import type { Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { CHANNELS_FIRST, KERAS, physicalAxis, physicalShape, type Handle, type Layout } from '../layout.ts';
import { asKeras } from '../reorder.ts';
import { plain } from './arithmetic.ts';
import { elementwise, inType } from './broadcast.ts';
import type { OperationCall } from './operation-call.ts';
import type { Operation } from './operation.ts';

/**
 * One number from many, along some axes or (`axis` None) all.
 *
 *   Sum Prod Max Min Mean     ONNX's ReduceSum …; integers stay integers but in a mean
 *   Var, Std                  mean of (x − mean)², its root
 *   Any, All                  maximum and minimum of truth values
 *   Argmax, Argmin            the first place of the maximum, int32 in Keras 3
 *
 * A tensor that lies channels first is reduced along the axes where its own lie, and is moved only where those that
 * are left would stand in another order.
 * Source: https://keras.io/api/ops/numpy/ · https://www.tensorflow.org/api_docs/python/tf/math
 */
export const REDUCTIONS: readonly Operation[] = [
  reduction(['Sum', 'reduce_sum', 'raw.Sum'], (call, x, graph) => reduce(call, 'ReduceSum', counted(x, graph), graph)),
  reduction(['Prod', 'reduce_prod', 'raw.Prod'], (call, x, graph) => reduce(call, 'ReduceProd', counted(x, graph), graph)),
  reduction(['Max', 'Amax', 'reduce_max', 'raw.Max'], (call, x, graph) => extreme(call, 'ReduceMax', x, graph)),
  reduction(['Min', 'Amin', 'reduce_min', 'raw.Min'], (call, x, graph) => extreme(call, 'ReduceMin', x, graph)),
  reduction(['Any', 'reduce_any', 'raw.Any'], (call, x, graph) => truth(call, 'ReduceMax', x, graph)),
  reduction(['All', 'reduce_all', 'raw.All'], (call, x, graph) => truth(call, 'ReduceMin', x, graph)),
  reduction(['Mean', 'reduce_mean', 'raw.Mean'], (call, x, graph) => reduce(call, 'ReduceMean', graph.float(x), graph)),
  reduction(['Logsumexp', 'reduce_logsumexp'], (call, x, graph) => reduce(call, 'ReduceLogSumExp', graph.float(x), graph)),
  reduction(['reduce_euclidean_norm'], (call, x, graph) => reduce(call, 'ReduceL2', graph.float(x), graph)),
  reduction(['Var', 'reduce_variance'], (call, x, graph) => variance(call, graph.float(x), graph)),
  reduction(['Std', 'reduce_std'], (call, x, graph) => graph.like(variance(call, graph.float(x), graph.part('variance')), 'Sqrt')),
  reduction(['CountNonzero', 'count_nonzero'], (call, x, graph) =>
    reduce(call, 'ReduceSum', inType(inType(x, 'bool', graph), 'int32', graph), graph),
  ),
  reduction(['Ptp'], (call, x, graph) =>
    elementwise(call, 'Sub', [reduce(call, 'ReduceMax', x, graph.part('most')), reduce(call, 'ReduceMin', x, graph.part('least'))], graph),
  ),
  { names: ['Norm', 'norm'], parameters: ['x tensor', 'ord', 'axis', 'keepdims'], lower: norm },
  { names: ['Normalize'], parameters: ['x', 'axis', 'order', 'epsilon'], lower: normalize },
  { names: ['l2_normalize'], parameters: ['x', 'axis dim', 'epsilon'], lower: l2Normalize },
  {
    names: ['Moments', 'moments'],
    parameters: ['x', 'axis axes', 'shift', 'keepdims keep_dims'],
    lower: (call, graph) => {
      const x = graph.float(call.tensor('x'));
      return [reduce(call, 'ReduceMean', x, graph.part('mean')), variance(call, x, graph.part('variance'))];
    },
  },
  position('ArgMax', 'Argmax', 'argmax', 'argmax_v2', 'raw.ArgMax'),
  position('ArgMin', 'Argmin', 'argmin', 'argmin_v2', 'raw.ArgMin'),
]; // prettier-ignore

function reduction(
  names: readonly string[],
  lower: (call: OperationCall, x: Handle, graph: GraphWriter) => Handle,
): Operation {
  return {
    names,
    parameters: ['x input_tensor input', 'axis reduction_indices', 'keepdims keep_dims'],
    lower: (call, graph) => lower(call, call.tensor('x'), graph),
  };
}

interface ReduceOptions {
  readonly axes?: readonly number[];
  readonly keep?: boolean;
}

/** One of ONNX's Reduce operators along Keras's axes. ReduceSum takes its axes as an input from opset 13, others from 18. */
export function reduce(
  call: OperationCall,
  opType: string,
  given: Handle,
  graph: GraphWriter,
  options: ReduceOptions = {},
): Handle {
  const rank = given.shape.length;
  const axes = options.axes ?? call.axes('axis', rank) ?? given.shape.map((_, axis) => axis);
  const keep = options.keep ?? call.flag('keepdims', false);
  if (axes.length === 0) return given;
  const { x, layout } = reducible(given, axes, keep, graph);
  const shape = reducedShape(x.shape, axes, keep);
  const { inputs, attributes } = graph.axes(
    axes.map((axis) => physicalAxis(x, axis)),
    opType === 'ReduceSum' ? 13 : 18,
  );
  const output = {
    shape: physicalShape(shape, layout),
    dtype: x.value.dtype,
    attributes: { ...attributes, keepdims: int(keep ? 1 : 0) },
  };
  return graph.handle(graph.node(opType, [x.value, ...inputs], output), shape, layout);
}

export function reducedShape(shape: readonly Dim[], axes: readonly number[], keep: boolean): readonly Dim[] {
  const ones = shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  return keep ? ones : ones.filter((_, axis) => !axes.includes(axis));
}

/** The tensor in the layout to reduce it in, and the layout of the result. */
function reducible(
  given: Handle,
  axes: readonly number[],
  keep: boolean,
  graph: GraphWriter,
): { x: Handle; layout: Layout } {
  const isFlat = given.layout.kind === 'reordered';
  const x = isFlat && !axes.includes(1) ? asKeras(graph, given) : given;
  if (x.layout.kind !== 'channels-first') return { x, layout: KERAS };
  if (keep) return { x, layout: CHANNELS_FIRST };
  const left = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const places = left.map((axis) => physicalAxis(x, axis));
  if (places.every((place, i) => i === 0 || place > places[i - 1]!)) return { x, layout: KERAS };
  const ends = left[0] === 0 && left.at(-1) === x.shape.length - 1 && left.length > 2;
  return ends ? { x, layout: CHANNELS_FIRST } : { x: asKeras(graph, x), layout: KERAS };
}

/** Truth values as integers. */
function counted(x: Handle, graph: GraphWriter): Handle {
  return x.value.dtype === 'bool' ? inType(x, 'int32', graph) : x;
}

function extreme(call: OperationCall, opType: string, x: Handle, graph: GraphWriter): Handle {
  return x.value.dtype === 'bool' ? truth(call, opType, x, graph) : reduce(call, opType, x, graph);
}

function truth(call: OperationCall, opType: string, x: Handle, graph: GraphWriter): Handle {
  const numbers = inType(inType(x, 'bool', graph), 'int32', graph);
  return inType(reduce(call, opType, numbers, graph.part('numbers')), 'bool', graph, '');
}

function variance(call: OperationCall, x: Handle, graph: GraphWriter): Handle {
  const mean = reduce(call, 'ReduceMean', x, graph.part('mean'), { keep: true });
  const centered = elementwise(call, 'Sub', [x, mean], graph, { suffix: 'centered' });
  const square = graph.like(centered, 'Mul', { operands: [centered.value], suffix: 'square' });
  return reduce(call, 'ReduceMean', square, graph);
}

function norm(call: OperationCall, graph: GraphWriter): Handle {
  const x = graph.float(call.tensor('x'));
  const order = call.value('ord') ?? 2;
  const axes = call.axes('axis', x.shape.length);
  const isVector =
    axes?.length === 1 || (axes === undefined && !call.has('ord')) || order === 'euclidean' || order === 'fro';
  const opType = isVector ? VECTOR_NORMS.get(order) : undefined;
  return opType
    ? reduce(call, opType, x, graph)
    : call.unsupported(`its norm ${JSON.stringify(order)} is not exported`);
}

const VECTOR_NORMS: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [1, 'ReduceL1'],
  [2, 'ReduceL2'],
  ['euclidean', 'ReduceL2'],
  ['fro', 'ReduceL2'],
]);

/** x / max(‖x‖, epsilon), by default epsilon 1e-7 as Keras 3 has it; of order 2 it is x · rsqrt(max(Σx², epsilon²)). */
function normalize(call: OperationCall, graph: GraphWriter): Handle {
  const x = graph.float(call.tensor('x'));
  const order = call.number('order', 2);
  const opType = VECTOR_NORMS.get(order) ?? call.unsupported(`its order ${order} is not exported`);
  const axis = call.axis('axis', x.shape.length, -1);
  const size = reduce(call, opType, x, graph.part('norm'), { axes: [axis], keep: true });
  const least = elementwise(call, 'Max', [size, plain(call.number('epsilon', 1e-7))], graph, { suffix: 'safe_norm' });
  return elementwise(call, 'Div', [x, least], graph);
}

/** x · rsqrt(max(Σ x², epsilon)), epsilon 1e-12. */
function l2Normalize(call: OperationCall, graph: GraphWriter): Handle {
  const x = graph.float(call.tensor('x'));
  const axes = call.axes('axis', x.shape.length) ?? x.shape.map((_, axis) => axis);
  const total = reduce(call, 'ReduceSumSquare', x, graph.part('squares'), { axes, keep: true });
  const least = elementwise(call, 'Max', [total, plain(call.number('epsilon', 1e-12))], graph, { suffix: 'safe' });
  return elementwise(call, 'Div', [x, graph.like(least, 'Sqrt', { suffix: 'norm' })], graph);
}

/** Keras 3 gives int32, TensorFlow int64 unless it is told otherwise. Without an axis, Keras 3 counts in the flattened tensor. */
function position(opType: string, ...names: readonly string[]): Operation {
  return {
    names,
    parameters: ['x input', 'axis dimension', 'keepdims', 'output_type'],
    lower(call, graph) {
      const given = call.tensor('x');
      const isKeras3 = names[0] === call.name;
      if (!call.has('axis') && isKeras3) return call.unsupported('it counts places in the flattened tensor');
      const axis = call.axis('axis', given.shape.length, 0);
      const keep = call.flag('keepdims', false);
      const { x, layout } = reducible(
        given.layout.kind === 'reordered' ? asKeras(graph, given) : given,
        [axis],
        keep,
        graph,
      );
      const shape = reducedShape(x.shape, [axis], keep);
      const attributes = { axis: int(physicalAxis(x, axis)), keepdims: int(keep ? 1 : 0) };
      const output = { shape: physicalShape(shape, layout), dtype: 'int64' as const, attributes, suffix: 'place' };
      const place = graph.handle(graph.node(opType, [x.value], output), shape, layout);
      return inType(place, isKeras3 ? 'int32' : call.dtype('output_type', 'int64'), graph, '');
    },
  };
}
