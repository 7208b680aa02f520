import protobuf from 'protobufjs/minimal.js';
import { EdgefoldError } from '../../errors.ts';
import { onnx, type Int64, type Message } from './onnx.js';

/**
 * Messages, strings, byte fields and unknown fields in one file, beyond which it is refused: each takes a few hundred
 * bytes of memory, but as little as two in the file. The largest published graphs have a fifth of this.
 */
export const MAX_PARTS = 2 ** 20;
/** Integers in lists for each part that is allowed: they take eight bytes of memory, and as little as one in the file. */
const NUMBERS_PER_PART = 8;
/** What an integer counts that has an object of its own. */
const LARGE_INTEGER = 4;
const MAX_VARINT_BYTES = 10;

/** Small integers are most of them; sharing them keeps an integer tensor of n bytes from taking 80·n of memory. */
const SMALL_INTEGERS: readonly Int64[] = Array.from({ length: 128 }, (_, low) => ({ low, high: 0 }));

/** Keeps unknown fields, refuses text that is not UTF-8 (it would not survive), counts what it makes; bytes are views. */
class OnnxReader extends protobuf.Reader {
  override discardUnknown = false;
  readonly #where: string;
  readonly #maxParts: number;
  #parts = 0;
  #numbers = 0;

  constructor(bytes: Uint8Array, where: string, maxParts: number) {
    super(bytes);
    this.#where = where;
    this.#maxParts = maxParts;
  }

  override string(): string {
    return this.stringVerify();
  }

  override size(): number {
    this.#countPart();
    return super.size();
  }

  override raw(start: number, end: number): Uint8Array {
    this.#countPart();
    return super.raw(start, end);
  }

  override int64(): never {
    const small = this.pos < this.len ? SMALL_INTEGERS[this.buf[this.pos]!] : undefined;
    this.#countNumbers(small ? 1 : LARGE_INTEGER);
    if (!small) return super.int64() as never;
    this.pos++;
    return small as never;
  }

  override uint64(): never {
    this.#countNumbers(LARGE_INTEGER);
    return super.uint64() as never;
  }

  override int32(): number {
    this.#countNumbers(1);
    return super.int32();
  }

  override int32s(array?: number[]): number[] {
    const start = this.pos;
    this.#countNumbers(super.size());
    this.pos = start;
    return super.int32s(array);
  }

  /** A varint that goes on for ever is none, in an unknown field too. */
  override skip(length?: number): this {
    const start = this.pos;
    super.skip(length);
    if (length === undefined && this.pos - start > MAX_VARINT_BYTES) throw new RangeError('invalid varint encoding');
    return this;
  }

  #countPart(): void {
    if (++this.#parts > this.#maxParts) throw this.#tooMany('parts', this.#maxParts);
  }

  #countNumbers(count: number): void {
    const most = this.#maxParts * NUMBERS_PER_PART;
    this.#numbers += count;
    if (this.#numbers > most) throw this.#tooMany('integers in lists', most);
  }

  #tooMany(what: string, most: number): EdgefoldError {
    return new EdgefoldError('LIMIT', `the model has too many ${what}`, {
      where: this.#where,
      expected: `at most ${most}`,
      hint: 'If you trust the file, raise the limit maxParts (--max-parts).',
    });
  }
}

/**
 * @param maxParts see {@link MAX_PARTS}.
 * @throws {EdgefoldError} CORRUPT, LIMIT.
 */
export function decodeModel(bytes: Uint8Array, where: string, maxParts = MAX_PARTS): onnx.ModelProto {
  try {
    // A view of plain type: slices of a Buffer would be Buffers.
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return onnx.ModelProto.decode(new OnnxReader(plain, where, maxParts));
  } catch (cause) {
    if (cause instanceof EdgefoldError) throw cause;
    throw new EdgefoldError('CORRUPT', 'the file is cut off, damaged, or not an ONNX model', {
      where,
      hint: `The protobuf reader says: ${cause instanceof Error ? cause.message : String(cause)}.`,
      cause,
    });
  }
}

/** protobuf counts the bytes of a message in a signed 32-bit integer. */
const MAX_BYTES = 2 ** 31 - 1;

/** Values of more bytes than this are not copied into the text around them. */
const LARGE = 2 ** 16;

/** Bytes of a known number that are made when their turn comes. A message holds them in the place of an array. */
export class LaterBytes {
  readonly length: number;
  /** Some at a time; each lot is good until the next is asked for. */
  readonly make: () => Iterable<Uint8Array>;

  constructor(length: number, make: () => Iterable<Uint8Array>) {
    this.length = length;
    this.make = make;
  }

  /** For the message, whose code does no more with bytes than hand them to {@link PieceWriter}. */
  asBytes(): Uint8Array {
    return this as unknown as Uint8Array;
  }
}

