import { applyActivation } from '../activation.ts';
import type { LayerLowering } from '../lowering.ts';

/**
 * Keras `Activation`: one of the functions in {@link ACTIVATIONS}, or a layer object.
 *
 * Source: https://keras.io/api/layers/core_layers/activation_layer/
 */
export const activation: LayerLowering = {
  classNames: ['Activation'],
  note: 'every activation of Keras',
  traps: 'hard_sigmoid has a slope of 0.2 in Keras 2 and TF.js, of 1/6 in Keras 3',
  mask: 'keeps',

  lower(layer, [x], graph) {
    if (layer.value('activation') === undefined) return layer.malformed('activation', 'an activation');
    return applyActivation(layer, graph.float(x), graph);
  },
};
