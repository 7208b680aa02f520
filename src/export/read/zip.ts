import { Inflate } from 'fflate';
import { EdgefoldError } from '../../errors.ts';
import { crc32, POLYNOMIAL } from './crc32.ts';

/**
 * Members of a zip archive, by name, inflated on demand. Nothing is unpacked to disk, and only the central directory
 * is believed: names must be unique and plain, members must not overlap, sizes and checksums must hold.
 *
 * Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.
 */
export interface Archive {
  readonly names: readonly string[];
  /** The bytes of a member: a view on the archive where it is stored uncompressed. */
  member(name: string): Uint8Array | undefined;
}

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_ENTRY = 0x04034b50;
const END_BYTES = 22;
const MAX_COMMENT_BYTES = 0xffff;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const ZIP64 = 0xffffffff;
const STORED = 0;
const DEFLATED = 8;
/**
 * The ratio is that of Keras itself, which lets any member of 256 MiB pass; inflating such a one to nothing would take
 * seconds and twice its memory. Keras compresses no weights.
 */
const MAX_RATIO = 100;
const RATIO_FREE_BYTES = 16 * 2 ** 20;
/** What is inflated at once: deflate packs at most a thousandfold, so that it becomes 1 to 64 MiB. */
const PIECE_BYTES = { least: 2 ** 10, most: 2 ** 16 } as const;

interface Entry {
  readonly name: string;
  readonly isEncrypted: boolean;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly byteLength: number;
  readonly offset: number;
}

/** @throws {EdgefoldError} CORRUPT, UNSAFE (names that leave the archive), UNSUPPORTED (encrypted, zip64), LIMIT. */
export function openZip(bytes: Uint8Array, where: string): Archive {
  const entries = readDirectory(bytes, where);
  const byName = new Map<string, Entry>();
  for (const entry of entries) {
    checkEntry(entry, where);
    if (byName.has(entry.name)) {
      throw new EdgefoldError('CORRUPT', 'the archive holds one name twice', { where, received: entry.name });
    }
    byName.set(entry.name, entry);
  }
  checkOverlap(entries, where);
  return {
    names: [...byName.keys()],
    member: (name) => {
      const entry = byName.get(name);
      return entry && unpack(bytes, entry, where);
    },
  };
}

function readDirectory(bytes: Uint8Array, where: string): readonly Entry[] {
  const data = viewOf(bytes);
  const end = findEnd(data, where);
  const count = data.getUint16(end + 10, true);
  let at = data.getUint32(end + 16, true);
  if (at === ZIP64 || count === 0xffff) throw zip64(where);
  const entries: Entry[] = [];
  for (let index = 0; index < count; index++) {
    if (at + ENTRY_BYTES > end || data.getUint32(at, true) !== DIRECTORY_ENTRY) throw broken(where, 'its directory');
    const nameBytes = data.getUint16(at + 28, true);
    entries.push(readEntry(data, bytes, at, nameBytes));
    at += ENTRY_BYTES + nameBytes + data.getUint16(at + 30, true) + data.getUint16(at + 32, true);
  }
  return entries;
}

function findEnd(data: DataView, where: string): number {
  const last = data.byteLength - END_BYTES;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT_BYTES); at--) {
    if (data.getUint32(at, true) === END_OF_DIRECTORY) return at;
  }
  throw new EdgefoldError('CORRUPT', 'the zip archive has no end', {
    where,
    hint: 'The file is cut short; fetch it again.',
  });
}

function readEntry(data: DataView, bytes: Uint8Array, at: number, nameBytes: number): Entry {
  return {
    isEncrypted: (data.getUint16(at + 8, true) & 1) === 1,
    method: data.getUint16(at + 10, true),
    crc: data.getUint32(at + 16, true),
    packedBytes: data.getUint32(at + 20, true),
    byteLength: data.getUint32(at + 24, true),
    offset: data.getUint32(at + 42, true),
    name: new TextDecoder().decode(bytes.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes)),
  };
}

