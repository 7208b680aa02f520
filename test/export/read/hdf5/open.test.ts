import { describe, expect, test } from 'vitest';
import { EdgefoldError } from '../../../../src/errors.ts';
import type { Hdf5File } from '../../../../src/export/read/hdf5/file.ts';
import { openHdf5 } from '../../../../src/export/read/hdf5/open.ts';
import { checkSize, PlainFile } from '../../../../src/export/read/hdf5/plain-file.ts';
import { readShared, testShared } from '../../../support/shared.ts';
import { fixture } from '../fixtures.ts';
import { openWithLibrary } from './library.ts';

const ATTRIBUTES = [
  'text', 'fixed', 'variable', 'empty', 'name', 'model_config', 'keras_version', 'layer_names', 'weight_names',
]; // prettier-ignore

/** Everything that can be read of a file, errors by their code. */
function contentsOf(file: Hdf5File, path = '', levels = 6): unknown[] {
  const kind = codeOr(() => file.kind(path));
  if (kind === 'UNSAFE') return [path, kind];
  const attributes = ATTRIBUTES.map((name) => file.strings(path, name));
  if (kind !== 'group' || levels === 0)
    return [path, kind, attributes, kind === 'dataset' ? elementsOf(file, path) : undefined];
  const names = [...file.names(path)].sort();
  return [
    path,
    attributes,
    ...names.map((name) => contentsOf(file, path === '' ? name : `${path}/${name}`, levels - 1)),
  ];
}

function elementsOf(file: Hdf5File, path: string): unknown {
  return codeOr(() => {
    const dataset = file.dataset(path);
    return [dataset.shape, dataset.float32()];
  });
}

function codeOr<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof EdgefoldError)) throw error;
    return error.code;
  }
}

const wave = (index: number) => Math.fround(Math.sin(index));

describe('reads the same as HDF5 itself', () => {
  test.each([
    'earliest.h5',
    'v108.h5',
    'latest.h5',
    'many.h5',
    'foreign.h5',
    'compact-links.h5',
    'chunk-index.h5',
    'dense.h5',
  ])('%s', async (name) => {
    const bytes = fixture(name);
    expect(contentsOf(new PlainFile(bytes, name))).toEqual(contentsOf(await openWithLibrary(bytes, name)));
  });

  for (const name of ['mini-xception.h5', 'teachable-machine.h5', 'sudoku/model.h5']) {
    testShared(`corpus/keras-h5/${name}`, name, async () => {
      const bytes = readShared(`corpus/keras-h5/${name}`);
      expect(contentsOf(new PlainFile(bytes, name))).toEqual(contentsOf(await openWithLibrary(bytes, name)));
    });
  }
});

describe('reads every way of storing numbers', () => {
  test.each(['earliest.h5', 'v108.h5', 'latest.h5'])('in %s', async (name) => {
    const file = await openHdf5(fixture(name), name);
    const chunked = file.dataset('chunked');
    expect(chunked.shape).toEqual([13, 7]);
    expect(chunked.float32()).toEqual(Float32Array.from({ length: 91 }, (_, index) => wave(index)));
    expect(file.dataset('deflated').float32()[134]).toBe(wave(134));
    expect(file.dataset('compact').float32()).toEqual(Float32Array.of(wave(0), wave(1), wave(2), wave(3)));
    expect(file.dataset('scalar')).toMatchObject({ shape: [] });
    expect(file.dataset('scalar').float32()).toEqual(Float32Array.of(3));
    expect(file.dataset('none').float32()).toHaveLength(0);
    expect(file.dataset('types/bfloat16').float32()).toEqual(Float32Array.of(1, -2));
    expect(file.strings('', 'variable')).toEqual(['x', 'yy', '']);
    expect(file.strings('', 'text')).toEqual(['héllo']);
    expect(file.strings('', 'empty')).toEqual([]);
    expect(file.strings('', 'nothing')).toBeUndefined();
  });

  test.each(['f4', 'f8', 'f2', 'big-f4', 'big-f8', 'big-f2'])('as %s', async (type) => {
    const file = await openHdf5(fixture('earliest.h5'), 'earliest.h5');
    const values = file.dataset(`types/${type}/data`).float32();
    const digits = type.endsWith('2') ? 0 : 4;
    values.forEach((value, index) => {
      expect(value).toBeCloseTo(Math.sin(index) * 50 + 60, digits);
    });
  });

  test.each(['i1', 'u1', 'i2', 'u2', 'i4', 'u4', 'i8', 'u8', 'big-i2'])('as integers %s', async (type) => {
    const file = await openHdf5(fixture('earliest.h5'), 'earliest.h5');
    const expected = Array.from({ length: 15 }, (_, index) => Math.trunc(Math.sin(index) * 50 + 60));
    expect([...file.dataset(`types/${type}/data`).float32()]).toEqual(expected);
  });

  test('in groups with links in their headers', () => {
    const file = new PlainFile(fixture('compact-links.h5'), 'compact-links.h5');
    expect(file.names('')).toEqual(['inside', 'deflated', 'soft']);
    expect(file.strings('inside', 'name')).toEqual(['x']);
    expect(file.dataset('inside/data').float32()[5]).toBe(wave(5));
    expect(file.dataset('deflated').float32()[29]).toBe(wave(29));
  });

  test('in every index of chunks', async () => {
    const file = await openHdf5(fixture('dense.h5'), 'dense.h5');
    const names = file.names('chunks');
    expect(names).toHaveLength(9);
    for (const name of names) {
      const values = file.dataset(`chunks/${name}`).float32();
      expect(values, name).toEqual(values.map((_, index) => wave(index)));
    }
  });

  test('in objects with many links and attributes', async () => {
    const file = await openHdf5(fixture('dense.h5'), 'dense.h5');
    expect(file.names('many')).toHaveLength(150);
    expect(file.dataset('many/149').float32()).toEqual(Float32Array.of(149));
    expect(file.strings('', 'text13')).toEqual(['text 13']);
    expect(file.strings('', 'large')?.at(-1)).toBe('0299'.repeat(4));
    expect(() => file.kind('many/007')).toThrow(expect.objectContaining({ code: 'UNSAFE' }));
  });

  test('of a type that is an object of its own', async () => {
    const file = await openHdf5(fixture('dense.h5'), 'dense.h5');
    expect(file.dataset('typed').float32()).toEqual(Float32Array.of(wave(0), wave(1), wave(2)));
  });

  test('gives plain float32 as a view on the bytes of the file', () => {
    const bytes = fixture('hostile.h5');
    const { buffer } = new PlainFile(bytes, 'hostile.h5').dataset('inside/data').float32();
    expect(buffer === bytes.buffer).toBe(true);
  });
});

