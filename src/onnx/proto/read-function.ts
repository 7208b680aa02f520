import type { Attribute } from '../attribute.ts';
import type { Graph, Node } from '../graph.ts';
import type { ModelInfo } from '../model-info.ts';
import { onnx } from './onnx.js';
import { readAttribute } from './read-attribute.ts';
import { readGraph } from './read-graph.ts';
import { readTensor } from './read-tensor.ts';
import { AttributeSource } from './source.ts';
import { corrupt } from './fault.ts';
import { toNumber } from './int64.ts';

/** A function that a model brings along. Its body reads the inputs of `body` and what the attributes refer to. */
export interface LocalFunction {
  /** `domain:name`, and `:overload` where it has one. */
  readonly key: string;
  readonly opsets: ReadonlyMap<string, number>;
  /** What an attribute is when a call does not give it. */
  readonly defaults: ReadonlyMap<string, Attribute>;
  readonly body: Graph;
}

/** How calls and functions find each other. */
function functionKey(domain: string, name: string, overload: string): string {
  const key = `${domain === 'ai.onnx' ? '' : domain}:${name}`;
  return overload === '' ? key : `${key}:${overload}`;
}

/** The key of the function that a node calls, if there is one of that key. */
export function calledKey({ domain, opType, source }: Node): string {
  const overload = source instanceof onnx.NodeProto ? (source.overload ?? '') : '';
  return functionKey(domain, opType, overload);
}

/** The keys of the functions of a model, each with what reads it. */
export function functionReaders(model: ModelInfo): ReadonlyMap<string, () => LocalFunction> {
  const protos = model.source instanceof onnx.ModelProto ? model.source.functions : [];
  return new Map(protos.map((proto) => [keyOf(proto), () => readFunction(proto, model)]));
}

const keyOf = ({ domain, name, overload }: onnx.FunctionProto) => functionKey(domain ?? '', name ?? '', overload ?? '');

/** @throws {EdgefoldError} CORRUPT. */
function readFunction(proto: onnx.FunctionProto, model: ModelInfo): LocalFunction {
  const key = keyOf(proto);
  const where = `function ${key}`;
  const opsets = new Map(
    proto.opset_import.map(({ domain, version }) => [
      domain === 'ai.onnx' ? '' : (domain ?? ''),
      version ? toNumber(version) : 0,
    ]),
  );
  const info = (name: string) => new onnx.ValueInfoProto({ name });
  const graph = new onnx.GraphProto({ node: proto.node, input: proto.input.map(info), output: proto.output.map(info) });
  const body = readGraph(graph, { model: { ...model, opsets }, where, externalData: undefined });
  const nested = {
    tensor: (tensor: onnx.TensorProto, at: string) => readTensor(tensor, at),
    graph: () => corrupt(where, 'a default that is a graph'),
  };
  const defaults = proto.attribute_proto.map((attribute): [string, Attribute] => [
    attribute.name ?? '',
    readAttribute(attribute, where, nested),
  ]);
  return { key, opsets, defaults: new Map(defaults), body };
}

/** The attribute of the function that an attribute in its body stands for. */
export function referenceOf({ source }: Attribute): string | undefined {
  const name = source instanceof AttributeSource ? source.proto.ref_attr_name : null;
  return name === null || name === '' ? undefined : name;
}
