import { EdgefoldError } from '../../errors.ts';
import type { Dim } from '../../tensor.ts';
import { GraphWriter, type Workshop } from '../graph-writer.ts';
import { isList, isObject } from '../layer.ts';
import { CHANNELS_FIRST, KERAS, physicalShape, type Handle } from '../layout.ts';
import { refuseForm, type ChangedInput, type InputOptions } from '../model-inputs.ts';
import type { JsonValue, SourceFile, SourceLayer, SourceModel } from '../source-model.ts';
import { attributeValue } from './attributes.ts';
import { handleOperand, type Element, type Operand } from './operand.ts';
import { Operator } from './operator.ts';

export interface GraphInputs {
  /** By the name of the node. */
  readonly made: Map<string, readonly Operand[]>;
  readonly changed: readonly ChangedInput[];
}

/**
 * TensorFlow `Placeholder`: an input of the graph, under the name that the signature gives it.
 *
 * Shapes: as the attribute `shape` says; an open first size is the symbol `batch`, every other has a symbol of its
 * own. 64-bit integers are int32, as TF.js takes them. An image is a float input of rank 4 in a graph that convolves or
 * pools with channels last; it takes the form that was asked for.
 * Source: https://www.tensorflow.org/api_docs/python/tf/raw_ops/Placeholder
 *
 * @throws {EdgefoldError} UNSUPPORTED if the rank is not known, USAGE if a form is asked for and no input is an image.
 */
export function graphInputs(
  model: SourceModel,
  origin: SourceFile,
  workshop: Workshop,
  options: InputOptions,
): GraphInputs {
  const layers = new Map(model.layers.map((layer) => [layer.name, layer]));
  const isOfImages = model.layers.some(isForImages);
  const made = new Map<string, readonly Operand[]>();
  const changed: ChangedInput[] = [];
  model.inputs.forEach(({ layer: node }, index) => {
    const source = layers.get(node);
    if (!source) throw new EdgefoldError('CORRUPT', `the graph has no node ${node}, its input`, { where: model.name });
    const op = new Operator(source, origin, []);
    const name = model.names?.inputs[index] ?? node;
    if (!/^Placeholder(WithDefault)?$/.test(op.className)) op.unsupported('it is an input of the model but no Placeholder');
    if (made.has(node)) op.unsupported('it is listed twice as an input');
    const shape = inputShape(op, name);
    const dtype = op.element('dtype', 'float32');
    const change = isOfImages && shape.length === 4 && dtype === 'float32' ? changeOf(name, options) : undefined;
    if (change) changed.push(change);
    made.set(node, [handleOperand(input({ name, shape, dtype }, change, workshop))]);
  });
  if (changed.length === 0) refuseForm(options, model);
  return { made, changed };
} // prettier-ignore

function changeOf(name: string, { inputLayout, inputDtype }: InputOptions): ChangedInput | undefined {
  if (!inputLayout && !inputDtype) return undefined;
  return { name, ...(inputLayout && { layout: inputLayout }), ...(inputDtype && { dtype: inputDtype }) };
}

interface Given {
  readonly name: string;
  readonly shape: readonly Dim[];
  readonly dtype: Element;
}

function input({ name, shape, dtype }: Given, change: ChangedInput | undefined, workshop: Workshop): Handle {
  const layout = change?.layout ? CHANNELS_FIRST : KERAS;
  const type = { dtype: change?.dtype ?? dtype, shape: physicalShape(shape, layout) };
  const value = workshop.graph.input(workshop.graph.uniqueName(name), type);
  const handle = { value, shape, layout };
  return change?.dtype ? new GraphWriter(workshop, name).float(handle) : handle;
}

/** Convolutions and pools with channels last, fused or not. */
function isForImages({ className, config }: SourceLayer): boolean {
  const format = Object.hasOwn(config, 'data_format') ? attributeValue(config.data_format!) : 'NHWC';
  return /Conv2[dD]|^(Max|Avg)Pool$/.test(className) && format === 'NHWC';
}

function inputShape(op: Operator, name: string): Dim[] {
  const shape = op.value('shape');
  if (!isObject(shape) || shape.unknownRank === true) {
    return op.unsupported('the file does not say its shape', 'Convert the model again with a shape for every input.');
  }
  const dims = shape.dim ?? [];
  if (!isList(dims) || dims.length > 16) return op.malformed('shape', 'a list of sizes');
  return dims.map((dim, axis) => {
    const size = sizeOf(dim);
    if (size === -1) return axis === 0 ? 'batch' : `${name}_dim${axis}`;
    return Number.isSafeInteger(size) && size > 0 && size < 2 ** 31 ? size : op.malformed('shape', 'positive sizes or -1');
  });
} // prettier-ignore

/** A size that is not written is 0 in protobuf, which stands for no real input. */
function sizeOf(dim: JsonValue): number {
  const size = isObject(dim) ? dim.size : undefined;
  return typeof size === 'string' || typeof size === 'number' ? Number(size) : NaN;
}
