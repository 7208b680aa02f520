import { EdgefoldError } from '../../errors.ts';
import type { JsonObject, JsonValue, SourceCall } from '../source-model.ts';
import { isKeras3Call, readCall, readEndpoints, type CallReader } from './calls.ts';
import { classNameOf } from './class-names.ts';
import { batchShape, normalizedConfig, withoutTuples } from './config.ts';
import { isList, isObject, listMember, member, objectMember, stringMember } from './json.ts';
import { References, type Target } from './references.ts';
import { wiredSequential } from './sequential.ts';
import type { LayerSpec, ModelSpec } from './spec.ts';
import { wrappedLayers, wrapperAttributes } from './wrapped.ts';

/** Classes of `keras.ops` whose arguments include a `dtype`; no layer has these names. */
const TYPED_OPERATIONS: ReadonlySet<string> = new Set([
  ...['Cast', 'SaturateCast', 'ConvertToTensor', 'View', 'OneHot', 'MultiHot'],
  ...['ZerosLike', 'OnesLike', 'FullLike', 'EmptyLike', 'Cumsum', 'Cumprod', 'Prod', 'Trace', 'Nansum'],
]);

/** Models nested deeper than this are refused. */
const MAX_NESTING = 64;

/**
 * Reads `{ class_name, config }` of a Sequential or Functional model, of any generation, into one form. Fields that
 * inference does not need (initializers, regularizers, compile settings) are not looked at.
 *
 * @throws {EdgefoldError} UNSUPPORTED for other classes, CORRUPT for connections that lead nowhere.
 */
export function readTopology(written: JsonValue, where: string): ModelSpec {
  const serialized = withoutTuples(written);
  if (isObject(serialized)) {
    const model = readModel(serialized, where, 0);
    if (model) return model;
  }
  throw new EdgefoldError('UNSUPPORTED', 'the model is neither Sequential nor Functional', {
    where,
    expected: 'class_name Sequential, Functional or Model, with its list of layers',
    received: isObject(serialized) ? (stringMember(serialized, 'class_name') ?? 'no class_name') : 'no object',
    hint: 'A subclassed model keeps its graph in Python code; rebuild it with the functional API and save it again.',
  });
}

/** `undefined` if the object is no model but a plain layer. */
function readModel(serialized: JsonObject, where: string, depth: number): ModelSpec | undefined {
  if (depth > MAX_NESTING) {
    throw new EdgefoldError('LIMIT', 'models are nested too deeply', { where, expected: `${MAX_NESTING} levels` });
  }
  const config = member(serialized, 'config');
  if (classNameOf(serialized) === 'Sequential') return readSequential(serialized, config, where, depth);
  if (isObject(config) && listMember(config, 'layers') && member(config, 'output_layers') !== undefined) {
    return readFunctional(config, where, depth);
  }
  return undefined;
}

function readSequential(
  serialized: JsonObject,
  config: JsonValue | undefined,
  where: string,
  depth: number,
): ModelSpec | undefined {
  const items = isList(config) ? config : isObject(config) ? listMember(config, 'layers') : undefined;
  if (!items) return undefined;
  const fields = isObject(config) ? config : {};
  const layers = items.map((item, index) => readLayer(item, index, where, depth));
  checkNames(layers, where);
  const buildShape =
    listMember(fields, 'build_input_shape') ??
    listMember(objectMember(serialized, 'build_config') ?? {}, 'input_shape');
  return wiredSequential({
    name: stringMember(fields, 'name') ?? 'sequential',
    trainable: member(fields, 'trainable') !== false,
    layers,
    buildShape,
    where,
  });
}

