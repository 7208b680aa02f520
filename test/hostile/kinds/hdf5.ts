import { deflateSync } from 'node:zlib';
import { Random } from '../../export/read/fuzz/random.ts';
import { answers, EITHER, refused, type Expected, type Folder, type HostileFile } from '../hostile-file.ts';
import { floats, joined, patched, uint, utf8 } from '../write/bytes.ts';
import * as h5 from '../write/hdf5-file.ts';
import * as keras from '../write/keras-model.ts';
import { archive } from '../write/zip-file.ts';

const { Hdf5Writer, TYPE, UNDEFINED } = h5;
type Writer = InstanceType<typeof Hdf5Writer>;

const CONFIG = utf8(keras.modelText());
const RIGHT = answers(keras.kerasAnswer());
const KERNEL = keras.WEIGHTS.d1!.kernel!;
const BYTES = floats(KERNEL.values);
const SECRET: Folder = { '../outside/secret.bin': BYTES, '../outside/other.h5': keras.weightsAlone() };

/** What leads to the first kernel, in the place of a plain dataset. */
type Make = (file: Writer) => h5.Target | { readonly links: readonly h5.Message[] };

/** A model file whose first kernel is made in this way: whole, in an archive, in a folder, beside its architecture. */
function* inFormats(kind: number, name: string, make: Make, expected: Expected): Generator<HostileFile> {
  const folders: readonly [HostileFile['format'], string, () => Folder][] = [
    ['keras-h5', 'model.h5', () => ({ 'model.h5': whole(make, true) })],
    ['keras-json', 'model.json', () => ({ 'model.json': CONFIG, 'model.h5': whole(make, false) })],
    ['keras-zip', 'model.keras', () => ({ 'model.keras': archive(Object.entries(members(make)).map(([each, content]) => ({ name: each, content }))) })],
    ['keras-folder', 'config.json', () => members(make)],
  ]; // prettier-ignore
  for (const [format, main, folder] of folders) yield { kind, name, format, main, make: () => ({ ...SECRET, ...folder() }), expected }; // prettier-ignore
}

const group = (file: Writer, members: Record<string, h5.Target>, kernel: string, made: ReturnType<Make>, messages: readonly h5.Message[] = []): number => {
  if (typeof made !== 'object' || 'soft' in made) return file.group({ ...members, [kernel]: made }, messages);
  const hard = Object.entries(members).map(([name, target]) => h5.link(name, target as number));
  return file.compactGroup([...hard, ...made.links], messages);
}; // prettier-ignore

/** The layout of `model.save('x.h5')`. */
function whole(make: Make, hasConfig: boolean): Uint8Array {
  const file = new Hdf5Writer();
  const others = Object.fromEntries(
    Object.entries(keras.WEIGHTS).map(([layer, variables]) => {
      const datasets = Object.fromEntries(Object.entries(variables).map(([name, { shape, values }]): [string, h5.Target] => [`${name}:0`, file.dataset({ shape, bytes: floats(values) })])); // prettier-ignore
      const inner = layer === 'd1' ? group(file, { 'bias:0': datasets['bias:0']! }, 'kernel:0', make(file)) : file.group(datasets); // prettier-ignore
      const names = file.list('weight_names', Object.keys(variables).map((name) => `${layer}/${name}:0`)); // prettier-ignore
      return [layer, file.group({ [layer]: inner }, [names])];
    }),
  );
  const names = file.list('layer_names', Object.keys(keras.WEIGHTS));
  const texts = hasConfig ? [file.text('model_config', CONFIG)] : [names];
  const root = hasConfig ? file.group({ model_weights: file.group(others, [names]) }, texts) : file.group(others, texts); // prettier-ignore
  return file.finish(root);
}

function members(make: Make): Record<string, Uint8Array> {
  const weights = keras.pathH5(keras.WEIGHTS, (file, layers) => {
    const { bias } = keras.WEIGHTS.d1!;
    const vars = group(file, { '1': file.dataset({ shape: bias!.shape, bytes: floats(bias!.values) }) }, '0', renamed(make(file))); // prettier-ignore
    layers.dense = file.group({ vars });
  });
  return { ...keras.members(CONFIG), 'model.weights.h5': weights };
}

/** Links are made for the kernel of the other layout. */
function renamed(made: ReturnType<Make>): ReturnType<Make> {
  if (typeof made !== 'object' || 'soft' in made) return made;
  const old = utf8('kernel:0');
  const text = (body: Uint8Array) => Buffer.from(body).indexOf(old);
  return { links: made.links.map(({ type, body }) => ({ type, body: text(body) < 0 ? body : joined(body.slice(0, text(body) - 1), Uint8Array.of(1), utf8('0'), body.slice(text(body) + old.length)) })) }; // prettier-ignore
}

