import type { Attribute } from '../attribute.ts';
import { Graph, Node, Value } from '../graph.ts';
import type { ModelInfo } from '../model-info.ts';
import type { ExternalData } from './external.ts';
import type { Message, onnx } from './onnx.js';
import { readAttribute } from './read-attribute.ts';
import { readSparseTensor } from './read-sparse.ts';
import { corrupt } from './fault.ts';
import { readTensor } from './read-tensor.ts';
import { GraphSource, ValueSource } from './source.ts';
import { readType } from './type.ts';

/** What all graphs of one file share. */
export interface FileContext {
  readonly model: ModelInfo;
  /** File name for messages. */
  readonly where: string;
  readonly externalData: ExternalData | undefined;
}

export function readGraph(proto: onnx.GraphProto, file: FileContext): Graph {
  return new GraphReader(proto, file, undefined).read();
}

/** Reads one graph; its scope is seen by the readers of its subgraphs, as far as it has come by then. */
class GraphReader {
  readonly #proto: onnx.GraphProto;
  readonly #file: FileContext;
  readonly #parent: GraphReader | undefined;
  readonly #graph: Graph;
  readonly #scope = new Map<string, Value>();
  readonly #strays = new Set<Message>();

  constructor(proto: onnx.GraphProto, file: FileContext, parent: GraphReader | undefined) {
    this.#proto = proto;
    this.#file = file;
    this.#parent = parent;
    this.#graph = new Graph(proto.name ?? '', file.model, parent ? parent.#graph : undefined);
  }

  read(): Graph {
    const { input, initializer, sparse_initializer, value_info, quantization_annotation, node, output } = this.#proto;
    input.forEach((info) => {
      this.#readInput(info);
    });
    initializer.forEach((tensor) => {
      this.#readInitializer(tensor);
    });
    sparse_initializer.forEach((tensor) => {
      this.#readSparseInitializer(tensor);
    });
    node.forEach((proto) => {
      this.#readNode(proto);
    });
    value_info.forEach((info) => {
      this.#readValueInfo(info);
    });
    output.forEach((info) => {
      this.#readOutput(info);
    });
    for (const annotation of quantization_annotation) {
      this.#readAnnotation(annotation);
    }
    this.#graph.source = new GraphSource(this.#proto, this.#strays);
    return this.#graph;
  }

