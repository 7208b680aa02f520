import { EdgefoldError } from '../../errors.ts';
import type { CallArgument, JsonObject, JsonValue, SourceCall, TensorRef } from '../source-model.ts';
import { isList, isObject, listMember, marked, member, objectMember, stringMember } from './json.ts';
import { isTriple, type References } from './references.ts';

/** What the nodes of one model are read with. */
export interface CallReader {
  readonly references: References;
  /** Names of the model's layers: a list in Keras 2 keyword arguments is a connection if it begins with one. */
  readonly layerNames: ReadonlySet<string>;
  readonly where: string;
}

/**
 * One call of a layer from an entry of `inbound_nodes`:
 *
 *   Keras 2, TF.js  [["conv", 0, 0, {"training": false}], …]   several tensors are one list argument
 *   Keras 3         {"args": […], "kwargs": {…}}               tensors are `__keras_tensor__` objects
 *
 * Keras 2 connections stand in `.keras` files too, so each node is looked at for itself.
 */
export function readCall(node: JsonValue, reader: CallReader): SourceCall {
  if (isObject(node) && isList(member(node, 'args'))) return keras3Call(node, reader);
  if (isList(node)) return keras2Call(isTriple(node) || isConstant(node) ? [node] : node, reader);
  throw new EdgefoldError('UNSUPPORTED', 'a layer is called in a way that is not read', {
    where: reader.where,
    expected: 'a list of connections',
    received: JSON.stringify(node).slice(0, 80),
  });
}

export function isKeras3Call(node: JsonValue): boolean {
  return isObject(node) && isList(member(node, 'args'));
}

function keras3Call(node: JsonObject, reader: CallReader): SourceCall {
  return {
    args: (listMember(node, 'args') ?? []).map((argument) => keras3Argument(argument, reader)),
    kwargs: mapValues(objectMember(node, 'kwargs') ?? {}, (argument) => keras3Argument(argument, reader)),
  };
}

function keras3Argument(value: JsonValue, reader: CallReader): CallArgument {
  const history = kerasHistory(value);
  if (history) return { ref: reader.references.make(history, 'history') };
  if (!isList(value)) return constantOf(value);
  const list = value.map((item) => keras3Argument(item, reader));
  return list.every((item) => 'constant' in item) ? constantOf(value) : { list };
}

function kerasHistory(value: JsonValue): readonly JsonValue[] | undefined {
  if (!isObject(value) || stringMember(value, 'class_name') !== '__keras_tensor__') return undefined;
  return listMember(objectMember(value, 'config') ?? {}, 'keras_history');
}

function keras2Call(entries: readonly JsonValue[], reader: CallReader): SourceCall {
  const inputs = entries.map((entry) => keras2Argument(entry, reader));
  const keywords = entries.map((entry) => (isList(entry) ? entry[3] : undefined)).find(isFilled);
  return {
    args: inputs.length > 1 ? [{ list: inputs }] : inputs,
    kwargs: mapValues(keywords ?? {}, (value) => keras2Keyword(value, reader)),
  };
}

function isFilled(value: JsonValue | undefined): value is JsonObject {
  return isObject(value) && Object.keys(value).length > 0;
}

/** `["_CONSTANT_VALUE", -1, 3.0, {…}]`, in the place of a connection. */
function isConstant(value: readonly JsonValue[]): boolean {
  return value[0] === '_CONSTANT_VALUE' && value[1] === -1;
}

function keras2Argument(entry: JsonValue, reader: CallReader): CallArgument {
  if (isList(entry) && isConstant(entry)) return constantOf(entry[2] ?? null);
  return { ref: reader.references.make(isList(entry) ? entry : [entry], 'triple') };
}

function keras2Keyword(value: JsonValue, reader: CallReader): CallArgument {
  if (!isList(value)) return constantOf(value);
  if (isConstant(value)) return constantOf(value[2] ?? null);
  if (isTriple(value) && reader.layerNames.has(value[0] as string)) {
    return { ref: reader.references.make(value, 'triple') };
  }
  const list = value.map((item) => keras2Keyword(item, reader));
  return list.every((item) => 'constant' in item) ? constantOf(value) : { list };
}

/** A constant without the marks of its floats. */
function constantOf(value: JsonValue): CallArgument {
  return holdsMark(value) ? { constant: withoutMarks(value), isFloat: true } : { constant: value };
}

const membersOf = (value: JsonValue): readonly JsonValue[] =>
  isList(value) ? value : isObject(value) ? Object.values(value) : [];

function holdsMark(value: JsonValue): boolean {
  return marked(value) !== undefined || membersOf(value).some(holdsMark);
}

function withoutMarks(value: JsonValue): JsonValue {
  if (isList(value)) return value.map(withoutMarks);
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutMarks(each)]));
  return marked(value) ?? value;
}

/** `input_layers` or `output_layers`: one connection, a list of them, or a tree of named ones (by sorted name). */
export function readEndpoints(value: JsonValue | undefined, form: 'triple' | 'leaf', reader: CallReader): TensorRef[] {
  if (value === undefined || value === null) return [];
  if (isTriple(value)) return [reader.references.make(value, form)];
  if (isList(value)) return value.flatMap((item) => readEndpoints(item, form, reader));
  if (isObject(value)) {
    return Object.keys(value)
      .sort()
      .flatMap((key) => readEndpoints(member(value, key), form, reader));
  }
  return [reader.references.make([value], form)];
}

function mapValues(object: JsonObject, map: (value: JsonValue) => CallArgument): Record<string, CallArgument> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}
