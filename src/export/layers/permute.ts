import { ints } from '../../onnx/attribute.ts';
import { physicalAxis } from '../layout.ts';
import type { LayerLowering } from '../lowering.ts';
import { asKeras } from '../reorder.ts';

/**
 * Keras `Permute`: axis i of y is axis `dims[i − 1]` of x; the batch axis, 0, stays.
 *
 * On a channels-first x it is one Transpose from there, or none where the permutation only undoes the layout.
 * Source: https://keras.io/api/layers/reshaping_layers/permute/
 */
export const permute: LayerLowering = {
  classNames: ['Permute'],
  note: 'joined with the change of layout into one Transpose, or none',

  lower(layer, [given], graph) {
    const x = given.layout.kind === 'reordered' ? asKeras(graph, given) : given;
    const rank = x.shape.length;
    const dims = layer.sizes('dims', rank - 1);
    if (new Set(dims).size !== dims.length || Math.max(...dims) >= rank)
      layer.malformed('dims', `a permutation of 1 to ${rank - 1}`);
    const order = [0, ...dims];
    const shape = order.map((axis) => x.shape[axis]!);
    const perm = order.map((axis) => physicalAxis(x, axis));
    if (perm.every((axis, i) => axis === i)) return graph.handle(x.value, shape);
    const output = { shape, dtype: x.value.dtype, attributes: { perm: ints(perm) } };
    return graph.handle(graph.node('Transpose', [x.value], output), shape);
  },
};
