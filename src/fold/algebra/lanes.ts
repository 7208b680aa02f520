/**
 * The two loops over all elements of large weights, four at a time: a WebAssembly module, put together here because it
 * is smaller than a tool that would compile it. It does what the plain loops beside its callers do, to the bit.
 *
 * Source: https://webassembly.github.io/spec/core/binary/ (instructions by their numbers there).
 */
export interface Lanes {
  /**
   * Writes each float32 of `bytes`, wherever it lies, times `low` to `target`, from element `to` on.
   * @returns whether all times `high` would have been the same floats. If not, what has been written counts for nothing.
   */
  scale(bytes: Uint8Array, factors: { low: number; high: number }, target: Float32Array, to: number): boolean;
  /** The largest magnitude of the float32 in `bytes`; NaN if there is one. */
  largest(bytes: Uint8Array): number;
}

/** Bytes that are brought into the module's memory together; what comes out lies behind them. */
const LOT = 2 ** 16;
const PAGES = 3;

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly scale: (length: number, low: number, high: number) => number;
  readonly largest: (length: number) => number;
}

let known: Lanes | null | undefined;

/** `undefined` where there is no WebAssembly, or none with four lanes, or a page may not use it. */
export function lanes(): Lanes | undefined {
  known ??= newLanes() ?? null;
  return known ?? undefined;
}

export function newLanes(): Lanes | undefined {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(MODULE()));
    return lanesOf(exports as unknown as Exports);
  } catch {
    return undefined;
  }
}

function lanesOf({ memory, scale, largest }: Exports): Lanes {
  const input = new Uint8Array(memory.buffer, 0, LOT + 16);
  const output = new Float32Array(memory.buffer, LOT + 16, LOT / 4);
  /** Four lanes reach beyond the end of a lot: zeros there change nothing. */
  const bring = (bytes: Uint8Array, from: number): number => {
    const lot = bytes.subarray(from, from + LOT);
    input.set(lot);
    input.fill(0, lot.length, lot.length + 16);
    return lot.length;
  };
  return {
    scale(bytes, { low, high }, target, to) {
      for (let from = 0; from < bytes.length; from += LOT) {
        const length = bring(bytes, from);
        if (scale(length, low, high) !== 0) return false;
        target.set(length === LOT ? output : output.subarray(0, length / 4), to + from / 4);
      }
      return true;
    },
    largest(bytes) {
      let most = 0;
      for (let from = 0; from < bytes.length; from += LOT) most = Math.max(most, largest(bring(bytes, from)));
      return most;
    },
  };
}

const [I32, F32, F64, V128] = [0x7f, 0x7d, 0x7c, 0x7b];

const leb = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)]);
/** Signed, of a number that is not negative. */
const signed = (value: number): number[] => (value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signed(value >>> 7)]);
const list = (entries: readonly (readonly number[])[]): number[] => [...leb(entries.length), ...entries.flat()];
const section = (id: number, content: readonly number[]): number[] => [id, ...leb(content.length), ...content];
const text = (name: string): number[] => list(Array.from(name, (letter) => [letter.charCodeAt(0)]));

const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const i32 = (value: number): number[] => [0x41, ...signed(value)];
const lane = (opcode: number, ...rest: number[]): number[] => [0xfd, ...leb(opcode), ...rest];
const END = [0x0b];

const load = [...lane(0x00), 0, 0];
/** At the address plus the place where output begins. */
const store = [...lane(0x0b), 0, ...leb(LOT + 16)];
const [splat, isOther, or, anyTrue] = [lane(0x14), lane(0x42), lane(0x50), lane(0x53)];
const [demote, promote, absolute, maximum, times] = [lane(0x5e), lane(0x5f), lane(0xe0), lane(0xe9), lane(0xf2)];
/** Of two vectors of 16 bytes: the second half of the first, and the first halves of both. */
const secondHalf = lane(0x0d, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
const firstHalves = lane(0x0d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);

/** Repeats `body` for the addresses 0, 16, … below the number in local 0. */
const forEachFour = (address: number, body: readonly number[]): number[] => [
  ...[0x03, 0x40],
  ...body,
  ...[...get(address), ...i32(16), 0x6a, ...set(address)],
  ...[...get(address), ...get(0), 0x49, 0x0d, 0],
  ...END,
];

const code = (locals: readonly (readonly number[])[], body: readonly number[]): number[] => {
  const content = [...list(locals), ...body, ...END];
  return [...leb(content.length), ...content];
};

/** length, low, high → whether any differ. */
function scaleCode(): number[] {
  const [low, high, address, lows, highs, four, next, other, product] = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const half = (factors: number, numbers: readonly number[]) => [...numbers, ...promote, ...get(factors), ...times, ...demote]; // prettier-ignore
  const scaled = (factors: number) => [...half(factors, get(four)), ...half(factors, get(next)), ...firstHalves];
  return code(
    [[1, I32], [6, V128]],
    [
      ...[...get(low), ...splat, ...set(lows), ...get(high), ...splat, ...set(highs)],
      ...forEachFour(address, [
        ...[...get(address), ...load, ...set(four)],
        ...[...get(four), ...get(four), ...secondHalf, ...set(next)],
        ...[...scaled(lows), ...set(product)],
        ...[...get(address), ...get(product), ...store],
        ...[...get(product), ...scaled(highs), ...isOther, ...get(other), ...or, ...set(other)],
      ]),
      ...[...get(other), ...anyTrue],
    ],
  ); // prettier-ignore
}

/** length → the largest magnitude. */
function largestCode(): number[] {
  const [address, most] = [1, 2];
  const one = (index: number) => [...get(most), ...lane(0x1f, index)];
  return code(
    [[1, I32], [1, V128]],
    [
      ...forEachFour(address, [...get(address), ...load, ...absolute, ...get(most), ...maximum, ...set(most)]),
      ...[...one(0), ...one(1), 0x97, ...one(2), 0x97, ...one(3), 0x97],
    ],
  ); // prettier-ignore
}

const MODULE = (): Uint8Array<ArrayBuffer> =>
  Uint8Array.from([
    ...[0, ...Array.from('asm', (letter) => letter.charCodeAt(0)), 1, 0, 0, 0],
    ...section(1, list([[0x60, ...list([[I32], [F64], [F64]]), ...list([[I32]])], [0x60, ...list([[I32]]), ...list([[F32]])]])), // prettier-ignore
    ...section(3, list([[0], [1]])),
    ...section(5, list([[0, PAGES]])),
    ...section(7, list([[...text('memory'), 2, 0], [...text('scale'), 0, 0], [...text('largest'), 0, 1]])), // prettier-ignore
    ...section(10, list([scaleCode(), largestCode()])),
  ]);
