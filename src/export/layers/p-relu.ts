import type { LayerLowering } from '../lowering.ts';
import { staticChannels } from '../spatial.ts';

/**
 * Keras `PReLU`: y = x, or alpha · x below 0, with a trained alpha.
 *
 * Shapes: x `[N, …]`, alpha the sizes of x without the batch, 1 along each of `shared_axes`.
 * Defaults: `shared_axes` none.
 * Source: https://keras.io/api/layers/activation_layers/prelu/
 */
export const pRelu: LayerLowering = {
  classNames: ['PReLU'],
  note: 'shared axes',
  mask: 'keeps',

  lower(layer, [given], graph) {
    const x = graph.float(given);
    const shared = layer.integers('shared_axes') ?? [];
    const shape = x.shape.slice(1).map((dim, i) => (shared.includes(i + 1) ? 1 : staticChannels(layer, dim)));
    const alpha = graph.broadcastParameter(layer.weight('alpha', shape), [1, ...shape], x.layout);
    return graph.like(x, 'PRelu', { operands: [alpha] });
  },
};
