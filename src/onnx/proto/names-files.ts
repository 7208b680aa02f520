/** The fields through which a message leads to tensors, by their numbers in onnx.proto. */
interface Message {
  readonly [field: number]: () => Message;
}

const tensor: Message = {};
const sparseTensor: Message = { 1: () => tensor, 2: () => tensor };
const attribute: Message = {
  5: () => tensor,
  6: () => graph,
  10: () => tensor,
  11: () => graph,
  22: () => sparseTensor,
  23: () => sparseTensor,
};
const node: Message = { 5: () => attribute };
const graph: Message = { 1: () => node, 5: () => tensor, 15: () => sparseTensor };
const functionProto: Message = { 7: () => node, 11: () => attribute };
const model: Message = { 7: () => graph, 25: () => functionProto };

const DATA_LOCATION = 14;
const EXTERNAL = 1;

/** Protobuf reads no message that is nested deeper. */
const MAX_DEPTH = 100;
const MAX_VARINT_BYTES = 10;

/**
 * Whether any tensor of a serialized model says that its elements lie in another file, read by skipping from field to
 * field. `true` also where protobuf would not see it (a group of unknown fields, a value that a later one replaces);
 * `false` where protobuf reads no model at all.
 *
 * Source: https://protobuf.dev/programming-guides/encoding
 */
export function namesFiles(bytes: Uint8Array): boolean {
  return leadsToFile(bytes, { message: model, from: 0, to: bytes.length, depth: 0 });
}

interface Span {
  readonly message: Message;
  readonly from: number;
  readonly to: number;
  readonly depth: number;
}

function leadsToFile(bytes: Uint8Array, { message, from, to, depth }: Span): boolean {
  if (depth > MAX_DEPTH) return false;
  for (let at = from; at < to;) {
    const afterTag = endOfVarint(bytes, at, to);
    if (afterTag < 0) return false;
    const tag = low32(bytes, at, afterTag);
    const [number, type] = [tag >>> 3, tag & 7];
    at = afterTag;
    // The fields of a group are looked at as if they stood in its place.
    if (type === 3 || type === 4) continue;
    if (type === 1 || type === 5) {
      at += type === 1 ? 8 : 4;
      continue;
    }
    const afterValue = type === 0 || type === 2 ? endOfVarint(bytes, at, to) : -1;
    if (afterValue < 0) return false;
    const value = low32(bytes, at, afterValue);
    at = afterValue;
    if (type === 0) {
      if (message === tensor && number === DATA_LOCATION && value === EXTERNAL) return true;
      continue;
    }
    if (value > to - at) return false;
    const inner = message[number];
    if (inner && leadsToFile(bytes, { message: inner(), from: at, to: at + value, depth: depth + 1 })) return true;
    at += value;
  }
  return false;
}

/** -1 where none ends. */
function endOfVarint(bytes: Uint8Array, from: number, to: number): number {
  const last = Math.min(to, from + MAX_VARINT_BYTES);
  for (let at = from; at < last; at++) if (bytes[at]! < 0x80) return at + 1;
  return -1;
}

/** What protobuf keeps of a varint that is longer: a tag, a length and an enum have 32 bits. */
function low32(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from, shift = 0; at < to && shift < 32; at++, shift += 7) value |= (bytes[at]! & 0x7f) << shift;
  return value >>> 0;
}
