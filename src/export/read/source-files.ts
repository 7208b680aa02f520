import { EdgefoldError } from '../../errors.ts';
import { checkLocation } from '../../onnx/location.ts';
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
      checkLocation(wanted, name);
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

const LISTED = 8;

/** Names for a message, cut short. */
export function listing(names: readonly string[]): string {
  if (names.length === 0) return 'no other files';
  const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : '';
  return names.slice(0, LISTED).join(', ') + more;
}
