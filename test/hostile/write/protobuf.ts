import { joined, joinedAll, utf8 } from './bytes.ts';

/** Fields of protobuf messages, byte by byte, so that wrong ones can be made. Source: https://protobuf.dev/programming-guides/encoding/ */
export type Content = Uint8Array | string;

export function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Uint8Array.of(...bytes, Number(rest));
}

export const tag = (number: number, wire: number): Uint8Array => varint(number * 8 + wire);

/** A varint field. */
export const int = (number: number, value: number | bigint): Uint8Array => joined(tag(number, 0), varint(value));

export const float = (number: number, value: number): Uint8Array =>
  joined(tag(number, 5), new Uint8Array(Float32Array.of(value).buffer));

/** A text, bytes or message field; several parts are one message. */
export function field(number: number, ...parts: readonly Content[]): Uint8Array {
  const content = joined(...parts.map((part) => (typeof part === 'string' ? utf8(part) : part)));
  return joined(tag(number, 2), varint(content.length), content);
}

/**
 * A message in a message, so many times, through fields of these numbers in turn, innermost first: heads are put down
 * from the inside out, each with the length of what is in it, in time that grows with the depth and not its square.
 */
export function deep(depth: number, innermost: Uint8Array, numbers: readonly number[]): Uint8Array {
  const heads: Uint8Array[] = [];
  let length = innermost.length;
  for (let level = 0; level < depth; level++) {
    for (const number of numbers) {
      const head = joined(tag(number, 2), varint(length));
      heads.push(head);
      length += head.length;
    }
  }
  return joinedAll([...heads.reverse(), innermost]);
}
