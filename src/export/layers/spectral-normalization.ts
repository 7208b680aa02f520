import type { LayerLowering } from '../lowering.ts';

/**
 * Keras `SpectralNormalization`: the layer that it wraps, whose kernel training has divided by its largest singular
 * value. The file holds it so divided.
 *
 * Source: https://keras.io/api/layers/normalization_layers/spectral_normalization/
 */
export const spectralNormalization: LayerLowering = {
  classNames: ['SpectralNormalization'],
  note: 'is the layer that it wraps',
  traps: 'the file holds the kernel as training has divided it',
  inTraining: 'changes the kernel',

  lower(layer, [x], graph) {
    const inner = layer.source.model?.layers[0] ?? layer.malformed('layer', 'a layer');
    return graph.workshop.lowerInner(inner, x, graph);
  },
};
