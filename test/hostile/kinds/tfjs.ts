import {
  answers,
  EITHER,
  READ,
  refused,
  type Entry,
  type Expected,
  type Folder,
  type HostileFile,
} from '../hostile-file.ts';
import { floats, joined, uint, utf8 } from '../write/bytes.ts';
import * as keras from '../write/keras-model.ts';
import { tableOf, entriesOf } from '../../export/read/fuzz/checkpoint.ts';

const RIGHT = answers(keras.kerasAnswer());
const SECRET: Folder = { '../outside/secret.bin': keras.shardBytes() };
type Json = keras.Json;

const GRAPH = (weightsManifest: Json, more: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ format: 'graph-model', modelTopology: { node: [
    { name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '-1' }, { size: '3' }] } } } },
    ...keras.flat(keras.WEIGHTS).slice(0, 2).map(([name]) => ({ name, op: 'Const', attr: {} })),
    { name: 'p', op: 'MatMul', input: ['x', 'd1/kernel'], attr: {} },
    { name: 'y', op: 'AddV2', input: ['p', 'd1/bias'], attr: {} },
  ] }, weightsManifest, ...more }); // prettier-ignore

const SHARD = 'group1-shard1of1.bin';

/** The same manifest in a model of layers, in one of a graph, and in the list of before TF.js 1.0. */
function* inFormats(
  kind: number,
  name: string,
  manifest: Json,
  folder: Folder,
  expected: Expected,
): Generator<HostileFile> {
  // prettier-ignore
  const file = (format: HostileFile['format'], text: () => string, wanted: Expected): HostileFile => ({ kind, name, format, main: 'model.json', make: () => ({ ...SECRET, 'model.json': utf8(text()), ...folder }), expected: wanted }); // prettier-ignore
  yield file('tfjs-layers', () => keras.tfjsText(keras.modelText(), manifest), expected);
  yield file('tfjs-graph', () => GRAPH(manifest), 'answer' in expected ? READ : expected);
}

const paths = (...names: readonly Json[]): Json => keras.manifest(keras.WEIGHTS, names);
const WHOLE: Entry = keras.shardBytes();

/** Kinds 83 to 85, and checkpoints of TensorFlow. */
export function* tfjsKinds(): Generator<HostileFile> {
  yield* inFormats(0, 'nothing', paths(SHARD), { [SHARD]: WHOLE }, RIGHT);
  yield* shards();
  yield* weights();
  yield* graphs();
  yield* checkpoints();
}

function* shards(): Generator<HostileFile> {
  const UNSAFE = refused(['UNSAFE', 'FILE'], /may not be read|no such file|leaves its folder|regular file/);
  for (const name of [
    '../outside/secret.bin',
    'a/../../outside/secret.bin',
    '/etc/passwd',
    '//x',
    'http://localhost/x',
    'https://localhost/x',
    'file:///etc/passwd',
    'C:\\x',
    '..\\x',
    '',
    '.',
    'con',
    'a\0b',
    'data:application/octet-stream;base64,AAAA',
    'missing.bin',
    '\\\\host\\x',
    '%2e%2e/outside/secret.bin',
  ])
    // prettier-ignore
    yield* inFormats(83, `a shard ${JSON.stringify(name)}`, paths(name), {}, UNSAFE);
  yield* inFormats(83, 'a shard that is a link out of the folder', paths('s.bin'), { 's.bin': { link: '../outside/secret.bin' } }, UNSAFE); // prettier-ignore
  yield* inFormats(83, 'a shard behind a link out of the folder', paths('a/secret.bin'), { a: { link: '../outside' } }, UNSAFE); // prettier-ignore
  yield* inFormats(83, 'a shard that is a device', paths('s.bin'), { 's.bin': { link: '/dev/zero' } }, UNSAFE);
  yield* inFormats(83, 'a shard that is a pipe', paths('s.bin'), { 's.bin': 'pipe' }, UNSAFE);
  yield* inFormats(83, 'a shard that is a folder', paths('s'), { s: 'folder' }, UNSAFE);
  yield* inFormats(83, 'a shard of 8 GiB', paths('s.bin'), { 's.bin': { zeros: 2 ** 33 } }, refused('LIMIT', /too large/)); // prettier-ignore
  yield* inFormats(83, 'the model as its own shard', paths('model.json'), {}, refused('CORRUPT', /shards are too (long|short)/)); // prettier-ignore
  for (const path of [null, 1, {}, []]) yield* inFormats(83, `a shard ${JSON.stringify(path)}`, paths(path), {}, refused('CORRUPT', /something other than text/)); // prettier-ignore
  yield* inFormats(84, 'a shard that is missing', paths(SHARD), {}, refused('FILE', /no such file/));
  yield* inFormats(84, 'one of two shards that is missing', paths(SHARD, 'two.bin'), { [SHARD]: WHOLE }, refused('FILE', /no such file/)); // prettier-ignore
  for (const length of [0, 1, 100]) yield* inFormats(84, `a shard of ${length} bytes`, paths(SHARD), { [SHARD]: keras.shardBytes().slice(0, length) }, refused('CORRUPT', /shards are too short/)); // prettier-ignore
  yield* inFormats(84, 'a shard that is too long', paths(SHARD), { [SHARD]: joined(keras.shardBytes(), uint(0, 4)) }, refused('CORRUPT', /shards are too long/)); // prettier-ignore
  yield* inFormats(84, 'a shard twice', paths(SHARD, SHARD), { [SHARD]: WHOLE }, refused('CORRUPT', /one shard twice/)); // prettier-ignore
  yield* inFormats(84, 'a shard 2000 times', paths(...new Array<string>(2000).fill(SHARD)), { [SHARD]: new Uint8Array(2 ** 20) }, refused(['CORRUPT', 'LIMIT'], /./)); // prettier-ignore
  yield* inFormats(84, 'weights across shards', paths('a.bin', 'b.bin'), { 'a.bin': keras.shardBytes().slice(0, 45), 'b.bin': keras.shardBytes().slice(45) }, RIGHT); // prettier-ignore
  yield* inFormats(84, 'no shards', paths(), {}, refused('CORRUPT', /shards are too short/));
}

