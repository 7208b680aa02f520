import { float32 } from '../../src/tensor.ts';
import { variableNames } from '../../src/export/read/variable-names.ts';
import type {
  CallArgument,
  JsonObject,
  SourceCall,
  SourceFile,
  SourceLayer,
  SourceModel,
  SourceWeight,
  TensorRef,
} from '../../src/export/source-model.ts';

export interface Values {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export interface LayerParts {
  readonly config?: JsonObject;
  /** In Keras's order, named as the class names them. */
  readonly weights?: readonly Values[];
  /** Names of the layers it reads, one list per call; a merge reads them as one list. */
  readonly calls?: readonly (readonly string[])[];
  readonly module?: string;
  readonly kwargs?: SourceCall['kwargs'];
  readonly model?: SourceModel;
}

/** One layer as a reader would make it. */
export function layer(name: string, className: string, parts: LayerParts = {}): SourceLayer {
  const { config = {}, weights = [], calls = [], module, kwargs = {}, model } = parts;
  const names = variableNames(className, config) ?? [];
  return {
    name,
    className,
    sourceClassName: className,
    module,
    config,
    calls: calls.map((inputs) => ({ args: argumentsOf(inputs), kwargs })),
    weights: weights.map((values, i) => weight(names[i] ?? `weight_${i}`, values)),
    trainable: true,
    model,
  };
}

/** A wrapper as a reader would make it, around layers that `layer` made; in a Bidirectional forward, then backward. */
export function wrapper(name: string, className: string, inner: readonly SourceLayer[], parts: LayerParts = {}) {
  return layer(name, className, { ...parts, model: { name, layers: inner, inputs: [], outputs: [] } });
}

export function input(name: string, shape: readonly (number | null)[], config: JsonObject = {}): SourceLayer {
  return layer(name, 'InputLayer', { config: { batch_shape: shape, ...config } });
}

/** A model whose inputs are its InputLayers and whose outputs are named. */
export function model(name: string, layers: readonly SourceLayer[], outputs: readonly string[]): SourceModel {
  const inputs = layers.filter(({ className }) => className === 'InputLayer').map((given) => ref(given.name));
  return { name, layers, inputs, outputs: outputs.map(ref) };
}

/** An input and layers one after the other. */
export function sequential(shape: readonly (number | null)[], layers: readonly SourceLayer[]): SourceModel {
  let previous = 'x';
  const wired = layers.map((given) => {
    const chained = { ...given, calls: [{ args: argumentsOf([previous]), kwargs: {} }] };
    previous = given.name;
    return chained;
  });
  return model('model', [input('x', shape), ...wired], [previous]);
}

export function sourceFile(source: SourceModel, kerasMajor: 2 | 3 = 2): SourceFile {
  const kerasVersion = kerasMajor === 2 ? '2.15.0' : '3.15.1';
  return { format: 'keras-h5', kerasVersion, kerasMajor, model: source, warnings: [] };
}

/** Numbers that differ and are neither small nor regular: ((i·37 + seed·11) mod 23 − 11) / 8. */
export function filled(shape: readonly number[], seed = 1): Values {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return { shape, data: Array.from({ length: size }, (_, i) => (((i * 37 + seed * 11) % 23) - 11) / 8) };
}

/** `name` is the first output of its first call, `name#1` that of its second, `name:1` its second output. */
function ref(text: string): TensorRef {
  const [, name, call = '0', tensor = '0'] = /^(.*?)(?:#(\d+))?(?::(\d+))?$/.exec(text)!;
  return { layer: name!, call: Number(call), tensor: Number(tensor) };
}

function argumentsOf(inputs: readonly string[]): CallArgument[] {
  const refs = inputs.map((name) => ({ ref: ref(name) }));
  return refs.length === 1 ? refs : [{ list: refs }];
}

function weight(name: string, { shape, data }: Values): SourceWeight {
  return { name, path: name, trainable: true, shape, tensor: () => float32(shape, data) };
}
