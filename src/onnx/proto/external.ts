import { EdgefoldError } from '../../errors.ts';
import { checkLocation } from '../location.ts';
import { onnx } from './onnx.js';
import { corrupt } from './fault.ts';
import { edited } from './wire.ts';

/**
 * Reads `length` bytes at `offset` of a file beside the model. The name has been checked; whoever makes the reader
 * guards the folder, so that no link leads out of it.
 */
export type ExternalData = (location: string, offset: number, length: number) => Uint8Array;

/** TensorProto.DataLocation. */
const EXTERNAL = 1;
const KEYS: ReadonlySet<string> = new Set(['location', 'offset', 'length', 'checksum']);

export function isExternal(proto: onnx.TensorProto): boolean {
  return proto.data_location === EXTERNAL;
}

/**
 * Where a tensor of `byteLength` bytes lies, checked; the bytes are read when asked for.
 * @throws {EdgefoldError} CORRUPT, UNSAFE; the reader that is returned also FILE.
 */
export function externalBytes(
  { external_data }: onnx.TensorProto,
  byteLength: number,
  where: string,
  externalData: ExternalData | undefined,
): () => Uint8Array {
  const entries = readEntries(external_data, where);
  const location = entries.get('location') ?? corrupt(where, 'the external data have no location');
  checkLocation(location, where);
  const offset = readCount(entries, 'offset', where) ?? 0;
  const length = readCount(entries, 'length', where) ?? byteLength;
  if (length !== byteLength) {
    corrupt(where, 'the external data do not fill the shape', `${byteLength} bytes`, `${length} bytes`);
  }
  return () => {
    if (!externalData) throw missing(where, location);
    const bytes = length === 0 ? new Uint8Array() : externalData(location, offset, length);
    if (bytes.length !== length) corrupt(where, `${location} is too short`, `${length} bytes`, `${bytes.length} bytes`);
    return bytes;
  };
}

function readEntries(list: readonly onnx.StringStringEntryProto[], where: string): Map<string, string> {
  const entries = new Map<string, string>();
  for (const { key, value } of list) {
    if (key === null || !KEYS.has(key)) corrupt(where, 'the external data have an unknown key', [...KEYS].join(', '), JSON.stringify(key)); // prettier-ignore
    if (entries.has(key)) corrupt(where, `the external data give their ${key} twice`);
    entries.set(key, value ?? '');
  }
  return entries;
}

function readCount(entries: ReadonlyMap<string, string>, key: string, where: string): number | undefined {
  const text = entries.get(key);
  if (text === undefined) return undefined;
  const count = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(count)) return count;
  return corrupt(where, `the ${key} of the external data is not a byte count`, undefined, JSON.stringify(text));
}

function missing(where: string, location: string): EdgefoldError {
  return new EdgefoldError('FILE', `its elements lie in another file, ${location}`, {
    where,
    hint: 'Open the model by its path, or give readOnnx an externalData reader.',
  });
}

/** The message of a tensor whose elements are put into another file. */
export function movedOut(proto: onnx.TensorProto, location: string, offset: number, length: number): onnx.TensorProto {
  const entries = { location, offset: String(offset), length: String(length) };
  const external_data = Object.entries(entries).map(([key, value]) => new onnx.StringStringEntryProto({ key, value }));
  return edited(proto, { raw_data: null, external_data, data_location: EXTERNAL });
}

/** The message of a tensor whose elements are taken from another file into it. */
export function movedIn(proto: onnx.TensorProto, raw_data: Uint8Array): onnx.TensorProto {
  return edited(proto, { raw_data, external_data: [], data_location: null });
}
