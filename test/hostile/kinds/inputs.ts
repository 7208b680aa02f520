import { deflateSync, gzipSync, crc32 } from 'node:zlib';
import { EITHER, READ, refused, type Expected, type Format, type HostileFile } from '../hostile-file.ts';
import { floats, joined, uint, utf8 } from '../write/bytes.ts';

const input = (format: Format, name: string, make: () => Uint8Array, expected: Expected): HostileFile => ({ kind: 93, name, format, main: 'input', make: () => ({ input: make() }), expected }); // prettier-ignore

/** Kind 93: what a model is given, of shape [1, 2, 3, 1]. */
export function* inputKinds(): Generator<HostileFile> {
  yield* arrays();
  yield* lists();
  yield* digits();
  yield* pictures();
}

function npy(
  header: string,
  data: Uint8Array = floats([1, 2, 3, 4, 5, 6]),
  version = 1,
  length = header.length,
): Uint8Array {
  // prettier-ignore
  return joined(Uint8Array.of(0x93), utf8('NUMPY'), Uint8Array.of(version, 0), uint(length, version === 1 ? 2 : 4), utf8(header), data); // prettier-ignore
}

function* arrays(): Generator<HostileFile> {
  const shaped = (shape: string) => `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }\n`;
  const REFUSED = refused(['CORRUPT', 'INPUT', 'UNSUPPORTED', 'LIMIT'], /./);
  yield input('npy', 'nothing', () => npy(shaped('(1, 2, 3, 1)')), READ);
  for (const shape of ['(-2, -3)', '(9007199254740993,)', '(4294967296, 4294967296)', '(1e3,)', '(2, 3', '()', '(0,)', '(2, 3, 0)', '(99999999999999999999999,)', '(,)', '(2L, 3L)', '("2", 3)', `(${'1, '.repeat(20_000)})`, `(${' '.repeat(60_000)})`]) // prettier-ignore
    yield input('npy', `a shape ${shape.slice(0, 30)}`, () => npy(shaped(shape), undefined, 2), shape === '(2L, 3L)' ? EITHER : REFUSED); // prettier-ignore
  for (const descr of ['O', '|O', '<f16', '>f4', '<U4', 'V4', '<M8', '__import__("os")', '', '<c8', '|S4']) yield input('npy', `a type ${descr}`, () => npy(`{'descr': '${descr}', 'fortran_order': False, 'shape': (1, 2, 3, 1), }`), REFUSED); // prettier-ignore
  yield input('npy', 'a list of fields', () => npy(`{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,), }`), REFUSED); // prettier-ignore
  yield input('npy', 'column by column', () => npy(`{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2, 3, 1), }`), REFUSED); // prettier-ignore
  yield input('npy', 'code in its header', () => npy(`__import__('os').system('touch /tmp/owned')`), REFUSED);
  for (const length of [0, 65_535]) yield input('npy', `a header of ${length} bytes, as it says`, () => npy(shaped('(6,)'), undefined, 1, length), REFUSED); // prettier-ignore
  yield input('npy', 'a header of 2^32 - 1 bytes', () => npy(shaped('(6,)'), undefined, 2, 2 ** 32 - 1), REFUSED);
  for (const version of [0, 4, 255]) yield input('npy', `version ${version}`, () => npy(shaped('(6,)'), undefined, version), REFUSED); // prettier-ignore
  for (let length = 6; length < 80; length += 9) yield input('npy', `${length} bytes`, () => npy(shaped('(1, 2, 3, 1)')).slice(0, length), REFUSED); // prettier-ignore
}

function* lists(): Generator<HostileFile> {
  const REFUSED = refused(['CORRUPT', 'INPUT', 'LIMIT'], /./);
  yield input('json-input', 'nothing', () => utf8('[[[[1],[2],[3]],[[4],[5],[6]]]]'), READ);
  for (const depth of [17, 5000, 100_000]) yield input('json-input', `lists ${depth} deep`, () => utf8('['.repeat(depth) + ']'.repeat(depth)), REFUSED); // prettier-ignore
  for (const text of [
    '[',
    '[1,',
    '{}',
    '{"y": [1]}',
    '{"__proto__": [1]}',
    '{"x": "1"}',
    '[[1],[2,3]]',
    '[null]',
    '[NaN]',
    '[1e999]',
    '["a"]',
    '[{}]',
    '[[],[]]',
    '[]',
    '-',
    '1',
    '[1] [2]',
    '{"x": {"a": 1}}',
    '{"constructor": [1], "x": [[[[1],[2],[3]],[[4],[5],[6]]]]}',
  ])
    // prettier-ignore
    yield input('json-input', text, () => utf8(text), text.startsWith('{"constructor') ? EITHER : REFUSED);
  yield input('json-input', 'a million numbers', () => utf8(`[${'1,'.repeat(999_999)}1]`), REFUSED);
  yield input('json-input', 'text that is not UTF-8', () => Uint8Array.of(0x5b, 0xff, 0x5d), REFUSED);
}