/** A part of a file. */
export type Piece = Uint8Array | LaterBytes;

export const readPiece = (piece: Piece): Uint8Array => (piece instanceof LaterBytes ? concatenated([piece]) : piece);

/** All bytes, in arrays of which each is good until the next is asked for. */
export function* inTurn(pieces: Iterable<Piece>): Generator<Uint8Array> {
  for (const piece of pieces) {
    if (piece instanceof LaterBytes) yield* piece.make();
    else yield piece;
  }
}

/**
 * The bytes of a model in pieces, in order. Large values, such as weights, are the arrays that the message holds.
 * @throws {EdgefoldError} LIMIT.
 */
export function encodeModel(model: onnx.ModelProto): Piece[] {
  const writer = new PieceWriter();
  onnx.ModelProto.encode(model, writer);
  return writer.pieces();
}

export function concatenated(pieces: readonly Piece[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const piece of inTurn(pieces)) {
    bytes.set(piece, end);
    end += piece.length;
  }
  return bytes;
}

/** A value that comes in front of position `at` of the buffer. */
interface LargeValue {
  at: number;
  readonly value: Piece;
}

/**
 * Leaves large values out of its buffer: the library's writer copies each of them four times, once for every message
 * around it whose length it learns too late, and memory for the copies. Stops where the file would grow beyond what
 * protobuf can say.
 */
class PieceWriter extends protobuf.Writer {
  readonly #large: LargeValue[] = [];
  #largeBytes = 0;
  /** Of each message that has been begun: where its length goes, and what was large before it. */
  readonly #begun: { readonly at: number; readonly large: number; readonly largeBytes: number }[] = [];

  override bytes(value: Uint8Array): this {
    this.#checkRoom(value);
    if (value.length < LARGE) {
      super.bytes(readPiece(value));
    } else {
      this.uint32(value.length);
      this.#leaveOut(value);
    }
    return this;
  }

  override raw(value: Uint8Array): this {
    this.#checkRoom(value);
    if (value.length < LARGE) super.raw(value);
    else this.#leaveOut(value);
    return this;
  }

  override fork(): this {
    this.#begun.push({ at: this.pos, large: this.#large.length, largeBytes: this.#largeBytes });
    super.fork();
    return this;
  }

  /** Writes the length of the message that ends here in front of it, where the library has left one byte for it. */
  override ldelim(): this {
    const { at, large, largeBytes } = this.#begun.pop()!;
    if (largeBytes === this.#largeBytes) {
      super.ldelim();
      return this;
    }
    const inBuffer = this.pos - at - 1;
    const length = new protobuf.Writer().uint32(inBuffer + this.#largeBytes - largeBytes).finish();
    const shift = length.length - 1;
    super.raw(new Uint8Array(shift));
    this.buf.copyWithin(at + length.length, at + 1, at + 1 + inBuffer);
    this.buf.set(length, at);
    for (const entry of this.#large.slice(large)) entry.at += shift;
    const end = this.pos;
    this.reset();
    this.pos = end;
    return this;
  }

  pieces(): Piece[] {
    const pieces: Piece[] = [];
    let start = 0;
    for (const { at, value } of this.#large) {
      if (at > start) pieces.push(this.buf.slice(start, at));
      pieces.push(value);
      start = at;
    }
    return [...pieces, this.buf.slice(start, this.pos)];
  }

  #leaveOut(value: Uint8Array): void {
    this.#large.push({ at: this.pos, value });
    this.#largeBytes += value.length;
  }

  #checkRoom(value: Uint8Array): void {
    if (this.pos + this.#largeBytes + value.length <= MAX_BYTES) return;
    throw new EdgefoldError('LIMIT', 'the model does not fit into one file', {
      expected: 'less than 2 GiB',
      hint: 'Write its weights into a data file beside it.',
    });
  }
}

/** The message itself if the lists hold what it holds already, else a copy with the lists replaced. */
export function unlessSame<M extends Message>(message: M, lists: Partial<Record<keyof M, readonly unknown[]>>): M {
  const keys = Object.keys(lists) as (keyof M)[];
  const isSame = keys.every((key) => sameElements(lists[key]!, message[key] as readonly unknown[]));
  return isSame ? message : edited(message, lists as Partial<M>);
}

export function sameElements(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((element, index) => element === b[index]);
}

/** A copy of a message with some fields changed; `null` takes a field out. Unknown fields stay. */
export function edited<M extends Message>(message: M, changes: Partial<M>): M {
  const copy = Object.create(Object.getPrototypeOf(message) as object) as M;
  Object.assign(copy, message, changes, { $bytes: null });
  if (message.$unknowns) copy.$unknowns = message.$unknowns;
  return copy;
}
