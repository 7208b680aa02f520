import { gzipSync } from 'node:zlib';
import { Random } from '../../export/read/fuzz/random.ts';
import { answers, EITHER, READ, refused, type Expected, type HostileFile } from '../hostile-file.ts';
import { floats, joined, uint, utf8 } from '../write/bytes.ts';
import { wholeH5, modelText } from '../write/keras-model.ts';
import * as onnx from '../write/onnx-file.ts';
import { deep, field, int, tag, varint } from '../write/protobuf.ts';
import { archive } from '../write/zip-file.ts';

/** One ONNX file and nothing beside it. */
export const file = (kind: number, name: string, make: () => Uint8Array, expected: Expected): HostileFile => ({
  kind,
  name,
  format: 'onnx',
  main: 'm.onnx',
  make: () => ({ 'm.onnx': make() }),
  expected,
});

const DAMAGED = refused('CORRUPT', /cut off, damaged, or not an ONNX model/);
export const RIGHT = answers(onnx.normalizedAnswer());

/** Kinds 1 to 14: the bytes of a protobuf file. */
export function* wireKinds(): Generator<HostileFile> {
  yield* emptyAndRandom();
  yield* prefixes();
  yield* lengthsAndVarints();
  yield* nesting();
  yield* repeats();
  yield* texts();
  yield* otherFiles();
  yield* versions();
}

function* emptyAndRandom(): Generator<HostileFile> {
  yield file(1, 'an empty file', () => new Uint8Array(), refused('FORMAT', /an empty file/));
  for (let seed = 0; seed < 40; seed++) {
    const random = new Random(2, seed);
    const length = [1, 2, 16, 300, 5000][seed % 5]!;
    yield file(2, `${length} random bytes, seed ${seed}`, () => Uint8Array.from({ length }, () => random.below(256)), refused(['CORRUPT', 'FORMAT', 'UNSUPPORTED', 'LIMIT'], /./)); // prettier-ignore
    yield file(2, `${length} bytes of noise in the graph, seed ${seed}`, () => onnx.model(Uint8Array.from({ length }, () => random.below(256))), EITHER); // prettier-ignore
  }
}

/** Of a file that ends in its graph, nothing shorter is one. */
function* prefixes(): Generator<HostileFile> {
  const small = onnx.model(onnx.graph({ nodes: [onnx.node('Relu', ['x'], ['y'])], inputs: [onnx.info('x', [2])], outputs: [onnx.info('y', [2])] })); // prettier-ignore
  const large = onnx.normalized();
  for (const [bytes, step] of [
    [small, 1],
    [large, 13],
  ] as const) {
    // prettier-ignore
    for (let length = 1; length < bytes.length; length += step)
      yield file(3, `${length} of ${bytes.length} bytes`, () => bytes.slice(0, length), refused(['CORRUPT', 'FORMAT'], /cut off|not an ONNX model/)); // prettier-ignore
  }
}

