import type { AttributeValue } from '../attribute.ts';
import type { ValueType } from '../graph.ts';
import type { Message, onnx } from './onnx.js';

/**
 * What the `source` fields of the graph hold: the messages as read, and what was made of them, so that writing can
 * tell what was changed since. None of it is ever modified.
 */
export class ValueSource {
  input: onnx.ValueInfoProto | undefined;
  output: onnx.ValueInfoProto | undefined;
  info: onnx.ValueInfoProto | undefined;
  type: ValueType = {};
}

export class AttributeSource {
  readonly proto: onnx.AttributeProto;
  readonly value: AttributeValue['value'];

  constructor(proto: onnx.AttributeProto, value: AttributeValue['value']) {
    this.proto = proto;
    this.value = value;
  }
}

export class GraphSource {
  readonly proto: onnx.GraphProto;
  /** Value infos and annotations in the file that belong to no value; kept as they are. */
  readonly strays: ReadonlySet<Message>;

  constructor(proto: onnx.GraphProto, strays: ReadonlySet<Message>) {
    this.proto = proto;
    this.strays = strays;
  }
}
