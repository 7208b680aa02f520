import type {
  JsonObject,
  JsonValue,
  SourceCall,
  SourceFile,
  SourceLayer,
  SourceModel,
} from '../../export/source-model.ts';
import { refsOf } from '../../export/call-order.ts';
import { isList, isObject } from '../../export/layer.ts';

/**
 * A Keras configuration in the words of TF.js layers, which reads what Keras 2 wrote and fails on settings of training
 * that it does not know:
 *
 * - initializers, regularizers and constraints are left out: weights are given
 * - `batch_shape` is `batch_input_shape`, and a `negative_slope` is an `alpha`
 * - policies, functions and tuples that are written as objects are the names and lists that they stand for
 * - the axis of a BatchNormalization is a number, where Keras 2 of some years writes a list
 *
 * Source: tfjs-layers/src/layers/serialization.ts and the constructors of its layers.
 */
export function inWordsOfTfjs(value: JsonValue): JsonValue {
  if (isList(value)) return value.map(inWordsOfTfjs);
  if (!isObject(value)) return value;
  const { class_name: className, config } = value;
  if (className === '__tuple__' && isList(value.items)) return inWordsOfTfjs(value.items);
  if (className === 'function') return config ?? null;
  if (typeof className === 'string' && className.includes('Policy') && isObject(config)) return plainType(config.name ?? null);
  const entries = Object.entries(value).filter(([key]) => !TRAINING.test(key));
  return Object.fromEntries(entries.map(([key, entry]) => [RENAMED.get(key) ?? key, adjusted(key, entry)]));
} // prettier-ignore

const TRAINING = /_(initializer|regularizer|constraint)$|^(build_config|compile_config|quantization_config)$/;
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['batch_shape', 'batch_input_shape'],
  ['negative_slope', 'alpha'],
]);

function adjusted(key: string, entry: JsonValue): JsonValue {
  const value = inWordsOfTfjs(entry);
  if (key === 'axis' && isList(value) && value.length === 1) return value[0]!;
  return key === 'dtype' ? plainType(value) : value;
}

/** TF.js computes in float32. */
function plainType(value: JsonValue): JsonValue {
  return typeof value === 'string' && value.includes('float') ? 'float32' : value;
}

/** A model as TF.js reads it, without weights. */
export function kerasTopology({ model }: SourceFile): JsonObject {
  return { class_name: 'Model', config: modelConfig(model) };
}

function modelConfig(model: SourceModel, name = model.name): JsonObject {
  const byName = new Map(model.layers.map((layer) => [layer.name, layer]));
  const place: Place = (layer, call, tensor) => [layer, call + firstNode(byName.get(layer)), tensor];
  return {
    name,
    layers: model.layers.map((layer) => layerJson(layer, place)),
    input_layers: model.inputs.map(({ layer, call, tensor }) => place(layer, call, tensor)),
    output_layers: model.outputs.map(({ layer, call, tensor }) => place(layer, call, tensor)),
  };
} // prettier-ignore

/** In TF.js a model is its own first node, before anything calls it. */
function firstNode(layer: SourceLayer | undefined): number {
  return layer && isModel(layer) ? 1 : 0;
}

/** Wrappers hold a model of what they wrap, but are none. */
export function isModel({ model, className }: SourceLayer): boolean {
  return model !== undefined && !/^(TimeDistributed|Bidirectional)$/.test(className);
}

type Place = (layer: string, call: number, tensor: number) => readonly JsonValue[];

function layerJson(layer: SourceLayer, place: Place): JsonObject {
  const { name, className, config, model, calls } = layer;
  const inbound = className === 'InputLayer' ? [] : calls.map((call) => inboundNode(call, place));
  if (model && isModel(layer)) {
    return { name, class_name: 'Model', config: modelConfig(model, name), inbound_nodes: inbound };
  }
  const own = inWordsOfTfjs(config) as JsonObject;
  return { name, class_name: className, config: { ...own, name }, inbound_nodes: inbound };
}

function inboundNode(call: SourceCall, place: Place): JsonValue {
  return refsOf(call).map(({ layer, call: at, tensor }) => [...place(layer, at, tensor), {}]);
}

/** Where TF.js computes something else than Keras without saying so; what it lacks it says itself. */
export function knownDifference({ model, kerasMajor, format }: SourceFile): string | undefined {
  const all = layersIn(model);
  for (const layer of all) {
    const found = DIFFERENCES.find(([differs]) => differs(layer, kerasMajor, format));
    if (found) return `${layer.name} (${layer.sourceClassName}): ${found[1]}`;
  }
  return undefined;
}

function layersIn(model: SourceModel): SourceLayer[] {
  return model.layers.flatMap((layer) => [layer, ...(layer.model ? layersIn(layer.model) : [])]);
}

type Differs = (layer: SourceLayer, kerasMajor: 2 | 3, format: SourceFile['format']) => boolean;

const DIFFERENCES: readonly (readonly [Differs, string])[] = [
  [({ module }) => module !== undefined && /(^|\.)ops(\.|$)/.test(module), 'TF.js has no operations on tensors as layers'],
  [({ config }, major) => major === 3 && JSON.stringify(config).includes('"hard_sigmoid"'), 'hard_sigmoid of TF.js is that of Keras 2'],
  [({ className, config }) => className === 'UpSampling2D' && config.interpolation === 'bilinear', 'TF.js interpolates between other points'],
  [({ className }) => className === 'Resizing', 'TF.js resizes between other points'],
  [({ className, config }) => className === 'ReLU' && (Boolean(config.negative_slope) || Boolean(config.threshold)), 'TF.js ignores the slope and the threshold of a ReLU'],
  [({ className, config }) => className.startsWith('Global') && config.keepdims === true, 'TF.js drops the axes that keepdims keeps'],
  [({ className, config }) => className === 'Masking' || config.mask_zero === true, 'TF.js applies masks in other places'],
  [({ className, config }) => /Conv\dD$/.test(className) && Number(config.groups ?? 1) > 1, 'TF.js has no groups'],
  [({ calls }) => calls.some(({ kwargs }) => Object.keys(kwargs).some((key) => key === 'initial_state')), 'its initial state is an argument by name'],
]; // prettier-ignore
