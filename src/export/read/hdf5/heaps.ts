import { EdgefoldError } from '../../../errors.ts';

/** `GCOL`, version 1, three reserved bytes. */
const MARK = [0x47, 0x43, 0x4f, 0x4c, 1, 0, 0, 0] as const;
const OBJECT_BYTES = 16;
const VERSION_AT = 8;

/**
 * Looks at every global heap of a file before HDF5's library does, which walks one without checking that it gets on:
 * free space of no size keeps it for ever, and so does an object so large that its end wraps round.
 *
 * Source: H5HG__cache_heap_deserialize in H5HGcache.c; HDF5 File Format Specification 3.0, III.E.
 * @throws {EdgefoldError} CORRUPT.
 */
export function checkGlobalHeaps(bytes: Uint8Array, where: string): void {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = bytes.indexOf(MARK[0]); at >= 0; at = bytes.indexOf(MARK[0], at + 1)) {
    if (at + OBJECT_BYTES <= bytes.length && MARK.every((byte, index) => bytes[at + index] === byte))
      checkHeap(data, at, where);
  }
}

function checkHeap(data: DataView, start: number, where: string): void {
  const end = start + lengthAt(data, start + 8);
  let at = start + OBJECT_BYTES;
  while (at + OBJECT_BYTES <= Math.min(end, data.byteLength)) {
    const isFree = data.getUint16(at, true) === 0;
    const size = lengthAt(data, at + 8);
    // Free space counts its own header; an object is padded to eight bytes.
    const step = isFree ? size : OBJECT_BYTES + Math.ceil(size / 8) * 8;
    if (step < OBJECT_BYTES || at + step > end) throw damaged(where);
    at += step;
  }
}

/** In the width that the superblock states; headers are padded to 16 bytes either way. */
function lengthAt(data: DataView, at: number): number {
  const width = data.getUint8(data.getUint8(VERSION_AT) < 2 ? 14 : 10);
  return data.getUint32(at, true) + (width === 4 ? 0 : data.getUint32(at + 4, true) * 2 ** 32);
}

function damaged(where: string): EdgefoldError {
  return new EdgefoldError('CORRUPT', 'the HDF5 file is damaged: a heap of texts does not add up', {
    where,
    hint: 'It may be cut short; fetch it again.',
  });
}
