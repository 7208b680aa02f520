import { EdgefoldError } from '../../../errors.ts';
import { crc32, POLYNOMIAL } from '../crc32.ts';
import { ByteReader, damaged } from './message.ts';

/** Where a block lies in the file. */
interface Handle {
  readonly offset: number;
  readonly size: number;
}

const FOOTER_BYTES = 48;
const MAGIC = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb] as const;
/** Behind each block: its compression, and the checksum of both. */
const TRAILER_BYTES = 5;
const SNAPPY = 1;
/** Keys share their beginnings, so that a small file could hold very many long ones. */
const MAX_KEY_BYTES = 4096;
const MAX_ENTRIES = 1_000_000;

/**
 * The entries of a table of LevelDB, in which TensorFlow keeps the index of a checkpoint: a footer, which names a block
 * that names the blocks of entries. Keys are written without the beginning that they share with the one before.
 * TensorFlow compresses none of its blocks.
 *
 * Source: https://github.com/google/leveldb/blob/main/doc/table_format.md; tensorflow/core/lib/io/format.cc.
 * @throws {EdgefoldError} CORRUPT, LIMIT, UNSUPPORTED (compressed).
 */
export function readTable(bytes: Uint8Array, where: string): ReadonlyMap<string, Uint8Array> {
  const entries = new Map<string, Uint8Array>();
  let end = 0;
  for (const [, value] of blockEntries(bytes, indexHandle(bytes, where), where)) {
    const handle = readHandle(new ByteReader(value, where));
    if (handle.offset < end) throw damaged(where, 'its blocks overlap');
    end = handle.offset + handle.size;
    for (const [key, entry] of blockEntries(bytes, handle, where)) entries.set(key, entry);
    if (entries.size > MAX_ENTRIES) {
      throw new EdgefoldError('LIMIT', 'the index has too many entries', { where, expected: `${MAX_ENTRIES} at most` });
    }
  }
  return entries;
}

/** The footer holds two handles, of which the second is that of the index. */
function indexHandle(bytes: Uint8Array, where: string): Handle {
  const footer = bytes.subarray(Math.max(0, bytes.length - FOOTER_BYTES));
  const mark = footer.subarray(-MAGIC.length);
  if (footer.length < FOOTER_BYTES || !MAGIC.every((byte, index) => mark[index] === byte)) {
    throw damaged(where, 'it does not end as an index of a checkpoint does');
  }
  const reader = new ByteReader(footer, where);
  readHandle(reader);
  return readHandle(reader);
}

function readHandle(reader: ByteReader): Handle {
  const offset = reader.varint();
  return { offset, size: reader.varint() };
}

function* blockEntries(bytes: Uint8Array, handle: Handle, where: string): Generator<readonly [string, Uint8Array]> {
  const block = readBlock(bytes, handle, where);
  const tail = new ByteReader(block.subarray(-4), where);
  const end = block.length - 4 * (1 + tail.uint32());
  const reader = new ByteReader(block.subarray(0, Math.max(0, end)), where);
  let key = new Uint8Array();
  while (reader.at < end) {
    const [shared, own, length] = [reader.varint(), reader.varint(), reader.varint()];
    if (shared > key.length || shared + own > MAX_KEY_BYTES) throw damaged(where, 'a key is too long');
    key = Uint8Array.of(...key.subarray(0, shared), ...reader.bytes(own));
    yield [new TextDecoder().decode(key), reader.bytes(length)];
  }
}

function readBlock(bytes: Uint8Array, { offset, size }: Handle, where: string): Uint8Array {
  const end = offset + size + TRAILER_BYTES;
  if (!(size >= 4 && end <= bytes.length)) throw damaged(where, 'a block lies outside it');
  const compression = bytes[offset + size];
  if (compression !== 0) {
    throw new EdgefoldError('UNSUPPORTED', 'the index of the checkpoint is compressed', {
      where,
      expected: 'as TensorFlow writes it, without compression',
      received: compression === SNAPPY ? 'Snappy' : `compression ${String(compression)}`,
    });
  }
  const stated = new ByteReader(bytes.subarray(end - 4, end), where).uint32();
  checkSum(bytes.subarray(offset, end - 4), stated, where);
  return bytes.subarray(offset, offset + size);
}

/** Checksums are stored turned round and shifted, so that the sum of a sum is never itself. */
export function checkSum(bytes: Uint8Array, stated: number, where: string): void {
  const crc = crc32(bytes, POLYNOMIAL.castagnoli);
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  if (masked !== stated) throw damaged(where, 'a checksum does not hold');
}