  #readInput(info: onnx.ValueInfoProto): void {
    const name = info.name ?? '';
    if (name === '') corrupt(this.#where('an input'), 'it has no name');
    if (this.#scope.has(name)) corrupt(this.#where(name), 'two inputs have this name');
    const value = this.#define(name);
    sourceOf(value).input = info;
    setType(value, info);
    this.#graph.inputs.push(value);
  }

  #readInitializer(tensor: onnx.TensorProto): void {
    const value = this.#initializer(tensor.name ?? '');
    value.constant = readTensor(tensor, this.#where(value.name), this.#file.externalData);
    setConstantType(value);
  }

  #readSparseInitializer(tensor: onnx.SparseTensorProto): void {
    const value = this.#initializer(tensor.values?.name ?? '');
    value.constant = readSparseTensor(tensor, this.#where(value.name), this.#file.externalData);
    setConstantType(value);
  }

  #initializer(name: string): Value {
    if (name === '') corrupt(this.#where('an initializer'), 'it has no name');
    const known = this.#scope.get(name);
    if (known?.constant) corrupt(this.#where(name), 'two initializers have this name');
    const value = known ?? this.#define(name);
    this.#graph.initializers.push(value);
    return value;
  }

  #readNode(proto: onnx.NodeProto): void {
    const label = `node ${labelOf(proto)}`;
    if (!proto.op_type) corrupt(this.#where(label), 'it names no operator');
    if (!proto.domain && !this.#file.model.opsets.has('')) corrupt(this.#where(label), 'the file does not say the opset of ai.onnx'); // prettier-ignore
    if (proto.name) this.#graph.reserveName(proto.name);
    const inputs = proto.input.map((name) => (name === '' ? undefined : this.#resolve(name, label)));
    const attributes = this.#readAttributes(proto, label);
    const outputs = proto.output.map((name) => (name === '' ? undefined : this.#readNodeOutput(name, label)));
    const { name, op_type, domain } = proto;
    const node = new Node(op_type, { name: name ?? '', domain: domain ?? '', inputs, outputs, source: proto });
    attributes.forEach((attribute, key) => node.attributes.set(key, attribute));
    this.#graph.nodes.push(node);
  }

  #readAttributes(proto: onnx.NodeProto, label: string): Map<string, Attribute> {
    const attributes = new Map<string, Attribute>();
    for (const attribute of proto.attribute) {
      const name = attribute.name ?? '';
      const where = this.#where(`${label}, attribute ${name}`);
      if (name === '') corrupt(where, 'it has no name');
      if (attributes.has(name)) corrupt(where, 'it appears twice');
      attributes.set(name, readAttribute(attribute, where, this.#nested));
    }
    return attributes;
  }

  #readNodeOutput(name: string, label: string): Value {
    const known = this.#scope.get(name);
    if (known) corrupt(this.#where(label), `its output ${name} is already ${known.producer ? `made by ${known.producer.label}` : 'an input or an initializer'}`); // prettier-ignore
    return this.#define(name);
  }

  #resolve(name: string, label: string): Value {
    const value = this.#lookUp(name);
    if (value) return value;
    const maker = this.#makerOf(name);
    if (!maker) corrupt(this.#where(label), `it reads ${name}, which nothing makes`);
    corrupt(this.#where(label), `it reads ${name} before ${maker} makes it: a cycle, or nodes out of order`);
  }

  #lookUp(name: string): Value | undefined {
    return this.#scope.get(name) ?? (this.#parent ? this.#parent.#lookUp(name) : undefined);
  }

  /** The node that makes a value in this graph or around it. */
  #makerOf(name: string): string | undefined {
    const maker = this.#proto.node.find(({ output }) => output.includes(name));
    if (maker) return labelOf(maker);
    return this.#parent ? this.#parent.#makerOf(name) : undefined;
  }

  #readValueInfo(info: onnx.ValueInfoProto): void {
    const value = this.#scope.get(info.name ?? '');
    if (!value || sourceOf(value).info) {
      this.#strays.add(info);
      return;
    }
    sourceOf(value).info = info;
    if (!value.dtype) setType(value, info);
  }

  #readAnnotation(annotation: onnx.TensorAnnotation): void {
    if (!this.#scope.has(annotation.tensor_name ?? '')) this.#strays.add(annotation);
    for (const { value } of annotation.quant_parameter_tensor_names) {
      const named = this.#lookUp(value ?? '');
      if (named) named.isNamedElsewhere = true;
    }
  }

  #readOutput(info: onnx.ValueInfoProto): void {
    const name = info.name ?? '';
    const value = this.#scope.get(name);
    if (!value) corrupt(this.#where(`output ${name}`), 'nothing in the graph makes it');
    if (sourceOf(value).output) corrupt(this.#where(`output ${name}`), 'it is listed twice');
    sourceOf(value).output = info;
    if (!value.dtype || !value.shape) setType(value, info);
    this.#graph.outputs.push(value);
  }

  #define(name: string): Value {
    const value = new Value(name);
    this.#graph.reserveName(name);
    this.#scope.set(name, value);
    return value;
  }

  readonly #nested = {
    tensor: (proto: onnx.TensorProto, where: string) => readTensor(proto, where, this.#file.externalData),
    graph: (proto: onnx.GraphProto) => new GraphReader(proto, this.#file, this).read(),
  };

  #where(what: string): string {
    return `${this.#file.where}: ${what}`;
  }
}

/** As {@link Node.label}, for a node that is not one yet. */
function labelOf({ name, op_type, output }: onnx.NodeProto): string {
  const shown = name === null || name === '' ? (output.find(Boolean) ?? '?') : name;
  return `${shown} (${op_type ?? '?'})`;
}

function sourceOf(value: Value): ValueSource {
  const source = value.source instanceof ValueSource ? value.source : new ValueSource();
  value.source = source;
  return source;
}

function setType(value: Value, info: onnx.ValueInfoProto): void {
  const type = readType(info.type);
  value.dtype = type.dtype;
  value.shape = type.shape;
  sourceOf(value).type = type;
}

/** The tensor itself knows best. */
function setConstantType(value: Value): void {
  const { dtype, shape } = value.constant!;
  value.dtype = dtype;
  value.shape = shape;
  sourceOf(value).type = { dtype, shape };
}
