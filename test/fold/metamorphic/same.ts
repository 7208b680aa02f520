import type { Attribute } from '../../../src/onnx/attribute.ts';
import type { Graph, Node, Value } from '../../../src/onnx/graph.ts';
import { allGraphs } from '../../../src/onnx/subgraphs.ts';

/** Texts by which two graphs are compared when their names, or the order of their nodes, may differ. */

/** The bits of a constant. */
export function bitsOf({ constant }: Value): string {
  const { dtype, shape, data } = constant!.tensor();
  const bytes = data as Float32Array;
  return `${dtype}[${shape.join()}] ${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}`;
}

/** The bits of every float32 constant that a node reads, in alphabetical order. */
export function weightsOf(graph: Graph): string[] {
  const read = [...allGraphs(graph)].flatMap(({ initializers }) => initializers).filter(({ uses }) => uses.size > 0);
  return read.filter(({ dtype }) => dtype === 'float32').map(bitsOf).sort(); // prettier-ignore
}

/** The graph without names: each value is the place where it is made. */
export function structureOf(graph: Graph): string {
  const places = new Map<Value, string>();
  graph.inputs.forEach((value, index) => places.set(value, `input ${index}`));
  return structureWithin(graph, places);
}

function structureWithin(graph: Graph, places: Map<Value, string>): string {
  const lines = graph.nodes.map((node, index) => {
    const line = lineOf(node, places);
    node.outputs.forEach((value, output) => value && places.set(value, `${places.size}.${index}.${output}`));
    return line;
  });
  return [...lines, graph.outputs.map((value) => placeOf(value, places)).join()].join('\n');
}

function lineOf({ opType, inputs, attributes }: Node, places: Map<Value, string>): string {
  const given = inputs.map((value) => value && placeOf(value, places));
  const settings = [...attributes].map(([name, attribute]) => `${name}=${attributeText(attribute, places)}`).sort();
  return `${opType}<${settings.join()}>(${given.join()})`;
}

const placeOf = (value: Value, places: Map<Value, string>) =>
  places.get(value) ?? (value.constant ? bitsOf(value) : '?');

function attributeText(attribute: Attribute, places: Map<Value, string>): string {
  const { kind, value } = attribute;
  if (kind === 'graph') return `{${structureWithin(value, new Map(places))}}`;
  return JSON.stringify(kind === 'tensor' ? Array.from(value.tensor().data as Float32Array) : value, spelledOut);
}

const spelledOut = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value);

/** Each node by its name, with the names of what it reads, but the bits of constants: the order does not matter. */
export function nodesByName(graph: Graph): string[] {
  const nameOf = (value: Value | undefined) => value && (value.constant ? bitsOf(value) : value.name);
  return [...allGraphs(graph)]
    .flatMap(({ nodes }) => nodes)
    .map(({ opType, outputs, inputs }) => `${outputs.map(nameOf).join()} = ${opType}(${inputs.map(nameOf).join()})`)
    .sort();
}
