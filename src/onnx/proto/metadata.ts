/** Bytes of a file at an offset; fewer than asked for at its end. */
export type ReadAt = (offset: number, length: number) => Uint8Array;

/** Field of `ModelProto` that holds the metadata, and the fields of its entries. */
const METADATA_PROPS = 14;
const KEY = 1;
const VALUE = 2;

/** A file with more fields than this at its top is no model that anybody wrote. */
const MAX_FIELDS = 1 << 16;
const MAX_ENTRY_BYTES = 1 << 26;
const MAX_VARINT_BYTES = 10;

interface Field {
  readonly number: number;
  readonly from: number;
  /** Where the next field begins. */
  readonly to: number;
  readonly isBytes: boolean;
}

/**
 * `metadata_props` of a model, without reading its graph: a length in front of each field tells where the next one
 * begins. A later entry of the same key wins. Of a damaged file, what lies before the damage; whoever loads it finds
 * the damage.
 */
export function readMetadata(read: ReadAt, sizeBytes: number): Map<string, string> {
  const entries = new Map<string, string>();
  for (const { number, from, to, isBytes } of fieldsOf(read, sizeBytes)) {
    if (number !== METADATA_PROPS || !isBytes || to - from > MAX_ENTRY_BYTES) continue;
    const [key, value] = entryOf(read(from, to - from));
    entries.set(key, value);
  }
  return entries;
}

function entryOf(bytes: Uint8Array): readonly [string, string] {
  const text = { [KEY]: '', [VALUE]: '' };
  const read: ReadAt = (offset, length) => bytes.subarray(offset, offset + length);
  for (const { number, from, to, isBytes } of fieldsOf(read, bytes.length)) {
    if (isBytes && (number === KEY || number === VALUE)) text[number] = new TextDecoder().decode(read(from, to - from));
  }
  return [text[KEY], text[VALUE]];
}

function* fieldsOf(read: ReadAt, sizeBytes: number): Iterable<Field> {
  let at = 0;
  for (let count = 0; at < sizeBytes && count < MAX_FIELDS; count++) {
    const tag = varint(read, at);
    const field = tag && fieldAt(read, tag.value, tag.to);
    if (!field || field.to > sizeBytes) return;
    yield field;
    at = field.to;
  }
}

/** The wire types: 0 is a varint, 1 is 8 bytes, 2 a length and as many bytes, 5 is 4 bytes. */
function fieldAt(read: ReadAt, tag: number, from: number): Field | undefined {
  const number = Math.floor(tag / 8);
  const end = (to: number): Field => ({ number, from, to, isBytes: false });
  if (tag % 8 === 1) return end(from + 8);
  if (tag % 8 === 5) return end(from + 4);
  const value = tag % 8 === 0 || tag % 8 === 2 ? varint(read, from) : undefined;
  if (!value) return undefined;
  if (tag % 8 === 0) return end(value.to);
  return { number, from: value.to, to: value.to + value.value, isBytes: true };
}

function varint(read: ReadAt, at: number): { readonly value: number; readonly to: number } | undefined {
  const bytes = read(at, MAX_VARINT_BYTES);
  let value = 0;
  for (let i = 0; i < bytes.length; i++) {
    value += (bytes[i]! & 0x7f) * 2 ** (7 * i);
    if (bytes[i]! < 0x80) return { value, to: at + i + 1 };
  }
  return undefined;
}