function* weights(): Generator<HostileFile> {
  const entries = keras.flat(keras.WEIGHTS).map(([name, { shape }]) => ({ name, shape: [...shape], dtype: 'float32' }));
  const withFirst = (change: Readonly<Record<string, unknown>>): Json => [{ paths: [SHARD], weights: [{ ...entries[0], ...change }, ...entries.slice(1)] }]; // prettier-ignore
  const CORRUPT = refused(['CORRUPT', 'UNSUPPORTED', 'WEIGHTS', 'LIMIT'], /./);
  const folder = { [SHARD]: WHOLE };
  yield* inFormats(84, 'one weight name twice', [{ paths: [SHARD], weights: [...entries.slice(0, 2), ...entries.slice(1)] }], { [SHARD]: joined(keras.shardBytes(), new Uint8Array(16)) }, refused('CORRUPT', /one weight twice/)); // prettier-ignore
  for (const shape of [
    [-3, -4],
    [3, -4],
    [2 ** 53, 1],
    [2 ** 31, 2 ** 31],
    [1e300],
    [null],
    ['3', '4'],
    [3.5, 4],
    [[3, 4]],
    [0, 4],
    new Array(200).fill(2),
  ])
    // prettier-ignore
    yield* inFormats(84, `a weight of ${JSON.stringify(shape).slice(0, 40)}`, withFirst({ shape }), folder, CORRUPT);
  for (const name of [null, 1, {}, undefined]) yield* inFormats(84, `a weight named ${JSON.stringify(name)}`, withFirst({ name }), folder, CORRUPT); // prettier-ignore
  for (const name of ['__proto__', 'constructor', '../../x', 'a\0b', '']) yield* inFormats(84, `a weight named ${JSON.stringify(name)}`, withFirst({ name }), folder, EITHER); // prettier-ignore
  for (const dtype of ['float99', '__proto__', 'constructor', 'toString', 'string', 'complex64', 'int64', 'uint8', '', 1, null]) yield* inFormats(85, `a weight of ${JSON.stringify(dtype)}`, withFirst({ dtype }), folder, EITHER); // prettier-ignore
  yield* inFormats(84, 'texts of 2^32 - 1 bytes', [{ paths: [SHARD], weights: [{ name: 's', shape: [4], dtype: 'string' }, ...entries] }], { [SHARD]: joined(uint(2 ** 32 - 1, 4), keras.shardBytes()) }, CORRUPT); // prettier-ignore
  yield* inFormats(84, '2^52 texts', [{ paths: [SHARD], weights: [{ name: 's', shape: [2 ** 52], dtype: 'string' }, ...entries] }], { [SHARD]: new Uint8Array(2 ** 22) }, CORRUPT); // prettier-ignore
  for (const quantization of [{ dtype: 'uint8', scale: 0, min: 0 }, { dtype: 'uint8', scale: null, min: 0 }, { dtype: 'uint8', scale: '1', min: 0 }, { dtype: 'uint8' }, { dtype: 'uint64', scale: 1, min: 0 }, { dtype: 'uint16', scale: Infinity, min: 0 }, { dtype: '__proto__', scale: 1, min: 0 }, {}, { dtype: 'uint8', scale: 1, min: null }]) // prettier-ignore
    yield* inFormats(85, `a quantisation ${JSON.stringify(quantization)}`, withFirst({ quantization }), { [SHARD]: joined(new Uint8Array(12), keras.shardBytes().slice(48)) }, CORRUPT); // prettier-ignore
  for (const scale of ['NaN', 'Infinity', '-Infinity', '1e999']) {
    const text = () => keras.tfjsText(keras.modelText(), withFirst({ quantization: { dtype: 'uint8', scale: '@', min: 0 } })).replace('"@"', scale); // prettier-ignore
    yield { kind: 85, name: `a scale of ${scale}`, format: 'tfjs-layers', main: 'model.json', make: () => ({ 'model.json': utf8(text()), [SHARD]: joined(new Uint8Array(12), keras.shardBytes().slice(48)) }), expected: refused('CORRUPT', /quantised in a way that makes no sense/) }; // prettier-ignore
  }
  for (const manifest of [[null], [[]], ['x'], [{ weights: {} }], [{ paths: 'x', weights: [] }], [{}], []] as readonly Json[]) yield* inFormats(84, `a manifest ${JSON.stringify(manifest)}`, manifest, folder, EITHER); // prettier-ignore
}

