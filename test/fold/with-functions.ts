import type { Graph } from '../../src/onnx/graph.ts';
import { onnx } from '../../src/onnx/proto/onnx.js';
import { decodeModel } from '../../src/onnx/proto/wire.ts';
import { readOnnx } from '../../src/onnx/read.ts';
import { writeOnnx } from '../../src/onnx/write.ts';

export interface FunctionParts {
  readonly name: string;
  readonly domain?: string;
  readonly overload?: string;
  /** Its nodes, inputs and outputs; constants are not taken over. */
  readonly body: Graph;
  /** Attributes without a default. */
  readonly attributes?: readonly string[];
  readonly defaults?: readonly Partial<onnx.AttributeProto>[];
  /** Attributes of body nodes that stand for one of the function: node name, attribute, attribute of the function. */
  readonly references?: readonly (readonly [node: string, attribute: string, of: string, type: number])[];
}

/** The model with functions of its own, which calls of their names in `domain` (acme unless said) then mean. */
export function withFunctions(
  graph: Graph,
  functions: readonly FunctionParts[],
  overloads: Readonly<Record<string, string>> = {},
): Graph {
  // prettier-ignore
  for (const { domain = 'acme' } of functions) graph.model.opsets.set(domain, graph.model.opsets.get(domain) ?? 1);
  graph.model.irVersion = 10;
  const model = decodeModel(writeOnnx(graph), 'model');
  for (const node of model.graph!.node) if (node.name && overloads[node.name]) edit(node, { overload: overloads[node.name]! }); // prettier-ignore
  model.functions = functions.map((parts) => functionProto(parts));
  // Messages as read keep their bytes, whatever their fields say.
  return readOnnx(onnx.ModelProto.encode(edit(model, { graph: edit(model.graph!, {}) })).finish());
}

function edit<M extends object>(message: M, fields: Partial<M>): M {
  return Object.assign(message, fields, { $bytes: null });
}

function functionProto({ name, domain = 'acme', overload, body, ...parts }: FunctionParts): onnx.FunctionProto {
  const { graph } = decodeModel(writeOnnx(body), name);
  for (const [of, attribute, ref_attr_name, type] of parts.references ?? []) {
    const node = graph!.node.find((each) => each.name === of)!;
    const others = node.attribute.filter((each) => each.name !== attribute);
    edit(node, { attribute: [...others, new onnx.AttributeProto({ name: attribute, ref_attr_name, type })] });
  }
  const opset_import = Array.from(body.model.opsets, ([key, version]) => new onnx.OperatorSetIdProto({ domain: key, version: { low: version, high: 0 } })); // prettier-ignore
  return new onnx.FunctionProto({
    name,
    domain,
    ...(overload !== undefined && { overload }),
    input: body.inputs.map((value) => value.name),
    output: body.outputs.map((value) => value.name),
    attribute: [...(parts.attributes ?? [])],
    attribute_proto: (parts.defaults ?? []).map((each) => new onnx.AttributeProto(each)),
    node: graph!.node,
    opset_import,
  });
}
