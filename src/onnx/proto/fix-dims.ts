import { EdgefoldError } from '../../errors.ts';
import type { ExternalData } from './external.ts';
import { fromInteger } from './int64.ts';
import type { onnx } from './onnx.js';
import { placed } from './split.ts';
import { concatenated, decodeModel, edited, encodeModel } from './wire.ts';

export interface FixDimsOptions {
  /** How messages call the file. */
  readonly name?: string;
  /** Takes weights that lie in other files into the model: whoever runs the result has its bytes only. */
  readonly externalData?: ExternalData;
}

/**
 * A model whose symbolic dimensions of these names have these sizes, in its inputs, outputs and annotations. Nodes
 * stay as they are.
 * @throws {EdgefoldError} USAGE if no input has such a dimension; what reading a model finds.
 */
export function fixDims(
  bytes: Uint8Array,
  sizes: Readonly<Record<string, number>>,
  { name = 'the model', externalData }: FixDimsOptions = {},
): Uint8Array {
  const model = decodeModel(bytes, name);
  const { graph } = model;
  if (!graph) throw new EdgefoldError('FORMAT', 'this is not an ONNX model', { where: name });
  checkNames(graph, Object.keys(sizes));
  const fixed = (values: readonly onnx.ValueInfoProto[]) => values.map((value) => fixedValue(value, sizes));
  const rewritten = edited(graph, {
    input: fixed(graph.input),
    output: fixed(graph.output),
    value_info: fixed(graph.value_info),
  });
  return concatenated(encodeModel(placed(edited(model, { graph: rewritten }), externalData)));
}

function checkNames(graph: onnx.GraphProto, names: readonly string[]): void {
  const known = new Set(graph.input.flatMap((value) => dimsOf(value).map(({ dim_param }) => dim_param ?? '')));
  known.delete('');
  const unknown = names.find((name) => !known.has(name));
  if (unknown === undefined) return;
  throw new EdgefoldError('USAGE', 'no input has such a symbolic dimension', {
    where: `fixed ${unknown}`,
    expected: [...known].join(', ') || 'no name: every dimension has its size',
  });
}

const dimsOf = (value: onnx.ValueInfoProto): readonly onnx.TensorShapeProto.Dimension[] =>
  value.type?.tensor_type?.shape?.dim ?? [];

function fixedValue(value: onnx.ValueInfoProto, sizes: Readonly<Record<string, number>>): onnx.ValueInfoProto {
  const { type } = value;
  const tensor = type?.tensor_type;
  const isFixed = ({ dim_param }: onnx.TensorShapeProto.Dimension) => dim_param !== null && Object.hasOwn(sizes, dim_param); // prettier-ignore
  if (!type || !tensor?.shape || !dimsOf(value).some(isFixed)) return value;
  const dim = tensor.shape.dim.map((each) =>
    isFixed(each) ? edited(each, { dim_value: fromInteger(sizes[each.dim_param!]!), dim_param: null }) : each,
  );
  const shape = edited(tensor.shape, { dim });
  return edited(value, { type: edited(type, { tensor_type: edited(tensor, { shape }) }) });
}