function* graphs(): Generator<HostileFile> {
  const graph = (kind: number, name: string, nodes: readonly unknown[], expected: Expected, more: Readonly<Record<string, unknown>> = {}): HostileFile => ({ kind, name, format: 'tfjs-graph', main: 'model.json', make: () => ({ ...SECRET, 'model.json': utf8(JSON.stringify({ format: 'graph-model', modelTopology: { node: nodes }, weightsManifest: [], ...more })) }), expected }); // prettier-ignore
  const x = { name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '2' }, { size: '3' }] } } } }; // prettier-ignore
  const relu = (name: string, ...input: readonly unknown[]) => ({ name, op: 'Relu', input, attr: {} });
  const REFUSED = refused(['CORRUPT', 'UNSUPPORTED', 'LIMIT', 'WEIGHTS'], /./);
  yield graph(15, 'two nodes in a circle', [x, relu('a', 'b'), relu('b', 'a')], EITHER);
  yield graph(15, 'a node that reads itself', [x, relu('a', 'a')], EITHER);
  yield graph(15, 'a circle behind the output', [x, relu('a', 'c'), relu('b', 'a'), relu('c', 'b'), relu('y', 'c')], REFUSED); // prettier-ignore
  yield graph(16, 'a node that reads nobody', [x, relu('y', 'nobody')], REFUSED);
  yield graph(16, 'a node that reads output 999999999', [x, relu('y', 'x:999999999')], REFUSED);
  yield graph(16, 'a node that reads __proto__', [x, relu('y', '__proto__')], REFUSED);
  yield graph(16, 'a node that reads a number', [x, relu('y', 7)], REFUSED);
  yield graph(17, 'two nodes of one name', [x, relu('y', 'x'), relu('y', 'x')], EITHER);
  yield graph(22, '2000 nodes in a row', [x, ...Array.from({ length: 2000 }, (_, i) => relu(`n${i}`, i === 0 ? 'x' : `n${i - 1}`))], EITHER); // prettier-ignore
  yield graph(22, '2000 nodes in a row, last one first', [...Array.from({ length: 2000 }, (_, i) => relu(`n${i}`, i === 1999 ? 'x' : `n${i + 1}`)), x], EITHER); // prettier-ignore
  yield graph(16, 'a lattice of 2^40 ways', [x, ...Array.from({ length: 40 }, (_, i) => ({ name: `n${i}`, op: 'AddV2', input: [i === 0 ? 'x' : `n${i - 1}`, i === 0 ? 'x' : `n${i - 1}`], attr: {} }))], READ); // prettier-ignore
  for (const op of ['__proto__', 'constructor', 'toString', 'PyFunc', 'ReadFile', 'WriteFile', 'While', 'StatelessWhile', 'PartitionedCall', 'If', 'HashTableV2', '']) yield graph(25, `a node of operator ${JSON.stringify(op)}`, [x, { name: 'y', op, input: ['x'], attr: {} }], REFUSED); // prettier-ignore
  for (const node of [null, 1, [], {}, { name: 'y' }, { op: 'Relu' }, { name: 1, op: 'Relu' }]) yield graph(16, `a node ${JSON.stringify(node)}`, [x, node], REFUSED); // prettier-ignore
  const constant = (name: string, ints: readonly unknown[]) => ({ name, op: 'Const', attr: { dtype: { type: 'DT_INT32' }, value: { tensor: { dtype: 'DT_INT32', intVal: ints, tensorShape: { dim: [{ size: String(ints.length) }] } } } } }); // prettier-ignore
  for (const [op, count] of [['Fill', 2], ['Tile', 2], ['Reshape', 2], ['BroadcastTo', 2], ['Range', 3]] as const) for (const size of [2 ** 31, 2 ** 53, -1]) yield graph(24, `a ${op} of ${size}`, [x, constant('c', [size, size]), { name: 'y', op, input: ['x', 'c', 'c'].slice(0, count), attr: {} }], EITHER); // prettier-ignore
  for (const size of ['-7', '9223372036854775807', 'abc', '', null, 1e300]) yield graph(29, `an input of ${JSON.stringify(size)}`, [{ ...x, attr: { ...x.attr, shape: { shape: { dim: [{ size }] } } } }, relu('y', 'x')], EITHER); // prettier-ignore
  yield graph(16, 'a signature that names nobody', [x, relu('y', 'x')], EITHER, { signature: { inputs: { a: { name: 'nobody:0' } }, outputs: { b: { name: 'nobody:0' } } } }); // prettier-ignore
  yield graph(16, 'a signature of __proto__', [x, relu('y', 'x')], EITHER, JSON.parse('{"signature": {"inputs": {"__proto__": {"name": "x:0"}}, "outputs": {"__proto__": {"name": "y:0"}}}}') as Record<string, unknown>); // prettier-ignore
}

