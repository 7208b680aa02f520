import type { LayerLowering } from '../lowering.ts';
import { reducedOver } from '../moments.ts';
import { asKeras } from '../reorder.ts';

/**
 * Keras `UnitNormalization`: x / max(‖x‖₂, ε) along one axis or several. ε is 1e-12 in Keras 3 and 1e-6, the root of
 * 1e-12, in Keras 2.
 *
 * Defaults: `axis` −1.
 * Source: https://keras.io/api/layers/normalization_layers/unit_normalization/ · keras/src/ops/nn.py (`normalize`)
 */
export const unitNormalization: LayerLowering = {
  classNames: ['UnitNormalization'],
  note: 'any axis or axes',
  traps: 'the norm is at least 1e-12, in Keras 2 1e-6',
  mask: 'keeps',

  lower(layer, [given], graph) {
    const x = given.layout.kind === 'reordered' ? asKeras(graph, given) : graph.float(given);
    const axes = layer.axes('axis', x.shape.length, [-1]);
    const norm = reducedOver(graph.part('norm'), 'ReduceL2', x, axes);
    const smallest = graph.scalar('smallest', layer.kerasMajor === 2 ? 1e-6 : 1e-12);
    const safe = graph.like(norm, 'Max', { operands: [smallest], suffix: 'safe_norm' });
    return graph.like(x, 'Div', { operands: [safe.value] });
  },
};
