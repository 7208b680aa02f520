import { EITHER, refused, type Entry, type Expected, type Folder, type HostileFile } from '../hostile-file.ts';
import { joined, utf8 } from '../write/bytes.ts';
import * as onnx from '../write/onnx-file.ts';
import { field, int } from '../write/protobuf.ts';
import { RIGHT } from './wire.ts';

type Entries = Parameters<typeof onnx.external>[2];

const UNSAFE = (saying: RegExp): Expected => refused('UNSAFE', saying);
const LEAVES = UNSAFE(/(leads out of the folder|may not be read)/);
/** Lies beside the folder of the model, where nobody may look; of the size that is wanted, so that reading it would do. */
const SECRET: Folder = { '../outside/secret.bin': onnx.weightBytes() };

const model = (entries: Entries, dims: readonly number[] = [3, 4]): Uint8Array =>
  onnx.normalized({ replace: { W: onnx.external('W', dims, entries) } });

function beside(
  kind: number,
  name: string,
  bytes: () => Uint8Array,
  folder: Folder,
  expected: Expected,
  main = 'm.onnx',
): HostileFile {
  // prettier-ignore
  return { kind, name, format: 'onnx-external', main, make: () => ({ ...SECRET, [main]: bytes(), ...folder }), expected }; // prettier-ignore
}

const at = (kind: number, location: string, expected: Expected, folder: Folder = {}): HostileFile =>
  beside(kind, `a weight at ${JSON.stringify(location)}`, () => model({ location }), folder, expected);

const WEIGHTS: Entry = onnx.weightBytes();

/** Kinds 37 to 52: weights in other files. */
export function* externalKinds(): Generator<HostileFile> {
  yield* names();
  yield* links();
  yield* ranges();
  yield* keys();
  yield* places();
}

function* names(): Generator<HostileFile> {
  yield at(37, 'w.bin', RIGHT, { 'w.bin': WEIGHTS });
  yield at(37, './w.bin', RIGHT, { 'w.bin': WEIGHTS });
  yield at(37, 'deep/in/w.bin', RIGHT, { 'deep/in/w.bin': WEIGHTS });
  for (const location of ['../outside/secret.bin', '../../etc/passwd', '..', '../', './../outside/secret.bin']) yield at(37, location, LEAVES); // prettier-ignore
  for (const location of [
    'a/../../outside/secret.bin',
    'a/b/../../../outside/secret.bin',
    'a/..',
    'w.bin/..',
    '....//outside/secret.bin',
    'a/./../../outside/secret.bin',
    'a/../w.bin',
  ])
    // prettier-ignore
    yield at(38, location, refused(['UNSAFE', 'FILE'], /./), { 'a/b/x': WEIGHTS, 'w.bin': WEIGHTS });
  for (const location of [
    '/etc/passwd',
    '/etc/hostname',
    '//etc/passwd',
    '///etc/hostname',
    'C:\\x',
    'c:/x',
    'C:w.bin',
    '\\\\host\\x',
    '..\\outside\\secret.bin',
    'file:///etc/passwd',
    'file:w.bin',
    'http://localhost/w.bin',
    'https://localhost/x',
    'data:,x',
    '//host/x',
    '~/x:y',
    '\\w.bin',
    'a\\b',
  ])
    // prettier-ignore
    yield at(39, location, refused(['UNSAFE', 'FILE'], /may not be read|no such file/));
  for (const location of [
    '',
    '.',
    './',
    '/',
    'w.bin/',
    'w.bin.',
    'w.bin ',
    'con',
    'CON',
    'CON.bin',
    'nul',
    'lpt1.bin',
    'aux',
    'a/con',
    'w\0.bin',
    'w.bin\0',
    '\0',
    ' ',
    'a//w.bin',
    'W.BIN',
    'w.bin:stream',
    '%2e%2e/outside/secret.bin',
    '..%2foutside',
    '\u2025/outside',
    'w\n.bin',
    '\u001b[2Jw.bin',
    'x'.repeat(300),
    'x/'.repeat(3000),
  ])
    // prettier-ignore
    yield at(46, location, refused(['UNSAFE', 'FILE'], /./), { 'a/x': WEIGHTS, 'w.bin': WEIGHTS });
  yield at(46, 'folder', refused(['FILE', 'UNSAFE'], /regular file|folder/), { folder: 'folder' });
  yield at(46, 'pipe', refused('FILE', /regular file/), { pipe: 'pipe' });
  for (const device of ['zero', 'urandom', 'stdin', 'tty', 'full', 'mem']) yield at(46, device, refused(['UNSAFE', 'FILE'], /./), { [device]: { link: `/dev/${device}` } }); // prettier-ignore
  yield at(46, 'self', UNSAFE(/link/), { self: { link: '/proc/self/environ' } });
  yield at(46, 'missing.bin', refused('FILE', /missing\.bin: .*no such file/));
  for (const marker of ['*/_ORT_MEM_ADDR_/*', '_ORT_MEM_ADDR_', 'x/_ORT_MEM_ADDR_']) yield at(48, marker, UNSAFE(/memory of another process/)); // prettier-ignore
}

