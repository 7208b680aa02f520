import { varint } from './checkpoint.ts';
import { joined, mutatedBytes } from './mutate-bytes.ts';
import type { Random } from './random.ts';

/** A field of a protobuf message: its number, its wire type, and its content as written, without a length. */
interface Field {
  readonly number: number;
  readonly wire: number;
  readonly content: Uint8Array;
}

const BYTES = 2;
const NUMBERS = [
  0,
  1,
  2,
  7,
  10,
  16,
  127,
  128,
  1000,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  2 ** 63,
  2 ** 64 - 1,
] as const;

/** A copy of a protobuf message with a change somewhere inside, and lengths that fit, so that it is read at all. */
export function mutatedMessage(message: Uint8Array, random: Random): Uint8Array {
  let changed = message;
  for (let count = 1 + random.below(3); count > 0; count--) changed = changedOnce(changed, random, 0);
  return changed;
}

function changedOnce(message: Uint8Array, random: Random, depth: number): Uint8Array {
  const fields = fieldsIn(message);
  if (!fields || fields.length === 0 || depth > 12) return mutatedBytes(message, random);
  const at = random.below(fields.length);
  const field = fields[at]!;
  const isInner = field.wire === BYTES && field.content.length > 2 && !random.once(6);
  if (isInner) fields[at] = { ...field, content: changedOnce(field.content, random, depth + 1) };
  else change(fields, at, random);
  return joined(...fields.map(written));
}

function change(fields: Field[], at: number, random: Random): void {
  const field = fields[at]!;
  switch (random.below(6)) {
    case 0:
      return void fields.splice(at, 1);
    case 1:
      return void fields.splice(at, 0, field);
    case 2:
      return void fields.splice(random.below(fields.length), 1, field);
    case 3:
      fields[at] = { ...field, number: 1 + random.below(16) };
      return;
    default:
      fields[at] = { ...field, content: replaced(field, random) };
  }
}

function replaced({ wire, content }: Field, random: Random): Uint8Array {
  if (wire === 0) return varint(random.once(2) ? random.pick(NUMBERS) : random.below(300));
  return content.length === 0 ? Uint8Array.of(random.below(256)) : mutatedBytes(content, random);
}

function written({ number, wire, content }: Field): Uint8Array {
  const tag = varint(number * 8 + wire);
  return wire === BYTES ? joined(tag, varint(content.length), content) : joined(tag, content);
}

/** `undefined` where the bytes are no message: a text, or packed numbers. */
function fieldsIn(bytes: Uint8Array): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  const number = () => {
    let value = 0;
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return NaN;
  };
  while (at < bytes.length) {
    const tag = number();
    const wire = tag % 8;
    const start = at;
    const length =
      wire === 0 ? (number(), at - start) : wire === 1 ? 8 : wire === 5 ? 4 : wire === BYTES ? number() : NaN;
    const from = wire === 0 ? start : at;
    if (!(tag >= 8 && from + length <= bytes.length)) return undefined;
    fields.push({ number: Math.floor(tag / 8), wire, content: bytes.subarray(from, from + length) });
    at = from + length;
  }
  return fields;
}