const INDEX = 'variables/variables.index';

function* checkpoints(): Generator<HostileFile> {
  const { folder } = keras.kerasFiles('saved-model', keras.modelText());
  const index = folder[INDEX] as Uint8Array;
  const saved = (kind: number, name: string, change: () => Folder, expected: Expected): HostileFile => ({ kind, name, format: 'saved-model', main: 'saved_model.pb', make: () => ({ ...SECRET, ...folder, ...change() }), expected }); // prettier-ignore
  const REFUSED = refused(['CORRUPT', 'WEIGHTS', 'FILE', 'UNSUPPORTED', 'LIMIT', 'UNSAFE'], /./);
  const entries = entriesOf(index);
  const key = [...entries.keys()].find((each) => each.includes('kernel'))!;
  const DATA = 'variables/variables.data-00000-of-00001';
  const numbers = [0, 1, 2 ** 31, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
  for (const value of numbers) {
    yield saved(44, `a variable at byte ${value}`, () => ({ [INDEX]: tableOf(new Map([...entries, [key, keras.tensorEntry(1, [3, 4], Number(value), 48, 0)]])) }), REFUSED); // prettier-ignore
    yield saved(45, `a variable of ${value} bytes`, () => ({ [INDEX]: tableOf(new Map([...entries, [key, keras.tensorEntry(1, [3, 4], 0, Number(value), 0)]])) }), REFUSED); // prettier-ignore
    yield saved(28, `a variable of [${value}, 4]`, () => ({ [INDEX]: tableOf(new Map([...entries, [key, keras.tensorEntry(1, [Number(value), 4], 0, 48, 0)]])) }), REFUSED); // prettier-ignore
    yield saved(33, `a variable of type ${value}`, () => ({ [INDEX]: tableOf(new Map([...entries, [key, keras.tensorEntry(Number(value), [3, 4], 0, 48, 0)]])) }), REFUSED); // prettier-ignore
    yield saved(83, `${value} files of weights`, () => ({ [INDEX]: tableOf(new Map([...entries, ['', joined(Uint8Array.of(8), varint(value))]])) }), value === 1 ? RIGHT : REFUSED); // prettier-ignore
  }
  yield saved(52, 'a checksum that does not hold', () => ({ [DATA]: floats(new Array<number>(400).fill(1)) }), REFUSED);
  for (let length = 0; length < index.length; length += 61) yield saved(3, `${length} of ${index.length} bytes of the index`, () => ({ [INDEX]: index.slice(0, length) }), REFUSED); // prettier-ignore
  yield saved(40, 'an index that is a link out of the folder', () => ({ [INDEX]: { link: '../../outside/secret.bin' } }), REFUSED); // prettier-ignore
  yield saved(40, 'weights that are a link out of the folder', () => ({ [DATA]: { link: '../../outside/secret.bin' } }), REFUSED); // prettier-ignore
  yield saved(46, 'weights that are a pipe', () => ({ [DATA]: 'pipe' }), REFUSED);
  yield saved(46, 'weights of 8 GiB', () => ({ [DATA]: { zeros: 2 ** 33 } }), refused('LIMIT', /too large/));
  yield saved(8, '2000000 empty objects', () => ({ 'keras_metadata.pb': new Uint8Array(4_000_000).map((_, i) => (i % 2 === 0 ? 10 : 0)) }), REFUSED); // prettier-ignore
}

function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Uint8Array.of(...bytes, Number(rest));
}
