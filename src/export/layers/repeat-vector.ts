import type { LayerLowering } from '../lowering.ts';
import { asKeras } from '../reorder.ts';

/**
 * Keras `RepeatVector`: `[N, F]` → `[N, n, F]`, the vector n times.
 *
 * Source: https://keras.io/api/layers/reshaping_layers/repeat_vector/
 */
export const repeatVector: LayerLowering = {
  classNames: ['RepeatVector'],
  note: 'any batch size',

  lower(layer, [given], graph) {
    const { value, shape } = asKeras(graph, given);
    if (shape.length !== 2) layer.unsupported(`its input has rank ${shape.length} in place of 2`);
    const n = layer.size('n');
    const [batch, features] = [shape[0]!, shape[1]!];
    const { dtype } = value;
    const row = graph.node('Unsqueeze', [value, graph.integers('axes', [1])], {
      shape: [batch, 1, features],
      dtype,
      suffix: 'row',
    });
    const output = [batch, n, features];
    const target = graph.integers('shape', [1, n, 1]);
    return graph.handle(graph.node('Expand', [row, target], { shape: output, dtype }), output);
  },
};
