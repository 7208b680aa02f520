import { EdgefoldError } from '../../../errors.ts';
import { sizeOf } from '../../../tensor.ts';
import { BYTES_PER_ELEMENT, decodeFloat32, type StoredType } from '../decode.ts';
import type { StoredWeight } from '../spec.ts';
import { bytesOf, ByteReader, damaged, fieldsOf, integerOf } from './message.ts';
import { checkSum, readTable } from './table.ts';

/** BundleEntryProto of tensorflow/core/protobuf/tensor_bundle.proto. */
interface Entry {
  readonly type: number;
  readonly shape: readonly number[];
  readonly shard: number;
  readonly offset: number;
  readonly size: number;
  readonly checksum: number;
  readonly isSliced: boolean;
}

const HEADER = { shards: 1, endianness: 2 } as const;
const FIELD = { type: 1, shape: 2, shard: 3, offset: 4, size: 5, checksum: 6, slices: 7 } as const;
const SHAPE = { dim: 2, dimSize: 1 } as const;
const STRING = 7;
const LENGTH_BYTES = 4;
const CHECKSUM_BYTES = 4;

/** Numbers of DataType in tensorflow/core/framework/types.proto. */
const TYPES: Readonly<Record<number, StoredType>> = {
  1: 'float32',
  2: 'float64',
  3: 'int32',
  4: 'uint8',
  5: 'int16',
  6: 'int8',
  9: 'int64',
  10: 'bool',
  14: 'bfloat16',
  17: 'uint16',
  19: 'float16',
  22: 'uint32',
  23: 'uint64',
};

/** Hands out a file of the checkpoint by its number, of how many. */
export type OpenShard = (shard: number, of: number) => Promise<Uint8Array>;

/** The tensors of a checkpoint of TensorFlow 2, by key; each file of weights is opened once. */
export class Bundle {
  readonly #where: string;
  readonly #entries: ReadonlyMap<string, Uint8Array>;
  readonly #open: OpenShard;
  readonly #shards = new Map<number, Uint8Array>();
  readonly #count: number;

  /** @throws {EdgefoldError} CORRUPT, UNSUPPORTED for a checkpoint of a big-endian machine. */
  constructor(index: Uint8Array, open: OpenShard, where: string) {
    this.#where = where;
    this.#entries = readTable(index, where);
    this.#open = open;
    const header = this.#entries.get('') ?? new Uint8Array();
    this.#count = integerOf(header, HEADER.shards, where);
    if (integerOf(header, HEADER.endianness, where) !== 0) {
      throw new EdgefoldError('UNSUPPORTED', 'the checkpoint was written by a big-endian machine', { where });
    }
  }

  /** A text of one element: its length, a checksum of that, then the text. */
  async text(key: string): Promise<Uint8Array> {
    const entry = this.#entry(key);
    if (entry.type !== STRING || sizeOf(entry.shape) !== 1) throw damaged(`${this.#where} ${key}`, 'it is no text');
    const bytes = this.#range(entry, await this.#shard(entry.shard), key);
    const reader = new ByteReader(bytes, this.#where);
    const length = reader.varint();
    const rest = bytes.subarray(reader.at);
    // The checksum counts the length in four bytes, however it is written.
    const counted = new Uint8Array(LENGTH_BYTES + rest.length);
    new DataView(counted.buffer).setUint32(0, length, true);
    counted.set(rest, LENGTH_BYTES);
    checkSum(counted, entry.checksum, `${this.#where} ${key}`);
    reader.bytes(CHECKSUM_BYTES);
    return reader.bytes(length);
  }

  async weight(key: string, name: string): Promise<StoredWeight> {
    const entry = this.#entry(key);
    const where = `${this.#where} ${key}`;
    const type = TYPES[entry.type];
    if (!type || entry.isSliced) {
      throw new EdgefoldError('UNSUPPORTED', 'weights of this kind are not read', {
        where,
        received: type ? 'a variable in slices' : `TensorFlow type ${entry.type}`,
      });
    }
    const { shape } = entry;
    if (entry.size !== sizeOf(shape) * BYTES_PER_ELEMENT[type]) throw damaged(where, 'its shape and its size differ');
    const shard = await this.#shard(entry.shard);
    this.#range(entry, shard, key);
    const data = () => decodeFloat32(type, this.#bytes(entry, shard, key));
    return { name, path: key, shape, tensor: () => ({ dtype: 'float32', shape, data: data() }) };
  }

  #entry(key: string): Entry {
    const message = this.#entries.get(key);
    if (message) return readEntry(message, `${this.#where} ${key}`);
    throw new EdgefoldError('WEIGHTS', 'the checkpoint lists a weight that it does not hold', {
      where: this.#where,
      expected: key,
    });
  }

  async #shard(number: number): Promise<Uint8Array> {
    if (number >= this.#count) throw damaged(this.#where, 'a weight lies in a file that is none of it');
    const known = this.#shards.get(number) ?? (await this.#open(number, this.#count));
    this.#shards.set(number, known);
    return known;
  }

  #range({ offset, size }: Entry, shard: Uint8Array, key: string): Uint8Array {
    if (offset + size <= shard.length) return shard.subarray(offset, offset + size);
    throw damaged(`${this.#where} ${key}`, `it ends at byte ${offset + size} of a file of ${shard.length}`);
  }

  #bytes(entry: Entry, shard: Uint8Array, key: string): Uint8Array {
    const bytes = this.#range(entry, shard, key);
    checkSum(bytes, entry.checksum, `${this.#where} ${key}`);
    return bytes;
  }
}

function readEntry(message: Uint8Array, where: string): Entry {
  const integers = new Map<number, number>();
  for (const [number, value] of fieldsOf(message, where)) if (typeof value === 'number') integers.set(number, value);
  const integer = (field: number) => integers.get(field) ?? 0;
  return {
    type: integer(FIELD.type),
    shape: bytesOf(message, FIELD.shape, where)
      .flatMap((shape) => bytesOf(shape, SHAPE.dim, where))
      .map((dim) => integerOf(dim, SHAPE.dimSize, where)),
    shard: integer(FIELD.shard),
    offset: integer(FIELD.offset),
    size: integer(FIELD.size),
    checksum: integer(FIELD.checksum),
    isSliced: bytesOf(message, FIELD.slices, where).length > 0,
  };
}