function* links(): Generator<HostileFile> {
  const OUT = UNSAFE(/link that leads out of the folder/);
  yield at(40, 'w.bin', OUT, { 'w.bin': { link: '../outside/secret.bin' } });
  yield at(40, 'w.bin', OUT, { 'w.bin': { link: '/etc/hostname' } });
  yield at(40, 'w.bin', OUT, { 'w.bin': { link: 'b.bin' }, 'b.bin': { link: '../outside/secret.bin' } });
  yield at(40, 'w.bin', refused('FILE', /no such file/), { 'w.bin': { link: 'nowhere' } });
  yield at(40, 'w.bin', refused('FILE', /links lead nowhere/), {
    'w.bin': { link: 'b.bin' },
    'b.bin': { link: 'w.bin' },
  });
  yield at(40, 'w.bin', RIGHT, { 'w.bin': { link: 'inner/b.bin' }, 'inner/b.bin': WEIGHTS });
  yield at(41, 'a/secret.bin', OUT, { a: { link: '../outside' } });
  yield at(41, 'a/b/secret.bin', OUT, { 'x/y': WEIGHTS, a: { link: 'x' }, 'x/b': { link: '../../outside' } });
  yield at(41, 'a/hostname', OUT, { a: { link: '/etc' } });
  yield at(41, 'a/w.bin', RIGHT, { a: { link: 'b' }, 'b/w.bin': WEIGHTS });
  yield at(41, 'a/outside/secret.bin', OUT, { a: { link: '..' } });
  yield at(42, 'w.bin', UNSAFE(/hard link/), { 'w.bin': { hardLink: '../outside/secret.bin' } });
  yield at(42, 'w.bin', UNSAFE(/hard link/), { 'b.bin': WEIGHTS, 'w.bin': { hardLink: 'b.bin' } });
  const cached: Folder = { 'blobs/m': model({ location: 'w.bin' }), 'blobs/w': WEIGHTS, 'blobs/w.bin': WEIGHTS };
  yield { ...beside(43, 'the folders of the Hugging Face cache', () => model({ location: 'w.bin' }), {}, RIGHT, 'snapshots/1/m.onnx'), make: () => ({ ...cached, 'snapshots/1/m.onnx': { link: '../../blobs/m' }, 'snapshots/1/w.bin': { link: '../../blobs/w' } }) }; // prettier-ignore
  yield { ...beside(43, 'the same, with data that lead out of it', () => model({ location: 'w.bin' }), {}, OUT, 'snapshots/1/m.onnx'), make: () => ({ ...SECRET, ...cached, 'snapshots/1/m.onnx': { link: '../../blobs/m' }, 'snapshots/1/w.bin': { link: '../../../outside/secret.bin' } }) }; // prettier-ignore
}

