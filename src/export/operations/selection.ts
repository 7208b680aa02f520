import { int } from '../../onnx/attribute.ts';
import type { Dim } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import { physicalAxis, physicalShape, type Handle } from '../layout.ts';
import { asKeras } from '../reorder.ts';
import { elementwise, inType } from './broadcast.ts';
import type { OperationCall } from './operation-call.ts';
import type { Operation } from './operation.ts';
import { computed } from '../computed.ts';

/**
 * Elements picked by place, and places marked.
 *
 *   Take       y = x at the given places of one axis; negative ones count from the end
 *   OneHot     1 at the given place of a new axis, 0 elsewhere, and 0 everywhere for a place that is none
 *   TopK       the largest k of the last axis and their places
 *   Cumsum     sums of the elements so far
 *
 * Source: https://keras.io/api/ops/numpy/ · https://www.tensorflow.org/api_docs/python/tf
 */
export const SELECTION: readonly Operation[] = [
  { names: ['Take', 'gather', 'gather_v2', 'raw.GatherV2'], parameters: ['x params', 'indices', 'axis', 'batch_dims'], lower: take },
  { names: ['TakeAlongAxis'], parameters: ['x', 'indices', 'axis'], lower: takeAlong },
  { names: ['OneHot', 'one_hot'], parameters: ['x indices', 'depth num_classes', 'axis', 'on_value', 'off_value', 'dtype'], lower: oneHot },
  { names: ['TopK', 'top_k'], parameters: ['x input', 'k', 'sorted'], lower: topK },
  { names: ['Cumsum', 'cumsum'], parameters: ['x', 'axis', 'exclusive', 'reverse'], lower: cumsum },
  { names: ['Tril'], parameters: ['x', 'k'], lower: (call, graph) => triangle(call, false, graph) },
  { names: ['Triu'], parameters: ['x', 'k'], lower: (call, graph) => triangle(call, true, graph) },
]; // prettier-ignore

function ordered(x: Handle, graph: GraphWriter): Handle {
  return x.layout.kind === 'reordered' ? asKeras(graph, x) : x;
}

function take(call: OperationCall, graph: GraphWriter): Handle {
  if (call.has('batch_dims') && call.integer('batch_dims', 0) !== 0)
    return call.unsupported('it gathers for each sample');
  const indices = placesOf(call, graph);
  const x = asKeras(graph, call.tensor('x'));
  if (!call.has('axis') && call.name === 'Take') return call.unsupported('it takes from the flattened tensor');
  const axis = call.axis('axis', x.shape.length, 0);
  const shape: Dim[] = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const output = { shape, dtype: x.value.dtype, attributes: { axis: int(axis) } };
  return graph.handle(graph.node('Gather', [x.value, indices.value], output), shape);
}

function placesOf(call: OperationCall, graph: GraphWriter): Handle {
  return inType(asKeras(graph, call.tensor('indices')), 'int64', graph.part('indices'));
}

function takeAlong(call: OperationCall, graph: GraphWriter): Handle {
  const x = asKeras(graph, call.tensor('x'));
  const indices = placesOf(call, graph);
  const axis = call.axis('axis', x.shape.length, -1);
  const fits =
    indices.shape.length === x.shape.length && indices.shape.every((dim, i) => i === axis || dim === x.shape[i]);
  if (!fits) return call.unsupported('its places have other sizes than its tensor');
  const output = { shape: indices.shape, dtype: x.value.dtype, attributes: { axis: int(axis) } };
  return graph.handle(graph.node('GatherElements', [x.value, indices.value], output), indices.shape);
}

/** ONNX's OneHot counts negative places from the end; comparing with each place does not. */
function oneHot(call: OperationCall, graph: GraphWriter): Handle {
  const x = asKeras(graph, call.tensor('x'));
  const depth = call.integer('depth', NaN);
  if (depth < 1 || depth > 2 ** 20) return call.malformed('depth', 'a positive number');
  const axis = call.axis('axis', x.shape.length + 1, -1);
  if (call.has('on_value') || call.has('off_value')) {
    const [on, off] = [call.number('on_value', 1), call.number('off_value', 0)];
    if (on !== 1 || off !== 0) return call.unsupported('it marks with other numbers than 1 and 0');
  }
  return inType(marked(call, inType(x, 'int64', graph), depth, axis, graph), call.dtype('dtype', 'float32'), graph, '');
}

/** Whether each place is each of 0 … depth − 1, along a new axis. */
export function marked(call: OperationCall, x: Handle, depth: number, axis: number, graph: GraphWriter): Handle {
  const axes = graph.integers('new_axis', [axis]);
  const shape: Dim[] = [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)];
  const column = graph.handle(graph.node('Unsqueeze', [x.value, axes], { shape, dtype: 'int64', suffix: 'column' }), shape);
  const places = { shape: shape.map((_, i) => (i === axis ? depth : 1)), data: Array.from({ length: computed(depth) }, (_, i) => i), dtype: 'int64' } as const;
  return elementwise(call, 'Equal', [column, places], graph, { result: 'bool', suffix: 'marked' });
} // prettier-ignore

function topK(call: OperationCall, graph: GraphWriter): readonly Handle[] {
  const given = ordered(call.tensor('x'), graph);
  const k = call.integer('k', 1);
  const axis = physicalAxis(given, given.shape.length - 1);
  const shape = given.shape.map((dim, i) => (i === given.shape.length - 1 ? k : dim));
  const physical = physicalShape(shape, given.layout);
  const [values, places] = graph.nodes(
    'TopK',
    [given.value, graph.integers('k', [k])],
    [
      { shape: physical, dtype: given.value.dtype, suffix: 'values' },
      { shape: physical, dtype: 'int64', suffix: 'places' },
    ],
    { axis: int(axis) },
  );
  const handles = [values!, places!].map((value) => graph.handle(value, shape, given.layout));
  return [handles[0]!, inType(handles[1]!, 'int32', graph)];
}

function cumsum(call: OperationCall, graph: GraphWriter): Handle {
  const given = ordered(call.tensor('x'), graph);
  if (!call.has('axis') && call.name === 'Cumsum') return call.unsupported('it sums up the flattened tensor');
  const axis = call.axis('axis', given.shape.length, 0);
  const attributes = {
    exclusive: int(call.flag('exclusive', false) ? 1 : 0),
    reverse: int(call.flag('reverse', false) ? 1 : 0),
  };
  const at = graph.constant('axis', { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(physicalAxis(given, axis))) });
  return graph.like(given, 'CumSum', { operands: [at], attributes });
} // prettier-ignore

/** The elements on one side of a diagonal of the last two axes, and 0 on the other. */
function triangle(call: OperationCall, isUpper: boolean, graph: GraphWriter): Handle {
  const x = asKeras(graph, call.tensor('x'));
  const [rows, columns] = x.shape.slice(-2).map((dim) => call.known(dim, 'the size of its matrix')) as [number, number];
  const k = call.integer('k', 0);
  if (rows * columns > 2 ** 22) return call.unsupported('its matrix is too large');
  const inside = (i: number) => (isUpper ? (i % columns) - Math.floor(i / columns) >= k : (i % columns) - Math.floor(i / columns) <= k);
  const data = Array.from({ length: rows * columns }, (_, i) => (inside(i) ? 1 : 0));
  return elementwise(call, 'Mul', [x, { shape: [rows, columns], data, dtype: undefined }], graph);
} // prettier-ignore