function* lengthsAndVarints(): Generator<HostileFile> {
  const head = joined(int(1, 8), onnx.opset(17));
  for (const length of [1, 127, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 53, 2n ** 63n, 2n ** 64n - 1n]) {
    for (const number of [7, 14, 25, 99])
      yield file(4, `field ${number} of ${length} bytes, of which there are none`, () => joined(head, tag(number, 2), varint(length)), DAMAGED); // prettier-ignore
    yield file(4, `raw data of ${length} bytes`, () => onnx.normalized({ replace: { W: joined(int(1, 3), int(1, 4), int(2, 1), field(8, 'W'), tag(9, 2), varint(length), floats([1])) } }), DAMAGED); // prettier-ignore
    yield file(4, `packed dims of ${length} bytes`, () => onnx.normalized({ replace: { W: joined(tag(1, 2), varint(length), floats([1])) } }), DAMAGED); // prettier-ignore
  }
  const eleven = Uint8Array.of(...new Array<number>(10).fill(0xff), 1);
  const ELEVEN: readonly [string, Uint8Array][] = [['the IR version', joined(tag(1, 0), eleven)], ['an unknown field', joined(tag(99, 0), eleven, field(7, graphOf(onnx.normalized())))], ['a length', joined(tag(7, 2), eleven)], ['a tag', eleven]]; // prettier-ignore
  for (const [where, bytes] of ELEVEN) yield file(5, `a varint of eleven bytes in ${where}`, () => joined(head, bytes), DAMAGED); // prettier-ignore
  const overlong = (value: number) => Uint8Array.of(value | 128, 128, 128, 0);
  yield file(5, 'an IR version and lengths in more bytes than they need', () => {
    const graph = onnx.normalized();
    const content = graphOf(graph);
    return joined(tag(1, 0), overlong(8), onnx.opset(17), tag(7, 2), Uint8Array.of((content.length & 127) | 128, (content.length >> 7) | 128, 128, 0), content); // prettier-ignore
  }, RIGHT); // prettier-ignore
  yield file(5, 'a dtype in ten bytes, of which the upper ones say nothing', () => onnx.normalized({ replace: { W: onnx.tensor('W', [3, 4], { data: joined(int(2, 2n ** 32n + 1n), field(9, onnx.weightBytes())) }) } }), RIGHT); // prettier-ignore
  const ODD: readonly [string, readonly number[]][] = [
    ['field 0', [0x02, 0x00]],
    ['wire type 6', [0x3e, 0x00]],
    ['wire type 7', [0x3f, 0x00]],
    ['a group that never ends', [0xc3, 0x3e, 0x08, 0x01]],
    ['the end of a group that never began', [0xc4, 0x3e]],
    ['a group that ends as another', [0xc3, 0x3e, 0xcc, 0x3e]],
    ['four bytes of which two are there', [0xc5, 0x3e, 0, 0]],
    ['eight bytes of which two are there', [0xc1, 0x3e, 0, 0]],
    ['packed floats of three bytes', []],
  ];
  for (const [name, bytes] of ODD) {
    if (bytes.length > 0) yield file(6, `${name}, in the model`, () => joined(head, Uint8Array.from(bytes), field(7, graphOf(onnx.normalized()))), DAMAGED); // prettier-ignore
    if (bytes.length > 0) yield file(6, `${name}, in a node`, () => onnx.normalized({ nodes: [joined(onnx.product(), Uint8Array.from(bytes)), onnx.batchNormalization()] }), DAMAGED); // prettier-ignore
    else yield file(6, name, () => onnx.normalized({ replace: { W: joined(int(1, 3), int(2, 1), field(8, 'W'), field(4, Uint8Array.of(1, 2, 3))) } }), DAMAGED); // prettier-ignore
  }
  yield file(6, 'an unknown field of every wire type and an unknown group', () => joined(head, int(99, 7), joined(tag(99, 1), uint(1, 8)), field(99, 'x'), joined(tag(99, 5), uint(1, 4)), Uint8Array.of(0x9b, 6, 8, 1, 0x9c, 6), field(7, graphOf(onnx.normalized()))), RIGHT); // prettier-ignore
  yield file(6, 'known fields of the wrong wire type, which are unknown ones', () => joined(head, int(7, 3), field(1, 'x'), field(7, graphOf(onnx.normalized()))), RIGHT); // prettier-ignore
}

/** The bytes of the graph of a model that ends in it. */
export function graphOf(model: Uint8Array): Uint8Array {
  const start = joined(int(1, 8), onnx.opset(17)).length + 1;
  let at = start;
  while (model[at]! > 127) at++;
  return model.subarray(at + 1);
}

