import { bug } from '../../errors.ts';
import type { Graph, Node, Value } from '../graph.ts';
import { onnx, type Message } from './onnx.js';
import { GraphSource, ValueSource } from './source.ts';
import { writeType } from './type.ts';
import { edited, sameElements, unlessSame } from './wire.ts';
import { writeAttribute } from './write-attribute.ts';
import { writeConstant } from './write-tensor.ts';

/** The message of a graph: the very one it was read from if nothing in it has changed. */
export function writeGraph(graph: Graph): onnx.GraphProto {
  const source = graph.source instanceof GraphSource ? graph.source : undefined;
  const before = source?.proto ?? new onnx.GraphProto({ name: graph.name });
  const strays = source?.strays ?? new Set<Message>();
  const values = new Map(valuesOf(graph).map((value) => [value.name, value]));
  const constants = graph.initializers.map((value) => writeConstant(value.constant ?? bug(`initializer ${value.name} holds no constant`), value.name)); // prettier-ignore
  return unlessSame(before, {
    node: graph.nodes.map(writeNode),
    initializer: constants.filter((constant) => constant instanceof onnx.TensorProto),
    sparse_initializer: constants.filter((constant) => constant instanceof onnx.SparseTensorProto),
    input: graph.inputs.map((value) => writeInfo(value, 'input')),
    output: graph.outputs.map((value) => writeInfo(value, 'output')),
    value_info: before.value_info.flatMap((info) => {
      if (strays.has(info)) return [info];
      const value = values.get(info.name ?? '');
      return value && sourceOf(value)?.info === info ? [writeInfo(value, 'info')] : [];
    }),
    quantization_annotation: before.quantization_annotation.filter(
      (annotation) => strays.has(annotation) || values.has(annotation.tensor_name ?? ''),
    ),
  });
}

function valuesOf({ inputs, initializers, nodes }: Graph): Value[] {
  const made = nodes.flatMap(({ outputs }) => outputs.filter((output) => output !== undefined));
  return [...inputs, ...initializers, ...made];
}

function writeNode(node: Node): onnx.NodeProto {
  const source = node.source instanceof onnx.NodeProto ? node.source : undefined;
  const attributes = [...node.attributes].map(([name, attribute]) => writeAttribute(name, attribute, writeGraph));
  const fields = {
    input: names(node.inputs, source?.input),
    output: names(node.outputs, source?.output),
    attribute: attributes,
  };
  if (source) return named(unlessSame(source, fields), node.name);
  const proto = new onnx.NodeProto({ ...fields, op_type: node.opType });
  if (node.name !== '') proto.name = node.name;
  if (node.domain !== '') proto.domain = node.domain;
  return proto;
}

function named(proto: onnx.NodeProto, name: string): onnx.NodeProto {
  return (proto.name ?? '') === name ? proto : edited(proto, { name });
}

/** Left-out values at the end need not be written, unless the file did. */
function names(values: readonly (Value | undefined)[], before: readonly string[] | undefined): string[] {
  const list = values.map((value) => value?.name ?? '');
  if (before && sameElements(list, before)) return list;
  return list.slice(0, list.findLastIndex((name) => name !== '') + 1);
}

function writeInfo(value: Value, role: 'input' | 'output' | 'info'): onnx.ValueInfoProto {
  const source = sourceOf(value);
  const before = source?.[role];
  if (before && isTypeAsRead(value, source)) return before;
  const info = before ?? new onnx.ValueInfoProto({ name: value.name });
  return edited(info, { type: writeType(value, info.type) });
}

function sourceOf(value: Value): ValueSource | undefined {
  return value.source instanceof ValueSource ? value.source : undefined;
}

function isTypeAsRead({ dtype, shape }: Value, source: ValueSource | undefined): boolean {
  if (dtype !== source?.type.dtype) return false;
  const before = source?.type.shape;
  return shape === before || (shape !== undefined && before !== undefined && sameElements(shape, before));
}
