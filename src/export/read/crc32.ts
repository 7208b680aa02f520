/** Generators of CRC-32, bit-reflected: of zip (ISO 3309), and Castagnoli's, of LevelDB and TensorFlow. */
export const POLYNOMIAL = { zip: 0xedb88320, castagnoli: 0x82f63b78 } as const;

const tables = new Map<number, Uint32Array>();

/** The checksum of some bytes, unsigned. */
export function crc32(bytes: Uint8Array, polynomial: number): number {
  const table = tables.get(polynomial) ?? makeTable(polynomial);
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff]!;
  return (crc ^ 0xffffffff) >>> 0;
}

function makeTable(polynomial: number): Uint32Array {
  const table = Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    return value;
  });
  tables.set(polynomial, table);
  return table;
}