function* nesting(): Generator<HostileFile> {
  const TOO_DEEP = refused('CORRUPT', /max depth|damaged|nested/);
  for (const depth of [101, 5000, 1_000_000]) {
    const empty = new Uint8Array();
    yield file(7, `${depth} graphs in attributes`, () => onnx.model(bodies(depth)), TOO_DEEP);
    yield file(7, `${depth} sequence types`, () => onnx.model(onnx.graph({ nodes: [], inputs: [joined(field(1, 'x'), field(2, deep(depth, empty, [1, 4])))] })), TOO_DEEP); // prettier-ignore
    yield file(7, `${depth} groups`, () => new Uint8Array(depth).fill(0x0b), refused('CORRUPT', /./));
    yield file(7, `${depth} groups in a model`, () => joined(int(1, 8), onnx.opset(17), new Uint8Array(depth).fill(0xa3), new Uint8Array(depth).fill(0xa4)), refused('CORRUPT', /./)); // prettier-ignore
  }
  for (const count of [4_000_000, 10_000_000])
    yield file(8, `${count} nodes of two bytes`, () => onnx.model(repeated(Uint8Array.of(0x0a, 0), count)), refused('LIMIT', /too many parts/)); // prettier-ignore
  for (const [number, what] of [[5, 'tensors'], [11, 'inputs'], [13, 'value infos'], [15, 'sparse tensors'], [14, 'annotations']] as const) // prettier-ignore
    yield file(8, `4000000 ${what} of two bytes`, () => onnx.model(repeated(Uint8Array.of((number << 3) | 2, 0), 4_000_000)), refused('LIMIT', /too many parts/)); // prettier-ignore
  yield file(8, '4000000 unknown fields of two bytes', () => joined(int(1, 8), repeated(Uint8Array.of(0x9a, 6, 0), 4_000_000)), refused('LIMIT', /too many parts/)); // prettier-ignore
  yield file(8, '4000000 unknown varints', () => joined(int(1, 8), repeated(Uint8Array.of(0x98, 6, 1), 4_000_000)), refused('LIMIT', /too many parts/)); // prettier-ignore
  yield file(8, '4000000 functions', () => joined(int(1, 8), repeated(Uint8Array.of(0xca, 1, 0), 4_000_000)), refused('LIMIT', /too many parts/)); // prettier-ignore
  const unpacked: readonly [string, Uint8Array, Uint8Array, Expected][] = [
    ['dims', Uint8Array.of(8, 1), int(2, 1), refused('LIMIT', /too many dimensions/)],
    ['dims of ten bytes', joined(tag(1, 0), varint(2n ** 63n)), int(2, 1), refused('LIMIT', /too many/)],
    ['int64 data, unpacked', Uint8Array.of(0x38, 1), joined(int(1, 2_000_000), int(2, 7)), READ],
    ['floats, unpacked', joined(tag(4, 5), uint(0, 4)), joined(int(1, 4_000_000), int(2, 1)), READ],
    ['strings of no length', Uint8Array.of(0x32, 0), joined(int(1, 4_000_000), int(2, 8)), refused('LIMIT', /too many parts/)],
  ]; // prettier-ignore
  for (const [name, piece, head, expected] of unpacked)
    yield file(8, `millions of ${name}`, () => onnx.normalized({ replace: { extra: joined(head, field(8, 'extra'), repeated(piece, name.startsWith('int64') ? 2_000_000 : 4_000_000)) } }), expected); // prettier-ignore
  yield file(8, '20000000 packed dims', () => onnx.normalized({ replace: { extra: joined(int(2, 1), field(8, 'extra'), field(1, new Uint8Array(20_000_000).fill(1))) } }), refused('LIMIT', /too many/)); // prettier-ignore
  yield file(8, '20000000 packed int64', () => onnx.normalized({ replace: { extra: joined(int(1, 3), int(2, 7), field(8, 'extra'), field(7, repeated(Uint8Array.of(0x81, 1), 10_000_000))) } }), refused(['CORRUPT', 'LIMIT'], /./)); // prettier-ignore
}

const bodies = (depth: number): Uint8Array => deep(depth, onnx.graph({ nodes: [], name: 'innermost' }), [6, 5, 1]);

function repeated(piece: Uint8Array, count: number): Uint8Array {
  const whole = new Uint8Array(piece.length * count);
  whole.set(piece);
  for (let done = piece.length; done < whole.length; done *= 2) whole.copyWithin(done, 0, Math.min(done, whole.length - done)); // prettier-ignore
  return whole;
}

