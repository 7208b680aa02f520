import { EdgefoldError } from '../../errors.ts';
import type { SourceFiles } from '../source-model.ts';

/**
 * Model files held in memory, for browsers and tests.
 *
 * @param name of the model file, for messages and to find the file that belongs to it.
 * @param siblings the other files, by the relative name that the model file gives.
 */
export function inMemoryFiles(
  name: string,
  bytes: Uint8Array,
  siblings: ReadonlyMap<string, Uint8Array> = new Map(),
): SourceFiles {
  return {
    name,
    bytes,
    siblings: () => Promise.resolve([...siblings.keys()]),
    sibling: async (wanted) => {
      checkSiblingName(wanted);
      const found = siblings.get(wanted) ?? siblings.get(wanted.replace(/^(\.\/)+/, ''));
      if (found) return Promise.resolve(found);
      throw new EdgefoldError('FILE', 'a file that the model needs is missing', {
        where: name,
        expected: wanted,
        received: listing([...siblings.keys()]),
        hint: 'Give all files of the model together.',
      });
    },
  };
}

/**
 * Refuses what is no plain relative name: an absolute path, one that leaves the folder, an address.
 * @throws {EdgefoldError} UNSAFE
 */
export function checkSiblingName(name: string): void {
  const reason = whyUnsafe(name);
  if (reason === undefined) return;
  throw new EdgefoldError('UNSAFE', `the model asks for a file that may not be read: ${reason}`, {
    where: JSON.stringify(name.slice(0, 200)),
    expected: 'a file in the folder of the model',
    hint: 'Put the weights beside the model file and name them plainly.',
  });
}

function whyUnsafe(name: string): string | undefined {
  if (name === '' || name.includes('\0')) return 'it has no proper name';
  if (/^[a-z][a-z0-9+.-]*:/i.test(name)) return 'it is an address or names a drive';
  if (name.startsWith('/') || name.includes('\\')) return 'it is not a relative name';
  return name.split('/').includes('..') ? 'it leaves the folder of the model' : undefined;
}

const LISTED = 8;

/** Names for a message, cut short. */
export function listing(names: readonly string[]): string {
  if (names.length === 0) return 'no other files';
  const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : '';
  return names.slice(0, LISTED).join(', ') + more;
}
