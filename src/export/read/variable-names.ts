import type { JsonObject } from '../source-model.ts';
import { isList, isObject, member } from './json.ts';

/** Names of a layer's variables, in the order in which Keras makes and saves them. */
type VariableNames = (config: JsonObject) => readonly string[];

const kernelAndBias =
  (...kernels: readonly string[]): VariableNames =>
  (config) => [...kernels, ...when(flag(config, 'use_bias'), 'bias')];

const recurrent = kernelAndBias('kernel', 'recurrent_kernel');
const none: VariableNames = () => [];

/**
 * What each class saves, as a function of its config. `.keras` files store variables by index, so their names and
 * their order come from here; for formats that name them it is the check that nothing is missing.
 *
 * Source: `build()` of each layer in keras/src/layers and tf_keras/src/layers.
 */
const VARIABLES: ReadonlyMap<string, VariableNames> = new Map<string, VariableNames>([
  ['Dense', kernelAndBias('kernel')],
  ['Conv1D', kernelAndBias('kernel')],
  ['Conv2D', kernelAndBias('kernel')],
  ['Conv3D', kernelAndBias('kernel')],
  ['Conv1DTranspose', kernelAndBias('kernel')],
  ['Conv2DTranspose', kernelAndBias('kernel')],
  ['Conv3DTranspose', kernelAndBias('kernel')],
  ['DepthwiseConv1D', kernelAndBias('depthwise_kernel')],
  ['DepthwiseConv2D', kernelAndBias('depthwise_kernel')],
  ['SeparableConv1D', kernelAndBias('depthwise_kernel', 'pointwise_kernel')],
  ['SeparableConv2D', kernelAndBias('depthwise_kernel', 'pointwise_kernel')],
  ['BatchNormalization', batchNormalization],
  ['LayerNormalization', layerNormalization],
  [
    'GroupNormalization',
    (config) => [...when(flag(config, 'scale'), 'gamma'), ...when(flag(config, 'center'), 'beta')],
  ],
  ['RMSNormalization', () => ['scale']],
  ['Normalization', (config) => (isGiven(config, 'mean') ? [] : ['mean', 'variance', 'count'])],
  ['Embedding', () => ['embeddings']],
  ['PReLU', () => ['alpha']],
  ['LayerScale', () => ['gamma']],
  ['EinsumDense', (config) => ['kernel', ...when(isGiven(config, 'bias_axes'), 'bias')]],
  ['SimpleRNN', recurrent],
  ['LSTM', recurrent],
  ['GRU', recurrent],
  ['CuDNNLSTM', recurrent],
  ['CuDNNGRU', recurrent],
  ['RNN', ofCell],
  ...[
    'InputLayer',
    'Activation',
    'ReLU',
    'LeakyReLU',
    'ELU',
    'ThresholdedReLU',
    'Softmax',
    'Dropout',
    'SpatialDropout1D',
    'SpatialDropout2D',
    'SpatialDropout3D',
    'AlphaDropout',
    'GaussianDropout',
    'GaussianNoise',
    'ActivityRegularization',
    'Masking',
    'Identity',
    'Flatten',
    'Reshape',
    'Permute',
    'RepeatVector',
    'Rescaling',
    'Resizing',
    'UnitNormalization',
    'Add',
    'Subtract',
    'Multiply',
    'Average',
    'Maximum',
    'Minimum',
    'Concatenate',
    'Dot',
    ...[1, 2, 3].flatMap((rank) =>
      [
        'MaxPooling',
        'AveragePooling',
        'GlobalMaxPooling',
        'GlobalAveragePooling',
        'ZeroPadding',
        'UpSampling',
        'Cropping',
      ].map((name) => `${name}${rank}D`),
    ),
  ].map((name): [string, VariableNames] => [name, none]),
]);

/** Other names that the same variable is saved under: Keras 3 calls a depthwise kernel plainly `kernel`. */
const SYNONYMS: ReadonlyMap<string, readonly string[]> = new Map([['depthwise_kernel', ['kernel']]]);

/** Statistics are never trained, whatever the layer's flag says. */
const STATISTICS: ReadonlySet<string> = new Set([
  'moving_mean',
  'moving_variance',
  'moving_stddev',
  'renorm_mean',
  'renorm_stddev',
  'mean',
  'variance',
  'count',
]);

/** The variables that a layer saves; `undefined` for a class that is not known here. */
export function variableNames(className: string, config: JsonObject): readonly string[] | undefined {
  if (className === 'RNN' && !hasKnownCell(config)) return undefined;
  return VARIABLES.get(className)?.(config);
}

export function isSameVariable(expected: string, written: string): boolean {
  return expected === written || (SYNONYMS.get(expected)?.includes(written) ?? false);
}

export function isStatistic(variable: string): boolean {
  return STATISTICS.has(variable);
}

function batchNormalization(config: JsonObject): readonly string[] {
  return [
    ...when(flag(config, 'scale'), 'gamma'),
    ...when(flag(config, 'center'), 'beta'),
    'moving_mean',
    'moving_variance',
    ...when(member(config, 'renorm') === true, 'moving_stddev', 'renorm_mean', 'renorm_stddev'),
  ];
}

/** `rms_scaling` (Keras 3) drops beta, and needs gamma. */
function layerNormalization(config: JsonObject): readonly string[] {
  const rms = member(config, 'rms_scaling') === true;
  return [...when(rms || flag(config, 'scale'), 'gamma'), ...when(!rms && flag(config, 'center'), 'beta')];
}

function hasKnownCell(config: JsonObject): boolean {
  const cell = member(config, 'cell');
  const name = isObject(cell) ? member(cell, 'class_name') : undefined;
  return name === 'LSTMCell' || name === 'GRUCell' || name === 'SimpleRNNCell';
}

/** An `RNN` has the variables of its cell. */
function ofCell(config: JsonObject): readonly string[] {
  const cell = member(config, 'cell');
  const inner = isObject(cell) ? member(cell, 'config') : undefined;
  return recurrent(isObject(inner) ? inner : {});
}

/** Every flag asked for here is true by default. */
function flag(config: JsonObject, key: string): boolean {
  return member(config, key) !== false;
}

function isGiven(config: JsonObject, key: string): boolean {
  const value = member(config, key);
  return value !== undefined && value !== null && !(isList(value) && value.length === 0);
}

function when(condition: boolean, ...names: readonly string[]): readonly string[] {
  return condition ? names : [];
}
