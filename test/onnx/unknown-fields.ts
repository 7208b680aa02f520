import protobuf from 'protobufjs';
import { loadSchema } from './support.ts';

/** A field that no message of ONNX has. */
const UNKNOWN = 1000;
const schema = loadSchema();

/** Where a message lies: its type, and the fields that lead to it, with the names of what they pass. */
export interface Place {
  readonly type: string;
  readonly path: string;
}

interface Field {
  readonly number: number;
  /** Of the field with its tag. */
  readonly bytes: Uint8Array;
  /** Of a field that has a length. */
  readonly content: Uint8Array | undefined;
}

/** The names of all messages of the schema, nested ones as `TypeProto.Map`. */
export function messageTypes(within: protobuf.NamespaceBase = schema.lookup('onnx') as protobuf.Namespace): string[] {
  return within.nestedArray.flatMap((part) => {
    if (!(part instanceof protobuf.Type)) return [];
    return [nameOf(part), ...messageTypes(part)];
  });
}

/** The file with an unknown field at the end of every message in it, each with another content. */
export function planted(model: Uint8Array): {
  readonly bytes: Uint8Array;
  readonly places: ReadonlyMap<string, Place>;
} {
  const places = new Map<string, Place>();
  const plant = (type: protobuf.Type, bytes: Uint8Array, path: string): Uint8Array => {
    const content = `plant ${places.size}`;
    places.set(content, { type: nameOf(type), path });
    const pieces = fieldsOf(bytes).map((field) => {
      const inner = innerOf(type, field);
      if (!inner) return field.bytes;
      return delimited(field.number, plant(inner.type, field.content!, `${path}/${inner.label}`));
    });
    return joined([...pieces, delimited(UNKNOWN, new TextEncoder().encode(content))]);
  };
  return { bytes: plant(schema.lookupType('onnx.ModelProto'), model, ''), places };
}

/** The contents of the unknown fields of a file, in order. */
export function harvested(model: Uint8Array): string[] {
  const harvest = (type: protobuf.Type, bytes: Uint8Array): string[] =>
    fieldsOf(bytes).flatMap((field) => {
      if (field.number === UNKNOWN) return [new TextDecoder().decode(field.content)];
      const inner = innerOf(type, field);
      return inner ? harvest(inner.type, field.content!) : [];
    });
  return harvest(schema.lookupType('onnx.ModelProto'), model);
}

function innerOf(type: protobuf.Type, { number, content }: Field): { type: protobuf.Type; label: string } | undefined {
  const field = type.fieldsById[number];
  const inner = field?.resolve().resolvedType;
  if (!field || !content || !(inner instanceof protobuf.Type)) return undefined;
  const { name } = inner.decode(content) as unknown as { name?: string };
  return { type: inner, label: `${field.name}${name ? ` ${name}` : ''}` };
}

function fieldsOf(bytes: Uint8Array): Field[] {
  const reader = protobuf.Reader.create(bytes);
  const fields: Field[] = [];
  while (reader.pos < bytes.length) {
    const start = reader.pos;
    const tag = reader.uint32();
    const content = (tag & 7) === 2 ? reader.bytes() : void reader.skipType(tag & 7);
    fields.push({ number: tag >>> 3, bytes: bytes.subarray(start, reader.pos), content });
  }
  return fields;
}

function delimited(number: number, content: Uint8Array): Uint8Array {
  return protobuf.Writer.create().uint32(((number << 3) | 2) >>> 0).bytes(content).finish(); // prettier-ignore
}

const nameOf = (type: protobuf.Type): string => type.fullName.replace(/^\.onnx\./, '');

const joined = (pieces: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(pieces));
