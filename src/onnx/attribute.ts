import type { Constant } from './constant.ts';
import type { Graph } from './graph.ts';

/** What each kind of attribute holds. Integers are numbers where a number is exact and bigints beyond. */
export interface AttributeValues {
  float: number;
  floats: readonly number[];
  int: number | bigint;
  ints: readonly (number | bigint)[];
  string: string;
  strings: readonly string[];
  tensor: Constant;
  tensors: readonly Constant[];
  graph: Graph;
  graphs: readonly Graph[];
  /** The kinds that nothing here reads: sparse tensors, type protos, references to a function's attributes. */
  opaque: undefined;
}

export type AttributeKind = keyof AttributeValues;

export type AttributeValue = {
  [K in AttributeKind]: { readonly kind: K; readonly value: AttributeValues[K] };
}[AttributeKind];

/** `source` is the message as read; only `onnx/proto` looks inside. */
export type Attribute = AttributeValue & { readonly source?: unknown };

/** Short forms for the attributes of nodes that are made here: `{ axis: int(1), perm: ints([0, 2, 1]) }`. */
export const int = (value: number): Attribute => ({ kind: 'int', value });
export const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value });
/** ONNX stores float32, so the value is rounded to one. */
export const float = (value: number): Attribute => ({ kind: 'float', value: Math.fround(value) });
export const string = (value: string): Attribute => ({ kind: 'string', value });