describe('refuses', () => {
  const open = (bytes: Uint8Array) => openHdf5(bytes, 'hostile.h5');

  test.each([
    ['a soft link', 'links/soft', 'UNSAFE'],
    ['a path through a soft link', 'links/soft/data', 'UNSAFE'],
    ['an external link', 'links/external', 'UNSAFE'],
    ['a path through an external link', 'links/external/data', 'UNSAFE'],
    ['a virtual dataset', 'values/virtual', 'UNSAFE'],
    ['64 GiB declared in a small file', 'values/huge', 'CORRUPT'],
    ['4 TiB declared in chunks', 'values/huge-chunked', 'CORRUPT'],
  ])('%s', async (_, path, code) => {
    const file = await open(fixture('hostile.h5'));
    expect(() => file.dataset(path).float32()).toThrow(expect.objectContaining({ code }));
  });

  test('values stored in another file', async () => {
    const file = await open(fixture('hostile.h5'));
    expect(() => file.dataset('values/elsewhere').float32()).toThrow(expect.objectContaining({ code: 'UNSAFE' }));
  });

  test('a dataset that is not there', async () => {
    const file = await open(fixture('hostile.h5'));
    expect(() => file.dataset('inside/other')).toThrow(expect.objectContaining({ code: 'WEIGHTS' }));
  });

  test.each(['lzf', 'compound', 'ragged', 'reference'])('weights stored as %s', async (path) => {
    const file = await open(fixture('foreign.h5'));
    expect(() => file.dataset(path)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
  });
});

test('a dataset that was declared and never written is damage, not zeros', async () => {
  const file = await openHdf5(fixture('hostile.h5'), 'hostile.h5');
  expect(() => file.dataset('values/unwritten').float32()).toThrow(/needs 16 bytes and stores 0/);
});

test('hard links in a circle end', async () => {
  const file = await openHdf5(fixture('hostile.h5'), 'hostile.h5');
  expect(file.dataset('links/self/links/self/inside/data').float32()[1]).toBe(wave(1));
});

/** Opens and reads all; any error must be one of ours. */
async function survive(bytes: Uint8Array): Promise<'read' | 'refused'> {
  try {
    const file = await openHdf5(bytes, 'damaged.h5');
    contentsOf(file);
    return 'read';
  } catch (error) {
    if (!(error instanceof EdgefoldError)) throw error;
    return 'refused';
  }
}

test('every file cut short is refused', async () => {
  const bytes = fixture('compact-links.h5');
  for (let length = 0; length < bytes.length; length += 7) {
    expect(await survive(bytes.slice(0, length))).toBe('refused');
  }
});

test('a file with bytes changed is read or refused, and never breaks the reader', async () => {
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const original = fixture('foreign.h5');
  const outcomes = new Set<string>();
  for (let trial = 0; trial < 2000; trial++) {
    const bytes = new Uint8Array(original);
    for (let flips = 0; flips < 3; flips++) bytes[random(bytes.length)] = random(256);
    outcomes.add(await survive(bytes));
  }
  expect(outcomes).toEqual(new Set(['read', 'refused']));
});

test('a packed dataset has a limit, one that lies in the file as it is only the size of the file', () => {
  const size = 3 * 2 ** 30;
  const check = (fileBytes: number, isPacked: boolean) =>
    codeOr(() => (checkSize(size, fileBytes, isPacked, 'w'), 'read'));
  expect(check(size + 2048, false)).toBe('read');
  expect(check(size - 1, false)).toBe('CORRUPT');
  expect(check(size, true)).toBe('LIMIT');
  expect(check(2 ** 20, true)).toBe('CORRUPT');
});
