import type { Layer } from './layer.ts';

interface Refusal {
  readonly reason: string;
  readonly hint?: string;
}

/** Why a class without a lowering is refused, in the words its owner can do something with. */
export function refusal(layer: Layer): Refusal {
  const { className, source } = layer;
  if (className === 'Lambda') return lambda(layer);
  return REFUSALS.find(({ pattern }) => pattern.test(className)) ?? unknownClass(source.module);
}

const BEFORE_IT = 'Do this step outside the model, and export the part of the model behind it.';
const NOT_YET = 'Remove it, or export the part of the model before it.';
const CUSTOM = 'write what it does as a custom layer (customLayers, --custom-layers)';

/** Lambdas of keras.applications, by the names that only those models give, and what they compute. */
const KNOWN_LAMBDAS: readonly { readonly pattern: RegExp; readonly says: string }[] = [
  { pattern: /^block(8|17|35)_\d+$/, says: 'InceptionResNetV2, x + scale · y of its two inputs, scale being in its arguments' },
  { pattern: /_\d+_reduce$/, says: 'ResNeXt, the sum over the axis before the last' },
]; // prettier-ignore

function lambda({ name }: Layer): Refusal {
  const reason = 'it holds Python code, which is never run here';
  const known = KNOWN_LAMBDAS.find(({ pattern }) => pattern.test(name));
  if (!known) {
    return {
      reason,
      hint: `Write it with built-in layers (Rescaling, Reshape, Concatenate, …) and save the model again, or ${CUSTOM} of the name ${name}.`,
    };
  }
  return {
    reason,
    hint: `By its name it is that of keras.applications' ${known.says}. Load the weights of the file into today's model of that name, or ${CUSTOM}.`,
  };
}

const REFUSALS: readonly (Refusal & { readonly pattern: RegExp })[] = [
  {
    pattern: /^(ClassMethod|InstanceMethod|InstanceProperty)$/,
    reason: 'it is a method of a TensorFlow object written in the model code',
    hint: 'Write this step with Keras layers and save the model again, or export the part of the model before it.',
  },
  {
    pattern: /Cell$|^StackedRNNCells$/,
    reason: 'it is a cell, which computes one step and belongs into an RNN',
    hint: 'Put it into a RNN layer, and save the model again.',
  },
  {
    pattern: /(LSTM|GRU|RNN)\w*$|Attention$/,
    reason: 'it is none of the recurrent and attention layers of Keras',
    hint: NOT_YET,
  },
  {
    pattern: /^Wrapper$/,
    reason: 'it is a class for others to build on, whose computation is Python code',
    hint: NOT_YET,
  },
  {
    pattern: /^(Hashing|HashedCrossing)$/,
    reason: 'it takes FarmHash of its input, which no ONNX operator computes',
    hint: BEFORE_IT,
  },
  {
    pattern: /^TextVectorization$/,
    reason: 'it splits text with regular expressions of TensorFlow, which no ONNX operator has',
    hint: 'Split the text outside the model, and use a StringLookup of the same vocabulary, which is exported.',
  },
  { pattern: /^FeatureSpace$/, reason: 'it is a preprocessing of tables, no layer', hint: BEFORE_IT },
  {
    pattern: /^(ContrastLimitedAdaptiveHistogramEqualization|Equalization)$/,
    reason: 'it counts the values of each image in a histogram, which no ONNX operator does',
    hint: BEFORE_IT,
  },
  {
    pattern: /^RandomCrop$/,
    reason: 'what it does outside training differs between versions of Keras, and the file does not say which is meant',
    hint: 'Use CenterCrop or Resizing in its place.',
  },
  {
    pattern: /^(MelSpectrogram|STFTSpectrogram)$/,
    reason: 'its windows are made by Keras when it runs, and are not exported',
    hint: BEFORE_IT,
  },
  {
    pattern: /^MaxNumBoundingBoxes$/,
    reason: 'it prepares labels of bounding boxes, which is a matter of training',
    hint: 'Leave it out of the model that is exported.',
  },
  {
    pattern: /^(TFSMLayer|JaxLayer|FlaxLayer|TorchModuleWrapper)$/,
    reason: 'it holds a program of another framework, and no layers of Keras',
    hint: 'Export that program with its own framework, or build the model of Keras layers.',
  },
  {
    pattern: /^DenseFeatures$/,
    reason: 'its feature columns are Python objects that the file does not say everything of',
    hint: `Use Normalization, CategoryEncoding and StringLookup in their place. ${BEFORE_IT}`,
  },
  {
    pattern: /^(Layer|InputSpec|Pipeline)$/,
    reason: 'it is a base class or a container for preprocessing, and computes nothing of its own',
    hint: `Save the layers that it stands for, or ${CUSTOM}.`,
  },
]; // prettier-ignore

function unknownClass(module: string | undefined): Refusal {
  const custom = module !== undefined && !/^(keras|tf_keras|tensorflow|builtins)\b/.test(module);
  return {
    reason: custom ? `it is a class of its own (${module})` : 'this class is not known here',
    hint: `Replace it with the layers in the table of supported layers, ${CUSTOM}, or export the part of the model before it.`,
  };
}