/** protobuf: the last of a singular field wins, and messages merge. */
function* repeats(): Generator<HostileFile> {
  const { W, ...others } = onnx.initializers();
  const head = joined(int(1, 8), onnx.opset(17));
  const first = onnx.graph({ nodes: [onnx.product()], initializers: [W!], inputs: [onnx.info('x', ['n', 3])] });
  const second = onnx.graph({ nodes: [onnx.batchNormalization()], initializers: Object.values(others), outputs: [onnx.info('y', ['n', 4])] }); // prettier-ignore
  yield file(9, 'a graph in two pieces', () => joined(head, field(7, first), field(7, second)), RIGHT);
  yield file(9, 'a graph in two pieces around the opset', () => joined(int(1, 8), field(7, first), onnx.opset(17), field(7, second)), RIGHT); // prettier-ignore
  yield file(9, 'two IR versions, of which the last is right', () => joined(int(1, 99), head, field(7, first), field(7, second)), RIGHT); // prettier-ignore
  yield file(9, 'two IR versions, of which the last is wrong', () => joined(head, field(7, first), field(7, second), int(1, 99)), refused('UNSUPPORTED', /later IR version/)); // prettier-ignore
  const wrong = new Uint8Array(48);
  yield file(9, 'raw data twice', () => onnx.normalized({ replace: { W: onnx.tensor('W', [3, 4], { data: joined(field(9, wrong), field(9, onnx.weightBytes())) }) } }), RIGHT); // prettier-ignore
  yield file(9, 'raw data twice, the last of them empty', () => onnx.normalized({ replace: { W: onnx.tensor('W', [3, 4], { data: joined(field(9, onnx.weightBytes()), field(9, '')) }) } }), refused('CORRUPT', /W: the data do not fill the shape/)); // prettier-ignore
  yield file(9, 'a dtype twice', () => onnx.normalized({ replace: { W: onnx.tensor('W', [3, 4], { type: 7, data: joined(int(2, 1), field(9, onnx.weightBytes())) }) } }), RIGHT); // prettier-ignore
  yield file(9, 'an operator twice', () => onnx.normalized({ nodes: [joined(field(4, 'Conv'), onnx.product()), onnx.batchNormalization()] }), RIGHT); // prettier-ignore
  yield file(9, 'the value of an attribute twice', () => onnx.normalized({ nodes: [onnx.product(), onnx.batchNormalization({ epsilon: joined(onnx.attribute('', { float: 9 }), onnx.attribute('epsilon', { float: 0.25 })) })] }), RIGHT); // prettier-ignore
  yield file(9, 'the type of an input in two pieces', () => onnx.normalized({ inputs: [joined(field(1, 'x'), field(2, field(1, int(1, 1))), field(2, field(1, field(2, field(1, field(2, 'n'), field(1, int(1, 3)))))))] }), READ); // prettier-ignore
  yield file(9, 'a dimension that is a number and a name', () => onnx.normalized({ inputs: [joined(field(1, 'x'), field(2, field(1, int(1, 1), field(2, field(1, field(2, 'n')), field(1, int(1, 5), field(2, 'm'))))))] }), RIGHT); // prettier-ignore
  yield file(9, 'a type that is a tensor and a sequence', () => onnx.normalized({ inputs: [joined(field(1, 'x'), field(2, field(1, int(1, 1)), field(4, field(1, field(1, int(1, 1))))))] }), answers(onnx.normalizedAnswer(), 1)); // prettier-ignore
  const place = (value: number) => int(14, value);
  yield file(9, 'a place of data that is unknown', () => onnx.normalized({ replace: { W: onnx.tensor('W', [3, 4], { data: joined(field(9, onnx.weightBytes()), place(7)) }) } }), RIGHT); // prettier-ignore
  yield file(9, 'a place of data that is given twice, the last time an unknown one', () => onnx.normalized({ replace: { W: onnx.tensor('W', [3, 4], { data: joined(field(9, onnx.weightBytes()), place(1), place(7)) }) } }), refused('CORRUPT', /W: the tensor has its data in several places/)); // prettier-ignore
  const dims = (bytes: Uint8Array) => joined(bytes, int(2, 1), field(8, 'W'), field(9, onnx.weightBytes()));
  yield file(10, 'packed dims', () => onnx.normalized({ replace: { W: dims(field(1, Uint8Array.of(3, 4))) } }), RIGHT);
  yield file(10, 'packed and unpacked dims', () => onnx.normalized({ replace: { W: dims(joined(int(1, 3), field(1, Uint8Array.of(4)))) } }), RIGHT); // prettier-ignore
  yield file(10, 'packed dims, then none', () => onnx.normalized({ replace: { W: dims(joined(field(1, Uint8Array.of(3, 4)), field(1, ''))) } }), RIGHT); // prettier-ignore
  yield file(10, 'packed floats in two pieces', () => onnx.normalized({ replace: { W: onnx.tensor('W', [3, 4], { data: joined(field(4, onnx.weightBytes().slice(0, 8)), field(4, onnx.weightBytes().slice(8))) }) } }), RIGHT); // prettier-ignore
  yield file(10, 'unpacked floats', () => onnx.normalized({ replace: { W: onnx.tensor('W', [3, 4], { data: joined(...Array.from({ length: 12 }, (_, i) => joined(tag(4, 5), onnx.weightBytes().slice(4 * i, 4 * i + 4)))) }) } }), RIGHT); // prettier-ignore
  yield file(10, 'packed names of inputs', () => onnx.normalized({ nodes: [joined(field(1, 'x'), field(1, 'W'), field(2, 'p'), field(4, 'MatMul'), int(1, 7)), onnx.batchNormalization()] }), RIGHT); // prettier-ignore
}

