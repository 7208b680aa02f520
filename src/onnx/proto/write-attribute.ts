import type { Attribute, AttributeKind, AttributeValues } from '../attribute.ts';
import type { Constant } from '../constant.ts';
import { bug } from '../../errors.ts';
import type { Graph } from '../graph.ts';
import { fromInteger } from './int64.ts';
import { onnx } from './onnx.js';
import { AttributeSource } from './source.ts';
import { edited } from './wire.ts';
import { writeConstant } from './write-tensor.ts';

type WriteGraph = (graph: Graph) => onnx.GraphProto;

/** AttributeProto.AttributeType of each kind. */
const TYPES: Readonly<Record<Exclude<AttributeKind, 'opaque'>, number>> = {
  float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7, strings: 8, tensors: 9, graphs: 10,
}; // prettier-ignore

const WRITE: {
  readonly [K in AttributeKind]: (value: AttributeValues[K], graph: WriteGraph) => Partial<onnx.AttributeProto>;
} = {
  float: (f) => ({ f }),
  floats: (floats) => ({ floats: [...floats] }),
  int: (value) => ({ i: fromInteger(value) }),
  ints: (values) => ({ ints: values.map(fromInteger) }),
  string: (text) => ({ s: new TextEncoder().encode(text) }),
  strings: (texts) => ({ strings: texts.map((text) => new TextEncoder().encode(text)) }),
  tensor: (constant) => ({ t: dense(constant) }),
  tensors: (constants) => ({ tensors: constants.map(dense) }),
  graph: (value, graph) => ({ g: graph(value) }),
  graphs: (values, graph) => ({ graphs: values.map(graph) }),
  opaque: () => bug('an attribute of an unreadable kind without the message it came from'),
};

/** The message of an attribute: the one it was read from if it still says the same. */
export function writeAttribute(name: string, attribute: Attribute, graph: WriteGraph): onnx.AttributeProto {
  const source = attribute.source instanceof AttributeSource ? attribute.source : undefined;
  if (source?.proto.name === name && isUnchanged(attribute, source, graph)) return source.proto;
  const fields = WRITE[attribute.kind](attribute.value as never, graph);
  // A source that holds another value is of use only for subgraphs, whose attribute may carry a doc string.
  const base = source && isGraphs(attribute) ? source.proto : new onnx.AttributeProto();
  const type = attribute.kind === 'opaque' ? 0 : TYPES[attribute.kind];
  return edited(base, { name, type, ...fields });
}

function isUnchanged({ kind, value }: Attribute, { proto, value: read }: AttributeSource, graph: WriteGraph): boolean {
  if (kind === 'graph') return graph(value) === proto.g;
  if (kind === 'graphs') {
    return value.length === proto.graphs.length && value.every((each, i) => graph(each) === proto.graphs[i]);
  }
  return Object.is(value, read);
}

const isGraphs = ({ kind }: Attribute): boolean => kind === 'graph' || kind === 'graphs';

function dense(constant: Constant): onnx.TensorProto {
  const source = constant.source instanceof onnx.TensorProto ? constant.source : undefined;
  const proto = writeConstant(constant, source?.name ?? '');
  return proto instanceof onnx.TensorProto ? proto : bug('a sparse tensor as a tensor attribute');
}
