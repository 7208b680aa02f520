import { int } from '../../onnx/attribute.ts';
import { float32, type DType } from '../../tensor.ts';
import { checkedDepth, encodedPlaces, outputMode } from '../categories.ts';
import { isList, type Layer } from '../layer.ts';
import type { LayerLowering } from '../lowering.ts';
import { inType } from '../operations/broadcast.ts';
import { asKeras } from '../reorder.ts';

/**
 * Keras `Discretization`: the number of the bin that holds x, which is the number of boundaries b with b ≤ x.
 *
 * Shapes: x `[N, …]`, `bin_boundaries` a sorted list; y as x, int32 in Keras 3 and int64 in Keras 2, or as
 * `encodedPlaces` says, with one category more than there are boundaries.
 * Defaults: `output_mode` int.
 * Source: https://keras.io/api/layers/preprocessing_layers/numerical/discretization/
 */
export const discretization: LayerLowering = {
  classNames: ['Discretization'],
  note: 'boundaries given or adapted; all output modes',

  lower(layer, [given], graph) {
    const bounds = boundaries(layer);
    const x = asKeras(graph, graph.float(given));
    const axis = x.shape.length;
    const shape = [...x.shape, bounds.length];
    const column = graph.node('Unsqueeze', [x.value, graph.integers('new_axis', [axis])], {
      shape: [...x.shape, 1],
      suffix: 'column',
    });
    const limits = graph.constant('boundaries', float32([bounds.length], bounds));
    const above = graph.node('GreaterOrEqual', [column, limits], { shape, dtype: 'bool', suffix: 'above' });
    const counted = inType(graph.handle(above, shape), 'int64', graph, 'counted');
    const axes = graph.integers('axes', [axis]);
    const output = { shape: x.shape, dtype: 'int64' as const, attributes: { keepdims: int(0) }, suffix: 'bin' };
    const bin = graph.handle(graph.node('ReduceSum', [counted.value, axes], output), x.shape);
    const mode = outputMode(layer, ['int', 'one_hot', 'multi_hot', 'count'], 'int');
    const dtype: DType = mode !== 'int' ? 'float32' : layer.kerasMajor === 3 ? 'int32' : 'int64';
    return encodedPlaces(layer, bin, { mode, depth: bounds.length + 1, dtype }, graph);
  },
};

function boundaries(layer: Layer): readonly number[] {
  const value = layer.value('bin_boundaries');
  if (value === undefined || (isList(value) && value.length === 0))
    layer.unsupported('it was never adapted: the file has no boundaries', 'Adapt it, or give it bin_boundaries.');
  const list = isList(value) ? value : [];
  if (!list.every((bound) => typeof bound === 'number')) layer.malformed('bin_boundaries', 'numbers');
  checkedDepth(layer, list.length + 1);
  return list.map(Number);
}
