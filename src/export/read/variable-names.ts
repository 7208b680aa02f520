import type { JsonObject } from '../source-model.ts';
import { toSnakeCase } from './class-names.ts';
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
  [
    'InstanceNormalization',
    (config) => [...when(flag(config, 'scale'), 'gamma'), ...when(flag(config, 'center'), 'beta')],
  ],
  ['RMSNormalization', () => ['scale']],
  ['SpectralNormalization', () => ['kernel', 'vector_u']],
  ['Attention', attention],
  ['AdditiveAttention', (config) => when(flag(config, 'use_scale'), 'scale')],
  ['MultiHeadAttention', ofProjections],
  ['GroupedQueryAttention', ofProjections],
  ['LocallyConnected1D', kernelAndBias('kernel')],
  ['LocallyConnected2D', kernelAndBias('kernel')],
  ['Normalization', (config) => (isGiven(config, 'mean') ? [] : ['mean', 'variance', 'count'])],
  ['Embedding', () => ['embeddings']],
  [
    'ReversibleEmbedding',
    (config) => ['embeddings', ...when(member(config, 'tie_weights') === false, 'reverse_embeddings')],
  ],
  ['PReLU', () => ['alpha']],
  ['LayerScale', () => ['gamma']],
  ['EinsumDense', (config) => ['kernel', ...when(isGiven(config, 'bias_axes'), 'bias')]],
  ['SimpleRNN', recurrent],
  ['LSTM', recurrent],
  ['GRU', recurrent],
  ['CuDNNLSTM', recurrent],
  ['CuDNNGRU', recurrent],
  ['ConvLSTM1D', recurrent],
  ['ConvLSTM2D', recurrent],
  ['ConvLSTM3D', recurrent],
  ['RNN', ofCells],
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
        'AdaptiveAveragePooling',
        'AdaptiveMaxPooling',
      ].map((name) => `${name}${rank}D`),
    ),
  ].map((name): [string, VariableNames] => [name, none]),
]);

/**
 * Other names that the same variable is saved under: Keras 3 calls a depthwise kernel plainly `kernel`, and ConvNeXt
 * its scales nothing at all.
 */
const SYNONYMS: ReadonlyMap<string, readonly string[]> = new Map([
  ['depthwise_kernel', ['kernel']],
  ['gamma', ['Variable', 'variable']],
]);

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
  if (className === 'RNN' && cellsOf(config).length === 0) return undefined;
  return VARIABLES.get(className)?.(config);
}

/** A variable of a part (`query/kernel`) is told by its kind alone. */
export function isSameVariable(variable: string, written: string): boolean {
  const expected = variable.slice(variable.lastIndexOf('/') + 1);
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

/** `use_scale` is none by default here, and the concatenating score has a weight of its own. */
function attention(config: JsonObject): readonly string[] {
  return [
    ...when(member(config, 'use_scale') === true, 'scale'),
    ...when(member(config, 'score_mode') === 'concat', 'concat_score_weight'),
  ];
}

/** The dense layers of an attention with heads, by their names, with the folders that a `.keras` file has for them. */
const PROJECTIONS: readonly (readonly [string, string])[] = [
  ['query', 'query_dense'],
  ['key', 'key_dense'],
  ['gate', 'gate_dense'],
  ['value', 'value_dense'],
  ['attention_output', 'output_dense'],
];

function projections(config: JsonObject) {
  return PROJECTIONS.filter(([name]) => name !== 'gate' || member(config, 'use_gate') === true);
}

function ofProjections(config: JsonObject): readonly string[] {
  const kinds = flag(config, 'use_bias') ? ['kernel', 'bias'] : ['kernel'];
  return projections(config).flatMap(([name]) => kinds.map((kind) => `${name}/${kind}`));
}

/**
 * The folders below a layer's own in which a `.keras` file keeps its variables, in the order of
 * {@link variableNames}; `undefined` where they lie in its own or that of its cell.
 */
export function variableFolders(className: string, config: JsonObject): readonly string[] | undefined {
  if (className === 'MultiHeadAttention' || className === 'GroupedQueryAttention') {
    return projections(config).map(([, folder]) => folder);
  }
  if (className !== 'RNN' || !isStack(config)) return undefined;
  const cells = cellsOf(config);
  const seen = new Map<string, number>();
  return cells.map(({ className: cell }) => {
    const base = toSnakeCase(cell);
    const count = seen.get(base) ?? 0;
    seen.set(base, count + 1);
    return `cell/cells/${base}${count === 0 ? '' : `_${count}`}`;
  });
}

const CELLS: ReadonlySet<string> = new Set(['LSTMCell', 'GRUCell', 'SimpleRNNCell']);

/** Whether an `RNN` has a `StackedRNNCells` or a list in place of a cell. */
export function isStack(config: JsonObject): boolean {
  const given = member(config, 'cell');
  return isList(given) || (isObject(given) && member(given, 'class_name') === 'StackedRNNCells');
}

/** The cells of an `RNN`: one, those of a `StackedRNNCells`, or a list. None if one of them is not known. */
export function cellsOf(config: JsonObject): readonly { readonly className: string; readonly config: JsonObject }[] {
  const given = member(config, 'cell');
  const stacked =
    isObject(given) && member(given, 'class_name') === 'StackedRNNCells' ? member(given, 'config') : undefined;
  const list = isObject(stacked) ? member(stacked, 'cells') : isList(given) ? given : [given ?? null];
  const cells = (isList(list) ? list : []).map((cell) => {
    const className = isObject(cell) ? member(cell, 'class_name') : undefined;
    const inner = isObject(cell) ? member(cell, 'config') : undefined;
    return { className: typeof className === 'string' ? className : '', config: isObject(inner) ? inner : {} };
  });
  return cells.every(({ className }) => CELLS.has(className)) ? cells : [];
}

/** An `RNN` has the variables of its cell; of several, each behind its number: `1/kernel`. */
function ofCells(config: JsonObject): readonly string[] {
  const cells = cellsOf(config);
  if (!isStack(config)) return recurrent(cells[0]!.config);
  return cells.flatMap((cell, i) => recurrent(cell.config).map((name) => `${i}/${name}`));
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
