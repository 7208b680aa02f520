import { expect, test, vi } from 'vitest';
import { openWithLibrary } from '../../../../src/export/read/hdf5/wasm-file.ts';
import { fixture } from '../fixtures.ts';

const files = new Set<string>();

// Damaged files break the real library now and then, but none does so each time.
vi.mock('h5wasm', () => {
  const FS = {
    writeFile: (name: string) => files.add(name),
    unlink: (name: string) => files.delete(name),
  };
  const open = () => {
    throw new WebAssembly.RuntimeError('memory access out of bounds');
  };
  return { ready: Promise.resolve({ FS, open, H5F_ACC_RDONLY: 0, activate_throwing_error_handler: () => undefined }) };
});

test('a library that has broken down over one file is not trusted with another, and keeps none', async () => {
  const bytes = fixture('latest.h5');
  await expect(openWithLibrary(bytes, 'first')).rejects.toMatchObject({ code: 'CORRUPT', where: 'first' });
  await expect(openWithLibrary(bytes, 'second')).rejects.toMatchObject({ code: 'RUNTIME', where: 'second' });
  expect(files.size).toBe(0);
});
