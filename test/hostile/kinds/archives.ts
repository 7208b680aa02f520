import { deflateRawSync } from 'node:zlib';
import { answers, EITHER, refused, type Expected, type HostileFile } from '../hostile-file.ts';
import { joined, patched, uint, utf8 } from '../write/bytes.ts';
import * as keras from '../write/keras-model.ts';
import { archive, type ArchiveParts, type Member } from '../write/zip-file.ts';

const RIGHT = answers(keras.kerasAnswer());
const DAMAGED = refused(['CORRUPT', 'UNSUPPORTED', 'LIMIT', 'UNSAFE', 'FORMAT', 'WEIGHTS'], /./);

const plain = (): Member[] => Object.entries(keras.members(utf8(keras.modelText()))).map(([name, content]) => ({ name, content })); // prettier-ignore

const zipped = (kind: number, name: string, make: () => Uint8Array, expected: Expected): HostileFile => ({ kind, name, format: 'keras-zip', main: 'model.keras', make: () => ({ '../outside/secret.bin': utf8('secret'), 'model.keras': make() }), expected }); // prettier-ignore

/** The archive with its members changed, or others beside them. */
const made = (kind: number, name: string, change: (members: Member[]) => Member[], expected: Expected, parts: ArchiveParts = {}) => zipped(kind, name, () => archive(change(plain()), parts), expected); // prettier-ignore

/** Kinds 81 and 82: zip archives. */
export function* archiveKinds(): Generator<HostileFile> {
  yield made(0, 'nothing', (members) => members, RIGHT);
  yield made(0, 'deflated members', (members) => members.map((each) => ({ ...each, isDeflated: true })), RIGHT);
  for (const name of ['../x', 'a/../../x', '/etc/passwd', '\\x', '..\\x', 'C:\\x', 'c:x', 'a\0b', '..', '../config.json', 'x/..'])
    yield made(81, `a member ${JSON.stringify(name)}`, (members) => [...members, { name, content: 'x' }], refused('UNSAFE', /outside itself/)); // prettier-ignore
  yield made(81, 'a member that is a symbolic link', (members) => [...members, { name: 'link', content: '../outside/secret.bin', externalAttributes: 0xa1ff0000 }], EITHER); // prettier-ignore
  yield made(81, 'a configuration that is a symbolic link', ([metadata, , weights]) => [metadata!, { name: 'config.json', content: '../outside/secret.bin', externalAttributes: 0xa1ff0000 }, weights!], DAMAGED); // prettier-ignore
  for (const name of ['config.json', 'metadata.json', 'model.weights.h5']) {
    yield made(82, `${name} twice`, (members) => [...members, members.find((each) => each.name === name)!], refused('CORRUPT', /one name twice/)); // prettier-ignore
    yield made(82, `no ${name}`, (members) => members.filter((each) => each.name !== name), EITHER);
    const lie = (what: string, lies: Partial<Member>, expected: Expected = DAMAGED) => made(82, `${name} whose ${what}`, (members) => members.map((each) => (each.name === name ? { ...each, isDeflated: true, ...lies } : each)), expected); // prettier-ignore
    yield lie('checksum is wrong', { crc: 1 });
    yield lie('size is 0', { byteLength: 0 });
    yield lie('size is one less', { byteLength: 10 });
    yield lie('size is 255 MiB', { byteLength: 255 * 2 ** 20 });
    yield lie('size is 3 GiB', { byteLength: 3 * 2 ** 30 }, refused('LIMIT', /too large for what it is packed into/));
    yield lie('size is 2^32 - 1', { byteLength: 2 ** 32 - 1 });
    yield lie('packed size is beyond the end', { packedBytes: 2 ** 31 });
    yield lie('packed size is 0', { packedBytes: 0 });
    yield lie('method is 12', { method: 12 }, refused('UNSUPPORTED', /compressed in a way/));
    yield lie('method is 99', { method: 99 }, refused('UNSUPPORTED', /compressed in a way/));
    yield lie('method says that it is stored', { method: 0 });
    yield lie('content is encrypted', { flags: 1 }, refused('UNSUPPORTED', /encrypted/));
    yield lie('place is beyond the end', { offset: 2 ** 31 });
    yield lie('place is the first', { offset: 0 }, name === 'metadata.json' ? RIGHT : DAMAGED);
    yield lie('place is 2^32 - 1', { offset: 2 ** 32 - 1 });
    yield lie('own header has another name', { local: { name: 'x.json' } });
    yield lie('own header has another size', { local: { byteLength: 7, packedBytes: 7 } }, EITHER);
    yield lie('own header has another method', { local: { method: 12 } }, EITHER);
    yield lie('stream is noise', { packed: new Uint8Array(1000).fill(0xa5) });
    yield lie('stream is cut', { packed: Uint8Array.of(0x4b, 0x04) });
  }
  yield* bombs();
  yield* directories();
}