const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__', 'a\0b', '\u001b[31mred', '../../x', 'ä\u202e', ' ', '0']; // prettier-ignore

function* texts(): Generator<HostileFile> {
  const bad: readonly [string, Uint8Array][] = [['a lone continuation byte', Uint8Array.of(0x80)], ['a cut sequence', Uint8Array.of(0xc3)], ['an overlong slash', Uint8Array.of(0xc0, 0xaf)], ['a surrogate', Uint8Array.of(0xed, 0xa0, 0x80)]]; // prettier-ignore
  for (const [name, bytes] of bad) {
    yield file(11, `a tensor named by ${name}`, () => onnx.normalized({ replace: { W: joined(onnx.tensor('W', [3, 4]), field(8, bytes)) } }), DAMAGED); // prettier-ignore
    yield file(11, `a node named by ${name}`, () => onnx.normalized({ nodes: [joined(onnx.product(), field(3, bytes)), onnx.batchNormalization()] }), DAMAGED); // prettier-ignore
    yield file(11, `metadata of ${name}`, () => joined(onnx.normalized(), field(14, field(1, bytes), field(2, 'x'))), DAMAGED); // prettier-ignore
  }
  for (const name of NAMES) {
    const shown = JSON.stringify(name);
    yield file(11, `values named ${shown}`, () => onnx.normalized({
      nodes: [onnx.node('MatMul', ['x', name], [`${name}p`]), onnx.node('BatchNormalization', [`${name}p`, 'gamma', 'beta', 'mean', 'variance'], ['y'], { epsilon: { float: 0.25 } })],
      replace: { W: onnx.tensor(name, [3, 4], { raw: onnx.weightBytes() }) },
    }), RIGHT); // prettier-ignore
    yield file(11, `input and output named ${shown}`, () => onnx.normalized({
      nodes: [onnx.node('MatMul', [name, 'W'], ['p']), onnx.node('BatchNormalization', ['p', 'gamma', 'beta', 'mean', 'variance'], [`${name}y`], { epsilon: { float: 0.25 } })],
      inputs: [onnx.info(name, ['n', 3])],
      outputs: [onnx.info(`${name}y`, ['n', 4])],
    }), RIGHT); // prettier-ignore
    yield file(11, `metadata, a domain and a dimension named ${shown}`, () => joined(onnx.normalized({ inputs: [onnx.info('x', [name, 3])] }), onnx.metadata(name, name), onnx.opset(1, name)), RIGHT); // prettier-ignore
    yield file(11, `an attribute named ${shown}`, () => onnx.normalized({ nodes: [onnx.product(), onnx.batchNormalization({ epsilon: { float: 0.25 }, [name]: 1 })] }), READ); // prettier-ignore
    yield file(11, `an operator named ${shown}`, () => onnx.normalized({ nodes: [onnx.product(), onnx.node(name, ['p'], ['y'])] }), READ); // prettier-ignore
  }
}

function* otherFiles(): Generator<HostileFile> {
  const h5 = () => wholeH5(utf8(modelText()));
  const OTHERS: readonly [string, () => Uint8Array, RegExp][] = [
    ['a git-LFS pointer', () => utf8('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12345\n'), /git-LFS pointer/],
    ['an HTML page', () => utf8('\n <!DOCTYPE html><html><title>404</title></html>'), /HTML page/],
    ['a gzip file', () => new Uint8Array(gzipSync(onnx.normalized())), /gzip/],
    ['a zip file', () => archive([{ name: 'm.onnx', content: onnx.normalized() }]), /zip archive/],
    ['an HDF5 file', h5, /HDF5/],
    ['a PNG picture', () => Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0), /PNG/],
    ['a pickle', () => Uint8Array.of(0x80, 4, 0x95, 0, 0, 0), /pickle/],
    ['JSON', () => utf8('{"modelTopology": {}}'), /JSON/],
    ['a SavedModel', () => joined(int(1, 1), field(2, field(1, field(5, 'serve')))), /SavedModel/],
    ['a byte order mark and text', () => utf8('\ufeffmodel'), /not an ONNX model/],
    ['spaces', () => utf8(' '.repeat(100)), /not an ONNX model/],
  ]; // prettier-ignore
  for (const [name, make, saying] of OTHERS) yield file(13, name, make, refused(['FORMAT', 'CORRUPT'], saying));
  const zeros = (size: number, name: string): HostileFile => ({ kind: 12, name, format: 'onnx', main: 'm.onnx', make: () => ({ 'm.onnx': { zeros: size } }), expected: refused(['LIMIT', 'CORRUPT'], /./) }); // prettier-ignore
  yield zeros(2 ** 31 + 8, 'a file of more than 2 GiB');
  yield zeros(2 ** 32 + 8, 'a file of more than 4 GiB');
  yield zeros(2 ** 40, 'a file that says it has 1 TiB');
}

