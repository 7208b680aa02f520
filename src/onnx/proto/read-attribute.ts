import { EdgefoldError } from '../../errors.ts';
import type { Attribute, AttributeKind, AttributeValues } from '../attribute.ts';
import type { Constant } from '../constant.ts';
import type { Graph } from '../graph.ts';
import { toInteger } from './int64.ts';
import type { onnx } from './onnx.js';
import { corrupt, utf8 } from './fault.ts';
import { AttributeSource } from './source.ts';

/** AttributeProto.AttributeType by number. */
const KINDS: readonly AttributeKind[] = [
  'opaque', 'float', 'int', 'string', 'tensor', 'graph', 'floats', 'ints', 'strings', 'tensors', 'graphs',
  'opaque', 'opaque', 'opaque', 'opaque',
]; // prettier-ignore

/** How the reader of a graph reads what an attribute may hold. */
export interface Nested {
  tensor(proto: onnx.TensorProto, where: string): Constant;
  graph(proto: onnx.GraphProto): Graph;
}

type Read<K extends AttributeKind> = (proto: onnx.AttributeProto, where: string, nested: Nested) => AttributeValues[K];

const READ: { readonly [K in AttributeKind]: Read<K> } = {
  float: ({ f }) => f ?? 0,
  floats: ({ floats }) => floats,
  int: ({ i }) => (i ? toInteger(i) : 0),
  ints: ({ ints }) => ints.map(toInteger),
  string: ({ s }, where) => (s ? utf8(s, where) : ''),
  strings: ({ strings }, where) => strings.map((bytes) => utf8(bytes, where)),
  tensor: ({ t }, where, nested) => nested.tensor(t ?? corrupt(where, 'the attribute holds no tensor'), where),
  tensors: ({ tensors }, where, nested) => tensors.map((tensor) => nested.tensor(tensor, where)),
  graph: ({ g }, where, nested) => nested.graph(g ?? corrupt(where, 'the attribute holds no graph')),
  graphs: ({ graphs }, _, nested) => graphs.map((graph) => nested.graph(graph)),
  opaque: () => undefined,
};

export function readAttribute(proto: onnx.AttributeProto, where: string, nested: Nested): Attribute {
  const kind = kindOf(proto, where);
  try {
    return attribute(kind, READ[kind](proto, where, nested), proto);
  } catch (fault) {
    // Strings may hold any bytes, which text cannot; nothing here needs to read those.
    const isBytes = kind === 'string' || kind === 'strings';
    if (!isBytes || !(fault instanceof EdgefoldError)) throw fault;
    return attribute('opaque', undefined, proto);
  }
}

function attribute(kind: AttributeKind, value: AttributeValues[AttributeKind], proto: onnx.AttributeProto): Attribute {
  return { kind, value, source: new AttributeSource(proto, value) } as Attribute;
}

function kindOf(proto: onnx.AttributeProto, where: string): AttributeKind {
  if (proto.ref_attr_name) return 'opaque';
  if (proto.type === null) return kindOfContent(proto);
  return KINDS[proto.type] ?? corrupt(where, 'the attribute is of an unknown type', undefined, String(proto.type));
}

/** IR version 1 has no type field. */
function kindOfContent(proto: onnx.AttributeProto): AttributeKind {
  if (proto.f !== null) return 'float';
  if (proto.i) return 'int';
  if (proto.s) return 'string';
  if (proto.t) return 'tensor';
  if (proto.g) return 'graph';
  if (proto.floats.length) return 'floats';
  if (proto.ints.length) return 'ints';
  if (proto.strings.length) return 'strings';
  if (proto.tensors.length) return 'tensors';
  return proto.graphs.length ? 'graphs' : 'opaque';
}
