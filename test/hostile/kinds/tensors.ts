import { EITHER, READ, refused, type Expected, type HostileFile } from '../hostile-file.ts';
import { joined, uint, utf8 } from '../write/bytes.ts';
import * as onnx from '../write/onnx-file.ts';
import { field, float, int } from '../write/protobuf.ts';
import { corrupt } from './graph.ts';
import { file } from './wire.ts';

const { normalized, tensor, ints64 } = onnx;

/** The weight in a wrong form, by each of the ways in which a model holds one. */
const weight = (kind: number, name: string, W: () => Uint8Array, expected: Expected): HostileFile =>
  file(kind, name, () => normalized({ replace: { W: W() } }), expected);

/** Kinds 28 to 36: tensors in the model. */
export function* tensorKinds(): Generator<HostileFile> {
  yield* shapes();
  yield* lengths();
  yield* types();
}

function* shapes(): Generator<HostileFile> {
  const raw = onnx.weightBytes();
  const HUGE: readonly (readonly (number | bigint)[])[] = [[2 ** 31, 2 ** 31, 4], [2n ** 62n, 4], [2 ** 53, 1], [2 ** 40], [2n ** 63n - 1n], [2 ** 32, 2 ** 32], [3, 4, 2 ** 50], [2 ** 31]]; // prettier-ignore
  for (const dims of HUGE) {
    yield weight(28, `a weight of [${dims.join(', ')}]`, () => tensor('W', dims, { raw }), corrupt(/W: (the tensor is too large|the data do not fill the shape)/)); // prettier-ignore
    yield weight(28, `a weight of [${dims.join(', ')}] and no data`, () => tensor('W', dims, { data: new Uint8Array() }), corrupt(/W: (the tensor is too large|the data do not fill the shape)/)); // prettier-ignore
    yield weight(28, `a weight of [${dims.join(', ')}, 0]`, () => tensor('W', [...dims, 0], { data: new Uint8Array() }), EITHER); // prettier-ignore
    yield file(28, `a Constant of [${dims.join(', ')}]`, () => normalized({ nodes: [onnx.node('Constant', [], ['W2'], { value: { tensor: tensor('', dims, { raw }) } }), onnx.product(), onnx.batchNormalization()] }), corrupt(/too large|do not fill/)); // prettier-ignore
    yield file(28, `an input of [${dims.join(', ')}]`, () => normalized({ inputs: [onnx.info('x', dims.map(Number))] }), READ); // prettier-ignore
    yield weight(28, `strings of [${dims.join(', ')}]`, () => tensor('W', dims, { type: 8, data: field(6, 'x') }), corrupt(/too large|do not fill/)); // prettier-ignore
  }
  yield weight(28, 'a weight of 65 dimensions', () => tensor('W', new Array<number>(65).fill(1), { raw: uint(0, 4) }), refused('LIMIT', /too many dimensions/)); // prettier-ignore
  yield weight(28, 'a weight of 10000 dimensions', () => tensor('W', new Array<number>(10_000).fill(1), { raw: uint(0, 4) }), refused('LIMIT', /too many dimensions/)); // prettier-ignore
  yield weight(28, 'a weight without dimensions', () => tensor('W', [], { raw }), corrupt(/do not fill the shape/));
  for (const dims of [[-3, -4], [-1], [3, -4], [-(2n ** 63n), 2], [0, -1], [-1, 0]])
    yield weight(29, `a weight of [${dims.join(', ')}]`, () => tensor('W', dims, { raw }), corrupt(/W: (a dimension is negative|the tensor is too large)/)); // prettier-ignore
  yield file(29, 'an input of -3', () => normalized({ inputs: [onnx.info('x', [2, -3])] }), READ);
  yield file(29, 'an input of 0', () => normalized({ inputs: [onnx.info('x', [0, 3])] }), READ);
}

