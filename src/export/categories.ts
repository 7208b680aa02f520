import { int } from '../onnx/attribute.ts';
import type { DType, Dim } from '../tensor.ts';
import type { GraphWriter } from './graph-writer.ts';
import type { Layer } from './layer.ts';
import type { Handle } from './layout.ts';
import { inType } from './operations/broadcast.ts';
import { squeezed } from './operations/axes-of-one.ts';
import { computed } from './computed.ts';

export type OutputMode = 'int' | 'one_hot' | 'multi_hot' | 'count' | 'tf_idf';

/**
 * Places of categories, int64, as the layers that prepare them give them out:
 *
 *   one_hot     [N] or [N, 1] → [N, depth], [N, k] → [N, k, depth]: 1 at each place
 *   multi_hot   [N, k] → [N, depth]: 1 at all the places of a sample
 *   count       [N, k] → [N, depth]: how often each place stands there
 *
 * A place that is none counts nowhere; Keras refuses it when it runs.
 * Source: keras/src/utils/numerical_utils.py, encode_categorical_inputs
 */
export function encodedPlaces(
  layer: Layer,
  given: Handle,
  { mode, depth, dtype = 'float32' }: { readonly mode: OutputMode; readonly depth: number; readonly dtype?: DType },
  graph: GraphWriter,
): Handle {
  if (mode === 'int') return inType(given, dtype, graph, '');
  const rank = given.shape.length;
  const single = rank > 1 && given.shape.at(-1) === 1;
  if (mode === 'one_hot')
    return inType(marks(single ? squeezed(graph, given, [rank - 1], 'places') : given, depth, graph), dtype, graph, '');
  if (rank !== 2) return layer.unsupported(`it counts places in a tensor of rank ${rank}; rank 2 is known`);
  const numbers = inType(marks(given, depth, graph), 'float32', graph, 'marks');
  const shape: readonly Dim[] = [given.shape[0]!, depth];
  const isCount = mode !== 'multi_hot';
  const { inputs, attributes } = graph.axes([1], isCount ? 13 : 18);
  const output = { shape, attributes: { ...attributes, keepdims: int(0) }, ...(dtype === 'float32' ? {} : { suffix: 'total' }) };
  const total = graph.node(isCount ? 'ReduceSum' : 'ReduceMax', [numbers.value, ...inputs], output);
  return inType(graph.handle(total, shape), dtype, graph, '');
} // prettier-ignore

/** Whether each place is each of 0 … depth − 1, along a new last axis. */
function marks(x: Handle, depth: number, graph: GraphWriter): Handle {
  const rank = x.shape.length;
  const axis = graph.integers('new_axis', [rank]);
  const column = graph.node('Unsqueeze', [x.value, axis], { shape: [...x.shape, 1], dtype: 'int64', suffix: 'column' });
  const places = graph.integers('categories', Array.from({ length: computed(depth) }, (_, i) => i));
  const shape = [...x.shape, depth];
  return graph.handle(graph.node('Equal', [column, places], { shape, dtype: 'bool', suffix: 'equal' }), shape);
} // prettier-ignore

/** More categories than any layer has; the bound keeps a hostile file small. */
const MAX_CATEGORIES = 2 ** 22;

export function checkedDepth(layer: Layer, depth: number): number {
  return depth >= 1 && depth <= MAX_CATEGORIES ? depth : layer.unsupported(`it has ${depth} categories`);
}

/** The mode that a configuration names; a layer of Keras 2.5 and before may say `binary` for multi_hot. */
export function outputMode(layer: Layer, modes: readonly OutputMode[], otherwise: OutputMode): OutputMode {
  for (const option of ['sparse', 'ragged']) if (layer.flag(option, false)) layer.unsupported(`it gives ${option} tensors`);
  if (layer.value('output_mode') === 'binary') return 'multi_hot';
  return layer.choice('output_mode', modes, otherwise);
} // prettier-ignore