function readFunctional(config: JsonObject, where: string, depth: number): ModelSpec {
  const items = listMember(config, 'layers') ?? [];
  const layers = items.map((item, index) => readLayer(item, index, where, depth));
  checkNames(layers, where);
  const references = new References(where);
  const reader = { references, layerNames: new Set(layers.map(({ name }) => name)), where };
  const nodes = items.map((item) => (isObject(item) ? (listMember(item, 'inbound_nodes') ?? []) : []));
  const wired = layers.map((layer, index) => ({ ...layer, calls: readCalls(layer, nodes[index]!, reader) }));
  const form = nodes.some((list) => list.some(isKeras3Call)) ? 'leaf' : 'triple';
  const model: ModelSpec = {
    name: stringMember(config, 'name') ?? 'model',
    className: 'Functional',
    trainable: member(config, 'trainable') !== false,
    layers: wired,
    inputs: readEndpoints(member(config, 'input_layers'), form, reader),
    outputs: readEndpoints(member(config, 'output_layers'), form, reader),
  };
  references.resolve(new Map(wired.map((layer): [string, Target] => [layer.name, target(layer)])));
  return model;
}

function readCalls(layer: LayerSpec, nodes: readonly JsonValue[], reader: CallReader): SourceCall[] {
  if (layer.className === 'InputLayer') return [];
  return nodes.map((node) => readCall(node, { ...reader, where: `${reader.where}, layer ${layer.name}` }));
}

function target(layer: LayerSpec): Target {
  const { className, calls } = layer;
  const model = wrapperAttributes(className) ? undefined : layer.model;
  return { className, calls, model, ownsInput: ownsInput(layer) };
}

/** Whether the config itself states the input, rather than this reader. */
function ownsInput({ config }: LayerSpec): boolean {
  const first = listMember(config, 'layers')?.[0];
  if (!isObject(first)) return false;
  return classNameOf(first) === 'InputLayer' || batchShape(objectMember(first, 'config') ?? {}) !== undefined;
}

function readLayer(item: JsonValue, index: number, where: string, depth: number): LayerSpec {
  const sourceClassName = isObject(item) ? stringMember(item, 'class_name') : undefined;
  if (!isObject(item) || sourceClassName === undefined) {
    throw new EdgefoldError('CORRUPT', `layer ${index} has no class name`, { where });
  }
  const className = classNameOf(item);
  const written = member(item, 'config');
  // A Sequential of Keras 2.2 and before has a bare list of layers as its config.
  const config = normalizedConfig(className, isObject(written) ? written : isList(written) ? { layers: written } : {});
  const name = stringMember(item, 'name') ?? stringMember(config, 'name') ?? `${className}_${index}`;
  const module = moduleOf(item, config);
  return {
    name,
    className,
    sourceClassName,
    module,
    config,
    calls: [],
    trainable: member(config, 'trainable') !== false,
    model:
      readModel(item, `${where}, layer ${name}`, depth + 1) ??
      readWrapped(name, className, config, `${where}, layer ${name}`, depth + 1),
    isOperation: module !== undefined && /(^|\.)ops(\.|$)/.test(module),
  };
}

/** The layers inside a wrapper, as a model that is not wired. */
function readWrapped(
  name: string,
  className: string,
  config: JsonObject,
  where: string,
  depth: number,
): ModelSpec | undefined {
  const layers = wrappedLayers(className, config)?.map((item, index) => readLayer(item, index, where, depth));
  return layers && { name, className: 'Functional', trainable: true, layers, inputs: [], outputs: [] };
}

/**
 * The module as written. Converted TF.js files of Keras 3 have lost it; there an operation (`x + 1`) is told from
 * the layer of the same name by its config, which holds neither `trainable` nor, but for some, `dtype`. A few layers
 * (SpatialDropout1D, Discretization) write no `trainable` either.
 */
function moduleOf(item: JsonObject, config: JsonObject): string | undefined {
  const module = stringMember(item, 'module');
  if (module !== undefined) return module;
  const isOperation =
    listMember(item, 'inbound_nodes')?.some(isKeras3Call) === true &&
    !Object.hasOwn(config, 'trainable') &&
    (!Object.hasOwn(config, 'dtype') || TYPED_OPERATIONS.has(classNameOf(item)));
  return isOperation ? 'keras.src.ops' : undefined;
}

function checkNames(layers: readonly LayerSpec[], where: string): void {
  const seen = new Set<string>();
  for (const { name } of layers) {
    if (seen.has(name)) {
      throw new EdgefoldError('CORRUPT', 'two layers of one model have the same name', { where, received: name });
    }
    seen.add(name);
  }
}
