import type { Random } from './random.ts';

type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

const BYTES = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff] as const;
/** Where counts, sizes and addresses are read: little and large ones, and those around powers of two. */
const NUMBERS = [0, 1, 2, 3, 7, 8, 255, 256, 65_535, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 53, 2 ** 63] as const;

const flipped: Mutation = (bytes, random) => {
  const at = random.below(bytes.length);
  bytes[at] = bytes[at]! ^ (1 << random.below(8));
  return bytes;
};

const replaced: Mutation = (bytes, random) => {
  bytes[random.below(bytes.length)] = random.once(2) ? random.pick(BYTES) : random.below(256);
  return bytes;
};

/** A field of 2, 4 or 8 bytes, little-endian: a special number, the size of the file, or a place in it. */
const renumbered: Mutation = (bytes, random) => {
  const width = random.pick([2, 4, 8]);
  const at = random.below(Math.max(1, bytes.length - width));
  let value = random.pick<number>([random.pick(NUMBERS), bytes.length, random.below(bytes.length), at]);
  for (let index = at; index < Math.min(at + width, bytes.length); index++) {
    bytes[index] = value % 256;
    value = Math.floor(value / 256);
  }
  return bytes;
};

const truncated: Mutation = (bytes, random) => bytes.slice(0, random.below(bytes.length));

const piece = (bytes: Uint8Array, random: Random): readonly [number, number] => {
  const start = random.below(bytes.length);
  return [start, Math.min(bytes.length, start + 1 + random.below(random.once(2) ? 16 : 512))];
};

const removed: Mutation = (bytes, random) => {
  const [start, end] = piece(bytes, random);
  return joined(bytes.subarray(0, start), bytes.subarray(end));
};

const doubled: Mutation = (bytes, random) => {
  const [start, end] = piece(bytes, random);
  return joined(bytes.subarray(0, end), bytes.subarray(start, end), bytes.subarray(end));
};

const zeroed: Mutation = (bytes, random) => bytes.fill(0, ...piece(bytes, random));

/** One piece over another. */
const copied: Mutation = (bytes, random) => {
  const [start, end] = piece(bytes, random);
  bytes.copyWithin(random.below(bytes.length), start, end);
  return bytes;
};

const MUTATIONS: readonly Mutation[] = [flipped, flipped, replaced, replaced, renumbered, renumbered, renumbered, truncated, removed, doubled, zeroed, copied]; // prettier-ignore

/** A copy with one to four changes; those that keep lengths, as most do, leave the rest of a file in its place. */
export function mutatedBytes(bytes: Uint8Array, random: Random): Uint8Array {
  let changed = Uint8Array.from(bytes);
  for (let count = 1 + random.below(4); count > 0 && changed.length > 0; count--) {
    changed = Uint8Array.from(random.pick(MUTATIONS)(changed, random));
  }
  return changed;
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}
