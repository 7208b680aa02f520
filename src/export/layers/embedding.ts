import { int } from '../../onnx/attribute.ts';
import type { Value } from '../../onnx/graph.ts';
import { float32, int64, type Tensor } from '../../tensor.ts';
import type { GraphWriter } from '../graph-writer.ts';
import type { Handle } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { asKeras } from '../reorder.ts';

/**
 * Keras `Embedding`: y[n, t] = embeddings[x[n, t]].
 *
 * Shapes: x `[N, T]` of integers (Keras casts others to int32), embeddings `[input_dim, output_dim]`,
 * y `[N, T, output_dim]`. With `mask_zero`, the steps whose x is 0 are masked for the layers that follow.
 * Defaults: `mask_zero` false.
 * Source: https://keras.io/api/layers/core_layers/embedding/
 */
export const embedding: LayerLowering = {
  classNames: ['Embedding'],
  note: 'mask_zero is heeded by the layers listed here',
  mask: 'own',

  lower(layer, [given], graph) {
    const width = layer.size('output_dim');
    const table = graph.parameter(layer.weight('embeddings', [layer.size('input_dim'), width]));
    const x = asKeras(graph, given);
    const integer = x.value.dtype === 'int32' || x.value.dtype === 'int64';
    const ids = integer ? x : graph.cast(x, 'int32');
    const shape = [...ids.shape, width];
    const y = graph.handle(graph.node('Gather', [table, ids.value], { shape, attributes: { axis: int(0) } }), shape);
    return layer.flag('mask_zero', false)
      ? { ...y, mask: () => nonzero(graph, x.value.dtype === 'float32' ? x : ids) }
      : y;
  },
};

/** Keras compares what it was given, before the cast. */
function nonzero(graph: GraphWriter, { value, shape }: Handle): Value {
  const tensor = value.dtype === 'int64' ? int64([0]) : value.dtype === 'int32' ? INT32_ZERO : float32([1], [0]);
  const masked = graph.node('Equal', [value, graph.constant('no_step', tensor)], {
    shape,
    dtype: 'bool',
    suffix: 'masked',
  });
  return graph.node('Not', [masked], { shape, dtype: 'bool', suffix: 'mask' });
}

const INT32_ZERO: Tensor<'int32'> = { dtype: 'int32', shape: [1], data: Int32Array.of(0) };
