import { int } from '../../onnx/attribute.ts';
import type { Dim } from '../../tensor.ts';
import type { LayerLowering } from '../lowering.ts';
import { asKeras } from '../reorder.ts';

/**
 * Keras `Masking`: a step all of whose features are `mask_value` becomes zero, and is masked for the layers behind.
 *
 *   seen[n, t] = any(x[n, t] ≠ mask_value)          y = x · seen
 *
 * Shapes: x and y `[N, T, F]`.
 * Defaults: `mask_value` 0.
 * Source: https://keras.io/api/layers/core_layers/masking/
 */
export const masking: LayerLowering = {
  classNames: ['Masking'],
  note: 'sequences of vectors; the mask is heeded by the layers listed here',
  traps: 'only sequences of vectors',
  mask: 'own',

  lower(layer, [given], graph) {
    const x = asKeras(graph, graph.float(given));
    if (x.shape.length !== 3) layer.unsupported(`its input has rank ${x.shape.length} in place of 3`);
    const [N, T] = x.shape as [Dim, Dim];
    const bool = (opType: string, inputs: Parameters<typeof graph.node>[1], suffix: string) =>
      graph.node(opType, inputs, { shape: x.shape, dtype: 'bool', suffix });
    const equal = bool('Equal', [x.value, graph.scalar('mask_value', layer.number('mask_value', 0))], 'equal');
    const differs = bool('Not', [equal], 'differs');
    const counted = graph.node('Cast', [differs], { shape: x.shape, attributes: { to: int(1) }, suffix: 'counted' });
    const { inputs, attributes } = graph.axes([2], 18);
    const output = { shape: [N, T, 1], attributes: { ...attributes, keepdims: int(1) }, suffix: 'seen' };
    const seen = graph.node('ReduceMax', [counted, ...inputs], output);
    const y = graph.like(x, 'Mul', { operands: [seen] });
    const mask = () => {
      const flat = graph.node('Squeeze', [seen, graph.integers('last_axis', [2])], { shape: [N, T], suffix: 'steps' });
      return graph.node('Cast', [flat], { shape: [N, T], dtype: 'bool', attributes: { to: int(9) }, suffix: 'mask' });
    };
    return { ...y, mask };
  },
};
