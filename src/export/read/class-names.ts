import type { JsonObject } from '../source-model.ts';
import { stringMember } from './json.ts';

/** Names that a class has had, or has beside its own. Source: keras/src/legacy, tf_keras/src/layers/serialization.py. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['BatchNormalizationV1', 'BatchNormalization'],
  ['BatchNormalizationV2', 'BatchNormalization'],
  ['SyncBatchNormalization', 'BatchNormalization'],
  ['Experimental>SyncBatchNormalization', 'BatchNormalization'],
  ['Custom>CustomScaleLayer', 'CustomScaleLayer'],
  ['Convolution1D', 'Conv1D'],
  ['Convolution2D', 'Conv2D'],
  ['Convolution3D', 'Conv3D'],
  ['Convolution1DTranspose', 'Conv1DTranspose'],
  ['Convolution2DTranspose', 'Conv2DTranspose'],
  ['Convolution3DTranspose', 'Conv3DTranspose'],
  ['Deconvolution2D', 'Conv2DTranspose'],
  ['Deconvolution3D', 'Conv3DTranspose'],
  ['DepthwiseConvolution2D', 'DepthwiseConv2D'],
  ['SeparableConvolution1D', 'SeparableConv1D'],
  ['SeparableConvolution2D', 'SeparableConv2D'],
  ['MaxPool1D', 'MaxPooling1D'],
  ['MaxPool2D', 'MaxPooling2D'],
  ['MaxPool3D', 'MaxPooling3D'],
  ['AvgPool1D', 'AveragePooling1D'],
  ['AvgPool2D', 'AveragePooling2D'],
  ['AvgPool3D', 'AveragePooling3D'],
  ['GlobalMaxPool1D', 'GlobalMaxPooling1D'],
  ['GlobalMaxPool2D', 'GlobalMaxPooling2D'],
  ['GlobalMaxPool3D', 'GlobalMaxPooling3D'],
  ['GlobalAvgPool1D', 'GlobalAveragePooling1D'],
  ['GlobalAvgPool2D', 'GlobalAveragePooling2D'],
  ['GlobalAvgPool3D', 'GlobalAveragePooling3D'],
  ['UnifiedLSTM', 'LSTM'],
  ['LSTMV2', 'LSTM'],
  ['UnifiedGRU', 'GRU'],
  ['GRUV2', 'GRU'],
  ['GroupQueryAttention', 'GroupedQueryAttention'],
  ['Addons>InstanceNormalization', 'InstanceNormalization'],
  ['Addons>GroupNormalization', 'GroupNormalization'],
  ['Model', 'Functional'],
  ['Network', 'Functional'],
  ['Graph', 'Functional'],
]);

/** Python packages whose classes are Keras's own. */
const KERAS_MODULE = /^(keras|tf_keras|keras_core|tensorflow)(\.|$)/;

/**
 * Today's name of a class, from an object `{ class_name, module?, registered_name? }`. A class of somebody else's
 * keeps a name that no class of Keras has (`my_package>Dense`), whatever it calls itself.
 */
export function classNameOf(serialized: JsonObject): string {
  const written = stringMember(serialized, 'class_name') ?? '';
  const module = stringMember(serialized, 'module');
  if (module !== undefined && !KERAS_MODULE.test(module)) {
    const registered = stringMember(serialized, 'registered_name');
    return registered?.includes('>') ? registered : `${module}>${written}`;
  }
  return ALIASES.get(written) ?? written;
}

/** Keras's own snake case, which names the folders of weights in a `.keras` file: `Conv2D` is `conv2d`. */
export function toSnakeCase(className: string): string {
  return className
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