function* bombs(): Generator<HostileFile> {
  const bomb = (megabytes: number) => new Uint8Array(deflateRawSync(new Uint8Array(megabytes * 2 ** 20)));
  for (const megabytes of [64, 200]) {
    yield made(82, `a configuration of ${megabytes} MB of zeros`, ([metadata, , weights]) => [metadata!, { name: 'config.json', packed: bomb(megabytes), content: new Uint8Array(megabytes * 2 ** 20), method: 8 }, weights!], DAMAGED); // prettier-ignore
    yield made(82, `weights of ${megabytes} MB of zeros`, ([metadata, config]) => [metadata!, config!, { name: 'model.weights.h5', packed: bomb(megabytes), content: new Uint8Array(megabytes * 2 ** 20), method: 8 }], DAMAGED); // prettier-ignore
    yield made(82, `a configuration of ${megabytes} MB that says it has 100 bytes`, ([metadata, , weights]) => [metadata!, { name: 'config.json', packed: bomb(megabytes), method: 8, byteLength: 100 }, weights!], DAMAGED); // prettier-ignore
  }
  yield made(82, 'a bomb that nobody asks for', (members) => [...members, { name: 'x', packed: bomb(64), byteLength: 2 ** 26, method: 8 }], refused('LIMIT', /too large/)); // prettier-ignore
  yield made(82, 'two members in one place', (members) => [...members, { name: 'other', content: 'x', isGhost: true, offset: 0 }], refused('CORRUPT', /overlaps another/)); // prettier-ignore
  yield made(82, '10000 members that overlap', (members) => [...members, ...Array.from({ length: 10_000 }, (_, i): Member => ({ name: `m${i}`, content: new Uint8Array(100), isGhost: true, offset: i }))], refused('CORRUPT', /overlaps another/)); // prettier-ignore
  yield made(82, '60000 members', (members) => [...members, ...Array.from({ length: 60_000 }, (_, i): Member => ({ name: `m${i}`, content: '' }))], RIGHT); // prettier-ignore
  yield zipped(82, 'an archive in an archive', () => archive([{ name: 'model.keras', content: archive(plain()) }]), refused('FORMAT', /no \.keras file/)); // prettier-ignore
  yield made(82, 'a pickle', ([metadata, config]) => [metadata!, config!, { name: 'model.weights.npz', content: Uint8Array.of(0x80, 4) }], refused('UNSAFE', /Python pickle/)); // prettier-ignore
}

function* directories(): Generator<HostileFile> {
  const parts = (name: string, given: ArchiveParts, expected: Expected) => made(82, name, (members) => members, expected, given); // prettier-ignore
  yield parts('bytes before the archive', { before: new Uint8Array(100) }, EITHER);
  yield parts('bytes behind the archive', { after: new Uint8Array(100) }, EITHER);
  yield parts('a megabyte behind the archive', { after: new Uint8Array(2 ** 20) }, refused(['CORRUPT', 'FORMAT'], /./));
  yield parts('an archive behind the archive', { after: archive([{ name: 'config.json', content: '{}' }]) }, EITHER);
  yield parts('a comment that looks like an end', { comment: joined(utf8('PK\x05\x06'), new Uint8Array(18)) }, EITHER);
  yield parts('a comment that is longer than the file', { commentBytes: 65_535 }, EITHER);
  for (const count of [0, 1, 2, 4, 65_534, 65_535]) yield parts(`a directory of ${count} entries, as it says`, { count }, EITHER); // prettier-ignore
  for (const directoryAt of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32 - 2]) yield parts(`a directory at ${directoryAt}, as it says`, { directoryAt }, DAMAGED); // prettier-ignore
  const locator = joined(uint(0x06064b50, 4), uint(44, 8), new Uint8Array(44).fill(0xff), uint(0x07064b50, 4), uint(0, 4), uint(2n ** 60n, 8), uint(1, 4)); // prettier-ignore
  yield parts('a zip64 directory that is elsewhere', { zip64: locator }, EITHER);
  yield parts('a zip64 directory that must be used', { zip64: locator, directoryAt: 2 ** 32 - 1 }, refused('UNSUPPORTED', /4 GiB/)); // prettier-ignore
  yield made(82, 'names that are not UTF-8', (members) => [...members, { name: Uint8Array.of(0xff, 0xfe), content: 'x' }], EITHER); // prettier-ignore
  yield made(82, 'two names that decode to one', (members) => [...members, { name: Uint8Array.of(0xff), content: 'x' }, { name: Uint8Array.of(0xfe), content: 'x' }], EITHER); // prettier-ignore
  yield made(82, 'an extra field of 65535 bytes', (members) => members.map((each) => ({ ...each, extra: new Uint8Array(65_535) })), RIGHT); // prettier-ignore
  const whole = archive(plain());
  for (let length = 4; length < whole.length; length += 900) yield zipped(82, `${length} of ${whole.length} bytes`, () => whole.slice(0, length), refused(['CORRUPT', 'FORMAT'], /./)); // prettier-ignore
  for (let at = whole.length - 22; at < whole.length; at += 2) yield zipped(82, `bytes ${at} and ${at + 1} are 255`, () => patched(whole, at, Uint8Array.of(255, 255)), EITHER); // prettier-ignore
}
