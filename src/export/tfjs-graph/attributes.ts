import { isList, isObject } from '../layer.ts';
import type { JsonValue } from '../source-model.ts';

/**
 * What an attribute of a GraphDef node says, as plain JSON: AttrValue is a union of one member, whose 64-bit integers
 * may be written as text and whose strings are base64 or, in old files, lists of bytes.
 *
 *   {"i": "3"} → 3      {"s": "U0FNRQ=="} → "SAME"      {"list": {"i": ["1", "2"]}} → [1, 2]      {"list": {}} → []
 *
 * @returns `undefined` for what is none of these.
 * Source: tensorflow/core/framework/attr_value.proto; tfjs-converter/src/operations/operation_mapper.ts
 */
export function attributeValue(attribute: JsonValue): JsonValue | undefined {
  if (!isObject(attribute)) return undefined;
  const [kind] = Object.keys(attribute).filter((key) => Object.hasOwn(READ, key) || key === 'list');
  if (kind === undefined) return undefined;
  const value = attribute[kind]!;
  return kind === 'list' ? listValue(value) : READ[kind]!(value);
}

const READ: Readonly<Record<string, (value: JsonValue) => JsonValue | undefined>> = {
  b: (value) => value,
  i: integer,
  f: (value) => (typeof value === 'string' ? Number(value) : value),
  s: text,
  type: (value) => value,
  shape: (value) => value,
};

function listValue(list: JsonValue): JsonValue | undefined {
  if (!isObject(list)) return undefined;
  const [kind] = Object.keys(list).filter((key) => Object.hasOwn(READ, key));
  if (kind === undefined) return [];
  const values = list[kind]!;
  return isList(values) ? values.map((value) => READ[kind]!(value) ?? null) : undefined;
}

function integer(value: JsonValue): JsonValue | undefined {
  return typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
}

function text(value: JsonValue): JsonValue | undefined {
  if (isList(value)) return String.fromCharCode(...value.slice(0, 1000).map(Number));
  if (typeof value !== 'string' || !/^[\w+/-]*=*$/.test(value)) return undefined;
  try {
    return atob(value.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return undefined;
  }
}
