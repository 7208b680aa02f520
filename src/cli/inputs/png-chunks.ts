import { inflateSync } from 'node:zlib';
import { EdgefoldError } from '../../errors.ts';
import { crc32, POLYNOMIAL } from '../../export/read/crc32.ts';

/** The header of a PNG: its first chunk. */
interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
  readonly isInterlaced: boolean;
}

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

const SIGNATURE_BYTES = 8;
/** Length, type and checksum. */
const FRAME_BYTES = 12;
const HEADER_BYTES = 13;
const INDEXED = 3;
/** By type of colour. */
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, [INDEXED]: 1, 4: 2, 6: 4 };
/** The passes of an interlaced picture: first column and row, and steps between them. */
const ADAM7 = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]] as const; // prettier-ignore
/** 64 million pixels: larger than a camera's picture, small enough for memory. */
const MOST_PIXELS = 2 ** 26;
/** Pictures of more bytes than this must not be packed denser than pictures are. */
const RATIO_FREE_BYTES = 2 ** 24;
const MAX_RATIO = 30;

/**
 * A PNG of nothing but the header, the palette, transparency and pixels, all of them checked: no decoder meets a
 * profile or a text that inflates to gigabytes, pixels beyond those that the header declares, or a second header.
 *
 * Source: https://www.w3.org/TR/png-3/#5DataRep
 * @throws {EdgefoldError} CORRUPT, LIMIT, UNSUPPORTED.
 */
export function essentialPng(bytes: Uint8Array, where: string): Uint8Array {
  const [first, ...rest] = [...chunksOf(bytes, where)];
  if (first?.type !== 'IHDR' || first.data.length !== HEADER_BYTES) throw damaged(where, 'it begins with no header');
  const header = readHeader(first.data);
  checkHeader(header, where);
  const single = (type: string): Chunk[] => {
    const found = rest.filter((chunk) => chunk.type === type);
    if (found.length > 1) throw damaged(where, `${type} comes twice`);
    return found;
  };
  for (const { type } of rest) checkKnown(type, where);
  const palette = header.colour === INDEXED ? single('PLTE') : [];
  if (header.colour === INDEXED && palette.length === 0) throw damaged(where, 'it has no palette');
  const pixels = Buffer.concat(rest.filter(({ type }) => type === 'IDAT').map(({ data }) => data));
  checkPixels(pixels, header, where);
  const end = rest.filter(({ type }) => type === 'IEND');
  const kept = [first, ...palette, ...single('tRNS'), { type: 'IDAT', data: pixels }, ...end];
  return Buffer.concat([bytes.subarray(0, SIGNATURE_BYTES), ...kept.map(chunkBytes)]);
}

function* chunksOf(bytes: Uint8Array, where: string): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = SIGNATURE_BYTES; ;) {
    if (at + FRAME_BYTES > bytes.length) throw damaged(where, 'it is cut off');
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > bytes.length) throw damaged(where, 'it is cut off');
    if (crc32(bytes.subarray(at + 4, end), POLYNOMIAL.zip) !== view.getUint32(end)) throw damaged(where, 'a checksum is wrong'); // prettier-ignore
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    yield { type, data: bytes.subarray(at + 8, end) };
    if (type === 'IEND') return;
    at = end + 4;
  }
}

function readHeader(data: Uint8Array): Header {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [depth, colour, isInterlaced] = [view.getUint8(8), view.getUint8(9), view.getUint8(12) !== 0];
  return { width: view.getUint32(0), height: view.getUint32(4), depth, colour, isInterlaced };
}

function checkHeader({ width, height, depth, isInterlaced }: Header, where: string): void {
  if (isInterlaced && depth < 8) {
    throw new EdgefoldError('UNSUPPORTED', 'an interlaced PNG of less than 8 bits is not read', {
      where,
      hint: 'Save it without interlacing.',
    });
  }
  if (width * height > 0 && width * height <= MOST_PIXELS) return;
  throw new EdgefoldError('LIMIT', 'the picture is empty or too large', {
    where,
    expected: `1 to ${MOST_PIXELS} pixels`,
    received: `${width}×${height}`,
  });
}

/** A chunk whose type begins with a capital must be understood; the others may be left out. */
function checkKnown(type: string, where: string): void {
  if (/^[a-z]/.test(type) || ['PLTE', 'IDAT', 'IEND'].includes(type)) return;
  throw damaged(where, `it holds the chunk ${JSON.stringify(type)} where none may be`);
}

/** Inflates the pixels once, no further than they may go: a decoder would go on, and would make up what is missing. */
function checkPixels(packed: Uint8Array, header: Header, where: string): void {
  const rawBytes = rawBytesOf(header);
  if (Number.isNaN(rawBytes)) throw damaged(where, `it has colours of kind ${header.colour}`);
  if (rawBytes > RATIO_FREE_BYTES && rawBytes > packed.length * MAX_RATIO) {
    throw new EdgefoldError('LIMIT', 'the picture is too large for what it is packed into', {
      where,
      expected: `at most ${MAX_RATIO} times its ${packed.length} packed bytes`,
      received: `${rawBytes} bytes`,
    });
  }
  if (inflatedBytes(packed, rawBytes, where) < rawBytes) throw damaged(where, 'it holds fewer pixels than it says');
}

/** Each row begins with a byte that names its filter. */
function rawBytesOf({ width, height, depth, colour, isInterlaced }: Header): number {
  const bits = depth * (SAMPLES[colour] ?? NaN);
  const passes = isInterlaced ? ADAM7 : [[0, 0, 1, 1] as const];
  return passes.reduce((sum, [x, y, stepX, stepY]) => {
    const columns = Math.ceil((width - x) / stepX);
    const rows = Math.ceil((height - y) / stepY);
    return columns > 0 && rows > 0 ? sum + rows * (Math.ceil((columns * bits) / 8) + 1) : sum;
  }, 0);
}

function inflatedBytes(packed: Uint8Array, mostBytes: number, where: string): number {
  try {
    return inflateSync(packed, { maxOutputLength: mostBytes }).length;
  } catch (cause) {
    const isTooLong = (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw damaged(where, isTooLong ? 'it holds more pixels than it says' : 'its pixels cannot be unpacked');
  }
}

function chunkBytes({ type, data }: Chunk): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length);
  whole.set(body, 4);
  whole.writeUInt32BE(crc32(body, POLYNOMIAL.zip), body.length + 4);
  return whole;
}

function damaged(where: string, what: string): EdgefoldError {
  return new EdgefoldError('CORRUPT', `the PNG is damaged: ${what}`, { where });
}
