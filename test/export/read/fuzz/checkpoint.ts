import { fieldsOf } from '../../../../src/export/read/saved-model/message.ts';
import { crc32, POLYNOMIAL } from '../../../../src/export/read/crc32.ts';
import { readTable } from '../../../../src/export/read/saved-model/table.ts';
import { joined } from './mutate-bytes.ts';

/** Writes what TensorFlow writes, with checksums that hold whatever the content is, so that it is read at all. */
const MAGIC = Uint8Array.of(0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb);
const utf8 = (text: string) => new TextEncoder().encode(text);

export function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.of(...bytes, rest);
}

function uint32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

function masked(bytes: Uint8Array): number {
  const crc = crc32(bytes, POLYNOMIAL.castagnoli);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

export type Entries = ReadonlyMap<string, Uint8Array>;

export function entriesOf(index: Uint8Array): Entries {
  return readTable(index, 'index');
}

/** A table of one block; `damage` changes blocks before their checksums are taken. */
export function tableOf(entries: Entries, damage: (block: Uint8Array) => Uint8Array = (block) => block): Uint8Array {
  const sealed = (block: Uint8Array) => {
    const typed = joined(damage(block), Uint8Array.of(0));
    return joined(typed, uint32(masked(typed)));
  };
  const data = sealed(blockOf(entries));
  const handle = joined(varint(0), varint(data.length - 5));
  const index = sealed(blockOf(new Map([['~', handle]])));
  const handles = joined(varint(0), varint(0), varint(data.length), varint(index.length - 5));
  return joined(data, index, handles, new Uint8Array(40 - handles.length), MAGIC);
}

function blockOf(entries: Entries): Uint8Array {
  const parts = [...entries].map(([key, value]) => {
    const name = utf8(key);
    return joined(varint(0), varint(name.length), varint(value.length), name, value);
  });
  return joined(...parts, uint32(0), uint32(1));
}

const OBJECTS = '_CHECKPOINTABLE_OBJECT_GRAPH';

/** The text of the objects, from the file of values. */
export function objectsOf(entries: Entries, values: Uint8Array): Uint8Array {
  const fields = new Map(fieldsOf(entries.get(OBJECTS)!, 'objects'));
  const [offset, size] = [Number(fields.get(4) ?? 0), Number(fields.get(5))];
  const text = values.subarray(offset, offset + size);
  return text.subarray(text.findIndex((byte) => byte < 128) + 1 + 4);
}

/** Entries and values with other objects, which are put behind the values. */
export function withObjects(entries: Entries, values: Uint8Array, objects: Uint8Array): [Entries, Uint8Array] {
  const length = uint32(masked(uint32(objects.length)));
  const text = joined(varint(objects.length), length, objects);
  const checksum = uint32(masked(joined(uint32(objects.length), length, objects)));
  const place = joined(Uint8Array.of(0x20), varint(values.length), Uint8Array.of(0x28), varint(text.length));
  const entry = joined(Uint8Array.of(0x08, 7, 0x12, 0), place, Uint8Array.of(0x35), checksum);
  return [new Map([...entries, [OBJECTS, entry]]), joined(values, text)];
}
