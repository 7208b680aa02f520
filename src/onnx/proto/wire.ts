import protobuf from 'protobufjs/minimal.js';
import { EdgefoldError } from '../../errors.ts';
import { onnx, type Int64, type Message } from './onnx.js';

/**
 * Messages, strings and unknown fields in one file, beyond which it is refused: each takes a few hundred bytes of
 * memory, but as little as two in the file. The largest published graphs have a tenth of this.
 */
const MAX_PARTS = 1 << 21;

/** Small integers are most of them; sharing them keeps an integer tensor of n bytes from taking 80·n of memory. */
const SMALL_INTEGERS: readonly Int64[] = Array.from({ length: 128 }, (_, low) => ({ low, high: 0 }));

/** Keeps unknown fields, refuses text that is not UTF-8 (it would not survive), counts parts; bytes are views. */
class OnnxReader extends protobuf.Reader {
  override discardUnknown = false;
  #parts = 0;

  override string(): string {
    return this.stringVerify();
  }

  override size(): number {
    this.#count();
    return super.size();
  }

  override raw(start: number, end: number): Uint8Array {
    this.#count();
    return super.raw(start, end);
  }

  override int64(): never {
    const small = this.pos < this.len ? SMALL_INTEGERS[this.buf[this.pos]!] : undefined;
    if (!small) return super.int64() as never;
    this.pos++;
    return small as never;
  }

  #count(): void {
    if (++this.#parts > MAX_PARTS) {
      throw new EdgefoldError('LIMIT', 'the model has too many parts', { expected: `at most ${MAX_PARTS}` });
    }
  }
}

/** @throws {EdgefoldError} CORRUPT, LIMIT. */
export function decodeModel(bytes: Uint8Array, where: string): onnx.ModelProto {
  try {
    // A view of plain type: slices of a Buffer would be Buffers.
    return onnx.ModelProto.decode(new OnnxReader(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
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

/** Room for everything but weights; a guess, since a writer grows. */
const STRUCTURE_BYTES = 2 ** 18;

/** @throws {EdgefoldError} LIMIT. */
export function encodeModel(model: onnx.ModelProto): Uint8Array {
  const weights = (model.graph?.initializer ?? []).reduce((sum, { raw_data }) => sum + (raw_data?.length ?? 0), 0);
  return onnx.ModelProto.encode(model, new OnnxWriter(weights + STRUCTURE_BYTES)).finish();
}

/** Stops where the file would grow beyond what protobuf can say, before memory is spent on it. */
class OnnxWriter extends protobuf.Writer {
  /** With room for `size` bytes; it grows by copying, which for weights takes time and memory. */
  constructor(size: number) {
    super();
    this.buf = new Uint8Array(size);
  }

  /** The library would take small buffers out of a shared one, and the caller is to get one of its own. */
  static override alloc(size: number): Uint8Array {
    return new Uint8Array(size);
  }

  override bytes(value: Uint8Array): this {
    this.#checkRoom(value);
    super.bytes(value);
    return this;
  }

  override raw(value: Uint8Array): this {
    this.#checkRoom(value);
    super.raw(value);
    return this;
  }

  #checkRoom(value: Uint8Array): void {
    if (this.pos + value.length <= MAX_BYTES) return;
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
