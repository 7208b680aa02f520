import { EdgefoldError } from '../errors.ts';
import type { Dim, DType } from '../tensor.ts';
import { GraphWriter, type Workshop } from './graph-writer.ts';
import { imageFormat } from './image-inputs.ts';
import { isList, isObject, Layer, type Origin } from './layer.ts';
import { CHANNELS_FIRST, KERAS, physicalShape, type Handle } from './layout.ts';
import type { JsonValue, SourceModel } from './source-model.ts';

/** How the exported model takes images. An image is an input of rank 4 that reaches a layer for images. */
export interface InputOptions {
  /** `nchw`: channels first, also where the source has them last. Default: as the source has them. */
  readonly inputLayout?: 'nchw' | undefined;
  /** `uint8`: bytes from 0 to 255, cast inside, where the source takes floating-point numbers. Default: its own type. */
  readonly inputDtype?: 'uint8' | undefined;
}

/** An input that the exported model takes in another form than the source. */
export interface ChangedInput {
  readonly name: string;
  readonly layout?: 'nchw';
  readonly dtype?: 'uint8';
}

/**
 * Keras `InputLayer`: an input of the graph, under the layer's name.
 *
 * Shapes: `batch_shape` (Keras 3) or `batch_input_shape`; an open batch is the symbol `batch`, every other open size
 * has a symbol of its own. Floating-point inputs of any width are float32; images take the form that was asked for.
 *
 * @throws {EdgefoldError} USAGE if a form is asked for and no input is an image.
 */
export function modelInputs(
  model: SourceModel,
  origin: Origin,
  workshop: Workshop,
  options: InputOptions = {},
): { readonly handles: Handle[]; readonly changed: readonly ChangedInput[] } {
  const layers = new Map(model.layers.map((layer) => [layer.name, layer]));
  const given = model.inputs.map((ref) => {
    const source = layers.get(ref.layer);
    if (!source)
      throw new EdgefoldError('CORRUPT', `the model has no layer ${ref.layer}, its input`, { where: model.name });
    const layer = new Layer(source, origin);
    if (layer.className !== 'InputLayer') layer.unsupported('it is an input of the model but no InputLayer');
    for (const kind of ['sparse', 'ragged']) if (layer.flag(kind, false)) layer.unsupported(`it takes ${kind} tensors`);
    const shape = inputShape(layer);
    const format = shape.length === 4 ? imageFormat(model, ref) : undefined;
    return { layer, shape, format, dtype: inputType(layer, workshop.warnings) };
  });
  if (given.every(({ format }) => format === undefined)) refuseForm(options, model);
  const changed = given.flatMap((input) => changeOf(input, options) ?? []);
  return { handles: given.map((input) => graphInput(input, changeOf(input, options), workshop)), changed };
}

interface GivenInput {
  readonly layer: Layer;
  readonly shape: readonly Dim[];
  /** Of an image. */
  readonly format: ReturnType<typeof imageFormat>;
  readonly dtype: DType;
}

function changeOf({ layer, format, dtype }: GivenInput, options: InputOptions): ChangedInput | undefined {
  const moves = options.inputLayout === 'nchw' && format === 'channels_last';
  const casts = options.inputDtype === 'uint8' && format !== undefined && dtype === 'float32';
  if (!moves && !casts) return undefined;
  return { name: layer.name, ...(moves && { layout: 'nchw' }), ...(casts && { dtype: 'uint8' }) };
}

function graphInput({ layer, shape, dtype }: GivenInput, change: ChangedInput | undefined, workshop: Workshop): Handle {
  const { graph } = workshop;
  if (graph.inputs.some(({ name }) => name === layer.name)) layer.unsupported('it is listed twice as an input');
  const layout = change?.layout ? CHANNELS_FIRST : KERAS;
  const value = graph.input(layer.name, { dtype: change?.dtype ?? dtype, shape: physicalShape(shape, layout) });
  const handle = { value, shape, layout };
  return change?.dtype ? new GraphWriter(workshop, layer.name).float(handle) : handle;
}

/** @throws {EdgefoldError} USAGE if a form is asked for. */
export function refuseForm({ inputLayout, inputDtype }: InputOptions, model: SourceModel): void {
  const asked = inputLayout === undefined ? 'inputDtype' : 'inputLayout';
  if (inputLayout === undefined && inputDtype === undefined) return;
  throw new EdgefoldError('USAGE', `${asked} is for images, and no input of the model is one`, {
    where: model.name,
    expected: 'an input of rank 4 that a layer for images reads',
    received: model.inputs.map(({ layer }) => layer).join(', '),
  });
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
  ['string', 'string'],
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
