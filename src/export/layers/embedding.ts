import { int } from '../../onnx/attribute.ts';
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
  note: 'mask_zero is heeded by the layers in this table',
  mask: 'own',

  lower(layer, [given], graph) {
    const width = layer.size('output_dim');
    const table = graph.parameter(layer.weight('embeddings', [layer.size('input_dim'), width]));
    const x = asKeras(graph, given);
    const integer = x.value.dtype === 'int32' || x.value.dtype === 'int64';
    const ids = integer ? x : graph.cast(x, 'int32');
    const shape = [...ids.shape, width];
    const y = graph.handle(graph.node('Gather', [table, ids.value], { shape, attributes: { axis: int(0) } }), shape);
    if (!layer.flag('mask_zero', false)) return y;
    const zero = ids.value.dtype === 'int64' ? BigInt64Array.of(0n) : Int32Array.of(0);
    const dtype = ids.value.dtype === 'int64' ? 'int64' : 'int32';
    const none = () => graph.constant('no_step', { dtype, shape: [], data: zero });
    const isZero = () =>
      graph.node('Equal', [ids.value, none()], { shape: ids.shape, dtype: 'bool', suffix: 'masked' });
    return { ...y, mask: () => graph.node('Not', [isZero()], { shape: ids.shape, dtype: 'bool', suffix: 'mask' }) };
  },
};