function* lengths(): Generator<HostileFile> {
  const raw = onnx.weightBytes();
  for (const length of [0, 1, 4, 44, 47])
    yield weight(30, `${length} of 48 bytes`, () => tensor('W', [3, 4], { raw: raw.slice(0, length) }), corrupt(/W: the data do not fill the shape; expected 48 bytes, found \d+ bytes/)); // prettier-ignore
  yield weight(30, 'one float fewer', () => tensor('W', [3, 4], { data: field(4, raw.slice(4)) }), corrupt(/12 elements, found 11/)); // prettier-ignore
  for (const more of [1, 4, 48])
    yield weight(31, `${more} bytes too many`, () => tensor('W', [3, 4], { raw: joined(raw, new Uint8Array(more)) }), corrupt(/expected 48 bytes/)); // prettier-ignore
  yield weight(31, 'one float more', () => tensor('W', [3, 4], { data: field(4, joined(raw, uint(0, 4))) }), corrupt(/12 elements, found 13/)); // prettier-ignore
  yield weight(31, 'a megabyte behind an empty tensor', () => tensor('W', [0, 4], { raw: new Uint8Array(2 ** 20) }), corrupt(/expected 0 bytes/)); // prettier-ignore
  const FIELDS: readonly [string, Uint8Array][] = [['float_data', field(4, raw)], ['int32_data', field(5, Uint8Array.of(1))], ['int64_data', field(7, Uint8Array.of(1))], ['double_data', field(10, uint(0, 8))], ['uint64_data', field(11, Uint8Array.of(1))], ['string_data', field(6, 'x')], ['external data', joined(field(13, onnx.entry('location', 'w.bin')), int(14, 1))]]; // prettier-ignore
  for (const [name, other] of FIELDS) {
    yield weight(32, `raw data and ${name}`, () => tensor('W', [3, 4], { data: joined(field(9, raw), other) }), corrupt(/W: the tensor has its data in several places/)); // prettier-ignore
    if (name !== 'float_data') yield weight(33, `floats in ${name}`, () => tensor('W', [3, 4], { data: other }), name === 'external data' ? refused('FILE', /w\.bin/) : corrupt(/wrong field/)); // prettier-ignore
  }
  yield weight(32, 'a tensor in segments', () => tensor('W', [3, 4], { data: joined(field(9, raw), field(3, int(1, 0), int(2, 12))) }), refused('UNSUPPORTED', /segments/)); // prettier-ignore
}

function* types(): Generator<HostileFile> {
  const raw = onnx.weightBytes();
  for (const type of [0, -1, 27, 28, 99, 999, 2 ** 31 - 1])
    yield weight(33, `a weight of dtype ${type}`, () => tensor('W', [3, 4], { type, raw }), corrupt(/W: the tensor is of an unknown type/)); // prettier-ignore
  yield weight(33, 'a weight without a dtype', () => joined(int(1, 3), int(1, 4), field(8, 'W'), field(9, raw)), corrupt(/W: the tensor is of an unknown type/)); // prettier-ignore
  for (const type of [0, 27, 999]) yield file(33, `an input of dtype ${type}`, () => normalized({ inputs: [onnx.info('x', [2, 3], type)] }), READ); // prettier-ignore
  const NARROW: readonly [string, number, number, readonly number[]][] = [['uint8', 2, 5, [256]], ['int8', 3, 5, [128]], ['uint16', 4, 5, [65_536]], ['float16', 10, 5, [65_536]], ['bool', 9, 5, [256]], ['bfloat16', 16, 5, [-1]]]; // prettier-ignore
  for (const [name, type, number, values] of NARROW)
    yield file(33, `${name} of ${values.join()}`, () => normalized({ replace: { extra: tensor('extra', [values.length], { type, data: field(number, ...values.map((value) => int(0, value).subarray(1))) }) } }), corrupt(/extra: element 0 is out of range/)); // prettier-ignore
  yield file(33, 'uint32 of 2^40', () => normalized({ replace: { extra: tensor('extra', [1], { type: 12, data: field(11, int(0, 2 ** 40).subarray(1)) }) } }), corrupt(/out of range/)); // prettier-ignore
  for (const type of [999, 2 ** 31 - 1, -1])
    yield file(33, `an attribute of type ${type}`, () => normalized({ nodes: [onnx.product(), onnx.batchNormalization({ epsilon: joined(field(1, 'epsilon'), float(2, 0.25), int(20, type)) })] }), EITHER); // prettier-ignore
  const KINDS: readonly [string, Uint8Array][] = [['an int', int(20, 2)], ['a string', int(20, 3)], ['a tensor', int(20, 4)], ['a graph', int(20, 5)], ['floats', int(20, 6)], ['sparse', int(20, 11)]]; // prettier-ignore
  for (const [name, type] of KINDS)
    yield file(33, `an epsilon that says it is ${name}`, () => normalized({ nodes: [onnx.product(), onnx.batchNormalization({ epsilon: joined(field(1, 'epsilon'), float(2, 0.25), type) })] }), EITHER); // prettier-ignore
  yield file(33, 'an axis beyond 2^53', () => normalized({ nodes: [onnx.product(), onnx.node('Softmax', ['p'], ['q'], { axis: 2n ** 60n }), onnx.batchNormalization()] }), EITHER); // prettier-ignore
  for (const place of ['W', 'gamma', 'variance']) {
    const dims = place === 'W' ? [3, 4] : [4];
    const count = place === 'W' ? 12 : 4;
    const replaced = (bytes: () => Uint8Array) => () => normalized({ replace: { [place]: bytes() } });
    yield file(34, `strings as ${place}`, replaced(() => tensor(place, dims, { type: 8, data: joined(...Array.from({ length: count }, () => field(6, 'x'))) })), EITHER); // prettier-ignore
    yield file(34, `strings that are not UTF-8 as ${place}`, replaced(() => tensor(place, dims, { type: 8, data: joined(...Array.from({ length: count }, () => field(6, Uint8Array.of(0xff)))) })), refused('CORRUPT', /UTF-8/)); // prettier-ignore
    yield file(34, `raw strings as ${place}`, replaced(() => tensor(place, dims, { type: 8, raw: utf8('x'.repeat(count)) })), corrupt(/strings/)); // prettier-ignore
    const OTHERS: readonly [string, number, number][] = [['int4', 22, 4], ['uint4', 21, 4], ['float8e4m3fn', 17, 8], ['float8e5m2', 19, 8], ['float4e2m1', 23, 4], ['float8e8m0', 24, 8], ['uint2', 25, 2], ['int2', 26, 2], ['bfloat16', 16, 16], ['float16', 10, 16], ['float64', 11, 64], ['int8', 3, 8], ['int32', 6, 32], ['bool', 9, 8], ['complex64', 14, 64], ['complex128', 15, 128]]; // prettier-ignore
    for (const [name, type, bits] of OTHERS) {
      const bytes = Math.ceil((count * bits) / 8);
      yield file(36, `${name} as ${place}`, replaced(() => tensor(place, dims, { type, raw: new Uint8Array(bytes) })), EITHER); // prettier-ignore
      yield file(36, `${name} as ${place}, one byte short`, replaced(() => tensor(place, dims, { type, raw: new Uint8Array(bytes - 1) })), corrupt(/do not fill the shape/)); // prettier-ignore
      if (bits < 8) yield file(36, `${name} as ${place}, unpacked`, replaced(() => tensor(place, dims, { type, raw: new Uint8Array(count) })), corrupt(/do not fill the shape/)); // prettier-ignore
    }
  }
  yield* sparse();
}