function* ranges(): Generator<HostileFile> {
  const range = (name: string, entries: Record<string, string>, expected: Expected, size = 48, kind = 44) => beside(kind, name, () => model({ location: 'w.bin', ...entries }), { 'w.bin': new Uint8Array(size) }, expected); // prettier-ignore
  const BAD = ['-1', '-0', '+0', '0x10', '1e3', '4.5', 'NaN', 'Infinity', '', ' 0', '0 ', 'abc', '9007199254740993', '18446744073709551608', '9223372036854775808', '99999999999999999999', '１', '0\0']; // prettier-ignore
  for (const text of BAD) {
    yield range(`offset ${JSON.stringify(text)}`, { offset: text }, refused('CORRUPT', /offset of the external data is not a byte count/)); // prettier-ignore
    yield range(`length ${JSON.stringify(text)}`, { length: text }, refused('CORRUPT', /length of the external data is not a byte count/)); // prettier-ignore
  }
  for (const offset of ['1', '47', '48', '49', '4096', '9007199254740991'])
    yield range(`an offset of ${offset} in 48 bytes`, { offset }, refused('CORRUPT', /too short/));
  for (const length of ['0', '1', '44', '47', '49', '9007199254740991', '0000000000000047'])
    yield range(`a length of ${length} for 48 bytes`, { length }, refused('CORRUPT', /do not fill the shape/));
  yield range('a length with zeros in front', { length: '0000000000000048' }, EITHER);
  yield range('an offset and a length that overflow together', { offset: '9007199254740990', length: '48' }, refused('CORRUPT', /too short/)); // prettier-ignore
  for (const size of [0, 1, 20, 46, 47]) yield range(`a file of ${size} of 48 bytes`, {}, refused('CORRUPT', /too short/), size, 45); // prettier-ignore
  yield range('an offset that is not aligned', { offset: '3' }, EITHER, 60, 45);
  yield beside(45, 'a weight of 4 TiB in a file of 48 bytes', () => model({ location: 'w.bin' }, [2 ** 40]), { 'w.bin': WEIGHTS }, refused('CORRUPT', /too short/)); // prettier-ignore
  yield beside(45, 'a weight of 2^62 elements', () => model({ location: 'w.bin' }, [2 ** 31, 2 ** 31]), { 'w.bin': WEIGHTS }, refused('CORRUPT', /too large/)); // prettier-ignore
  yield beside(45, 'nothing of a file that is not there', () => onnx.normalized({ replace: { extra: onnx.external('extra', [0], { location: 'none.bin' }) } }), {}, RIGHT); // prettier-ignore
  yield beside(44, 'a hundred weights that share their bytes', () => onnx.normalized({ replace: Object.fromEntries([['W', onnx.external('W', [3, 4], { location: 'w.bin' })], ...Array.from({ length: 100 }, (_, i): [string, Uint8Array] => [`e${i}`, onnx.external(`e${i}`, [12], { location: 'w.bin' })])]) }), { 'w.bin': WEIGHTS }, RIGHT); // prettier-ignore
}

function* keys(): Generator<HostileFile> {
  const listed = (name: string, entries: Entries, expected: Expected) => beside(47, name, () => model(entries), { 'w.bin': WEIGHTS }, expected); // prettier-ignore
  for (const key of ['__proto__', '__class__', 'constructor', 'basepath', 'LOCATION', 'location ', ''])
    yield listed(`a key ${JSON.stringify(key)}`, [['location', 'w.bin'], [key, '../outside/secret.bin']], refused('CORRUPT', /unknown key/)); // prettier-ignore
  yield listed('two locations', [['location', 'w.bin'], ['location', '../outside/secret.bin']], refused('CORRUPT', /give their location twice/)); // prettier-ignore
  yield listed('two offsets', [['location', 'w.bin'], ['offset', '0'], ['offset', '4']], refused('CORRUPT', /give their offset twice/)); // prettier-ignore
  yield listed('no location', { offset: '0' }, refused('CORRUPT', /have no location/));
  yield listed('no entries', {}, refused('CORRUPT', /have no location/));
  yield beside(47, 'a key and no value', () => onnx.normalized({ replace: { W: onnx.tensor('W', [3, 4], { data: joined(field(13, field(1, 'location')), int(14, 1)) }) } }), {}, refused('UNSAFE', /empty/)); // prettier-ignore
  yield beside(47, 'entries, but data inside', () => onnx.normalized({ replace: { W: onnx.tensor('W', [3, 4], { data: joined(field(9, onnx.weightBytes()), field(13, onnx.entry('location', '../outside/secret.bin'))) }) } }), {}, RIGHT); // prettier-ignore
  yield beside(47, 'strings in another file', () => onnx.normalized({ replace: { W: onnx.tensor('W', [3, 4], { type: 8, data: joined(field(13, onnx.entry('location', 'w.bin')), int(14, 1)) }) } }), { 'w.bin': WEIGHTS }, refused('CORRUPT', /strings/)); // prettier-ignore
  yield listed('a checksum that does not hold', { location: 'w.bin', checksum: '0'.repeat(40) }, EITHER);
}

