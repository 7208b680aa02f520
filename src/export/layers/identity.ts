import type { LayerLowering } from '../lowering.ts';

/**
 * Keras layers that do something in training only; at inference y = x, and no node is written.
 *
 * `RandomCrop` is not among them: older versions crop and scale at inference too. Neither are `CenterCrop`,
 * `AutoContrast` and `Equalization`, which have nothing random.
 * Source: https://keras.io/api/layers/regularization_layers/ and …/preprocessing_layers/image_augmentation/
 */
export const identity: LayerLowering = {
  classNames: [
    ...['Dropout', 'SpatialDropout1D', 'SpatialDropout2D', 'SpatialDropout3D', 'AlphaDropout'],
    ...['GaussianDropout', 'GaussianNoise', 'StochasticDepth', 'ActivityRegularization', 'Identity'],
    ...['RandomBrightness', 'RandomColorDegeneration', 'RandomColorJitter', 'RandomContrast', 'RandomErasing'],
    ...['RandomElasticTransform', 'RandomFlip', 'RandomGaussianBlur', 'RandomGrayscale', 'RandomHeight', 'RandomHue'],
    ...['RandomInvert', 'RandomPerspective', 'RandomPosterization', 'RandomRotation', 'RandomSaturation'],
    ...['RandomSharpness', 'RandomShear', 'RandomTranslation', 'RandomWidth', 'RandomZoom'],
    ...['AugMix', 'CutMix', 'MixUp', 'RandAugment', 'Solarization'],
  ],
  note: 'does nothing at inference: no node',
  traps: 'with training=True refused',
  inTraining: 'is random',
  mask: 'keeps',

  lower: (_layer, [x]) => x,
};
