import { int } from '../onnx/attribute.ts';
import { float32, int64, type Tensor } from '../tensor.ts';
import type { GraphWriter } from './graph-writer.ts';
import type { Layer } from './layer.ts';
import type { Handle } from './layout.ts';
import { asKeras } from './reorder.ts';
import type { SourceCall } from './source-model.ts';

export const MASK_OPERATIONS: ReadonlySet<string> = new Set(['NotEqual', 'Any']);

/**
 * The operations that Keras 3 writes into a functional model for its masks: `NotEqual` of a tensor and a number for an
 * Embedding, and `Any` along the last axis of that for a Masking. Layers name them as their argument `mask`.
 *
 * Source: `compute_mask` of keras/src/layers/core/{embedding,masking}.py.
 * @returns `undefined` where they are used in another way.
 */
export function maskOperation(layer: Layer, call: SourceCall, x: Handle, graph: GraphWriter): Handle | undefined {
  return layer.className === 'Any' ? anyOf(layer, x, graph) : notEqual(call, x, graph);
}

function notEqual({ args, kwargs }: SourceCall, given: Handle, graph: GraphWriter): Handle | undefined {
  const [, other] = args;
  const number = other && 'constant' in other ? other.constant : undefined;
  if (typeof number !== 'number' || args.length !== 2 || Object.keys(kwargs).length > 0) return undefined;
  const x = comparable(asKeras(graph, given), graph);
  const operands = [graph.constant('number', scalar(x.value.dtype, number))];
  const { shape } = x;
  const equal = graph.node('Equal', [x.value, ...operands], { shape, dtype: 'bool', suffix: 'equal' });
  return graph.handle(graph.node('Not', [equal], { shape, dtype: 'bool' }), shape);
}

function comparable(x: Handle, graph: GraphWriter): Handle {
  const { dtype } = x.value;
  return dtype === 'float32' || dtype === 'int32' || dtype === 'int64' ? x : graph.cast(x, 'int32');
}

function scalar(dtype: string | undefined, value: number): Tensor {
  if (dtype === 'int32') return { dtype, shape: [], data: Int32Array.of(value) };
  return dtype === 'int64' ? { ...int64([value]), shape: [] } : float32([], [value]);
}

function anyOf(layer: Layer, x: Handle, graph: GraphWriter): Handle | undefined {
  const rank = x.shape.length;
  const axes = layer.axes('axis', rank, [-1]);
  if (x.value.dtype !== 'bool' || axes.join() !== String(rank - 1) || layer.flag('keepdims', false)) return undefined;
  const shape = x.shape.slice(0, -1);
  const counted = graph.node('Cast', [x.value], { shape: x.shape, attributes: { to: int(1) }, suffix: 'counted' });
  const { inputs, attributes } = graph.axes(axes, 18);
  const output = { shape, attributes: { ...attributes, keepdims: int(0) }, suffix: 'most' };
  const most = graph.node('ReduceMax', [counted, ...inputs], output);
  return graph.handle(graph.node('Cast', [most], { shape, dtype: 'bool', attributes: { to: int(9) } }), shape);
}
