import type { LayerLowering } from '../lowering.ts';
import { activation } from './activation.ts';
import { adaptivePooling } from './adaptive-pooling.ts';
import { autoContrast } from './auto-contrast.ts';
import { attention } from './attention.ts';
import { batchNormalization } from './batch-normalization.ts';
import { bidirectional } from './bidirectional.ts';
import { categoryEncoding } from './category-encoding.ts';
import { centerCrop } from './center-crop.ts';
import { concatenate } from './concatenate.ts';
import { convLstm } from './conv-lstm.ts';
import { convolution } from './convolution.ts';
import { cropping } from './cropping.ts';
import { dense } from './dense.ts';
import { depthwiseConvolution, separableConvolution } from './depthwise-convolution.ts';
import { discretization } from './discretization.ts';
import { dot } from './dot.ts';
import { einsumDense } from './einsum-dense.ts';
import { embedding } from './embedding.ts';
import { flatten } from './flatten.ts';
import { globalPooling } from './global-pooling.ts';
import { identity } from './identity.ts';
import { groupNormalization } from './group-normalization.ts';
import { layerNormalization, rmsNormalization } from './layer-normalization.ts';
import { customScale, layerScale } from './keras-applications.ts';
import { locallyConnected } from './locally-connected.ts';
import { lookup } from './lookup.ts';
import { masking } from './masking.ts';
import { merge } from './merge.ts';
import { multiHeadAttention } from './multi-head-attention.ts';
import { normalization } from './normalization.ts';
import { pRelu } from './p-relu.ts';
import { permute } from './permute.ts';
import { pooling } from './pooling.ts';
import { elu, leakyRelu, relu, thresholdedRelu } from './rectifiers.ts';
import { recurrent } from './recurrent.ts';
import { repeatVector } from './repeat-vector.ts';
import { rescaling } from './rescaling.ts';
import { reshape } from './reshape.ts';
import { resizing } from './resizing.ts';
import { softmaxLayer } from './softmax.ts';
import { spectralNormalization } from './spectral-normalization.ts';
import { timeDistributed } from './time-distributed.ts';
import { transposedConvolution } from './transposed-convolution.ts';
import { unitNormalization } from './unit-normalization.ts';
import { upSampling } from './up-sampling.ts';
import { zeroPadding } from './zero-padding.ts';

/** Every layer that can be exported, besides `InputLayer` and models used as layers. One line each. */
export const LAYER_LOWERINGS: readonly LayerLowering[] = [
  dense,
  einsumDense,
  convolution,
  depthwiseConvolution,
  separableConvolution,
  transposedConvolution,
  locallyConnected,
  pooling,
  globalPooling,
  adaptivePooling,
  batchNormalization,
  layerNormalization,
  groupNormalization,
  rmsNormalization,
  unitNormalization,
  spectralNormalization,
  normalization,
  rescaling,
  categoryEncoding,
  discretization,
  lookup,
  centerCrop,
  autoContrast,
  zeroPadding,
  cropping,
  upSampling,
  resizing,
  flatten,
  reshape,
  permute,
  repeatVector,
  merge,
  concatenate,
  dot,
  embedding,
  customScale,
  layerScale,
  masking,
  recurrent,
  bidirectional,
  convLstm,
  timeDistributed,
  attention,
  multiHeadAttention,
  activation,
  relu,
  leakyRelu,
  elu,
  thresholdedRelu,
  pRelu,
  softmaxLayer,
  identity,
];