const ELSEWHERE = refused('UNSAFE', /(a link in the file leads elsewhere|takes its values from other files)/);
const DAMAGED = refused(['CORRUPT', 'WEIGHTS', 'UNSUPPORTED', 'LIMIT'], /./);

/** Kinds 65 to 75: HDF5. */
export function* hdf5Kinds(): Generator<HostileFile> {
  yield* inFormats(0, 'nothing', (file) => file.dataset({ shape: KERNEL.shape, bytes: BYTES }), RIGHT);
  yield* elsewhere();
  yield* circles();
  yield* claims();
  yield* damage();
  yield* forms();
  yield* types();
  yield* attributes();
}

function* elsewhere(): Generator<HostileFile> {
  for (const path of ['../outside/other.h5', '/etc/hostname', 'other.h5', '', 'model.h5'])
    yield* inFormats(65, `an external link to ${JSON.stringify(path)}`, () => ({ links: [h5.link('kernel:0', { file: path, path: '/d1/d1/kernel:0' })] }), ELSEWHERE); // prettier-ignore
  yield* inFormats(65, 'a link of a kind of its own', () => ({ links: [h5.link('kernel:0', 'own')] }), ELSEWHERE);
  for (const path of ['../outside/secret.bin', '/etc/hostname', '/dev/zero', 'model.h5', ''])
    yield* inFormats(66, `values in ${JSON.stringify(path)}`, (file) => {
      const heap = file.localHeap(joined(utf8(`${path}\0`), new Uint8Array(16)));
      return file.dataset({ shape: KERNEL.shape, at: UNDEFINED, byteLength: 48, more: [h5.externalFiles(heap, 48)] });
    }, ELSEWHERE); // prettier-ignore
  yield* inFormats(66, 'values in another file of 2^63 bytes', (file) => file.dataset({ shape: KERNEL.shape, at: UNDEFINED, byteLength: 48, more: [h5.externalFiles(file.localHeap(utf8('x\0')), 2n ** 63n)] }), ELSEWHERE); // prettier-ignore
  yield* inFormats(67, 'a virtual dataset', (file) => file.dataset({ shape: KERNEL.shape, layout: h5.virtual(file.put(new Uint8Array(64))) }), ELSEWHERE); // prettier-ignore
  yield* inFormats(67, 'a virtual dataset whose map lies nowhere', (file) => file.dataset({ shape: KERNEL.shape, layout: h5.virtual(2 ** 40) }), ELSEWHERE); // prettier-ignore
  for (const soft of ['/', '.', '/model_weights', 'kernel:0', '/d2/d2/kernel:0', '../../x'])
    yield* inFormats(68, `a soft link to ${soft}`, () => ({ soft }), ELSEWHERE);
}

function* circles(): Generator<HostileFile> {
  yield* inFormats(68, 'a kernel that is the root', () => 'root', refused(['WEIGHTS', 'LIMIT', 'UNSUPPORTED', 'CORRUPT'], /./)); // prettier-ignore
  yield* inFormats(68, 'a kernel that is a group of the root', (file) => file.group({ again: 'root' }), DAMAGED);
  yield* inFormats(68, 'a ladder of 40 groups with two names each', (file) => {
    let target: h5.Target = file.dataset({ shape: KERNEL.shape, bytes: BYTES });
    for (let level = 0; level < 40; level++) target = file.group({ a: target, b: target });
    return target;
  }, DAMAGED); // prettier-ignore
  yield* inFormats(68, '5000 groups in each other', (file) => {
    let target: h5.Target = file.dataset({ shape: KERNEL.shape, bytes: BYTES });
    for (let level = 0; level < 5000; level++) target = file.compactGroup([h5.link('in', target)]);
    return target;
  }, DAMAGED); // prettier-ignore
  yield* inFormats(68, 'a table of names that is its own child', (file) => {
    const at = file.end;
    file.put(h5.treeNode({ type: 0, level: 1, keys: [uint(0, 8), uint(8, 8)], children: [at], room: 32 }));
    const heap = file.localHeap(joined(new Uint8Array(8), utf8('kernel:0\0')));
    return file.header([{ type: 17, body: joined(uint(at, 8), uint(heap, 8)) }]);
  }, DAMAGED); // prettier-ignore
  yield* inFormats(68, 'chunks that are their own children', (file) => {
    const at = file.end;
    file.put(h5.treeNode({ type: 1, level: 1, keys: [h5.chunkKey(48, [0, 0]), h5.chunkKey(0, [3, 4])], children: [at], room: 64 })); // prettier-ignore
    return file.dataset({ shape: KERNEL.shape, layout: h5.chunked(at, [3, 4]) });
  }, DAMAGED); // prettier-ignore
  yield* inFormats(68, 'a header that continues in itself', (file) => {
    const at = file.end;
    return file.header([h5.continuation(at, 48), { type: 1, body: h5.dataspace([3, 4]) }]);
  }, DAMAGED); // prettier-ignore
  yield* inFormats(68, 'a header that continues in another place each time', (file) => {
    const at = file.end;
    const blocks = joined(...Array.from({ length: 5000 }, (_, i) => joined(uint(16, 2), uint(16, 2), uint(0, 4), uint(at + 24 * ((i + 1) % 5000), 8), uint(24, 8)))); // prettier-ignore
    file.put(blocks);
    return file.header([h5.continuation(at, 24)]);
  }, DAMAGED); // prettier-ignore
}

