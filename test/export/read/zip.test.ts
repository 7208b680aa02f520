import { strToU8 } from 'fflate';
import { expect, test } from 'vitest';
import { openZip } from '../../../src/export/read/zip.ts';
import { zip } from './fixtures.ts';

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const refused = (code: string): unknown => expect.objectContaining({ code });

/** Where the first entry of the central directory begins. */
function directoryOf(bytes: Uint8Array): number {
  const view = viewOf(bytes);
  return view.getUint32(bytes.length - 22 + 16, true);
}

test.each([0, 6] as const)('reads members packed at level %i', (level) => {
  const long = 'abc'.repeat(1000);
  const archive = openZip(zip({ 'a.txt': 'hello', 'folder/b.txt': long }, level), 'x.zip');
  expect(archive.names).toEqual(['a.txt', 'folder/b.txt']);
  expect(text(archive.member('a.txt'))).toBe('hello');
  expect(text(archive.member('folder/b.txt'))).toBe(long);
  expect(archive.member('c.txt')).toBeUndefined();
});

test('reads a member of many pieces', () => {
  let seed = 1;
  const noise = Array.from({ length: 300_000 }, () => String.fromCharCode(32 + ((seed = (seed * 48271) % 2147483647) % 90))).join(''); // prettier-ignore
  const bytes = zip({ 'a.txt': noise }, 6);
  expect(viewOf(bytes).getUint32(directoryOf(bytes) + 20, true)).toBeGreaterThan(3 * 2 ** 16);
  expect(text(openZip(bytes, 'x.zip').member('a.txt'))).toBe(noise);
});

test('gives a stored member as a view on the archive', () => {
  const bytes = zip({ 'a.txt': 'hello' });
  expect(openZip(bytes, 'x.zip').member('a.txt')!.buffer === bytes.buffer).toBe(true);
});

test.each(['../a', 'a/../../b', '/etc/passwd', '..\\a', 'C:\\a'])('refuses the name %s', (name) => {
  expect(() => openZip(zip({ [name]: 'x' }), 'x.zip')).toThrow(refused('UNSAFE'));
});

test('refuses one name twice', () => {
  const bytes = zip({ a1: 'one', b1: 'two' });
  const second = bytes.lastIndexOf('b'.charCodeAt(0));
  bytes[second] = 'a'.charCodeAt(0);
  expect(() => openZip(bytes, 'x.zip')).toThrow(/one name twice/);
});

test('refuses a member that has another name in its own header', () => {
  const bytes = zip({ 'ab.txt': 'one' });
  bytes[30] = 'x'.charCodeAt(0);
  expect(() => openZip(bytes, 'x.zip').member('ab.txt')).toThrow(/two names/);
});

test('refuses an encrypted archive', () => {
  const bytes = zip({ 'a.txt': 'one' });
  viewOf(bytes).setUint16(directoryOf(bytes) + 8, 1, true);
  expect(() => openZip(bytes, 'x.zip')).toThrow(refused('UNSUPPORTED'));
});

test('refuses a bomb before it inflates it', () => {
  const bytes = zip({ 'a.txt': 'one' }, 6);
  viewOf(bytes).setUint32(directoryOf(bytes) + 24, 2 ** 31, true);
  expect(() => openZip(bytes, 'x.zip')).toThrow(refused('LIMIT'));
});

test('refuses a member that goes on beyond its size', () => {
  const bytes = zip({ 'a.txt': '0'.repeat(2 ** 20) }, 6);
  viewOf(bytes).setUint32(directoryOf(bytes) + 24, 100, true);
  expect(() => openZip(bytes, 'x.zip').member('a.txt')).toThrow(refused('CORRUPT'));
});

test('refuses members that overlap', () => {
  const bytes = zip({ 'a.txt': 'one', 'b.txt': 'two' });
  const second = directoryOf(bytes) + 46 + 5;
  viewOf(bytes).setUint32(second + 42, 2, true);
  expect(() => openZip(bytes, 'x.zip')).toThrow(/overlaps/);
});

test.each([0, 6] as const)('refuses a member that has changed, at level %i', (level) => {
  const bytes = zip({ 'a.txt': 'hello hello hello' }, level);
  const at = 30 + 5 + 4;
  bytes[at] = bytes[at]! ^ 1;
  expect(() => openZip(bytes, 'x.zip').member('a.txt')).toThrow(refused('CORRUPT'));
});

test('refuses every archive that is cut short', () => {
  const bytes = zip({ 'a.txt': 'one', 'b.txt': 'two' }, 6);
  for (let length = 0; length < bytes.length; length++) {
    expect(() => openZip(bytes.slice(0, length), 'x.zip')).toThrow(refused('CORRUPT'));
  }
});

test('refuses an archive that lies about where its directory is', () => {
  const bytes = zip({ 'a.txt': 'one' });
  viewOf(bytes).setUint32(bytes.length - 22 + 16, 7, true);
  expect(() => openZip(bytes, 'x.zip')).toThrow(refused('CORRUPT'));
});

test('takes no text for an archive', () => {
  expect(() => openZip(strToU8('PK\u0003\u0004 and then nothing'), 'x.zip')).toThrow(refused('CORRUPT'));
});