function* digits(): Generator<HostileFile> {
  const REFUSED = refused(['CORRUPT', 'INPUT', 'LIMIT', 'FORMAT'], /./);
  const idx = (type: number, dims: readonly number[], data: Uint8Array) => joined(Uint8Array.of(0, 0, type, dims.length), ...dims.map((dim) => uint(dim, 4).reverse()), data); // prettier-ignore
  for (const dims of [[2 ** 31, 2 ** 31], [2 ** 32 - 1], [0], [6, 0], [7], new Array<number>(255).fill(2 ** 32 - 1)]) yield input('idx', `dimensions ${dims.slice(0, 3).join()}`, () => idx(8, dims, new Uint8Array(6)), REFUSED); // prettier-ignore
  for (const type of [0, 7, 10, 15, 255]) yield input('idx', `type ${type}`, () => idx(type, [6], new Uint8Array(6)), REFUSED); // prettier-ignore
  yield input('idx', 'a gzip bomb of 2 GiB', () => bomb(), REFUSED);
  yield input('idx', 'a gzip file that is cut', () => new Uint8Array(gzipSync(idx(8, [6], new Uint8Array(6)))).slice(0, 15), REFUSED); // prettier-ignore
  yield input('idx', 'a gzip file in a gzip file', () => new Uint8Array(gzipSync(gzipSync(idx(8, [6], new Uint8Array(6))))), REFUSED); // prettier-ignore
}

/** Members of a gzip file follow one another, and each says the same zeros again. */
function bomb(): Uint8Array {
  const member = new Uint8Array(gzipSync(new Uint8Array(2 ** 24)));
  return joined(...Array.from({ length: 128 }, () => member));
}

const chunk = (type: string, data: Uint8Array, crc?: number): Uint8Array => joined(uint(data.length, 4).reverse(), utf8(type), data, uint(crc ?? crc32(joined(utf8(type), data)), 4).reverse()); // prettier-ignore

interface PngParts {
  readonly width?: number;
  readonly height?: number;
  readonly depth?: number;
  readonly colour?: number;
  readonly interlace?: number;
  readonly data?: Uint8Array;
  readonly chunks?: readonly Uint8Array[];
}

function png({
  width = 3,
  height = 2,
  depth = 8,
  colour = 0,
  interlace = 0,
  data = new Uint8Array(deflateSync(new Uint8Array(8))),
  chunks = [],
}: PngParts = {}): Uint8Array {
  // prettier-ignore
  const head = joined(uint(width, 4).reverse(), uint(height, 4).reverse(), Uint8Array.of(depth, colour, 0, 0, interlace)); // prettier-ignore
  return joined(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10), chunk('IHDR', head), ...chunks, chunk('IDAT', data), chunk('IEND', new Uint8Array())); // prettier-ignore
}

function* pictures(): Generator<HostileFile> {
  const REFUSED = refused(['CORRUPT', 'LIMIT', 'UNSUPPORTED', 'INPUT'], /./);
  yield input('png', 'nothing', () => png(), READ);
  for (const [width, height] of [[0, 2], [3, 0], [2 ** 31, 2 ** 31], [2 ** 32 - 1, 1], [8193, 8192], [8192, 8192], [2 ** 26, 1]] as const) yield input('png', `${width} × ${height} pixels`, () => png({ width, height }), REFUSED); // prettier-ignore
  for (const depth of [0, 1, 2, 3, 4, 7, 16, 32, 255])
    yield input('png', `${depth} bits`, () => png({ depth }), EITHER);
  for (const colour of [1, 2, 3, 4, 5, 6, 7, 255]) yield input('png', `colours of kind ${colour}`, () => png({ colour }), REFUSED); // prettier-ignore
  for (const interlace of [1, 2]) yield input('png', `interlace ${interlace}`, () => png({ interlace }), EITHER);
  yield input('png', 'pixels that inflate to 200 MB', () => png({ data: new Uint8Array(deflateSync(new Uint8Array(200 * 2 ** 20))) }), EITHER); // prettier-ignore
  yield input('png', 'pixels that are noise', () => png({ data: new Uint8Array(50).fill(0xa5) }), REFUSED);
  yield input('png', 'pixels that are cut', () => png({ data: new Uint8Array(deflateSync(new Uint8Array(8))).slice(0, 6) }), REFUSED); // prettier-ignore
  yield input('png', 'too few pixels', () => png({ data: new Uint8Array(deflateSync(new Uint8Array(3))) }), REFUSED);
  yield input('png', 'an unknown filter of rows', () => png({ data: new Uint8Array(deflateSync(new Uint8Array(8).fill(9))) }), REFUSED); // prettier-ignore
  const text = (type: string, data: Uint8Array) => png({ chunks: [chunk(type, data)] });
  yield input('png', 'a text that inflates to 200 MB', () => text('zTXt', joined(utf8('a\0\0'), new Uint8Array(deflateSync(new Uint8Array(200 * 2 ** 20))))), EITHER); // prettier-ignore
  yield input('png', 'a colour profile that inflates to 200 MB', () => text('iCCP', joined(utf8('a\0\0'), new Uint8Array(deflateSync(new Uint8Array(200 * 2 ** 20))))), EITHER); // prettier-ignore
  yield input('png', 'a wrong checksum', () => png({ chunks: [chunk('tEXt', utf8('a\0b'), 7)] }), REFUSED);
  yield input('png', 'an unknown critical chunk', () => text('ABCD', utf8('x')), EITHER);
  yield input('png', 'a palette of 1000 colours', () => png({ colour: 3, chunks: [chunk('PLTE', new Uint8Array(3000))] }), EITHER); // prettier-ignore
  yield input('png', 'a place beyond the palette', () => png({ colour: 3, chunks: [chunk('PLTE', new Uint8Array(3))], data: new Uint8Array(deflateSync(new Uint8Array(8).map((_, i) => (i % 4 === 0 ? 0 : 9)))) }), EITHER); // prettier-ignore
  const whole = png();
  for (let length = 8; length < whole.length; length += 5) yield input('png', `${length} of ${whole.length} bytes`, () => whole.slice(0, length), EITHER); // prettier-ignore
}