function* claims(): Generator<HostileFile> {
  const SHAPES: readonly (readonly (number | bigint)[])[] = [[2 ** 34], [2 ** 40, 4], [2n ** 62n, 4], [2n ** 63n], [2 ** 32, 2 ** 32], [3, 4, 2 ** 50], [2n ** 64n - 1n], [1, 2 ** 53]]; // prettier-ignore
  for (const shape of SHAPES) {
    yield* inFormats(69, `a kernel of [${shape.join(', ')}]`, (file) => file.dataset({ shape, bytes: BYTES }), DAMAGED);
    yield* inFormats(69, `a kernel of [${shape.join(', ')}] that is stored nowhere`, (file) => file.dataset({ shape, at: UNDEFINED, byteLength: 0 }), DAMAGED); // prettier-ignore
    yield* inFormats(69, `a kernel of [${shape.join(', ')}] in chunks`, (file) => file.dataset({ shape, layout: h5.chunked(UNDEFINED, shape.map(() => 2 ** 20)) }), DAMAGED); // prettier-ignore
  }
  for (const byteLength of [0, 47, 49, 2 ** 40, 2n ** 63n])
    yield* inFormats(69, `a kernel stored in ${byteLength} bytes, as it says`, (file) => file.dataset({ shape: KERNEL.shape, bytes: BYTES, byteLength }), EITHER); // prettier-ignore
  for (const at of [0, 2 ** 40, 2n ** 63n, 2n ** 64n - 2n])
    yield* inFormats(69, `a kernel at byte ${at}`, (file) => file.dataset({ shape: KERNEL.shape, at, byteLength: 48 }), at === 0 ? EITHER : DAMAGED); // prettier-ignore
  const chunk = (name: string, bytes: Uint8Array, chunkShape: readonly number[], ids: readonly number[], expected: Expected, offsets: readonly (number | bigint)[] = [0, 0], stated = bytes.length) =>
    inFormats(69, name, (file) => {
      const tree = file.put(h5.treeNode({ type: 1, level: 0, keys: [h5.chunkKey(stated, offsets), h5.chunkKey(0, [3, 4])], children: [file.put(bytes)], room: 64 }));
      return file.dataset({ shape: KERNEL.shape, layout: h5.chunked(tree, chunkShape), more: ids.length > 0 ? [h5.filters(...ids)] : [] });
    }, expected); // prettier-ignore
  const packed = new Uint8Array(deflateSync(BYTES));
  yield* chunk('a kernel in a chunk', BYTES, [3, 4], [], RIGHT);
  yield* chunk('a kernel in a deflated chunk', packed, [3, 4], [1], RIGHT);
  yield* chunk('a chunk that inflates to 64 MB', new Uint8Array(deflateSync(new Uint8Array(2 ** 26))), [3, 4], [1], DAMAGED); // prettier-ignore
  yield* chunk('chunks of 4 GiB', packed, [2 ** 15, 2 ** 15], [1], DAMAGED);
  yield* chunk('chunks of 2^62 elements', packed, [2 ** 31, 2 ** 31], [1], DAMAGED);
  yield* chunk('chunks of 256 MB', packed, [2 ** 13, 2 ** 13], [1], DAMAGED);
  yield* chunk('chunks of no size', packed, [0, 4], [1], DAMAGED);
  yield* chunk('a chunk in a place that is outside', BYTES, [3, 4], [], DAMAGED, [3000, 4000]);
  yield* chunk('a chunk in a place beyond 2^53', BYTES, [3, 4], [], DAMAGED, [2n ** 60n, 0]);
  yield* chunk('a chunk of 2^32 - 1 bytes', BYTES, [3, 4], [], DAMAGED, [0, 0], 2 ** 32 - 1);
  yield* chunk('a chunk that is no deflate stream', BYTES, [3, 4], [1], DAMAGED);
  yield* chunk('a chunk deflated 32 times', packed, [3, 4], new Array<number>(32).fill(1), DAMAGED);
  for (const id of [4, 5, 6, 32000, 32015, 65535]) yield* (function* () {
    for (const each of chunk(`filter ${id}`, packed, [3, 4], [id], refused('UNSUPPORTED', /filter/))) yield { ...each, kind: 72 };
  })(); // prettier-ignore
}

