import type { Layer } from './layer.ts';

interface Refusal {
  readonly reason: string;
  readonly hint?: string;
}

/** Why a class without a lowering is refused, in the words its owner can do something with. */
export function refusal(layer: Layer): Refusal {
  const { className, source } = layer;
  return REFUSALS.find(({ pattern }) => pattern.test(className)) ?? unknownClass(source.module);
}

const NOT_YET = 'Remove it, or export the part of the model before it.';

const REFUSALS: readonly (Refusal & { readonly pattern: RegExp })[] = [
  {
    pattern: /^Lambda$/,
    reason: 'it holds Python code, which is never run here',
    hint: 'Write it with built-in layers (Rescaling, Reshape, Concatenate, …) and save the model again.',
  },
  {
    pattern: /^(ClassMethod|InstanceMethod|InstanceProperty)$/,
    reason: 'it is a method of a TensorFlow object written in the model code',
    hint: 'Write this step with Keras layers and save the model again, or export the part of the model before it.',
  },
  {
    pattern: /(LSTM|GRU|RNN|^StackedRNNCells|Cell)\w*$/,
    reason: 'this kind of recurrent layer is not exported yet',
    hint: NOT_YET,
  },
  { pattern: /^Wrapper$/, reason: 'wrappers around layers are not exported yet', hint: NOT_YET },
  { pattern: /Attention$/, reason: 'attention layers are not exported yet', hint: NOT_YET },
  { pattern: /^(Layer|Group|Unit|RMS|Spectral)Normalization$/, reason: 'this normalisation is not exported yet', hint: NOT_YET },
  {
    pattern: /(Lookup|Vectorization|Hashing|Discretization|Encoding|HashedCrossing|FeatureSpace)$/,
    reason: 'it prepares text or categories, which is not exported',
    hint: 'Do this step outside the model and export the rest.',
  },
]; // prettier-ignore

function unknownClass(module: string | undefined): Refusal {
  const custom = module !== undefined && !/^(keras|tf_keras|tensorflow|builtins)\b/.test(module);
  return {
    reason: custom ? `it is a class of its own (${module})` : 'this class is not known here',
    hint: 'Replace it with the layers in the table of supported layers, or export the part of the model before it.',
  };
}