function* places(): Generator<HostileFile> {
  yield at(49, 'm.onnx', UNSAFE(/it is the model itself/));
  yield at(49, './m.onnx', UNSAFE(/it is the model itself/));
  yield at(49, 'same.onnx', UNSAFE(/it is the model itself|hard link/), { 'same.onnx': { link: 'm.onnx' } });
  const secret = (name: string) => onnx.external(name, [3, 4], { location: '../outside/secret.bin' });
  const PLACES: readonly [string, () => Uint8Array][] = [
    ['an attribute', () => onnx.normalized({ nodes: [onnx.node('Constant', [], ['c'], { value: { tensor: secret('') } }), onnx.product(), onnx.batchNormalization()] })],
    ['a body', () => onnx.normalized({ nodes: [onnx.product(), onnx.batchNormalization(), onnx.node('If', ['W'], ['z'], { then_branch: { graph: onnx.graph({ nodes: [], initializers: [secret('s')], outputs: [onnx.info('s', [3, 4])] }) } })] })],
    ['a sparse weight', () => onnx.normalized({ more: [field(15, field(1, secret('s')), field(2, onnx.ints64('', [0])), int(3, 12))] })],
    ['the indices of a sparse weight', () => onnx.normalized({ more: [field(15, field(1, onnx.tensor('s', [1])), field(2, onnx.external('', [1], { location: '../outside/secret.bin' })), int(3, 12))] })],
  ]; // prettier-ignore
  for (const [name, bytes] of PLACES) yield beside(51, `a secret in ${name}`, bytes, {}, refused(['UNSAFE', 'CORRUPT'], /leads out of the folder|indices do not fit/)); // prettier-ignore
  const inFunction = () => joined(onnx.normalized({ nodes: [onnx.product(), onnx.node('F', ['p'], ['q'], {}, 'f'), onnx.node('BatchNormalization', ['q', 'gamma', 'beta', 'mean', 'variance'], ['y'], { epsilon: { float: 0.25 } })], opsets: [onnx.opset(17), onnx.opset(1, 'f')] }), field(25, field(1, 'F'), field(4, 'a'), field(5, 'b'), field(7, onnx.node('Constant', [], ['c'], { value: { tensor: secret('') } })), field(7, onnx.node('Add', ['a', 'c'], ['b'])), field(9, field(1, ''), int(2, 17)), field(10, 'f'))); // prettier-ignore
  yield beside(51, 'a secret in a function', inFunction, {}, EITHER);
  yield beside(51, 'a secret in training information', () => joined(onnx.normalized(), field(20, field(1, onnx.graph({ nodes: [], initializers: [secret('s')] })))), {}, RIGHT); // prettier-ignore
  yield beside(50, 'a pipe in the place of the model', () => utf8(''), { 'm.onnx': 'pipe' }, refused('FILE', /regular file/)); // prettier-ignore
  yield beside(50, 'a folder in the place of the model', () => utf8(''), { 'm.onnx': 'folder' }, refused('FILE', /folder|regular file/)); // prettier-ignore
  yield beside(50, 'a model that is a link to a device', () => utf8(''), { 'm.onnx': { link: '/dev/zero' } }, refused('FILE', /regular file/)); // prettier-ignore
  yield beside(50, 'a model that is a link to nowhere', () => utf8(''), { 'm.onnx': { link: 'nowhere' } }, refused('FILE', /no such file/)); // prettier-ignore
}