function* damage(): Generator<HostileFile> {
  const base = keras.wholeH5(CONFIG);
  const alone = keras.pathH5();
  const one = (kind: number, name: string, make: () => Uint8Array, expected: Expected): HostileFile => ({ kind, name, format: 'keras-h5', main: 'model.h5', make: () => ({ 'model.h5': make() }), expected }); // prettier-ignore
  for (let length = 0; length < base.length; length += 331) yield one(70, `${length} of ${base.length} bytes`, () => base.slice(0, length), refused(['CORRUPT', 'FORMAT', 'FILE'], /./)); // prettier-ignore
  for (let seed = 0; seed < 120; seed++) {
    const random = new Random(70, seed);
    const [at, value] = [random.below(base.length), random.below(256)];
    yield one(70, `byte ${at} is ${value}`, () => patched(base, at, Uint8Array.of(value)), EITHER);
    const place = 8 * random.below(Math.floor(alone.length / 8));
    const number = random.pick([0n, 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, UNDEFINED, BigInt(alone.length)]);
    yield { kind: 70, name: `the number at ${place} is ${number}`, format: 'keras-folder', main: 'config.json', make: () => ({ ...keras.members(CONFIG), 'model.weights.h5': patched(alone, place, uint(number, 8)) }), expected: EITHER }; // prettier-ignore
  }
  const ODD: readonly [string, (file: Uint8Array) => Uint8Array][] = [
    ['the signature alone', (file) => file.slice(0, 8)],
    ['superblock 9', (file) => patched(file, 8, Uint8Array.of(9))],
    ['superblock 3', (file) => patched(file, 8, Uint8Array.of(3))],
    ['addresses of 0 bytes', (file) => patched(file, 13, Uint8Array.of(0))],
    ['addresses of 255 bytes', (file) => patched(file, 13, Uint8Array.of(255))],
    ['a base address', (file) => patched(file, 24, uint(512, 8))],
    ['an end of 2^62', (file) => patched(file, 40, uint(2n ** 62n, 8))],
    ['a root at its end', (file) => patched(file, 64, uint(file.length, 8))],
    ['a root of 2^63', (file) => patched(file, 64, uint(2n ** 63n, 8))],
    ['a root that is none', (file) => patched(file, 64, uint(UNDEFINED, 8))],
    ['a root in the superblock', (file) => patched(file, 64, uint(0, 8))],
  ]; // prettier-ignore
  for (const [name, change] of ODD) yield one(70, name, () => change(base), DAMAGED);
  yield { kind: 12, name: 'an HDF5 file that says it has 8 GiB', format: 'keras-h5', main: 'model.h5', make: () => ({ 'model.h5': { zeros: 2 ** 33 } }), expected: refused('LIMIT', /./) }; // prettier-ignore
}