/** y = x·W with W `[3, 4]` of two elements that are not 0. */
function* sparse(): Generator<HostileFile> {
  const others = Object.entries(onnx.initializers()).filter(([name]) => name !== 'W');
  const make = (values: Uint8Array, indices: Uint8Array, dims: readonly (number | bigint)[], more: readonly Uint8Array[] = []) => () =>
    onnx.model(onnx.graph({ nodes: [onnx.product(), onnx.batchNormalization()], initializers: others.map(([, made]) => made), inputs: [onnx.info('x', ['n', 3])], outputs: [onnx.info('y', ['n', 4])], more: [field(15, field(1, values), field(2, indices), ...dims.map((dim) => int(3, dim)), ...more)] })); // prettier-ignore
  const two = tensor('W', [2]);
  yield file(35, 'a sparse weight', make(two, ints64('', [1, 7]), [3, 4]), READ);
  const BAD: readonly [string, () => Uint8Array, Expected][] = [
    ['an index beyond its end', make(two, ints64('', [1, 12]), [3, 4]), corrupt(/outside its shape/)],
    ['an index below 0', make(two, ints64('', [1, -1]), [3, 4]), corrupt(/outside its shape/)],
    ['an index of 2^62', make(two, ints64('', [1, 2n ** 62n]), [3, 4]), corrupt(/outside its shape/)],
    ['more indices than values', make(two, ints64('', [1, 2, 3]), [3, 4]), corrupt(/indices do not fit/)],
    ['indices of floats', make(two, tensor('', [2]), [3, 4]), corrupt(/indices do not fit/)],
    ['a dense shape of 2^40', make(two, ints64('', [1, 7]), [2 ** 40]), refused('LIMIT', /too large/)],
    ['a dense shape of 2^62', make(two, ints64('', [1, 7]), [2n ** 62n, 4]), corrupt(/too large/)],
    ['a dense shape of 2^29 floats', make(two, ints64('', [1, 7]), [2 ** 29]), refused('LIMIT', /too large/)],
    ['no dense shape', make(two, ints64('', [0, 0]), []), EITHER],
    ['the same index twice', make(two, ints64('', [1, 1]), [3, 4]), EITHER],
    ['indices out of order', make(two, ints64('', [7, 1]), [3, 4]), EITHER],
    ['values of no name', make(tensor('', [2]), ints64('', [1, 7]), [3, 4]), corrupt(/no name/)],
    ['values of two dimensions', make(tensor('W', [1, 2]), ints64('', [1, 7]), [3, 4]), corrupt(/indices do not fit/)],
    ['a dense shape below 0', make(two, ints64('', [1, 7]), [-3, -4]), corrupt(/negative|too large/)],
    ['values in another file', make(onnx.external('W', [2], { location: '../outside/secret.bin' }), ints64('', [1, 7]), [3, 4]), refused('UNSAFE', /leads out of the folder/)],
    ['strings as values', make(tensor('W', [1], { type: 8, data: field(6, 'x') }), ints64('', [1]), [3, 4]), refused('UNSUPPORTED', /sparse tensors of string/)],
  ]; // prettier-ignore
  for (const [name, bytes, expected] of BAD) yield file(35, `a sparse weight of ${name}`, bytes, expected);
}