function checkEntry({ name, isEncrypted, packedBytes, byteLength, offset }: Entry, where: string): void {
  const at = `${where} ${JSON.stringify(name.slice(0, 200))}`;
  if (/^([/\\]|[a-z]:)/i.test(name) || name.includes('\0') || name.split(/[/\\]/).includes('..')) {
    throw new EdgefoldError('UNSAFE', 'the archive names a file outside itself', { where: at });
  }
  if (isEncrypted) throw new EdgefoldError('UNSUPPORTED', 'the archive is encrypted', { where: at });
  if ([packedBytes, byteLength, offset].includes(ZIP64)) throw zip64(at);
  if (byteLength > RATIO_FREE_BYTES && byteLength > packedBytes * MAX_RATIO) {
    throw new EdgefoldError('LIMIT', 'a member of the archive is too large for what it is packed into', {
      where: at,
      expected: `at most ${MAX_RATIO} times its ${packedBytes} packed bytes`,
      received: `${byteLength} bytes`,
      hint: 'If you trust the file, unpack it and give the folder.',
    });
  }
}

function checkOverlap(entries: readonly Entry[], where: string): void {
  const sorted = [...entries].sort((a, b) => a.offset - b.offset);
  for (const [index, { offset, packedBytes, name }] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next && offset + LOCAL_BYTES + packedBytes > next.offset)
      throw broken(where, `${name}, which overlaps another`);
  }
}

function unpack(bytes: Uint8Array, entry: Entry, where: string): Uint8Array {
  const data = viewOf(bytes);
  const { offset, packedBytes, byteLength, method, name } = entry;
  if (offset + LOCAL_BYTES > bytes.length || data.getUint32(offset, true) !== LOCAL_ENTRY) throw broken(where, name);
  const nameEnd = offset + LOCAL_BYTES + data.getUint16(offset + 26, true);
  if (new TextDecoder().decode(bytes.subarray(offset + LOCAL_BYTES, nameEnd)) !== name) {
    throw broken(where, `${name}, which has two names`);
  }
  const start = nameEnd + data.getUint16(offset + 28, true);
  if (start + packedBytes > bytes.length) throw broken(where, name);
  const packed = bytes.subarray(start, start + packedBytes);
  const whole = method === STORED ? packed : inflate(packed, entry, where);
  if (whole.length !== byteLength || crc32(whole, POLYNOMIAL.zip) !== entry.crc) throw broken(where, name);
  return whole;
}

function inflate(packed: Uint8Array, { method, byteLength, name }: Entry, where: string): Uint8Array {
  if (method !== DEFLATED) {
    throw new EdgefoldError('UNSUPPORTED', 'a member of the archive is compressed in a way that is not read', {
      where: `${where} ${name}`,
      expected: 'stored or deflated',
      received: `method ${method}`,
    });
  }
  try {
    return inflateTo(byteLength, packed);
  } catch {
    throw broken(where, name);
  }
}

/** Piece by piece, so that a stream that goes on beyond its size is soon left. */
function inflateTo(byteLength: number, packed: Uint8Array): Uint8Array {
  const whole = new Uint8Array(byteLength);
  let filled = 0;
  const stream = new Inflate((piece) => {
    whole.set(piece, filled);
    filled += piece.length;
  });
  const pieceBytes = Math.min(PIECE_BYTES.most, Math.max(PIECE_BYTES.least, Math.ceil(byteLength / 64)));
  for (let at = 0; at === 0 || at < packed.length; at += pieceBytes) {
    stream.push(packed.subarray(at, at + pieceBytes), at + pieceBytes >= packed.length);
  }
  return whole.subarray(0, filled);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function broken(where: string, what: string): EdgefoldError {
  return new EdgefoldError('CORRUPT', `the zip archive is damaged at ${what}`, {
    where,
    hint: 'Fetch the file again.',
  });
}

function zip64(where: string): EdgefoldError {
  return new EdgefoldError('UNSUPPORTED', 'archives over 4 GiB are not read', { where });
}
