import { EdgefoldError } from '../../errors.ts';
import { sizeOf, type DType, type Tensor } from '../../tensor.ts';

/**
 * NumPy's `.npy`: `\x93NUMPY`, version (one byte each for major and minor), header length (2 bytes little-endian in
 * version 1, 4 after it), a Python dictionary literal with `descr`, `fortran_order` and `shape`, then the elements.
 *
 * Read here: little-endian bool, int8/16/32/64, uint8/16/32/64, float16/32/64, row-major ("C order").
 * Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 *
 * @throws {EdgefoldError} CORRUPT, UNSUPPORTED (column-major, big-endian, other element types).
 */
export function readNpy(bytes: Uint8Array, where: string): Tensor {
  const { text, dataStart } = header(bytes, where);
  const descr = field(text, 'descr', /'([^']*)'|"([^"]*)"/, where);
  const fortran = field(text, 'fortran_order', /(True|False)/, where);
  const dims = field(text, 'shape', /\(([\d,\sL]*)\)/, where);
  if (fortran === 'True') {
    throw new EdgefoldError('UNSUPPORTED', 'the array is stored column by column', {
      where,
      hint: 'Save it with numpy.ascontiguousarray(x).',
    });
  }
  const shape = dims.split(',').flatMap((dim) => (dim.trim() === '' ? [] : [Number.parseInt(dim, 10)]));
  return elements(bytes.subarray(dataStart), shape, elementType(descr, where), where);
}

/**
 * The same format, version 1. Halves and integers keep their type; strings have none there.
 * @throws {EdgefoldError} UNSUPPORTED for a dtype that NumPy does not have.
 */
export function writeNpy({ dtype, shape, data }: Tensor): Uint8Array[] {
  const [descr, type] = [...ELEMENT_TYPES].find(([, each]) => each.dtype === dtype) ?? [];
  if (!type || !ArrayBuffer.isView(data)) {
    throw new EdgefoldError('UNSUPPORTED', `NumPy has no ${dtype}`, { expected: 'numbers of 1 to 8 bytes' });
  }
  const size = shape.length === 1 ? `${shape[0]!},` : shape.join(', ');
  const fields = `{'descr': '${type.bytes === 1 ? '|' : '<'}${descr}', 'fortran_order': False, 'shape': (${size}), }`;
  // Elements begin at a multiple of 64.
  const text = `${fields.padEnd(Math.ceil((fields.length + 11) / 64) * 64 - 11)}\n`;
  const head = Uint8Array.of(...MAGIC, 1, 0, text.length & 255, text.length >> 8);
  return [head, new TextEncoder().encode(text), new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
}

export function isNpy(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, index) => bytes[index] === byte);
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

interface ElementType {
  readonly dtype: DType;
  readonly bytes: number;
  view(buffer: ArrayBuffer): Tensor['data'];
}

const ELEMENT_TYPES: ReadonlyMap<string, ElementType> = new Map<string, ElementType>([
  ['b1', { dtype: 'bool', bytes: 1, view: (buffer) => new Uint8Array(buffer) }],
  ['i1', { dtype: 'int8', bytes: 1, view: (buffer) => new Int8Array(buffer) }],
  ['u1', { dtype: 'uint8', bytes: 1, view: (buffer) => new Uint8Array(buffer) }],
  ['i2', { dtype: 'int16', bytes: 2, view: (buffer) => new Int16Array(buffer) }],
  ['u2', { dtype: 'uint16', bytes: 2, view: (buffer) => new Uint16Array(buffer) }],
  ['i4', { dtype: 'int32', bytes: 4, view: (buffer) => new Int32Array(buffer) }],
  ['u4', { dtype: 'uint32', bytes: 4, view: (buffer) => new Uint32Array(buffer) }],
  ['i8', { dtype: 'int64', bytes: 8, view: (buffer) => new BigInt64Array(buffer) }],
  ['u8', { dtype: 'uint64', bytes: 8, view: (buffer) => new BigUint64Array(buffer) }],
  ['f2', { dtype: 'float16', bytes: 2, view: (buffer) => new Uint16Array(buffer) }],
  ['f4', { dtype: 'float32', bytes: 4, view: (buffer) => new Float32Array(buffer) }],
  ['f8', { dtype: 'float64', bytes: 8, view: (buffer) => new Float64Array(buffer) }],
]);

function header(bytes: Uint8Array, where: string): { text: string; dataStart: number } {
  const major = bytes[6] ?? 0;
  const headerStart = major === 1 ? 10 : 12;
  if (bytes.length < headerStart) throw corrupt(where, 'a header', `${bytes.length} bytes`);
  if (major < 1 || major > 3) throw corrupt(where, 'version 1, 2 or 3', `version ${major}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const dataStart = headerStart + length;
  if (dataStart > bytes.length) throw corrupt(where, `a header of ${length} bytes`, 'the end of the file');
  return { text: new TextDecoder().decode(bytes.subarray(headerStart, dataStart)), dataStart };
}

function field(text: string, name: string, pattern: RegExp, where: string): string {
  const match = new RegExp(`['"]${name}['"]\\s*:\\s*(?:${pattern.source})`).exec(text);
  const value = match?.[1] ?? match?.[2];
  if (value !== undefined) return value;
  throw corrupt(where, `a readable "${name}" in its header`, JSON.stringify(text.trim().slice(0, 120)));
}

function elementType(descr: string, where: string): ElementType {
  const found = ELEMENT_TYPES.get(descr.slice(1));
  const order = descr[0] ?? '';
  if (found && (order === '<' || found.bytes === 1)) return found;
  throw new EdgefoldError('UNSUPPORTED', 'its elements are of a type that is not read here', {
    where,
    expected: 'little-endian numbers of 1 to 8 bytes, such as <f4',
    received: descr,
    hint: "Save it with x.astype('<f4').",
  });
}

/** Copies the elements, because the header leaves them at any alignment. */
function elements(data: Uint8Array, shape: readonly number[], type: ElementType, where: string): Tensor {
  const size = sizeOf(shape) * type.bytes;
  if (data.length !== size) {
    throw corrupt(where, `${size} bytes of elements for [${shape.join(', ')}]`, String(data.length));
  }
  return { dtype: type.dtype, shape, data: type.view(data.slice().buffer) };
}

function corrupt(where: string, expected: string, received: string): EdgefoldError {
  return new EdgefoldError('CORRUPT', 'the .npy file is damaged', { where, expected, received });
}
