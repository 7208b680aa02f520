import { strFromU8, unzipSync } from 'fflate';
import { inMemoryFiles } from '../../../src/export/read/read-source.ts';
import type { SourceFiles } from '../../../src/export/source-model.ts';
import { fixture } from './fixtures.ts';

/** What real Keras has written: the members of `files/formats.zip`, which `make_formats.py` makes. */
const members = unzipSync(fixture('formats.zip'));

/** Files by their relative names. */
export type Folder = Readonly<Record<string, Uint8Array>>;

export function formatBytes(name: string): Uint8Array {
  const bytes = members[name];
  if (!bytes) throw new Error(`formats.zip has no ${name}`);
  return bytes;
}

export function formatJson(name: string): unknown {
  return JSON.parse(strFromU8(formatBytes(name)));
}

/** The files in one of its folders and below. */
export function formatFolder(name: string): Folder {
  const inside = Object.entries(members).filter(([path]) => path.startsWith(`${name}/`));
  return Object.fromEntries(inside.map(([path, bytes]) => [path.slice(name.length + 1), bytes]));
}

/** The files of an archive, as if somebody had unpacked it. */
export function unpacked(name: string): Folder {
  return unzipSync(formatBytes(name));
}

export function filesOf(folder: Folder, main: string): SourceFiles {
  return inMemoryFiles(main, folder[main]!, new Map(Object.entries(folder)));
}