/** Parts of the format that our own reader leaves to the library. */
function* forms(): Generator<HostileFile> {
  const strange = (file: Writer) => file.dataset({ shape: [1], layout: h5.unfamiliar(floats([1])) });
  yield* inFormats(71, 'a strange dataset beside it', (file) => file.group({ s: strange(file) }), DAMAGED);
  yield* inFormats(71, 'values in another file, read by the library', (file) => {
    const heap = file.localHeap(utf8('/etc/hostname\0\0\0'));
    strange(file);
    return file.group({ s: strange(file), k: file.dataset({ shape: [3, 4], at: UNDEFINED, byteLength: 48, more: [h5.externalFiles(heap, 48)] }) }); // prettier-ignore
  }, refused(['UNSAFE', 'WEIGHTS'], /values from other files|does not hold/)); // prettier-ignore
  yield* inFormats(71, 'an external link, read by the library', (file) => file.compactGroup([h5.link('k', { file: '/etc/hostname', path: '/' }), h5.link('s', strange(file))]), refused(['UNSAFE', 'CORRUPT', 'WEIGHTS'], /./)); // prettier-ignore
  yield* inFormats(71, 'a kernel without a layout', (file) => file.header([{ type: 1, body: h5.dataspace([3, 4]) }, { type: 3, body: TYPE.float32 }]), DAMAGED); // prettier-ignore
  yield* inFormats(71, 'a kernel without a shape', (file) => file.header([{ type: 3, body: TYPE.float32 }, h5.contiguous(file.put(BYTES), 48)]), DAMAGED); // prettier-ignore
  yield* inFormats(71, 'a kernel without a type', (file) => file.header([{ type: 1, body: h5.dataspace([3, 4]) }, h5.contiguous(file.put(BYTES), 48)]), DAMAGED); // prettier-ignore
  yield* inFormats(71, 'a layout of kind 9', (file) => file.dataset({ shape: [3, 4], layout: { type: 8, body: joined(Uint8Array.of(3, 9), new Uint8Array(16)) } }), DAMAGED); // prettier-ignore
  yield* inFormats(71, 'a compact kernel that is cut', (file) => file.dataset({ shape: [3, 4], layout: h5.compact(BYTES.slice(0, 20)) }), DAMAGED); // prettier-ignore
  yield* inFormats(71, 'a compact kernel', (file) => file.dataset({ shape: [3, 4], layout: h5.compact(BYTES) }), RIGHT);
  yield* inFormats(71, 'a kernel of 255 dimensions', (file) => file.dataset({ shape: [], space: joined(Uint8Array.of(1, 255, 0, 0, 0, 0, 0, 0), ...Array.from({ length: 255 }, () => uint(1, 8))), bytes: BYTES }), DAMAGED); // prettier-ignore
  yield* inFormats(71, 'shared messages', (file) => file.header([{ type: 1, body: h5.dataspace([3, 4]), flags: 2 }, { type: 3, body: TYPE.float32, flags: 2 }, h5.contiguous(file.put(BYTES), 48)]), DAMAGED); // prettier-ignore
}

function* types(): Generator<HostileFile> {
  const refusedType = refused(['UNSUPPORTED', 'CORRUPT'], /./);
  yield* inFormats(73, 'a kernel of lists', (file) => file.dataset({ shape: KERNEL.shape, bytes: new Uint8Array(16 * 12), type: TYPE.variableFloats }), refusedType); // prettier-ignore
  yield* inFormats(73, 'a kernel of texts', (file) => file.dataset({ shape: KERNEL.shape, bytes: new Uint8Array(16 * 12), type: TYPE.variableText }), refusedType); // prettier-ignore
  yield* inFormats(73, 'a kernel of references', (file) => file.dataset({ shape: KERNEL.shape, bytes: new Uint8Array(8 * 12), type: TYPE.reference }), refusedType); // prettier-ignore
  yield* inFormats(73, 'a kernel of records', (file) => file.dataset({ shape: KERNEL.shape, bytes: BYTES, type: TYPE.compound }), refusedType); // prettier-ignore
  yield* inFormats(73, 'a kernel of 24-bit integers', (file) => file.dataset({ shape: KERNEL.shape, bytes: BYTES, type: TYPE.int24 }), refusedType); // prettier-ignore
  yield* inFormats(73, 'a kernel of text of no length', (file) => file.dataset({ shape: KERNEL.shape, bytes: BYTES, type: TYPE.text(0) }), refusedType); // prettier-ignore
  yield* inFormats(73, 'a kernel of text of 4 GiB', (file) => file.dataset({ shape: KERNEL.shape, bytes: BYTES, type: TYPE.text(2 ** 32 - 1) }), refusedType); // prettier-ignore
  const big = Uint8Array.from(BYTES);
  for (let at = 0; at < big.length; at += 4) big.subarray(at, at + 4).reverse();
  yield* inFormats(74, 'a big-endian kernel', (file) => file.dataset({ shape: KERNEL.shape, bytes: big, type: TYPE.bigFloat32 }), RIGHT); // prettier-ignore
  yield* inFormats(74, 'a kernel of float64', (file) => file.dataset({ shape: KERNEL.shape, bytes: new Uint8Array(Float64Array.from(KERNEL.values).buffer), type: TYPE.float64 }), RIGHT); // prettier-ignore
  yield* inFormats(74, 'a kernel of float16, half as long', (file) => file.dataset({ shape: KERNEL.shape, bytes: BYTES.slice(0, 20), type: TYPE.float16 }), DAMAGED); // prettier-ignore
  yield* inFormats(74, 'a kernel of float16 with twice the bytes', (file) => file.dataset({ shape: KERNEL.shape, bytes: BYTES, type: TYPE.float16 }), EITHER); // prettier-ignore
}

