import { EdgefoldError } from '../errors.ts';
import type { Graph } from '../onnx/graph.ts';
import type { Dim, DType } from '../tensor.ts';
import type { Workshop } from './graph-writer.ts';
import { isList, isObject, Layer, type Origin } from './layer.ts';
import { KERAS, type Handle } from './layout.ts';
import type { JsonValue, SourceModel } from './source-model.ts';

/**
 * Keras `InputLayer`: an input of the graph, under the layer's name.
 *
 * Shapes: `batch_shape` (Keras 3) or `batch_input_shape`; an open batch is the symbol `batch`, every other open size
 * has a symbol of its own. Floating-point inputs of any width are float32.
 */
export function modelInputs(model: SourceModel, origin: Origin, { graph, warnings }: Workshop): Handle[] {
  return model.inputs.map(({ layer: name }) => {
    const source = model.layers.find((layer) => layer.name === name);
    if (!source) throw new EdgefoldError('CORRUPT', `the model has no layer ${name}, its input`, { where: model.name });
    const layer = new Layer(source, origin);
    if (layer.className !== 'InputLayer') layer.unsupported('it is an input of the model but no InputLayer');
    for (const kind of ['sparse', 'ragged']) if (layer.flag(kind, false)) layer.unsupported(`it takes ${kind} tensors`);
    const shape = inputShape(layer);
    const dtype = inputType(layer, warnings);
    return { value: graphInput(graph, layer, dtype, shape), shape, layout: KERAS };
  });
}

function graphInput(graph: Graph, layer: Layer, dtype: DType, shape: readonly Dim[]) {
  if (graph.inputs.some(({ name }) => name === layer.name)) layer.unsupported('it is listed twice as an input');
  return graph.input(layer.name, { dtype, shape });
}

function inputShape(layer: Layer): Dim[] {
  const key = layer.value('batch_shape') === undefined ? 'batch_input_shape' : 'batch_shape';
  const shape = layer.value(key);
  if (shape === undefined)
    layer.unsupported('the file does not say its shape', 'Call the model once, or build it, and save it again.');
  if (!isList(shape) || shape.length === 0) return layer.malformed(key, 'a shape');
  return shape.map((dim, axis) => {
    if (dim === null) return axis === 0 ? 'batch' : `${layer.name}_dim${axis}`;
    const valid = Number.isSafeInteger(dim) && Number(dim) > 0 && Number(dim) < 2 ** 31;
    return valid ? Number(dim) : layer.malformed(key, 'positive sizes or null');
  });
}

const INPUT_TYPES = new Map<string, DType>([
  ['float32', 'float32'],
  ['float16', 'float32'],
  ['bfloat16', 'float32'],
  ['float64', 'float32'],
  ['int8', 'int8'],
  ['uint8', 'uint8'],
  ['int16', 'int16'],
  ['uint16', 'uint16'],
  ['int32', 'int32'],
  ['int64', 'int64'],
  ['bool', 'bool'],
]);

function inputType(layer: Layer, warnings: Set<string>): DType {
  const name = typeName(layer.value('dtype')) ?? 'float32';
  const dtype = INPUT_TYPES.get(name.replace(/^mixed_\w+$/, 'float32'));
  if (!dtype) return layer.unsupported(`its dtype ${name} has no use here`, 'Text must be turned into numbers first.');
  if (/^(b?float16|float64)$/.test(name))
    warnings.add(`${layer.label} takes ${name}; the exported model takes float32.`);
  return dtype;
}

/** A dtype is a name, or a policy object that has one. */
function typeName(dtype: JsonValue | undefined): string | undefined {
  if (typeof dtype === 'string') return dtype;
  const config = isObject(dtype) ? dtype.config : undefined;
  return isObject(config) && typeof config.name === 'string' ? config.name : undefined;
}