function* versions(): Generator<HostileFile> {
  const content = () => graphOf(onnx.normalized());
  for (const ir of [0, -1, 14, 9999, 2n ** 62n])
    yield file(14, `IR version ${ir}`, () => onnx.normalized({ ir }), refused(['CORRUPT', 'UNSUPPORTED'], /IR version/)); // prettier-ignore
  yield file(14, 'no IR version', () => joined(onnx.opset(17), field(7, content())), refused('CORRUPT', /IR version/));
  for (const version of [0, -1, -(2n ** 63n)])
    yield file(14, `opset ${version}`, () => onnx.normalized({ opsets: [onnx.opset(version)] }), refused('CORRUPT', /opset/)); // prettier-ignore
  for (const version of [9999, 2n ** 53n, 2n ** 62n])
    yield file(14, `opset ${version}`, () => onnx.normalized({ opsets: [onnx.opset(version)] }), EITHER);
  yield file(14, 'no opset', () => onnx.normalized({ opsets: [] }), refused('CORRUPT', /opset/));
  yield file(14, 'an opset of another domain alone', () => onnx.normalized({ opsets: [onnx.opset(1, 'com.x')] }), refused('CORRUPT', /opset of ai\.onnx/)); // prettier-ignore
  yield file(14, 'two opsets of one domain', () => onnx.normalized({ opsets: [onnx.opset(17), onnx.opset(13)] }), refused('CORRUPT', /given twice/)); // prettier-ignore
  yield file(14, 'two opsets of one domain under two names', () => onnx.normalized({ opsets: [onnx.opset(17), onnx.opset(13, 'ai.onnx')] }), refused('CORRUPT', /given twice/)); // prettier-ignore
  yield file(14, 'one opset twice', () => onnx.normalized({ opsets: [onnx.opset(17), onnx.opset(17)] }), RIGHT);
}