function* attributes(): Generator<HostileFile> {
  const text = (
    kind: number,
    name: string,
    messages: (file: Writer) => readonly h5.Message[],
    expected: Expected,
  ): HostileFile => ({
    kind,
    name,
    format: 'keras-h5',
    main: 'model.h5',
    make: () => {
      const file = new Hdf5Writer();
      const groups = keras.layerGroups(file, keras.WEIGHTS);
      return { 'model.h5': file.finish(file.group({ model_weights: groups }, messages(file))) };
    },
    expected,
  });
  yield text(75, 'no model_config', () => [], refused('FILE', /weights without an architecture|weights alone|architecture/)); // prettier-ignore
  yield text(75, 'a model_config that is a number', () => [h5.attribute('model_config', TYPE.float32, [], floats([1]))], EITHER); // prettier-ignore
  yield text(75, 'a model_config in pieces', (file) => [file.text('model_config0', '{"class_name":'), file.text('model_config1', ' "x"}')], EITHER); // prettier-ignore
  yield text(75, 'an empty model_config', (file) => [file.text('model_config', '')], DAMAGED);
  yield text(75, 'two model_configs', (file) => [file.text('model_config', CONFIG), file.text('model_config', '{}')], EITHER); // prettier-ignore
  for (const index of [0, 2, 65_535, 2 ** 32 - 1]) yield text(75, `a text at index ${index} of its heap`, (file) => [h5.attribute('model_config', TYPE.variableText, [], patched(file.texts([CONFIG])[0]!, 12, uint(index, 4)))], DAMAGED); // prettier-ignore
  for (const at of [0, 2 ** 40, UNDEFINED, 8]) yield text(75, `a text in a heap at ${at}`, (file) => [h5.attribute('model_config', TYPE.variableText, [], patched(file.texts([CONFIG])[0]!, 4, uint(at, 8)))], EITHER); // prettier-ignore
  for (const length of [0, 1, 2 ** 32 - 1]) yield text(75, `a text of ${length} bytes, as it says`, (file) => [h5.attribute('model_config', TYPE.variableText, [], patched(file.texts([CONFIG])[0]!, 0, uint(length, 4)))], EITHER); // prettier-ignore
  for (const size of [0, 8, 2n ** 40n, 2n ** 63n, UNDEFINED]) yield text(75, `a heap of ${size} bytes, as it says`, (file) => { const place = file.put(joined(utf8('GCOL'), Uint8Array.of(1, 0, 0, 0), uint(size, 8), uint(1, 2), uint(1, 2), uint(0, 4), uint(2, 8), utf8('{}'), new Uint8Array(64))); return [h5.attribute('model_config', TYPE.variableText, [], joined(uint(2, 4), uint(place, 8), uint(1, 4)))]; }, EITHER); // prettier-ignore
  for (const count of [2 ** 20, 2 ** 32, 2n ** 62n]) yield text(75, `${count} texts, as it says`, (file) => [file.text('model_config', CONFIG), h5.attribute('keras_version', TYPE.text(16), [count], new Uint8Array(16))], DAMAGED); // prettier-ignore
  yield text(75, '3000 texts of no length', (file) => [file.text('model_config', CONFIG), h5.attribute('keras_version', TYPE.text(0), [2 ** 31], new Uint8Array(0))], DAMAGED); // prettier-ignore
  yield text(75, 'a name without an end', (file) => [file.text('model_config', CONFIG), { type: 12, body: joined(Uint8Array.of(1, 0), uint(8, 2), uint(8, 2), uint(8, 2), utf8('abcdefgh'), new Uint8Array(64)) }], EITHER); // prettier-ignore
  yield text(75, 'sizes of 65535 in an attribute', (file) => [file.text('model_config', CONFIG), { type: 12, body: joined(Uint8Array.of(1, 0), uint(65_535, 2), uint(65_535, 2), uint(65_535, 2), new Uint8Array(64)) }], EITHER); // prettier-ignore
}
