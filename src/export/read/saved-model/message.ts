import { EdgefoldError } from '../../../errors.ts';

/** A field of a protobuf message: an integer, or the bytes of a text, a message or packed numbers. */
export type Value = number | Uint8Array;

const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** A field can take two bytes in a file and a hundred in memory. The objects of a large model are some ten thousand. */
const MAX_FIELDS = 2 ** 18;

/**
 * The fields of one protobuf message, in order, without a schema. Integers beyond 2⁵³ lose their low bits, and are out
 * of every range here; of 64-bit fixed ones, which none of the messages here has, nothing is kept.
 *
 * Source: https://protobuf.dev/programming-guides/encoding/
 * @throws {EdgefoldError} CORRUPT if it is cut short or no message; LIMIT beyond 2¹⁸ fields.
 */
export function* fieldsOf(message: Uint8Array, where: string): Generator<readonly [number, Value]> {
  const reader = new ByteReader(message, where);
  for (let count = 1; reader.at < message.length; count++) {
    if (count > MAX_FIELDS) throw tooMany(where);
    const tag = reader.varint();
    const wire = tag & 7;
    const number = Math.floor(tag / 8);
    if (wire === WIRE.varint) yield [number, reader.varint()];
    else if (wire === WIRE.bytes) yield [number, reader.bytes(reader.varint())];
    else if (wire === WIRE.fixed32) yield [number, reader.uint32()];
    else if (wire === WIRE.fixed64) reader.bytes(8);
    else throw damaged(where, 'a field is of no kind');
  }
}

/** The texts or messages of one field, in order. */
export function bytesOf(message: Uint8Array, field: number, where: string): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const [number, value] of fieldsOf(message, where)) if (number === field && value instanceof Uint8Array) found.push(value); // prettier-ignore
  return found;
}

/** A text field; `''` if it is absent. */
export function textOf(message: Uint8Array, field: number, where: string): string {
  const last = bytesOf(message, field, where).at(-1);
  return last ? new TextDecoder().decode(last) : '';
}

/** An integer field; 0 if it is absent. */
export function integerOf(message: Uint8Array, field: number, where: string): number {
  let found = 0;
  for (const [number, value] of fieldsOf(message, where)) if (number === field && typeof value === 'number') found = value; // prettier-ignore
  return found;
}

function tooMany(where: string): EdgefoldError {
  return new EdgefoldError('LIMIT', 'a message has too many fields', { where, expected: `at most ${MAX_FIELDS}` });
}

/** Reads on from a place in some bytes, and never beyond their end. */
export class ByteReader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #where: string;

  constructor(bytes: Uint8Array, where: string) {
    this.#bytes = bytes;
    this.#where = where;
  }

  /** Seven bits a byte, least first. */
  varint(): number {
    let value = 0;
    for (let shift = 1, count = 0; count < 10; shift *= 128, count++) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
    throw damaged(this.#where, 'a number has no end');
  }

  bytes(length: number): Uint8Array {
    const end = this.at + length;
    if (!(end <= this.#bytes.length)) throw damaged(this.#where, 'a piece lies outside it');
    const piece = this.#bytes.subarray(this.at, end);
    this.at = end;
    return piece;
  }

  uint32(): number {
    const [a, b, c, d] = this.bytes(4) as unknown as [number, number, number, number];
    return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
  }
}

export function damaged(where: string, what: string): EdgefoldError {
  return new EdgefoldError('CORRUPT', `the file is damaged: ${what}`, {
    where,
    hint: 'It may be cut short; fetch it again.',
  });
}
